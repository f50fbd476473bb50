"""Systems as declared: which feed, how text is written, which files, what each column holds.

Belongs here: reading `systems/*.yaml` and checking it against the contract.
Does not: layouts (contract), error rates (`errors.yaml`), or writing (`files`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from data_sharing_agreements.errors import ErrorDetail, Invalid
from warehouse.contracts_model import Contract, Contracts

SYSTEMS = Path(__file__).parent / "systems"

_CASES = ("upper", "title")
_LETTERS = ("plain", "latin", "all")
_MARKS = ("keep", "drop")
_KEYS = {
    "system": {"feed", "writes", "files", "tables", "settings", "errors"},
    "writes": {"case", "letters", "marks", "line_end", "quote"},
    "file": {"path", "tables", "first", "second", "last", "groups"},
    "table": {"length", "filler", "pieces", "columns", "also", "repeated", "faults"},
    "fault": {"column", "share", "text"},
    "column": {"of", "const", "codes", "map", "other", "missing"},
}


@dataclass(frozen=True)
class Writes:
    """How a system writes text.

    Args:
        case: `upper` or `title` (as it is).
        letters: `plain` (no diacritics), `latin` (Latin-1's only) or `all`.
        marks: `keep`, or `drop` apostrophes and turn hyphens into spaces.
        line_end: `unix` or `windows`.
        quote: `all` texts, or `needed`.
    """

    case: str = "title"
    letters: str = "all"
    marks: str = "keep"
    line_end: str = "unix"
    quote: str = "needed"


@dataclass(frozen=True)
class ColumnSpec:
    """What a column holds when it is not simply the fact or identity of its name.

    Args:
        of: A fact, identity or attribute: `fact.x`, `identity.x`, `person.x`.
        const: One text for all rows.
        codes: Text by index, if the value is one; empty means none.
        map: Text by value, if the value is text.
        other: Text of values that `map` does not have.
        missing: Text where there is no value.
    """

    of: str | None = None
    const: str | None = None
    codes: tuple[str, ...] = ()
    map: Mapping[str, str] = field(default_factory=dict)
    other: str | None = None
    missing: str | None = None


@dataclass(frozen=True)
class LineSpec:
    """A line of fixed width: pieces of text, each at its first character."""

    length: int
    pieces: tuple[tuple[int, str], ...] = ()
    filler: str = " "


@dataclass(frozen=True)
class GroupSpec:
    """Lines around the rows of one group: by which fact, and which facts are summed."""

    by: str
    sums: tuple[str, ...]
    before: LineSpec
    after: LineSpec


@dataclass(frozen=True)
class FileSpec:
    """One file of a delivery: path with `{period}`, tables, lines around them."""

    path: str
    tables: tuple[str, ...]
    first: tuple[LineSpec, ...] = ()
    last: LineSpec | None = None
    groups: GroupSpec | None = None


@dataclass(frozen=True)
class Fault:
    """A text that breaks the contract, and the share of rows that have it."""

    column: str
    share: float
    text: str


@dataclass(frozen=True)
class TableSpec:
    """One table of a system.

    Args:
        columns: What columns hold, where it is not what their names say.
        line: Constant pieces, length and filler of a fixed-width line.
        also: Columns beside those of the contract: name and text.
        repeated: Share of rows delivered twice.
        faults: Texts that break the contract, in a few rows.
    """

    columns: Mapping[str, ColumnSpec] = field(default_factory=dict)
    line: LineSpec = LineSpec(0)
    also: tuple[tuple[str, str], ...] = ()
    repeated: float = 0.0
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class System:
    """One system of the state, with its contract."""

    source: str
    feed: str
    contract: Contract
    writes: Writes
    files: tuple[FileSpec, ...]
    tables: Mapping[str, TableSpec]
    settings: Mapping[str, Any]


def load_systems(contracts: Contracts, directory: Path = SYSTEMS) -> tuple[System, ...]:
    """Read every declared system, in the order of their names.

    Raises:
        Invalid: With every fault of every declaration.
    """
    faults: list[ErrorDetail] = []
    found = []
    for path in sorted(directory.glob("*.yaml")):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        if path.stem not in contracts.by_source:
            faults.append(_fault(path.stem, "has no contract"))
            continue
        contract = contracts[path.stem]
        faults += _check(path.stem, data, contract)
        if not faults:
            found.append(_system(path.stem, data, contract))
    Invalid.collect(faults)
    return tuple(found)


def _fault(place: str, what: str) -> ErrorDetail:
    return ErrorDetail(
        "synthetic-system",
        f"{place} {what}.",
        why="A simulated system is declared against its contract.",
        next="Correct warehouse/synthetic/systems, or see docs/synthetic.md.",
    )


def _check(source: str, data: Mapping[str, Any], contract: Contract) -> list[ErrorDetail]:
    """Compare one declaration with what may be declared and with its contract."""
    faults = _unknown(source, data, "system") + _unknown(f"{source}.writes", data.get("writes", {}), "writes")
    writes = data.get("writes", {})
    for key, allowed in (("case", _CASES), ("letters", _LETTERS), ("marks", _MARKS)):
        if writes.get(key, allowed[0]) not in allowed:
            faults.append(_fault(f"{source}.writes.{key}", f"must be one of {', '.join(allowed)}"))
    for file in data.get("files", ()):
        faults += _unknown(f"{source}.files", file, "file")
        faults += [
            _fault(f"{source}.files", f"names no table {t}")
            for t in file["tables"]
            if t not in contract.by_name
        ]
    for name, table in data.get("tables", {}).items():
        faults += _unknown(f"{source}.{name}", table, "table")
        if name not in contract.by_name:
            faults.append(_fault(f"{source}.{name}", "is no table of the contract"))
            continue
        for column, spec in (table.get("columns") or {}).items():
            faults += _unknown(f"{source}.{name}.{column}", spec, "column")
        for fault in table.get("faults", ()):
            faults += _unknown(f"{source}.{name}.faults", fault, "fault")
    return faults


def _unknown(place: str, data: Mapping[str, Any], kind: str) -> list[ErrorDetail]:
    return [_fault(f"{place}.{key}", "is unknown") for key in sorted(set(data) - _KEYS[kind])]


def _system(source: str, data: Mapping[str, Any], contract: Contract) -> System:
    return System(
        source=source,
        feed=data["feed"],
        contract=contract,
        writes=Writes(**data.get("writes", {})),
        files=tuple(_file(file) for file in data["files"]),
        tables={name: _table(table) for name, table in data["tables"].items()},
        settings=data.get("settings", {}),
    )


def _file(data: Mapping[str, Any]) -> FileSpec:
    groups = data.get("groups")
    return FileSpec(
        path=data["path"],
        tables=tuple(data["tables"]),
        first=tuple(_line(data[key]) for key in ("first", "second") if key in data),
        last=_line(data["last"]) if "last" in data else None,
        groups=GroupSpec(groups["by"], tuple(groups["sums"]), _line(groups["before"]), _line(groups["after"]))
        if groups
        else None,
    )


def _line(data: Mapping[str, Any]) -> LineSpec:
    return LineSpec(data["length"], _pieces(data.get("pieces", ())), data.get("filler", " "))


def _pieces(listed: Sequence[Sequence[Any]]) -> tuple[tuple[int, str], ...]:
    return tuple((int(start), str(text)) for start, text in listed)


def _table(data: Mapping[str, Any]) -> TableSpec:
    columns = {name: _column(spec) for name, spec in (data.get("columns") or {}).items()}
    line = LineSpec(data.get("length", 0), _pieces(data.get("pieces", ())), data.get("filler", " "))
    return TableSpec(
        columns,
        line,
        tuple((str(a), str(b)) for a, b in data.get("also", ())),
        float(data.get("repeated", 0.0)),
        tuple(Fault(f["column"], float(f["share"]), str(f["text"])) for f in data.get("faults", ())),
    )


def _column(data: Mapping[str, Any]) -> ColumnSpec:
    return ColumnSpec(**{**data, "codes": tuple(data.get("codes", ()))})
