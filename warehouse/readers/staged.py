"""What staging leaves behind: tables of text, faults, and the account of records.

Belongs here: the values readers return, and the names of staging's schemas.
Does not: reading (`delimited`, `fixed_width`, `parquet`).

In the staging store, `raw` holds rows as read, blank as NULL; `rows` has one view a
table with `_id`, `_file`, `_row`, `_record` (the source's own record id) and the
columns, null sentinels as NULL; `work` holds what checks find.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from warehouse.contracts_model import Column, FilePattern, Table

STAGING_DDL: str = """
CREATE SCHEMA IF NOT EXISTS staging.raw;
CREATE SCHEMA IF NOT EXISTS staging.rows;
CREATE SCHEMA IF NOT EXISTS staging.work;
CREATE TABLE IF NOT EXISTS staging.work.unreadable (
    table_name VARCHAR, file_no INTEGER, row_number BIGINT, rule VARCHAR, record VARCHAR
);
"""


@dataclass(frozen=True)
class Fault:
    """A rule a delivery breaks as a whole; never with a value.

    Args:
        rule: Name of the rule.
        rows: Rows concerned; 0 if it is not about rows.
        table, column: Logical names from the contract, if it concerns one.
        file: Name of the file, if it concerns one.
    """

    rule: str
    rows: int = 0
    table: str = ""
    column: str = ""
    file: str = ""


@dataclass(frozen=True)
class DeliveryFile:
    """One file of a delivery.

    Args:
        number: Position in the delivery, from 0.
        path: Where it lies.
        name: Its path below the place of the delivery, as the registry has it.
        pattern: The contract's pattern that it matches.
        sha256: Digest when it was registered.
    """

    number: int
    path: Path
    name: str
    pattern: FilePattern
    sha256: str = ""


@dataclass(frozen=True)
class Piece:
    """A run of staged rows whose place in their file is `_id` plus an offset."""

    first_id: int
    file_no: int
    offset: int


@dataclass
class StagedTable:
    """One staged table: its licensed columns, and how rows find their place in a file.

    `careful`: a refused row without a record id is kept in quarantine without its values.
    """

    table: Table
    columns: tuple[Column, ...]
    rows: int = 0
    pieces: list[Piece] = field(default_factory=list)
    careful: bool = False


@dataclass
class Staged:
    """A staged delivery.

    Args:
        tables: By logical name.
        faults: Rules of deliveries that reading found broken.
        physical: Records in the files, headers and other structure left out.
        unreadable: Records that became no row, kept in `work.unreadable`.
        loaded: Records that became one row, or more where a line holds several.
        open_ended: Number and name of files whose last line has no line break.
    """

    tables: dict[str, StagedTable] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    physical: int = 0
    unreadable: int = 0
    loaded: int = 0
    open_ended: dict[int, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows in all staged tables."""
        return sum(staged.rows for staged in self.tables.values())


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """Return a text from a contract or a path as an SQL literal; never a value of a record."""
    return "'" + str(text).replace("'", "''") + "'"


def listed(texts: Sequence[object]) -> str:
    """Return texts as a comma-separated list of SQL literals."""
    return ", ".join(literal(text) for text in texts)


def value_sql(column: Column, raw: str, *, enciphered: bool) -> str:
    """SQL of a value as read: trimmed, blank as NULL, deciphered."""
    text = f"nullif(trim({raw}), '')"
    if column.cipher and enciphered:
        source, target = "".join(column.cipher), "".join(column.cipher.values())
        return f"translate({text}, {literal(source)}, {literal(target)})"
    return text


def clean_sql(column: Column, nulls: Sequence[str]) -> str:
    """SQL of a staged value with null sentinels as NULL."""
    sentinels = (*nulls, *column.nulls)
    name = quoted(column.name)
    return f"CASE WHEN {name} IN ({listed(sentinels)}) THEN NULL ELSE {name} END" if sentinels else name


def record_id_sql(table: Table, columns: Sequence[Column]) -> str:
    """SQL of the source's own record id over staged values, or NULL if all parts are blank."""
    have = {column.name for column in columns}
    parts = [quoted(name) for name in table.record_id if name in have]
    if not parts:
        return "NULL::VARCHAR"
    if len(parts) == 1:
        return parts[0]
    joined = " || '|' || ".join(f"coalesce({part}, '')" for part in parts)
    return f"CASE WHEN coalesce({', '.join(parts)}) IS NULL THEN NULL ELSE {joined} END"
