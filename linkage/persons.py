"""Persons' keys from one version to the next.

Belongs here: which cluster keeps which person's key, and what changed for each record.
Does not: writing it down (spine.py), or who belongs together (clusters.py).
"""

from __future__ import annotations

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.agglomerate import components
from privacy.pseudonyms import random_keys


def assign_persons(connection: duckdb.DuckDBPyConnection) -> int:
    """Make `link_person_of` (record_key, source, person_key) from `link_cluster` and the standing spine.

    `link_cluster` may hold some records only, if it holds all records of each of their persons.

    A cluster keeps a person's key if it holds more of that person's records than any other
    cluster, and more of that person's than of any other person's; a tie goes to the cluster
    and the person with the smallest record key among the records they share. All other
    clusters get fresh random keys that no person of any version has or had.

    Returns:
        Number of persons.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_kept AS
            WITH shared AS (
                SELECT s.person_key, c.cluster, count(*) AS n, min(record_key) AS first
                FROM warehouse.spine.current s JOIN link_cluster c USING (record_key) GROUP BY ALL
            ), ranked AS (
                SELECT person_key, cluster,
                    row_number() OVER (PARTITION BY person_key ORDER BY n DESC, first) AS of_person,
                    row_number() OVER (PARTITION BY cluster ORDER BY n DESC, first) AS of_cluster
                FROM shared
            )
            SELECT cluster, person_key FROM ranked WHERE of_person = 1 AND of_cluster = 1"""
    ).fetchall()
    fresh = connection.execute(
        """SELECT DISTINCT cluster FROM link_cluster ANTI JOIN link_kept USING (cluster) ORDER BY cluster"""
    ).fetchnumpy()["cluster"]
    _draw(connection, np.asarray(fresh, dtype=np.int64))
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_person_of AS
            SELECT c.record_key, c.source, k.person_key FROM link_cluster c
            JOIN (FROM link_kept UNION ALL FROM link_fresh) k USING (cluster)"""
    ).fetchall()
    connection.unregister("link_fresh")
    connection.execute("DROP TABLE link_kept").fetchall()
    found = connection.execute("SELECT count(DISTINCT person_key) FROM link_person_of").fetchone()
    return int(found[0]) if found else 0


def _draw(connection: duckdb.DuckDBPyConnection, clusters: npt.NDArray[np.int64]) -> None:
    """Make `link_fresh` (cluster, person_key): for each cluster a key that no person has or had."""
    while True:
        keys = random_keys(len(clusters))
        connection.register("link_fresh", pa.table({"cluster": clusters, "person_key": keys}))
        taken = connection.execute(
            """SELECT count(*) FROM warehouse.spine.assignment
                WHERE person_key IN (SELECT person_key FROM link_fresh)"""
        ).fetchone()
        if len(np.unique(keys)) == len(keys) and taken == (0,):
            return
        connection.unregister("link_fresh")


def changes(connection: duckdb.DuckDBPyConnection, cause: str = "full", scope: str = "") -> None:
    """Make `link_change`: what a new version changes, a row a record.

    Columns: kind, record_key, from_person, to_person, cause, event. Kinds: `new`, a record the
    spine did not have; `gone`, one it has no more; `split`, a record whose new person did not
    exist; `merge`, one whose old person exists no more; `move`, one that went from a person to
    another while both exist. Events number the merges, splits and moves of a version from 1:
    records whose old and new persons hang together are one event.

    Args:
        connection: Holds `link_person_of`.
        cause: Of what nothing else explains: `full`, `increment` or `undo`. A record that came or
            went has causes of its own, see `causes.py`.
        scope: Table of the record keys looked at, if not all: all records of each of their
            persons are among them.
    """
    within = f"SEMI JOIN {scope} USING (record_key)" if scope else ""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_change AS
            WITH standing AS (SELECT record_key, person_key FROM warehouse.spine.current {within}),
            before AS (SELECT DISTINCT person_key FROM standing),
            now AS (SELECT DISTINCT person_key FROM link_person_of)
            SELECT CASE
                    WHEN o.record_key IS NULL THEN 'new'
                    WHEN n.record_key IS NULL THEN 'gone'
                    WHEN n.person_key NOT IN (FROM before) THEN 'split'
                    WHEN o.person_key NOT IN (FROM now) THEN 'merge'
                    ELSE 'move' END AS kind,
                coalesce(n.record_key, o.record_key) AS record_key,
                o.person_key AS from_person, n.person_key AS to_person,
                CASE WHEN o.record_key IS NULL OR n.record_key IS NULL THEN 'delivery' ELSE '{cause}' END
                    AS cause,
                NULL::BIGINT AS event
            FROM standing o FULL JOIN link_person_of n USING (record_key)
            WHERE o.person_key IS DISTINCT FROM n.person_key"""
    ).fetchall()
    _number_events(connection)


def _number_events(connection: duckdb.DuckDBPyConnection) -> None:
    """Give each merge, split and move the number of its event, in order of the smallest record key."""
    found = connection.execute(
        """SELECT record_key, from_person, to_person FROM link_change
            WHERE from_person IS NOT NULL AND to_person IS NOT NULL ORDER BY record_key"""
    ).fetchnumpy()
    key, old, new = (
        np.asarray(found[name], dtype=np.int64) for name in ("record_key", "from_person", "to_person")
    )
    if not len(key):
        return
    persons, place = np.unique(np.concatenate([old, new]), return_inverse=True)
    x, y = np.split(place, 2)
    group = components(len(persons), x, y)[x]
    _, first, index = np.unique(group, return_index=True, return_inverse=True)
    number = np.argsort(np.argsort(first))[index] + 1
    connection.register("link_event", pa.table({"record_key": key, "event": number.astype(np.int64)}))
    connection.execute(
        """UPDATE link_change SET event = e.event FROM link_event e
            WHERE e.record_key = link_change.record_key"""
    ).fetchall()
    connection.unregister("link_event")
