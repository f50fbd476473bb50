"""Staging a delivery: every file by its reader, then the views that checks use.

Belongs here: choosing the reader, the tables and views of the staging store, the
last comparison of records read and records there. Does not: values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from warehouse.contracts_model import Contract, Contracts, FileKind, Table
from warehouse.opener import Session
from warehouse.readers.delimited import match_heading, stage_delimited
from warehouse.readers.fixed_width import stage_fixed_width
from warehouse.readers.parquet import stage_parquet
from warehouse.readers.scan import FileScan, header_names, scan_file
from warehouse.readers.staged import (
    STAGING_DDL,
    DeliveryFile,
    Fault,
    Staged,
    StagedTable,
    clean_sql,
    quoted,
    record_id_sql,
)

_FOREIGN = 0.5
"""Share of its own columns below which a file is compared with other sources' layouts."""


def stage_delivery(
    session: Session,
    contracts: Contracts,
    contract: Contract,
    period: str,
    files: Sequence[DeliveryFile],
    licensed: Collection[str],
) -> Staged:
    """Read a delivery's files into the staging store attached as `staging`.

    A table of which no column is licensed is not read at all.

    Args:
        session: With an empty staging store attached for writing.
        contracts: All contracts, to recognise a file of another source.
        contract: The source's contract.
        period: Period the file names say.
        files: The delivery's files.
        licensed: Fields the source's agreement lets in; no others are read.

    Returns:
        What was staged. Where `faults` is not empty, the delivery is to be held.
    """
    session.execute(STAGING_DDL)
    staged = Staged()
    for table in contract.tables:
        columns = tuple(c for c in table.columns if f"{contract.source}.{table.name}.{c.name}" in licensed)
        if columns:
            staged.tables[table.name] = StagedTable(table, columns)
            _create_raw(session, contract, staged.tables[table.name])
    staged.faults += _missing_files(contract, files)
    scans = {file.number: scan_file(file.path, contract.format) for file in files}
    staged.faults += scan_faults(files, scans)
    if staged.faults:
        return staged
    staged.open_ended = {f.number: f.name for f in files if not scans[f.number].ends_with_newline}
    with session.uncompressed():
        for file in files:
            _stage_file(session, contract, period, file, scans[file.number], staged)
    staged.faults = _recognise(staged.faults, contracts, contract, files)
    if not staged.faults and staged.physical != staged.loaded + staged.unreadable:
        lost = abs(staged.physical - staged.loaded - staged.unreadable)
        staged.faults.append(Fault("records-lost", rows=lost))
    for target in staged.tables.values():
        _create_view(session, contract, target)
    return staged


def _missing_files(contract: Contract, files: Sequence[DeliveryFile]) -> list[Fault]:
    there = {file.pattern for file in files}
    return [
        Fault("missing-file", table=pattern.tables[0])
        for pattern in contract.files
        if pattern.required and pattern not in there
    ]


def scan_faults(files: Sequence[DeliveryFile], scans: Mapping[int, FileScan]) -> list[Fault]:
    """Return what bytes show, including a sidecar digest that disagrees or a file changed since."""
    faults = []
    for file in files:
        scan = scans[file.number]
        told = sidecar_digest(file)
        if (told and told != scan.sha256) or (file.sha256 and file.sha256 != scan.sha256):
            faults.append(Fault("checksum-differs", file=file.name))
        faults += [Fault(rule, file=file.name) for rule in scan.faults]
    return faults


def sidecar_digest(file: DeliveryFile) -> str:
    """Return the digest in `<file>.sha256`, or nothing if there is no such file."""
    sidecar = file.path.with_name(f"{file.path.name}.sha256")
    if not sidecar.is_file():
        return ""
    words = sidecar.read_text(encoding="ascii", errors="replace").split()
    return words[0].lower() if words else "empty"


def _stage_file(
    session: Session, contract: Contract, period: str, file: DeliveryFile, scan: FileScan, staged: Staged
) -> None:
    targets = [staged.tables[name] for name in file.pattern.tables if name in staged.tables]
    if not targets:
        return
    kind = contract.format.kind
    if kind is FileKind.FIXED_WIDTH:
        stage_fixed_width(session, contract, file, period, scan, targets, staged)
    elif kind is FileKind.DELIMITED:
        stage_delimited(session, contract, file, scan, targets[0], staged)
    else:
        stage_parquet(session, contract, file, targets[0], staged)


def _recognise(
    faults: Sequence[Fault], contracts: Contracts, contract: Contract, files: Sequence[DeliveryFile]
) -> list[Fault]:
    """Say `wrong-source` where most columns are missing and another source has the file's columns."""
    named = {fault.file for fault in faults if fault.rule in ("missing-column", "renamed-column")}
    foreign = [file for file in files if file.name in named and _is_foreign(contracts, contract, file)]
    kept = [fault for fault in faults if fault.file not in {file.name for file in foreign}]
    return [*kept, *(Fault("wrong-source", file=file.name) for file in foreign)]


def _is_foreign(contracts: Contracts, contract: Contract, file: DeliveryFile) -> bool:
    if contract.format.kind is not FileKind.DELIMITED:
        return False
    if _share(contract, contract.by_name[file.pattern.tables[0]], file) >= _FOREIGN:
        return False
    others = [c for c in contracts if c.format.kind is FileKind.DELIMITED]
    candidates = [
        (c, t) for c in others for t in c.tables if (c, t.name) != (contract, file.pattern.tables[0])
    ]
    return any(_share(other, table, file) > _FOREIGN for other, table in candidates)


def _share(contract: Contract, table: Table, file: DeliveryFile) -> float:
    heading = match_heading(header_names(file.path, contract.format), table, table.columns)
    return len(heading.places) / len(table.columns)


def _create_raw(session: Session, contract: Contract, target: StagedTable) -> None:
    columns = [f"{quoted(column.name)} VARCHAR" for column in target.columns]
    if contract.format.kind is FileKind.FIXED_WIDTH:
        columns += ["_file INTEGER", "_row BIGINT"]
    session.execute(f"CREATE TABLE staging.raw.{quoted(target.table.name)} ({', '.join(columns)})")


def _create_view(session: Session, contract: Contract, target: StagedTable) -> None:
    table, name = target.table, quoted(target.table.name)
    values = ", ".join(
        f"{clean_sql(column, contract.format.nulls)} AS {quoted(column.name)}" for column in target.columns
    )
    record = record_id_sql(table, target.columns)
    place = _place_sql(contract, target)
    session.execute(
        f"CREATE VIEW staging.rows.{name} AS SELECT raw.rowid AS _id, {place}, {record} AS _record, "
        f"{values} FROM staging.raw.{name} AS raw{_pieces_join(contract, target)}"
    )


def _place_sql(contract: Contract, target: StagedTable) -> str:
    if contract.format.kind is FileKind.FIXED_WIDTH:
        return "_file, _row"
    if len(target.pieces) > 1:
        return "_piece.file_no AS _file, raw.rowid + _piece.shift AS _row"
    file_no, shift = (target.pieces[0].file_no, target.pieces[0].offset) if target.pieces else (0, 1)
    return f"{file_no}::INTEGER AS _file, raw.rowid + {shift} AS _row"


def _pieces_join(contract: Contract, target: StagedTable) -> str:
    if contract.format.kind is FileKind.FIXED_WIDTH or len(target.pieces) < 2:
        return ""
    values = ", ".join(f"({p.first_id}::BIGINT, {p.file_no}, {p.offset}::BIGINT)" for p in target.pieces)
    return (
        f" ASOF JOIN (SELECT * FROM (VALUES {values}) AS v(first_id, file_no, shift)) AS _piece "
        "ON raw.rowid >= _piece.first_id"
    )
