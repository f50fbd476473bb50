"""Encoding a source's records at the agency, batch by batch.

Belongs here: from standardised records to encoded rows in bounded memory, and leaving out what
too many share. Does not: files or contracts (warehouse.encoded), the arithmetic (encoder.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from linkage import standardise
from linkage.agency.encoder import AgencyEncoder
from privacy.agency_parameters import MOST_IN_DELIVERY, columns

BATCH = 100_000
"""Records encoded at a time, so that memory does not grow with their number."""


def encode_records(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[str], key: bytes
) -> tuple[int, int]:
    """Make the temporary table `agency_rows` of `permitted_identity`; clear text is dropped.

    A block shared by more than `MOST_IN_DELIVERY` different records is left out: what is
    frequent can be found by its frequency.

    Args:
        connection: With the relation `permitted_identity`.
        sources: Whose identities are encoded.
        key: As `privacy.agreed_keys` derives it.

    Returns:
        How many records have rows, and how many rows were left out.
    """
    standardise.latest_values(connection, sources)
    nodes = standardise.standardise(connection)
    encoder = AgencyEncoder(key)
    defined = ", ".join(f"{name} {kind}" for name, kind in columns().items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE agency_node_rows (node BIGINT, {defined})").fetchall()
    for start in range(0, nodes, BATCH):
        batch = connection.execute(
            "SELECT * FROM link_standard WHERE node >= ? AND node < ?", [start, start + BATCH]
        ).to_arrow_table()
        connection.register("agency_data", encoder.encode(batch))
        connection.execute("INSERT INTO agency_node_rows BY NAME SELECT * FROM agency_data").fetchall()
        connection.unregister("agency_data")
    standardise.drop(connection)
    names = ", ".join(columns())
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE agency_rows AS
            WITH common AS (
                SELECT block, token FROM agency_node_rows GROUP BY ALL HAVING count(*) > {MOST_IN_DELIVERY}
            )
            SELECT r.record_key, {names}
            FROM (FROM agency_node_rows ANTI JOIN common USING (block, token)) AS e
            JOIN link_record AS r USING (node)"""
    ).fetchall()
    found = connection.execute(
        """SELECT (SELECT count(DISTINCT record_key) FROM agency_rows),
            (SELECT count(*) FROM agency_node_rows JOIN link_record USING (node))
            - (SELECT count(*) FROM agency_rows)"""
    ).fetchone()
    connection.execute("DROP TABLE agency_node_rows; DROP TABLE link_record").fetchall()
    return (int(found[0]), int(found[1])) if found else (0, 0)
