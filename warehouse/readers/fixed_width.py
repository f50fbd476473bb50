"""Fixed-width files into staging.

Belongs here: lines, record types, groups repeated within a line, header and
trailer. Does not: encodings (`scan`), checks of values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from warehouse.contracts_model import Column, Contract, Field, Table, TrailerRecord
from warehouse.opener import Session
from warehouse.readers.delimited import load_encoding, read_whole
from warehouse.readers.encodings import ENCODINGS
from warehouse.readers.scan import FileScan, first_line
from warehouse.readers.staged import DeliveryFile, Fault, Staged, StagedTable, literal, quoted, value_sql

_MOSTLY = 0.5
"""Share of lines of no known type above which the file is taken for another source's."""


def stage_fixed_width(
    session: Session,
    contract: Contract,
    file: DeliveryFile,
    period: str,
    scan: FileScan,
    targets: Sequence[StagedTable],
    staged: Staged,
) -> None:
    """Read one fixed-width file into the tables of staging it holds."""
    lines = f"staging.raw.lines_{file.number}"
    load_encoding(session, contract.format)
    create = f"""CREATE TABLE {lines} AS SELECT line FROM read_csv({literal(file.path)},
        auto_detect = false, columns = {{'line': 'VARCHAR'}}, header = false, delim = '\x1f',
        quote = '', escape = '', encoding = {literal(ENCODINGS[contract.format.encoding].engine)})
        WHERE line IS NOT NULL"""
    if not read_whole(session, create, file, staged):
        return
    read = int(session.one(f"SELECT count(*) FROM {lines}"))
    if read != scan.records:
        staged.faults.append(Fault("records-lost", rows=abs(scan.records - read), file=file.name))
    if faults := _structure_faults(session, contract, file, period, lines, read):
        staged.faults += faults
        return
    enciphered = _enciphered(contract, first_line(file.path, contract.format))
    for target in targets:
        _stage_table(session, target, file, lines, staged, enciphered=enciphered)
    _account(session, contract, file, lines, targets, staged, read)


def _starts(record_type: str) -> str:
    return f"starts_with(line, {literal(record_type)})" if record_type else "true"


def _structure_faults(
    session: Session, contract: Contract, file: DeliveryFile, period: str, lines: str, read: int
) -> list[Fault]:
    """Return what is wrong with header, trailer, or the whole shape of the file."""
    form = contract.format
    types = [contract.by_name[name].record_type for name in file.pattern.tables] + list(form.ignored_records)
    known = " OR ".join(_starts(one) for one in types)
    records = int(session.one(f"SELECT count(*) FROM {lines} WHERE {known}"))
    others = read - records - (1 if form.header_record else 0) - (1 if form.trailer_record else 0)
    if others > _MOSTLY * max(read, 1):
        return [Fault("wrong-source", rows=others, file=file.name)]
    faults = _header_faults(session, contract, file, period, lines)
    if form.trailer_record:
        faults += _trailer_faults(session, contract, form.trailer_record, file, lines, read)
    if not faults and records == 0 and not all(contract.by_name[t].may_be_empty for t in file.pattern.tables):
        faults.append(Fault("empty-file", file=file.name))
    return faults


def _header_faults(
    session: Session, contract: Contract, file: DeliveryFile, period: str, lines: str
) -> list[Fault]:
    header = contract.format.header_record
    if header is None:
        return []
    first = first_line(file.path, contract.format)
    count = int(session.one(f"SELECT count(*) FROM {lines} WHERE {_starts(header.record_type)}"))
    if not first.startswith(header.record_type) or count != 1:
        return [Fault("missing-header", file=file.name)]
    if any(_cut(first, place) != value for place, value in header.expect):
        return [Fault("wrong-source", file=file.name)]
    told = {name: _cut(first, place) for name, place in header.period.items()}
    if told and period_of(told) != period:
        return [Fault("wrong-period", file=file.name)]
    return []


def _cut(line: str, place: Field) -> str:
    return line[place.start - 1 : place.end].strip()


def period_of(parts: Mapping[str, str | None]) -> str:
    """Return the period that `period`, or `year` with `quarter` or `month`, says; `all` for none."""
    year, quarter, month = parts.get("year"), parts.get("quarter"), parts.get("month")
    if period := parts.get("period"):
        return period
    if not year:
        return "all"
    if quarter:
        return f"{year}Q{quarter.lstrip('0')}"
    return f"{year}-{month.zfill(2)}" if month else year


def _trailer_faults(
    session: Session, contract: Contract, trailer: TrailerRecord, file: DeliveryFile, lines: str, read: int
) -> list[Fault]:
    last = session.one(f"SELECT line FROM {lines} WHERE rowid = {read - 1}") if read else ""
    if not str(last or "").startswith(trailer.record_type):
        return [Fault("truncated-file", file=file.name)]
    if trailer.count is None:
        return []
    if trailer.counts:
        counted = " OR ".join(_starts(one) for one in trailer.counts)
    else:
        ends = [r.record_type for r in (contract.format.header_record, trailer) if r]
        counted = " AND ".join(f"NOT {_starts(one)}" for one in ends)
    found = int(session.one(f"SELECT count(*) FROM {lines} WHERE {counted}"))
    told = _cut(str(last), trailer.count)
    if not told.isdigit() or int(told) != found:
        return [Fault("trailer-count", rows=found, file=file.name)]
    return []


def _enciphered(contract: Contract, first: str) -> bool:
    header = contract.format.header_record
    if header is None or header.cipher_flag is None:
        return True
    return _cut(first, header.cipher_flag) == header.cipher_on


def _stage_table(
    session: Session,
    target: StagedTable,
    file: DeliveryFile,
    lines: str,
    staged: Staged,
    *,
    enciphered: bool,
) -> None:
    """Cut one record type's lines into columns."""
    table = target.table
    complete = f"{_starts(table.record_type)} AND length(line) >= {table.min_length}"
    occurrences = range(table.repeat.count) if table.repeat else range(1)
    for occurrence in occurrences:
        session.execute(
            f"INSERT INTO staging.raw.{quoted(table.name)} "
            f"SELECT {_values(table, target.columns, occurrence, enciphered)}, {file.number}, rowid + 1 "
            f"FROM {lines} WHERE {complete}{_present(table, occurrence)}"
        )
    if table.min_length:
        session.execute(
            f"INSERT INTO staging.work.unreadable SELECT {literal(table.name)}, {file.number}, rowid + 1, "
            f"'short-record', line FROM {lines} "
            f"WHERE {_starts(table.record_type)} AND length(line) < {table.min_length}"
        )
    target.rows = int(session.one(f"SELECT count(*) FROM staging.raw.{quoted(table.name)}"))
    staged.loaded += int(session.one(f"SELECT count(*) FROM {lines} WHERE {complete}"))


def _values(table: Table, columns: Sequence[Column], occurrence: int, enciphered: bool) -> str:
    values = []
    for column in columns:
        assert column.place is not None  # `contracts_check` requires it
        start = column.place.start
        if table.repeat is not None and start >= table.repeat.start:
            start += occurrence * table.repeat.step
        cut = f"substr(line, {start}, {column.place.length})"
        values.append(value_sql(column, cut, enciphered=enciphered))
    return ", ".join(values)


def _present(table: Table, occurrence: int) -> str:
    """SQL that holds when an occurrence of a repeated group is there. The first always is."""
    if table.repeat is None or occurrence == 0:
        return ""
    start = table.repeat.start + occurrence * table.repeat.step
    ends = [c.place.end for c in table.columns if c.place and c.place.start >= table.repeat.start]
    length = max(ends) - table.repeat.start + 1
    return f" AND translate(substr(line, {start}, {length}), ' 0', '') <> ''"


def _account(
    session: Session,
    contract: Contract,
    file: DeliveryFile,
    lines: str,
    targets: Sequence[StagedTable],
    staged: Staged,
    read: int,
) -> None:
    """Note lines of no known type, and count the records that are neither read nor structure."""
    form = contract.format
    structure = [r.record_type for r in (form.header_record, form.trailer_record) if r]
    structure += form.ignored_records
    unread = set(file.pattern.tables) - {target.table.name for target in targets}
    structure += [contract.by_name[name].record_type for name in sorted(unread)]
    types = [target.table.record_type for target in targets]
    named = " OR ".join(_starts(one) for one in (*types, *structure))
    session.execute(
        f"INSERT INTO staging.work.unreadable SELECT {literal(targets[0].table.name)}, {file.number}, "
        f"rowid + 1, 'unknown-record-type', line FROM {lines} WHERE NOT ({named})"
    )
    structural = " OR ".join(_starts(one) for one in structure)
    of_structure = int(session.one(f"SELECT count(*) FROM {lines} WHERE {structural}")) if structure else 0
    staged.physical += read - of_structure
    found = session.one("SELECT count(*) FROM staging.work.unreadable WHERE file_no = ?", [file.number])
    staged.unreadable += int(found)
    session.execute(f"DROP TABLE {lines}")
