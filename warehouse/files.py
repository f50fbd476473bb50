"""Files of stores: removing and renaming them so that a power cut leaves one state or the other.

Belongs here: file system calls. Does not: which file, or when (`opener`).
"""

from __future__ import annotations

import os
from pathlib import Path


def remove_store_file(path: Path) -> None:
    """Remove a store's file and its write-ahead log, where they are."""
    for part in (path, path.with_name(f"{path.name}.wal")):
        part.unlink(missing_ok=True)


def rename_durably(old: Path, new: Path) -> None:
    """Rename a file, and return when the directory has the new name on disk."""
    old.replace(new)
    descriptor = os.open(new.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
