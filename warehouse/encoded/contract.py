"""A contract as the hub reads it when its source is encoded at home.

Belongs here: which columns come and as what, derived from the one contract the agency and the
hub share. Does not: reading YAML (contracts_loader), or making the delivery (export.py).

The agency reads its own files by the contract as written; what it sends are Parquet files of
the content columns, cleaned, with tokens of its own in place of every id. Identifiers stay in
the contract, so that agreements can speak of them: encodings are made of them, and an
encoding is no permission.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from data_sharing_agreements.errors import ErrorDetail
from warehouse.contracts_encoding import Encoding
from warehouse.contracts_model import (
    Column,
    ColumnType,
    Contract,
    Disclosure,
    FileFormat,
    FileKind,
    FilePattern,
    OnInvalid,
    Table,
)

RECORD = "agency_record"
"""Column of the agency's token for a record."""

BIRTH_MONTH = "agency_birth_month"
"""Column of the first day of the month of birth."""

ENCODINGS, MANIFEST = "encodings.parquet", "manifest.json"
DIRECTORY = "{}_encoded"
_PERIOD = "(?P<period>[0-9A-Za-z-]+)"
_DATES = {ColumnType.DATE: "%Y-%m-%d", ColumnType.TIMESTAMP: "%Y-%m-%d %H:%M:%S"}


def as_received(contract: Contract) -> Contract:
    """Return a contract as the hub reads it: itself, unless its source is encoded at home."""
    if contract.encoding is None:
        return contract
    tables = tuple(_table(table) for table in contract.tables)
    encoding = replace(
        contract.encoding,
        at_home=_fields(contract, ((t, c) for t in contract.tables for c in t.columns if not _sent(c))),
        record_ids=frozenset(f"{contract.source}.{t.name}.{c}" for t in contract.tables for c in t.record_id),
        encoded=_fields(contract, ((t, c) for t in contract.tables for c in t.columns if c.role)),
        added=_fields(
            contract, ((t, c) for t in tables for c in t.columns if c.name in (RECORD, BIRTH_MONTH))
        ),
    )
    return replace(
        contract,
        format=FileFormat(FileKind.PARQUET),
        files=_files(contract),
        tables=tables,
        encoding=encoding,
        extra_columns="hold",
    )


def _fields(contract: Contract, columns: Iterable[tuple[Table, Column]]) -> frozenset[str]:
    return frozenset(f"{contract.source}.{table.name}.{column.name}" for table, column in columns)


def _files(contract: Contract) -> tuple[FilePattern, ...]:
    place = f"{DIRECTORY.format(contract.source)}/{_PERIOD}/"
    needed = {name: pattern.required for pattern in contract.files for name in pattern.tables}
    tables = [FilePattern(rf"{place}{t.name}\.parquet", (t.name,), needed[t.name]) for t in contract.tables]
    return (
        *tables,
        FilePattern(place + ENCODINGS.replace(".", r"\."), (ENCODINGS,)),
        FilePattern(place + MANIFEST.replace(".", r"\."), (MANIFEST,), required=False),
    )


def _sent(column: Column) -> bool:
    return column.in_content


def _table(table: Table) -> Table:
    columns = tuple(_column(column) if _sent(column) else column for column in table.columns)
    record: tuple[Column, ...] = ()
    if table.record_id:
        record = (Column(RECORD, RECORD, required=True, disclosure=Disclosure.DIRECT),)
        if table.has_birth_month:
            form = _DATES[ColumnType.DATE]
            record += (
                Column(
                    BIRTH_MONTH, BIRTH_MONTH, ColumnType.DATE, disclosure=Disclosure.DIRECT,
                    date_format=form, on_invalid=OnInvalid.NULL,
                ),
            )  # fmt: skip
    here = {column.name for column in table.columns if _sent(column)}
    return replace(
        table,
        physical_name=table.name,
        columns=(*columns, *record),
        record_id=(RECORD,) if table.record_id else (),
        row_key=_row_key(table, here),
        record_type="",
        repeat=None,
        min_length=0,
        period_column=table.period_column if table.period_column in here else None,
    )


def _row_key(table: Table, here: set[str]) -> tuple[str, ...]:
    """Return the row key with the record's token in place of ids that stay at home; none if others do."""
    gone = set(table.row_key) - here
    if not gone:
        return table.row_key
    if gone <= set(table.record_id) <= set(table.row_key):
        return (*(name for name in table.row_key if name in here), RECORD)
    return ()


def _column(column: Column) -> Column:
    """Return a column as the agency sends it: cleaned, recoded, dates in one form, ids as tokens."""
    plain = replace(
        column,
        physical_name=column.name,
        nulls=(),
        role=None,
        place=None,
        cipher={},
        recode={},
        codes={} if column.recode else column.codes,
        implied_decimals=0,
        date_format=_DATES.get(column.type, column.date_format),
        disclosure=Disclosure.QUASI if column.role == "sex" else column.disclosure,
    )
    if column.recode:
        plain = replace(plain, pattern=None, max_length=None)
    if column.pseudonym:
        plain = replace(
            plain, type=ColumnType.STRING, codes={}, pattern=None, max_length=None,
            minimum=None, maximum=None, date_format=None,
        )  # fmt: skip
    return plain


def disagreeing(contracts: Iterable[Contract]) -> list[ErrorDetail]:
    """Return faults of contracts that name one agreement and not one key or version of parameters."""
    said: dict[str, Encoding] = {}
    details = []
    for contract in contracts:
        terms = contract.encoding
        if terms is None:
            continue
        first = said.setdefault(terms.agreement, terms)
        if (first.key, first.parameters) != (terms.key, terms.parameters):
            details.append(
                ErrorDetail(
                    code="contract-invalid",
                    what=f"{contract.source} has another key or parameters than others of its agreement",
                    why="encodings under two keys have nothing in common and cannot be linked",
                    next="let all parties use one key, and write its fingerprint in each contract",
                    source=contract.source,
                    document=terms.agreement,
                )
            )
    return details
