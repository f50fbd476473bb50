"""The registry as one file, whatever database it is kept in.

Belongs here: writing every row of every table, and reading them into an empty
registry. Does not: a SQLite file in the home, which is copied as it is, or what the
rows mean. The entries of the log keep their order, their hashes and their salts, so
that the log verifies as before.
"""

from __future__ import annotations

import base64
import json
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, text

from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.store.base import metadata
from data_sharing_agreements.store.database import Database
from data_sharing_agreements.store.schema import meta

_BATCH = 5_000
_BYTES = "base64"


def dump(database: Database, out: Path) -> int:
    """Write every row to a file, by table and key, one JSON array `[table, row]` a line.

    Returns:
        The number of rows.
    """
    rows = 0
    with database.reading() as connection, out.open("w", encoding="utf-8") as file:
        for table in metadata.sorted_tables:
            query = select(table).order_by(*table.primary_key.columns)
            found = connection.execute(query, execution_options={"stream_results": True})
            for row in found.mappings():
                written = {name: _written(value) for name, value in row.items()}
                file.write(json.dumps([table.name, written]) + "\n")
                rows += 1
    return rows


def load(database: Database, source: Path) -> None:
    """Read a dump into a registry that was just made.

    Raises:
        UsageFault: The registry holds something already.
    """
    with database.writing() as connection:
        if any(_holds(connection, table) for table in metadata.sorted_tables if table is not meta):
            raise UsageFault.of(
                "registry-not-empty",
                "The registry at the configured address holds something already.",
                why="Putting an older state over a newer one would contradict checkpoints others hold.",
                next="Name another database, or remove this one.",
            )
        connection.execute(delete(meta))
        with source.open(encoding="utf-8") as file:
            for name, lines in groupby(map(json.loads, file), key=lambda line: str(line[0])):
                while batch := [_read(row) for _, row in islice(lines, _BATCH)]:
                    connection.execute(insert(metadata.tables[name]), batch)
        _count_on(connection)


def _written(value: Any) -> Any:
    return {_BYTES: base64.b64encode(value).decode()} if isinstance(value, bytes | memoryview) else value


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: base64.b64decode(value[_BYTES])
        if isinstance(value, dict) and value.keys() == {_BYTES}
        else value
        for name, value in row.items()
    }


def _holds(connection: Connection, table: Table) -> bool:
    return connection.execute(select(table).limit(1)).first() is not None


def _count_on(connection: Connection) -> None:
    """Let PostgreSQL number new rows after those read in; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        key = next(iter(table.primary_key.columns))
        sequence = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :key)"), {"table": table.name, "key": key.name}
        ).scalar()
        last = connection.execute(select(func.max(key))).scalar() if sequence else None
        if last is not None:
            connection.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})
