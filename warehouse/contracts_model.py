"""What a source's delivery must look like: the contract, as frozen values.

Belongs here: the shape of a contract and the questions that can be answered
from it alone. Does not: reading YAML (`contracts_loader`), SQL (`readers`,
`ingest`), or whether a field is licensed (`data_sharing_agreements`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from warehouse.contracts_encoding import Encoding


class FileKind(StrEnum):
    """How records lie in a file."""

    DELIMITED = "delimited"
    FIXED_WIDTH = "fixed_width"
    PARQUET = "parquet"


class ColumnType(StrEnum):
    """Logical type of a column, and so its type in the warehouse."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    TIMESTAMP = "timestamp"

    @property
    def sql(self) -> str:
        """The DuckDB type of accepted values."""
        return _SQL_TYPES[self]


_SQL_TYPES: Mapping[ColumnType, str] = {
    ColumnType.STRING: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.NUMBER: "DECIMAL(18,2)",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}


class Disclosure(StrEnum):
    """How much a column says about who somebody is."""

    DIRECT = "direct"
    QUASI = "quasi"
    SENSITIVE = "sensitive"
    ORDINARY = "ordinary"


class OnInvalid(StrEnum):
    """What happens to a value that breaks a rule of its column."""

    QUARANTINE = "quarantine"
    NULL = "null"
    KEEP = "keep"
    HOLD = "hold"


@dataclass(frozen=True)
class Field:
    """A place in a fixed-width line: 1-based start and length in characters."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """Last character, 1-based, inclusive."""
        return self.start + self.length - 1


@dataclass(frozen=True)
class HeaderRecord:
    """The first line of a fixed-width file.

    Args:
        record_type: What the line starts with.
        period: Parts of the period (`year`, `quarter`, `month`) and where they are.
        cipher_flag: Where the flag lies that says whether values are enciphered.
        cipher_on: Value of the flag that means they are.
        expect: Literal values that must stand at given places (state, program).
    """

    record_type: str
    period: Mapping[str, Field] = field(default_factory=dict)
    cipher_flag: Field | None = None
    cipher_on: str = ""
    expect: tuple[tuple[Field, str], ...] = ()


@dataclass(frozen=True)
class TrailerRecord:
    """The last line of a fixed-width file.

    Args:
        record_type: What the line starts with.
        count: Where the number of records stands.
        counts: Record types it counts; empty means all between header and trailer.
    """

    record_type: str
    count: Field | None = None
    counts: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileFormat:
    """How a source's files are written.

    Args:
        kind: Delimited, fixed width or Parquet.
        encoding: Name from `readers.encodings.ENCODINGS`.
        delimiter, quote, escape: Dialect of a delimited file; an empty quote
            means that none is used.
        header: Whether a delimited file's first line names its columns.
        multiline: Whether a quoted value may contain a line break.
        final_newline: Whether the last line must end with a line break.
        nulls: Values that mean "not known" in every column; blank always does.
        header_record, trailer_record: First and last line of a fixed-width file.
        ignored_records: Record types that are counted and not read.
    """

    kind: FileKind
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    header: bool = True
    multiline: bool = False
    final_newline: bool = False
    nulls: tuple[str, ...] = ()
    header_record: HeaderRecord | None = None
    trailer_record: TrailerRecord | None = None
    ignored_records: tuple[str, ...] = ()


@dataclass(frozen=True)
class FilePattern:
    """Which files of a delivery hold which tables.

    Args:
        pattern: Regular expression for the file's path below any directory of
            the landing area, `/` between parts. Its groups give the period:
            `period`, or `year` with `quarter` or `month`, or `year`; none: `all`.
        tables: Names of the tables in such a file.
        required: Whether a delivery without such a file is held.
    """

    pattern: str
    tables: tuple[str, ...]
    required: bool = True

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled pattern."""
        return re.compile(self.pattern)

    @property
    def depth(self) -> int:
        """Number of path parts the pattern describes."""
        return self.pattern.count("/") + 1


@dataclass(frozen=True)
class Repeat:
    """A group of columns that a fixed-width line holds several times.

    Args:
        count: Number of occurrences.
        start: First character of the first one; columns before it belong to all.
        step: Characters from one occurrence to the next. An occurrence of only
            blanks and zeros is none.
    """

    count: int
    start: int
    step: int


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: Logical name; `source.table.name` is the field agreements license.
        physical_name: Name in the delivered file.
        type: Logical type; everything is read as text first.
        description: Meaning, for the dictionary.
        required: Whether it must have a value.
        unique: Whether a value may occur only once in a delivery.
        codes: Allowed values and their labels; empty means any.
        nulls: Values that mean "not known" here.
        role: What it is to linkage, from `privacy.vault.IDENTIFIER_ROLES`.
        disclosure: How much it says about who somebody is.
        pseudonym: Namespace of the crosswalk that replaces its values by keys.
        place: Where it stands in a fixed-width line.
        date_format: `strptime` format of a date or timestamp.
        cipher: Character by character translation to the clear value.
        recode: Delivered value to value kept.
        pattern: Regular expression the whole value must match.
        minimum, maximum: Bounds, numbers or ISO dates, as text.
        max_length: Greatest number of characters.
        implied_decimals: Digits after a decimal point that is not written.
        on_invalid: What happens to a value that breaks a rule.
        tolerance: Share of rows that may break this column's rules before the
            delivery is held; `None` means the contract's own.
        free_text: Whether people type into it, so that it is scanned closely.
    """

    name: str
    physical_name: str
    type: ColumnType = ColumnType.STRING
    description: str = ""
    required: bool = False
    unique: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)
    nulls: tuple[str, ...] = ()
    role: str | None = None
    disclosure: Disclosure = Disclosure.ORDINARY
    pseudonym: str | None = None
    place: Field | None = None
    date_format: str | None = None
    cipher: Mapping[str, str] = field(default_factory=dict)
    recode: Mapping[str, str] = field(default_factory=dict)
    pattern: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    max_length: int | None = None
    implied_decimals: int = 0
    on_invalid: OnInvalid = OnInvalid.QUARANTINE
    tolerance: float | None = None
    free_text: bool = False

    @property
    def in_content(self) -> bool:
        """Whether the warehouse holds it, as a value or as a key."""
        harmless = self.role is None and self.disclosure is not Disclosure.DIRECT
        return bool(self.pseudonym) or self.role == "sex" or harmless

    @property
    def content_type(self) -> str:
        """Its DuckDB type in the warehouse."""
        return "BIGINT" if self.pseudonym else self.type.sql


@dataclass(frozen=True)
class Table:
    """One table of a source.

    Args:
        name: Logical name.
        physical_name: What the layout calls it.
        description, grain: Meaning, and what one row stands for.
        columns: In the order of the layout.
        record_id: Columns whose trimmed values, as delivered and joined by `|`,
            are the source's own id of a person's record; empty if none.
        one_id: Whether two such ids in one period are two people's, without exception.
        row_key: Columns that together may occur once in a delivery.
        record_type: What its lines start with, in a fixed-width file.
        repeat: Columns that a line holds several times.
        min_length: Shortest line that is complete.
        may_be_empty: Whether a delivery without rows is normal.
        period_column: Date column that must lie within the delivery's period.
    """

    name: str
    physical_name: str
    columns: tuple[Column, ...]
    description: str = ""
    grain: str = ""
    record_id: tuple[str, ...] = ()
    one_id: bool = False
    row_key: tuple[str, ...] = ()
    record_type: str = ""
    repeat: Repeat | None = None
    min_length: int = 0
    may_be_empty: bool = False
    period_column: str | None = None

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Columns by logical name."""
        return {column.name: column for column in self.columns}

    @property
    def content_columns(self) -> tuple[Column, ...]:
        """Columns that the warehouse holds, as values or as keys."""
        return tuple(column for column in self.columns if column.in_content)

    @property
    def role_columns(self) -> tuple[Column, ...]:
        """Columns that go to the vault."""
        return tuple(column for column in self.columns if column.role)

    @property
    def has_birth_month(self) -> bool:
        """Whether content carries `birth_month`, derived from the birth date."""
        return any(column.role == "birth_date" for column in self.columns)


@dataclass(frozen=True)
class DeliveryRules:
    """Limits past which a whole delivery is held; a share is between 0 and 1.

    Args:
        tolerance: Share of a table's rows that may go to quarantine.
        row_count_change: Change in a table's rows against the last period.
        completeness_change: The same of the share of rows in which a column has a value, absolute.
        compare_from: Fewest rows in both periods for the two comparisons.
        outside_period: Share of rows whose period column may lie outside.
    """

    tolerance: float = 0.05
    row_count_change: float | None = None
    completeness_change: float | None = None
    compare_from: int = 200
    outside_period: float = 0.0


@dataclass(frozen=True)
class CoreMapping:
    """How rows of a source become rows of a core fact: one SELECT in a file."""

    fact: str
    sql: Path


@dataclass(frozen=True)
class Contract:
    """All that a source's deliveries must satisfy."""

    source: str
    agency: str
    program: str
    title: str
    description: str
    version: str
    cadence: str
    format: FileFormat
    files: tuple[FilePattern, ...]
    tables: tuple[Table, ...]
    rules: DeliveryRules = DeliveryRules()
    extra_columns: str = "ignore"
    core: tuple[CoreMapping, ...] = ()
    encoding: Encoding | None = None

    @cached_property
    def by_name(self) -> Mapping[str, Table]:
        """Tables by logical name."""
        return {table.name: table for table in self.tables}

    @cached_property
    def fields(self) -> frozenset[str]:
        """Every field, `source.table.column`."""
        return frozenset(f"{self.source}.{t.name}.{c.name}" for t in self.tables for c in t.columns)

    def pseudonyms(self) -> frozenset[str]:
        """Namespaces of the crosswalk this source uses, its own persons' included."""
        named = {c.pseudonym for t in self.tables for c in t.columns if c.pseudonym}
        return frozenset(named | ({self.source} if any(t.record_id for t in self.tables) else set()))


@dataclass(frozen=True)
class Contracts:
    """The contracts of a deployment."""

    all: tuple[Contract, ...]

    @cached_property
    def by_source(self) -> Mapping[str, Contract]:
        """Contracts by source id."""
        return {contract.source: contract for contract in self.all}

    @property
    def sources(self) -> tuple[str, ...]:
        """Source ids, sorted."""
        return tuple(sorted(self.by_source))

    def __getitem__(self, source: str) -> Contract:
        """Return one source's contract; `KeyError` if there is none."""
        return self.by_source[source]

    def __iter__(self) -> Iterator[Contract]:
        """Iterate over contracts by source."""
        return iter(self.by_source[source] for source in self.sources)

    def __len__(self) -> int:
        """Number of contracts."""
        return len(self.all)
