"""Great Expectations over a DuckDB connection that is already open.

Belongs here: the two classes that make it work, and its settings: no progress
bars, no files. Does not: importing it (`library`), suites (`suite`).

Great Expectations 1.24 closes the connection before it reads a DuckDB result, so its
engine is given rows that are already fetched. A test fails when that is no longer
needed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal

import duckdb_sqlalchemy
import sqlalchemy as sa

from warehouse.opener import Session
from warehouse.quality.library import SqlAlchemyExecutionEngine, SQLDatasource, gx

logging.getLogger("great_expectations").setLevel(logging.CRITICAL)  # its errors quote the database's words

NO_VALUES = {"result_format": "BASIC", "partial_unexpected_count": 0}
"""Result format that has counts and no values."""


class FetchingEngine(SqlAlchemyExecutionEngine):  # type: ignore[misc]
    """Hands rows over before the connection closes."""

    def execute_query(self, query: Any) -> Any:
        """Run a query and return its rows, fetched."""
        with self.get_connection() as connection:
            result = connection.execute(query)
            rows = result.freeze()() if result.returns_rows else result
            connection.commit()
            return rows

    execute_query_in_transaction = execute_query


class StagingDatasource(SQLDatasource):  # type: ignore[misc]
    """A source over the open connection. It has a type of its own, since `sql` is taken."""

    type: Literal["staging"] = "staging"

    @property
    def execution_engine_type(self) -> Any:
        """The engine that works with DuckDB."""
        return FetchingEngine


@contextmanager
def expectations_over(session: Session, schema: str) -> Iterator[Any]:
    """Open a Great Expectations source over a schema of an attached store, with a context in memory alone.

    Args:
        session: The session whose connection is used; it stays open.
        schema: `alias.schema`.

    Yields:
        The source.
    """
    cursor = session.raw.cursor()
    cursor.execute(f"USE {schema}")
    sources = _context().data_sources
    source = sources.add_or_update_staging(
        "staging",
        connection_string="duckdb:///:memory:",
        create_temp_table=False,
        kwargs={
            "creator": lambda: duckdb_sqlalchemy.ConnectionWrapper(cursor),
            "poolclass": sa.pool.StaticPool,
        },
    )
    try:
        yield source
    finally:
        source.get_engine().dispose()
        sources.delete("staging")
        cursor.close()


@cache
def _context() -> Any:
    """Return this process's context, in memory alone, without progress bars."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context
