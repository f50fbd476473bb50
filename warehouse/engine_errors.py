"""DuckDB's errors, turned into ours without their text.

Belongs here: which of our errors a DuckDB error becomes. Does not: any part of
the original message, since DuckDB quotes the value that failed (and the key, in
a parse error); raise what this module returns `from None`.
"""

from __future__ import annotations

import hashlib

import duckdb

from data_sharing_agreements.errors import (
    Busy,
    CommonwealError,
    Held,
    IntegrityFault,
    Invalid,
)

_VALUE_ERRORS = (
    duckdb.ConversionException,
    duckdb.ConstraintException,
    duckdb.OutOfRangeException,
    duckdb.InvalidInputException,
    duckdb.TypeMismatchException,
)
_DAMAGED = (
    "encryption key",
    "not a valid duckdb database",
    "checksum",
    "corrupt",
    "decrypt",
    "cannot open encrypted",
    "aes tag",
)


def translate(error: duckdb.Error, *, sql: str = "", rule: str | None = None) -> CommonwealError:
    """Return our error for one of DuckDB's. Nothing of its message is kept.

    Args:
        error: The error DuckDB raised.
        sql: The statement; only a fingerprint of it is told.
        rule: Name of the rule that was being applied, if any.
    """
    text = str(error).lower()
    if "no space left" in text or "not enough disk" in text or "max_temp_directory_size" in text:
        return Invalid.of(
            "no-disk-left",
            "there is no room left on the disk",
            why="stores and spill are written below the home directory",
            next="free some space, then run again; nothing was half-done",
            rule=rule,
        )
    if "set lock on file" in text or "already attached" in text or "unique file handle conflict" in text:
        return Busy.of(
            "store-busy",
            "a store is open in another process or session",
            why="a store has one writer at a time, and no reader beside it",
            next="wait for the other run to end, then run again",
            rule=rule,
        )
    if any(sign in text for sign in _DAMAGED):
        return damaged_store()
    return _other(error, sql, rule)


def damaged_store(store: str = "a store") -> CommonwealError:
    """Return the error for a file that its key does not open."""
    return IntegrityFault.of(
        "store-unreadable",
        f"{store} cannot be opened with its key",
        why="the file or its key was altered, or they do not belong together",
        next="restore both from the same backup",
    )


def _other(error: duckdb.Error, sql: str, rule: str | None) -> CommonwealError:
    kind = type(error).__name__
    if isinstance(error, duckdb.OutOfMemoryException):
        return Invalid.of(
            "memory-limit",
            "a step needs more memory than the deployment allows",
            why="engine.memory_limit in commonweal.toml",
            next="raise the limit, or free disk for spill",
            rule=rule,
        )
    if isinstance(error, _VALUE_ERRORS):
        return Held.of(
            "value-refused",
            f"a value does not fit where it must go ({kind})",
            why=f"rule {rule}" if rule else "the type or constraint of a column",
            next="look at the quality page of the delivery",
            rule=rule,
        )
    return CommonwealError.of(
        "engine-error",
        f"the database engine refused a statement ({kind}, statement {fingerprint(sql)})",
        why="its own words are not shown, because they can quote a person's record",
        next="report the kind and the fingerprint; a developer finds the statement by them",
        rule=rule,
    )


def fingerprint(sql: str) -> str:
    """Return eight characters by which a developer recognises a statement."""
    return hashlib.sha256(" ".join(sql.split()).encode()).hexdigest()[:8]


class Guard:
    """Turns DuckDB's errors into ours. The original is not kept, not even as context."""

    def __init__(self, sql: str = "", rule: str | None = None) -> None:
        self._sql, self._rule = sql, rule

    def __enter__(self) -> None:
        """Begin to guard."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        """Raise our error in place of DuckDB's."""
        if isinstance(error, duckdb.Error):
            converted = translate(error, sql=self._sql, rule=self._rule)
            try:
                raise converted from None
            finally:
                converted.__context__ = None
