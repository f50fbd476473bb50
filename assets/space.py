"""Is there room for a run?

Belongs here: the estimate and the check before a run begins. Does not: what
happens when a disk fills later (faults.py).
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from assets.faults import NO_SPACE, OutOfSpace
from data_sharing_agreements.errors import CommonwealError

MINIMUM_BYTES = 256 * 1024**2
"""Below this a run does not begin, however little there is to do."""

GROWTH = 2.0
"""Bytes a home grows by for each byte that waits: staging beside stores, spill, a rewritten file."""


@dataclass(frozen=True)
class Space:
    """Disk space in bytes: what is free, and what a run may need."""

    free: int
    needed: int

    @property
    def enough(self) -> bool:
        """Whether a run may begin."""
        return self.free >= self.needed


def space(home: Path, waiting_bytes: int = 0) -> Space:
    """Return the space below a home.

    Args:
        home: The home directory, or where it will be.
        waiting_bytes: Size of the deliveries that are to be read.
    """
    existing = next(path for path in (home, *home.parents) if path.exists())
    return Space(shutil.disk_usage(existing).free, MINIMUM_BYTES + int(waiting_bytes * GROWTH))


def check_free_space(home: Path, waiting_bytes: int = 0) -> None:
    """Raise unless a run has room to begin.

    Raises:
        OutOfSpace: It has not.
    """
    found = space(home, waiting_bytes)
    if not found.enough:
        raise _too_little(found)


def _too_little(found: Space) -> CommonwealError:
    return OutOfSpace.of(
        NO_SPACE,
        f"Only {found.free / 1024**2:,.0f} MiB are free; a run may need {found.needed / 1024**2:,.0f} MiB.",
        why="Staging, spill and stores grow while deliveries are read; what would not fit is not begun.",
        next="Free space on the disk of the home directory, or put the home on another with --home.",
    )
