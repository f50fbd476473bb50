"""Content tables: what the warehouse keeps of each source, by contract.

Belongs here: their definition and their views of what stands. Does not: filling
them (`split`), or core.
"""

from __future__ import annotations

from collections.abc import Iterable

from warehouse.contracts_model import Contract, Table
from warehouse.opener import Session
from warehouse.readers.staged import literal, quoted


def content_name(contract: Contract, table: Table) -> str:
    """Return the name of a table's content, the same in the schemas `content` and `current`."""
    return f"{contract.source}__{table.name}"


def content_columns(table: Table) -> list[tuple[str, str]]:
    """Return name and DuckDB type of each column of a table's content."""
    columns = [("record_key", "BIGINT")] if table.record_id else []
    columns += [(column.name, column.content_type) for column in table.content_columns]
    if table.has_birth_month:
        columns.append(("birth_month", "DATE"))
    return [*columns, ("delivery_id", "VARCHAR"), ("row_number", "BIGINT")]


def ensure_content(session: Session, contracts: Iterable[Contract]) -> None:
    """Make every content table and view that is missing, and add columns new in a contract.

    Args:
        session: With the warehouse attached for writing.
        contracts: Of which sources; all of them, so that core's SQL finds every table.
    """
    found = session.execute(
        "SELECT table_name, list(column_name) FROM duckdb_columns() "
        "WHERE database_name = 'warehouse' AND schema_name = 'content' GROUP BY table_name"
    )
    known = {str(name): set(columns) for name, columns in found}
    for contract in contracts:
        for table in contract.tables:
            _ensure_table(session, contract, table, known.get(content_name(contract, table)))


def _ensure_table(session: Session, contract: Contract, table: Table, known: set[str] | None) -> None:
    name, columns = quoted(content_name(contract, table)), content_columns(table)
    if known is not None and known >= {column for column, _ in columns}:
        return
    with session.transaction("warehouse"):
        if known is None:
            defined = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns)
            session.execute(f"CREATE TABLE warehouse.content.{name} ({defined})")
        else:
            for column, kind in columns:
                if column not in known:
                    session.execute(
                        f"ALTER TABLE warehouse.content.{name} ADD COLUMN {quoted(column)} {kind}"
                    )
        session.execute(
            f"CREATE OR REPLACE VIEW warehouse.current.{name} AS SELECT * FROM warehouse.content.{name} "
            "SEMI JOIN warehouse.content.current_delivery USING (delivery_id)"
        )
        description = table.description or f"{table.name} of {contract.source}"
        session.execute(f"COMMENT ON TABLE warehouse.content.{name} IS {literal(description)}")
