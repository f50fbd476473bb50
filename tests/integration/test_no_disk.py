"""No disk left: the run says so, nothing is half-done, and with room it finishes the work."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.pipelines_one_source import one_source

pytestmark = pytest.mark.slow


def mounted(place: Path, *words: str) -> bool:
    """Whether this machine lets us mount a small file system of our own there."""
    if os.geteuid() or not shutil.which("mount"):
        return False
    return not subprocess.run(["mount", *words, str(place)], capture_output=True, check=False).returncode


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if not mounted(place, "-t", "tmpfs", "-o", "size=64m", "tmpfs"):
        pytest.skip("this machine does not let a test mount a file system of its own")
    yield place
    subprocess.run(["umount", str(place)], check=False)


def test_a_run_that_finds_no_room_says_so_and_is_finished_later(
    small_disk: Path, evergreen: Path, call
) -> None:
    deployment = one_source(small_disk, evergreen)
    where = {"home": deployment.home, "config": deployment.config}
    filler = small_disk / "filler"
    filler.write_bytes(b"0" * (shutil.disk_usage(small_disk).free - 8_000_000))
    refused = call("run", **where)
    assert refused.code == 1
    assert "no-disk-left" in refused.err
    filler.unlink()
    assert mounted(small_disk, "-o", "remount,size=2g")
    finished = call("run", "--json", **where)
    assert finished.code == 0, finished.err
    assert call("log", "verify", **where).code == 0
