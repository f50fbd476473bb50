"""Delimited files into staging.

Belongs here: finding columns by the header, reading with DuckDB, rejected records.
Does not: encodings (`scan`), checks of values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from data_sharing_agreements.errors import Held
from warehouse.contracts_model import Column, Contract, FileFormat, Table
from warehouse.opener import Session
from warehouse.readers.encodings import ENCODINGS
from warehouse.readers.scan import FileScan, header_names
from warehouse.readers.staged import (
    DeliveryFile,
    Fault,
    Piece,
    Staged,
    StagedTable,
    literal,
    quoted,
    value_sql,
)

_REJECTS = "staging_rejects"
_SCANS = "staging_scans"


_ALIKE = 0.7
"""How like a missing column's name an unknown one must be to be taken for it, from 0 to 1."""


@dataclass(frozen=True)
class Heading:
    """Where a file has its columns, and what is wrong with its heading.

    Args:
        width: Number of columns in the file.
        places: Place of each column found, from 0, by logical name.
        missing: Logical names of columns that are not there.
        alike: Those of them whose physical name is much like an unknown column's.
        extra: Number of columns the contract does not know.
        repeated: Whether two columns have one name.
    """

    width: int
    places: dict[str, int]
    missing: tuple[str, ...]
    alike: frozenset[str]
    extra: int
    repeated: bool


def match_heading(names: Sequence[str], table: Table, wanted: Sequence[Column]) -> Heading:
    """Find a table's columns among the names of a file. Case and blanks around do not matter."""
    folded = [name.strip().casefold() for name in names]
    known = {column.physical_name.casefold() for column in table.columns}
    places = {
        column.name: folded.index(column.physical_name.casefold())
        for column in wanted
        if column.physical_name.casefold() in folded
    }
    missing = [column for column in wanted if column.name not in places]
    unknown = [name for name in folded if name not in known]
    alike = frozenset(
        column.name
        for column in missing
        if get_close_matches(column.physical_name.casefold(), unknown, n=1, cutoff=_ALIKE)
    )
    names_missing = tuple(column.name for column in missing)
    return Heading(len(names), places, names_missing, alike, len(unknown), len(set(folded)) < len(folded))


def heading_faults(heading: Heading, contract: Contract, table: Table, file: str) -> list[Fault]:
    """Return what a heading breaks. Names in the file are never told: without a header they are data."""
    faults = []
    faults += [
        Fault(
            "renamed-column" if name in heading.alike else "missing-column",
            table=table.name,
            column=name,
            file=file,
        )
        for name in heading.missing
    ]
    if heading.repeated:
        faults.append(Fault("duplicate-column", table=table.name, file=file))
    if heading.extra and not heading.missing and contract.extra_columns == "hold":
        faults.append(Fault("extra-column", table=table.name, file=file))
    return faults


def stage_delimited(
    session: Session,
    contract: Contract,
    file: DeliveryFile,
    scan: FileScan,
    target: StagedTable,
    staged: Staged,
) -> None:
    """Read one delimited file into a table of staging."""
    form, table = contract.format, target.table
    heading = _heading(form, file, table, target.columns)
    faults = heading_faults(heading, contract, table, file.name)
    records = scan.records - (1 if form.header else 0)
    if not faults and records <= 0 and not table.may_be_empty:
        faults = [Fault("empty-file", table=table.name, file=file.name)]
    staged.faults += faults
    if faults or records <= 0:
        return
    load_encoding(session, form)
    session.execute(f"DROP TABLE IF EXISTS {_REJECTS}; DROP TABLE IF EXISTS {_SCANS}")
    values = ", ".join(
        f"{value_sql(column, f'c{heading.places[column.name]}', enciphered=True)} AS {quoted(column.name)}"
        for column in target.columns
    )
    insert = f"INSERT INTO staging.raw.{quoted(table.name)} SELECT {values} FROM "
    if not read_whole(session, insert + _read_csv_sql(file, form, heading.width), file, staged):
        return
    _account(session, form, file, target, staged, records, scan)


def read_whole(session: Session, sql: str, file: DeliveryFile, staged: Staged) -> bool:
    """Run a statement that reads a file; note the fault and return `False` if the parser gives up.

    It does where line ends are mixed, or a line is longer than two million characters.
    """
    try:
        session.execute(sql)
    except Held:
        staged.faults.append(Fault("unreadable-file", file=file.name))
        return False
    return True


def load_encoding(session: Session, form: FileFormat) -> None:
    """Load the extension a format's encoding needs, if any."""
    if extension := ENCODINGS[form.encoding].extension:
        session.load(extension)


def _heading(form: FileFormat, file: DeliveryFile, table: Table, wanted: Sequence[Column]) -> Heading:
    names = header_names(file.path, form)
    if form.header:
        return match_heading(names, table, wanted)
    layout = [column.physical_name for column in table.columns][: len(names)]
    return match_heading([*layout, *(f"+{i}" for i in range(len(layout), len(names)))], table, wanted)


def _read_csv_sql(file: DeliveryFile, form: FileFormat, width: int) -> str:
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(width))
    return f"""read_csv({literal(file.path)},
        auto_detect = false, columns = {{{columns}}}, header = {str(form.header).lower()},
        delim = {literal(form.delimiter)}, quote = {literal(form.quote)}, escape = {literal(form.escape)},
        encoding = {literal(ENCODINGS[form.encoding].engine)}, nullstr = '',
        store_rejects = true, rejects_table = {literal(_REJECTS)}, rejects_scan = {literal(_SCANS)},
        rejects_limit = 0)"""


def _account(
    session: Session,
    form: FileFormat,
    file: DeliveryFile,
    target: StagedTable,
    staged: Staged,
    records: int,
    scan: FileScan,
) -> None:
    """Compare the parser's account with the physical records; note rejected records."""
    name = target.table.name
    before = target.rows
    target.rows = int(session.one(f"SELECT count(*) FROM staging.raw.{quoted(name)}"))
    accepted = target.rows - before
    header = 1 if form.header else 0
    rejects = session.execute(
        f"SELECT line - {header}, any_value(contains(trim(csv_line, chr(13) || chr(10)), chr(10)) "
        f"OR (error_type = 'UNQUOTED VALUE' AND contains(csv_line, chr(10)))) "
        f"FROM {_REJECTS} GROUP BY line ORDER BY line"
    )
    staged.physical += records
    staged.loaded += accepted
    staged.unreadable += len(rejects)
    swallowed = any(over_lines for _, over_lines in rejects) and not form.multiline
    if swallowed or accepted + len(rejects) != records:
        rule = "unbalanced-quotes" if form.quote and (swallowed or _has_quote(file, form)) else "records-lost"
        lost = abs(records - accepted - len(rejects))
        staged.faults.append(Fault(rule, rows=lost, table=name, file=file.name))
    elif rejects and not scan.ends_with_newline and rejects[-1][0] == records:
        staged.faults.append(Fault("truncated-file", rows=1, table=name, file=file.name))
    target.pieces += _pieces(before, file.number, [int(line) for line, _ in rejects])
    if rejects:
        session.execute(
            f"INSERT INTO staging.work.unreadable SELECT {literal(name)}, {file.number}, line - {header}, "
            f"'unreadable-row', any_value(csv_line) FROM {_REJECTS} GROUP BY line"
        )


def _pieces(first_id: int, file_no: int, rejected: Sequence[int]) -> list[Piece]:
    """Return how rows after each rejected record are shifted against their place in the file."""
    pieces = [Piece(first_id, file_no, 1 - first_id)]
    for count, line in enumerate(rejected, start=1):
        at = first_id + line - count
        if pieces[-1].first_id == at:
            pieces.pop()
        pieces.append(Piece(at, file_no, 1 - first_id + count))
    return pieces


def _has_quote(file: DeliveryFile, form: FileFormat) -> bool:
    mark = form.quote.encode(ENCODINGS[form.encoding].codec)
    with file.path.open("rb") as content:
        return any(mark in chunk for chunk in iter(lambda: content.read(1 << 24), b""))
