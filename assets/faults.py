"""Any exception, made into an error that is safe to store and show.

Belongs here: the last guard before a message reaches Dagster's event database, a
log or a terminal. Does not: errors that a package already raises with a type of
its own; they pass unchanged.

An unexpected exception may quote a value from a record, so its text and its
chain are dropped: only its type and the place in the code remain.
"""

import errno
import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data_sharing_agreements.errors import Busy, CommonwealError, IntegrityFault, UsageFault

PACKAGES = ("pipelines", "assets", "portal", "linkage", "warehouse", "privacy", "data_sharing_agreements")

NO_SPACE = "no-disk-left"
"""Code of the error for a full disk, wherever it was met."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_PERMISSION = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class OutOfSpace(CommonwealError):
    """A disk is full. What was accepted before stands; the step starts again."""

    exit_code = 1


class Unexpected(CommonwealError):
    """A bug: something no rule foresaw."""

    exit_code = 1


def no_space(where: str = "") -> CommonwealError:
    """Return the error for a full disk.

    Args:
        where: What could not be written, never a value.
    """
    return OutOfSpace.of(
        NO_SPACE,
        f"There is no disk left{f' for {where}' if where else ''}.",
        why="Stores, spill and the registry are written below the home directory; "
        "what was accepted before stands, and the step that failed left nothing half-done.",
        next="Free space (`commonweal doctor` shows what is needed), then run again: it continues.",
    )


def safe(error: BaseException) -> CommonwealError:
    """Return an error without any data in it: the error itself if it is ours.

    A full disk is one error, whichever library met it.
    """
    if isinstance(error, CommonwealError):
        elsewhere = error.details[0].code == NO_SPACE and not isinstance(error, OutOfSpace)
        return no_space() if elsewhere else error
    known = _from_sqlite(error) or _from_system(error)
    return known or Unexpected.of(
        "unexpected",
        f"Something unexpected happened ({type(error).__name__}).",
        why=f"At {place_of(error)}. Its message is withheld, because it may quote a record.",
        next="This is a bug: report the type and the place. Nothing half-done stays; run again to continue.",
    )


@contextmanager
def guarded() -> Iterator[None]:
    """Let only safe errors out, with nothing chained to them.

    Raises:
        CommonwealError: Whatever went wrong inside, without data.
    """
    try:
        yield
    except Exception as error:
        raise safe(error) from None


def place_of(error: BaseException) -> str:
    """Return `file:line (function)` of the deepest frame in our packages."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _package(frame.filename)]
    if not ours:
        return "an unknown place"
    frame = ours[-1]
    return f"{_package(frame.filename)}:{frame.lineno} ({frame.name})"


def _package(filename: str) -> str:
    parts = Path(filename).parts
    if "site-packages" in parts:
        return ""
    starts = [index for index, part in enumerate(parts[:-1]) if part in PACKAGES]
    return "/".join(parts[starts[0] :]) if starts else ""


def _from_sqlite(error: BaseException) -> CommonwealError | None:
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    if code is None:
        return None
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return no_space("the registry")
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Busy.of(
            "registry-busy",
            "The registry is being written by another process.",
            why="SQLite has one writer at a time.",
            next="Try again in a moment.",
        )
    if primary in _CORRUPT:
        return IntegrityFault.of(
            "registry-damaged",
            "The registry is not a whole SQLite database.",
            why="Its pages do not fit together.",
            next="Restore a backup (`commonweal restore`), then run `commonweal log verify`.",
        )
    return None


def _from_system(error: BaseException) -> CommonwealError | None:
    if isinstance(error, MemoryError):
        return OutOfSpace.of(
            "no-memory-left",
            "There is not enough memory.",
            why="DuckDB and the linkage keep below [engine] memory_limit; other work may not.",
            next="Lower memory_limit in commonweal.toml or end other work, then run again.",
        )
    if not isinstance(error, OSError):
        return None
    if error.errno in _FULL:
        return no_space()
    if error.errno in _NO_PERMISSION:
        name = Path(str(error.filename)).name if error.filename else "a file"
        return UsageFault.of(
            "no-permission",
            f"{name} may not be read or written by this user.",
            why="The operating system refused it.",
            next="Give this user the permission, or name another directory.",
        )
    return None
