"""With the network cut off a whole run works, and no component tries to call out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.network import cut_off, hooked


@pytest.mark.slow
@pytest.mark.skipif(not cut_off(), reason="this machine does not let a test make a network namespace")
def test_a_run_needs_no_network_and_asks_for_none(finished: tuple[Path, dict], shared: Path) -> None:
    assert finished[1]["status"] == "done"
    assert (shared / "hook").is_dir(), "the run was watched"
    watch = shared / "network.txt"
    assert not watch.exists(), watch.read_text()


def test_the_hook_sees_an_attempt(tmp_path: Path) -> None:
    watch = tmp_path / "watch.txt"
    audit = "import sys; sys.audit('socket.connect', None, ('192.0.2.1', 9))"
    subprocess.run(
        [sys.executable, "-c", audit], check=True, env=os.environ | hooked(tmp_path / "hook", watch)
    )
    assert "192.0.2.1" in watch.read_text()


@pytest.mark.skipif(not cut_off(), reason="this machine does not let a test make a network namespace")
def test_without_a_network_nothing_is_reached() -> None:
    call = "import socket; socket.create_connection(('127.0.0.1', 9), 1)"
    done = subprocess.run([*cut_off(), sys.executable, "-c", call], capture_output=True, text=True)
    assert "Network is unreachable" in done.stderr
