"""All or nothing: statements that count together or not at all.

Belongs here: beginning, committing, rolling back. Does not: what is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb


@contextmanager
def atomic(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what is done within, or nothing of it, whatever is raised.

    A commit that fails, as on a full disk, has rolled back already; that error is the one raised.
    """
    connection.execute("BEGIN TRANSACTION").fetchall()
    try:
        yield
        connection.execute("COMMIT").fetchall()
    except BaseException:
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK").fetchall()
        raise
