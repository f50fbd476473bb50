"""Files of the key ring: written whole or not at all, closed to others, destroyed on demand.

Belongs here: file handling for key material. Does not: what the bytes mean.
"""

import os
import secrets
from pathlib import Path

from data_sharing_agreements.errors import Refused

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700
_OTHERS = 0o077


def make_private_directory(path: Path) -> None:
    """Create a directory that only its owner may enter; keep one that is there."""
    path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    path.chmod(PRIVATE_DIRECTORY)


def sync_directory(path: Path) -> None:
    """Flush a directory's entries to the disk, so that a rename or removal lasts."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_temporary(path: Path, content: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    return temporary


def replace_file(path: Path, content: bytes) -> None:
    """Write a private file atomically, replacing what was there."""
    _write_temporary(path, content).replace(path)
    sync_directory(path.parent)


def create_file(path: Path, content: bytes) -> bool:
    """Write a private file atomically; return False, and change nothing, if it exists."""
    temporary = _write_temporary(path, content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    sync_directory(path.parent)
    return True


def destroy_file(path: Path) -> None:
    """Overwrite a file in place, flush, and remove it; nothing if it is not there.

    On a copy-on-write or wear-levelled disk old blocks may survive until they are
    reused: the file holds only sealed keys, so whoever finds one needs a role key too.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return
    with path.open("r+b") as out:
        out.write(os.urandom(size))
        out.flush()
        os.fsync(out.fileno())
    path.unlink()
    sync_directory(path.parent)


def is_exposed(path: Path) -> bool:
    """Return whether anyone but the owner may read or write the file."""
    return bool(path.stat().st_mode & _OTHERS)


def read_private(path: Path) -> bytes | None:
    """Return a private file's bytes, or None if there is none or it is not ours to read.

    Raises:
        Refused: the file is readable by others, so the key can no longer be called secret.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, PermissionError):
        return None
    if is_exposed(path):
        raise Refused.of(
            "key-file-exposed",
            f"the key file {path.name} can be read by other users of this machine",
            why="a key others can read protects nothing",
            next=f"chmod 600 {path.name}; if anybody may have read it, make a new key",
        )
    return content
