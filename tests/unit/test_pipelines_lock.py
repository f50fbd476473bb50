"""The lock on a home: one holder at a time, gone with its process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data_sharing_agreements.errors import Busy
from pipelines.lock import hold, holder_of, left_behind

HOLDING = """
import sys, time
from pathlib import Path
from pipelines.lock import hold
with hold(Path(sys.argv[1]), "run"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_held_once(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold(path, "run") as holder:
        assert holder.pid == os.getpid()
        with pytest.raises(Busy) as second, hold(path, "backup"):
            pass
    assert second.value.exit_code == 7
    assert "`run`" in str(second.value)
    assert str(os.getpid()) in second.value.details[0].what


def test_free_again_after_the_block(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold(path, "run"):
        assert holder_of(path) is not None
    assert holder_of(path) is None
    assert left_behind(path) is None
    with hold(path, "again"):
        pass


def test_free_again_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(ZeroDivisionError), hold(path, "run"):
        _ = 1 / 0
    assert holder_of(path) is None


def test_nobody_holds_what_was_never_locked(tmp_path: Path) -> None:
    assert holder_of(tmp_path / "lock") is None
    assert left_behind(tmp_path / "lock") is None


def test_a_note_that_is_not_one_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("[1, 2]")
    assert left_behind(path) is None
    with hold(path, "run"):
        assert holder_of(path) is not None


def test_a_killed_holder_leaves_a_note_but_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        found = holder_of(path)
        assert found is not None
        assert found.pid == process.pid
        with pytest.raises(Busy), hold(path, "run"):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    time.sleep(0.05)
    assert holder_of(path) is None
    dead = left_behind(path)
    assert dead is not None
    assert dead.pid == process.pid
    with hold(path, "run"):
        assert holder_of(path) is not None
