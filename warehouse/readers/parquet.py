"""Parquet files into staging.

Belongs here: finding columns by name, reading every type as text. Does not:
checks of values.
"""

from __future__ import annotations

from data_sharing_agreements.errors import CommonwealError
from warehouse.contracts_model import Column, ColumnType, Contract
from warehouse.opener import Session
from warehouse.readers.delimited import heading_faults, match_heading
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


def stage_parquet(
    session: Session, contract: Contract, file: DeliveryFile, target: StagedTable, staged: Staged
) -> None:
    """Read one Parquet file into a table of staging. A footer that cannot be read means it is cut off."""
    table, name = target.table, quoted(target.table.name)
    try:
        described = session.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(file.path)})")
        records = int(
            session.one(f"SELECT coalesce(sum(num_rows), 0) FROM parquet_file_metadata({literal(file.path)})")
        )
    except CommonwealError:
        staged.faults.append(Fault("truncated-file", table=table.name, file=file.name))
        return
    names = [str(row[0]) for row in described]
    faults = heading_faults(match_heading(names, table, target.columns), contract, table, file.name)
    if not faults and records == 0 and not table.may_be_empty:
        faults = [Fault("empty-file", table=table.name, file=file.name)]
    staged.faults += faults
    if faults:
        return
    types = {row[0].strip().casefold(): (str(row[0]), str(row[1])) for row in described}
    values = ", ".join(
        f"{_text_sql(column, *types[column.physical_name.casefold()])} AS {quoted(column.name)}"
        for column in target.columns
    )
    before = target.rows
    try:
        session.execute(
            f"INSERT INTO staging.raw.{name} SELECT {values} FROM read_parquet({literal(file.path)})"
        )
    except CommonwealError:
        staged.faults.append(Fault("truncated-file", table=table.name, file=file.name))
        return
    target.rows = int(session.one(f"SELECT count(*) FROM staging.raw.{name}"))
    target.pieces.append(Piece(before, file.number, 1 - before))
    staged.physical += records
    staged.loaded += target.rows - before


def _text_sql(column: Column, physical: str, engine_type: str) -> str:
    """SQL of a typed value as text, dates in the contract's format."""
    dated = engine_type == "DATE" or engine_type.startswith("TIMESTAMP")
    if dated and column.date_format and column.type in (ColumnType.DATE, ColumnType.TIMESTAMP):
        raw = f"strftime({quoted(physical)}, {literal(column.date_format)})"
    else:
        raw = f"{quoted(physical)}::VARCHAR"
    return value_sql(column, raw, enciphered=True)
