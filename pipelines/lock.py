"""The lock on a home directory: one run at a time, from wherever it was started.

Belongs here: taking, holding and describing the lock. Does not: what a run does
while it holds it, or the failing of runs that died (instance.py).

The lock is the kernel's (`flock`), so it goes with the process that holds it: a
run that was killed leaves no lock behind, only a note of who it was.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from data_sharing_agreements.errors import Busy, CommonwealError


@dataclass(frozen=True)
class Holder:
    """Who holds, or last held, the lock.

    Args:
        pid: Process on this machine.
        kind: What it is doing (`run`, `backup`, a Dagster job).
        since: When it began, ISO 8601 in UTC.
    """

    pid: int
    kind: str
    since: str


@contextmanager
def hold(path: Path, kind: str) -> Iterator[Holder]:
    """Hold the lock of a home directory until the block ends.

    Args:
        path: The lock's file; its directory exists.
        kind: What the lock is held for, shown to whoever comes second.

    Raises:
        Busy: Another process, or this one elsewhere, holds it.
    """
    with path.open("a+", encoding="utf-8") as file:
        if not _lock_soon(file):
            raise _busy(_read(path))
        holder = Holder(os.getpid(), kind, datetime.now(UTC).isoformat(timespec="seconds"))
        _write(file, json.dumps(asdict(holder)))
        try:
            yield holder
        finally:
            _write(file, "")
            fcntl.flock(file, fcntl.LOCK_UN)


def holder_of(path: Path) -> Holder | None:
    """Return who holds the lock now; None if nobody does."""
    if not path.exists():
        return None
    with path.open("a+", encoding="utf-8") as file:
        if _try_lock(file):
            fcntl.flock(file, fcntl.LOCK_UN)
            return None
    return _read(path) or Holder(0, "unknown", "")


def left_behind(path: Path) -> Holder | None:
    """Return who died holding the lock, if its note is still there and nobody holds it."""
    return _read(path) if path.exists() and holder_of(path) is None else None


def _lock_soon(file: IO[str], attempts: int = 5, pause: float = 0.1) -> bool:
    """Try a few times, because whoever asks for the holder has the lock for an instant."""
    for _ in range(attempts):
        if _try_lock(file):
            return True
        time.sleep(pause)
    return False


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()


def _read(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _busy(holder: Holder | None) -> CommonwealError:
    who = f"Process {holder.pid} has held it for `{holder.kind}` since {holder.since}." if holder else ""
    return Busy.of(
        "home-busy",
        f"Another run holds this home directory. {who}".strip(),
        why="Stores have one writer at a time, so that a run cannot read what another is changing.",
        next="Wait for it to end (`commonweal status` shows it), then start again.",
    )
