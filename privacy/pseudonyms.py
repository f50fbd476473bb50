"""Random keys in place of real ones: record keys in the vault, study ids in a project.

Belongs here: drawing keys and writing them to a crosswalk, set-based. Does not:
opening stores, who may read a crosswalk (the store's key decides), linkage.

A key is a random positive 63-bit number from the operating system's generator. It is
computed from nothing, so it tells nothing; only the crosswalk leads back.
"""

import os

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

STUDY_IDS_DDL: str = (
    "CREATE TABLE IF NOT EXISTS study_ids.study_id (person_key BIGINT NOT NULL, study_id BIGINT NOT NULL);"
)
"""Makes the study-id crosswalk in the database attached as `study_ids`; safe to repeat."""

_KEY_BYTES = 8


def random_keys(count: int) -> npt.NDArray[np.int64]:
    """Return `count` random numbers in 0 … 2^63-1; repeats are possible and the caller's to check."""
    drawn = np.frombuffer(os.urandom(count * _KEY_BYTES), dtype=np.uint64)
    return (drawn >> np.uint64(1)).astype(np.int64)


def assign_keys(
    connection: duckdb.DuckDBPyConnection, crosswalk_table: str, namespace: str, query: str
) -> int:
    """Give every new source id of a namespace a random key; ids that have one keep it.

    Args:
        connection: With the crosswalk's database attached for writing. Run it inside the
            caller's transaction; errors are DuckDB's, for the opener to convert.
        crosswalk_table: Qualified name of a table (namespace, source_id, key).
        namespace: Source, or `<source>.<name>` for ids that are not persons'.
        query: SELECT of one column, the ids. NULLs are left out.

    Returns:
        The number of new ids.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE _without_key AS
        WITH asked AS (
            SELECT DISTINCT CAST(source_id AS VARCHAR) AS source_id FROM ({query}) AS wanted(source_id)
        ),
        present AS (SELECT source_id FROM {crosswalk_table} WHERE namespace = $namespace)
        SELECT source_id FROM asked ANTI JOIN present USING (source_id) WHERE source_id IS NOT NULL
        """,
        {"namespace": namespace},
    )
    insert = f"""
        INSERT INTO {crosswalk_table} (namespace, source_id, key)
        SELECT $namespace, source_id, drawn FROM _without_key POSITIONAL JOIN _drawn
    """
    return _insert(connection, crosswalk_table, "key", insert, {"namespace": namespace})


def assign_study_ids(connection: duckdb.DuckDBPyConnection, table: str, person_keys_query: str) -> int:
    """Give every person new to a project a random study id; others keep theirs for the project's life.

    Args:
        connection: With the project's study-id database attached for writing.
        table: Qualified name of a table (person_key, study_id).
        person_keys_query: SELECT of one BIGINT column, the person keys. NULLs are left out.

    Returns:
        The number of new persons.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE _without_key AS
        SELECT DISTINCT person_key FROM ({person_keys_query}) AS wanted(person_key)
        ANTI JOIN {table} AS present USING (person_key) WHERE person_key IS NOT NULL
        """
    )
    insert = f"""
        INSERT INTO {table} (person_key, study_id)
        SELECT person_key, drawn FROM _without_key POSITIONAL JOIN _drawn
    """
    return _insert(connection, table, "study_id", insert, {})


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, insert: str, parameters: dict[str, str]
) -> int:
    found = connection.execute("SELECT count(*) FROM _without_key").fetchall()
    count = int(found[0][0])
    try:
        if count:
            connection.register("_drawn", _fresh_keys(connection, table, column, count))
            connection.execute(insert, parameters).fetchall()
    finally:
        connection.unregister("_drawn")
        connection.execute("DROP TABLE _without_key")
    return count


def _fresh_keys(connection: duckdb.DuckDBPyConnection, table: str, column: str, count: int) -> pa.Table:
    """Draw keys until all are positive, distinct and unused; a second draw is one in a million."""
    while True:
        keys = random_keys(count)
        drawn = pa.table({"drawn": keys})
        in_order = np.sort(keys)
        if in_order[0] > 0 and (np.diff(in_order) > 0).all():
            connection.register("_drawn", drawn)
            used = connection.execute(
                f"SELECT count(*) FROM _drawn SEMI JOIN {table} AS used ON drawn = used.{column}"
            ).fetchall()
            if used[0][0] == 0:
                return drawn
