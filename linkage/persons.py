"""Persons' keys from one version to the next.

Belongs here: which cluster keeps which person's key, and what changed for each record.
Does not: writing it down (spine.py), or who belongs together (clusters.py).
"""

from __future__ import annotations

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from privacy.pseudonyms import random_keys


def assign_persons(connection: duckdb.DuckDBPyConnection) -> int:
    """Make `link_person_of` (record_key, source, person_key) from `link_cluster` and the standing spine.

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
    used = connection.execute("SELECT DISTINCT person_key FROM warehouse.spine.assignment").fetchnumpy()[
        "person_key"
    ]
    keys = fresh_keys(len(fresh), np.asarray(used, dtype=np.int64))
    connection.register(
        "link_fresh", pa.table({"cluster": np.asarray(fresh, dtype=np.int64), "person_key": keys})
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_person_of AS
            SELECT c.record_key, c.source, k.person_key FROM link_cluster c
            JOIN (FROM link_kept UNION ALL FROM link_fresh) k USING (cluster)"""
    ).fetchall()
    connection.unregister("link_fresh")
    connection.execute("DROP TABLE link_kept").fetchall()
    found = connection.execute("SELECT count(DISTINCT person_key) FROM link_person_of").fetchone()
    return int(found[0]) if found else 0


def fresh_keys(count: int, used: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return random keys, all different and none of them used."""
    keys = random_keys(count)
    while len(np.unique(keys)) < count or np.isin(keys, used).any():
        keys = random_keys(count)
    return keys


def changes(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `link_change` (kind, record_key, from_person, to_person): what a new version changes.

    Kinds: `new`, a record the spine did not have; `gone`, one it has no more; `split`, a
    record whose new person did not exist; `merge`, one whose old person exists no more;
    `move`, one that went from a person to another while both exist.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_change AS
            WITH before AS (SELECT DISTINCT person_key FROM warehouse.spine.current),
            now AS (SELECT DISTINCT person_key FROM link_person_of)
            SELECT CASE
                    WHEN o.record_key IS NULL THEN 'new'
                    WHEN n.record_key IS NULL THEN 'gone'
                    WHEN n.person_key NOT IN (FROM before) THEN 'split'
                    WHEN o.person_key NOT IN (FROM now) THEN 'merge'
                    ELSE 'move' END AS kind,
                coalesce(n.record_key, o.record_key) AS record_key,
                o.person_key AS from_person, n.person_key AS to_person
            FROM warehouse.spine.current o FULL JOIN link_person_of n USING (record_key)
            WHERE o.person_key IS DISTINCT FROM n.person_key"""
    ).fetchall()
