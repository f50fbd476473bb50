"""Undoing a change of the spine, so that it stays undone.

Belongs here: the constraints that put records back as they were before a change, and the
version that has them so. Does not: who may (the command), the clusters' algorithm.

Records that were one person before the change are decided to be together, records of persons
that the change brought together to be apart. So the persons of before stand again, exactly,
and no later link takes that back; a reviewer can, by withdrawing the constraints. Nothing is
compared for it: the weights of pairs stand with the spine.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import duckdb
import numpy as np

from data_sharing_agreements.errors import Refused, UsageFault
from linkage import constraints, persons
from linkage.agglomerate import Pairs
from linkage.atomic import atomic
from linkage.bounds import Records, clustered
from linkage.clusters import cluster, within_clip, write_labels
from linkage.history import rebuilt_sql
from linkage.increment.touched import grow
from linkage.model import Model, model_from_json
from linkage.spine import Made, Version, ensure_spine, latest_model, latest_version, publish

_NOT_YET = -1
"""Number of the entry until it is written."""

_TABLES = ("undo_before", "link_reach", "link_scope", "link_cluster", "link_person_of", "link_change")


def undo(
    connection: duckdb.DuckDBPyConnection, version: int, event: int, entry: Callable[[], int]
) -> Version:
    """Put the records of a change back as they were before it, and publish the version that has them so.

    Args:
        connection: With `warehouse` attached to write; the vault is not needed.
        version: The version that made the change.
        event: Its number there.
        entry: Writes the decision into the log and returns the entry's number; called once
            nothing stands against it.

    Returns:
        The new version.

    Raises:
        UsageFault: There is no such change, or nothing of it is left to undo.
        Refused: Decisions that stand say otherwise, or nothing is kept to cluster by.
    """
    ensure_spine(connection)
    standing = latest_version(connection)
    try:
        _before(connection, version, event)
        model = _model(connection)
        if standing is None or _stands_as_before(connection):
            raise _nothing()
        _decide(connection, entry)
        return _recluster(connection, standing, model, f"{version}.{event}")
    finally:
        for table in _TABLES:
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}").fetchall()


def _before(connection: duckdb.DuckDBPyConnection, version: int, event: int) -> None:
    """Make `undo_before` (record_key, person_key, joined): records of the change that still stand, their
    persons before it, and by whom they were joined in it."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE undo_before AS
            WITH changed AS (
                SELECT from_person, to_person FROM warehouse.spine.change
                WHERE version = {int(version)} AND event = {int(event)}
            ), involved AS (SELECT from_person AS person FROM changed UNION SELECT to_person FROM changed),
            old AS ({rebuilt_sql(version - 1)}), new AS ({rebuilt_sql(version)})
            SELECT record_key, old.person_key, new.person_key AS joined
            FROM old JOIN new USING (record_key) SEMI JOIN warehouse.spine.current USING (record_key)
            WHERE old.person_key IN (FROM involved) OR new.person_key IN (FROM involved)"""
    ).fetchall()
    if connection.execute("SELECT count(*) FROM undo_before").fetchone() == (0,):
        raise UsageFault.of(
            "unknown-change",
            f"There is no change {version}.{event}, or none of its records is left.",
            why="Only a merge, split or move that a link version made can be undone.",
            next="List them with `commonweal spine changes VERSION`.",
        )


def _decide(connection: duckdb.DuckDBPyConnection, entry: Callable[[], int]) -> None:
    """Write the constraints, all or none, under the log's entry."""
    together, apart = _decisions(connection)
    with atomic(connection):
        constraints.add_many(connection, together, "together", "undo", _NOT_YET)
        constraints.add_many(connection, apart, "apart", "undo", _NOT_YET)
        connection.execute(
            'UPDATE warehouse.spine."constraint" SET entry = ? WHERE entry = ?', [entry(), _NOT_YET]
        ).fetchall()


def _stands_as_before(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the records of the change are grouped as they were before it."""
    found = connection.execute(
        """SELECT count(DISTINCT (b.person_key, c.person_key)), count(DISTINCT b.person_key),
            count(DISTINCT c.person_key)
            FROM undo_before b JOIN warehouse.spine.current c USING (record_key)"""
    ).fetchone()
    assert found is not None
    return len(set(found)) == 1


def _decisions(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the pairs together (each record with the next of its person) and apart.

    Apart is every record of a person from the first record of each other that was joined with it.
    """
    together = connection.execute(
        """SELECT * FROM (
                SELECT record_key, lead(record_key) OVER (PARTITION BY person_key ORDER BY record_key) AS next
                FROM undo_before) WHERE next IS NOT NULL"""
    ).fetchall()
    apart = connection.execute(
        """WITH first AS (SELECT person_key, min(record_key) AS first FROM undo_before GROUP BY person_key),
            met AS (
                SELECT DISTINCT x.person_key AS x, y.person_key AS y FROM undo_before x
                JOIN undo_before y ON x.joined = y.joined AND x.person_key <> y.person_key
            )
            SELECT DISTINCT least(record_key, first), greatest(record_key, first)
            FROM met JOIN undo_before b ON b.person_key = met.x JOIN first ON first.person_key = met.y"""
    ).fetchall()
    return together, apart


def _model(connection: duckdb.DuckDBPyConnection) -> Model:
    kept = connection.execute("SELECT count(*) > 0 FROM warehouse.spine.node").fetchone()
    if kept != (True,):
        raise Refused.of(
            "nothing-kept",
            "The last link kept no weights, so that nothing can be put back without a new link.",
            why="Weights are kept where increments are made; a change is undone from them.",
            next="Use `commonweal run --full-link` with increments switched on, then undo again.",
        )
    return model_from_json(json.loads(json.dumps(latest_model(connection))))


def _recluster(
    connection: duckdb.DuckDBPyConnection, standing: Version, model: Model, reference: str
) -> Version:
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_reach AS SELECT DISTINCT record_key_lead AS lead
            FROM warehouse.spine.node SEMI JOIN undo_before USING (record_key)"""
    ).fetchall()
    grow(connection, model.stop)
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_scope AS SELECT record_key, record_key_lead AS lead
            FROM warehouse.spine.node WHERE record_key_lead IN (FROM link_reach)"""
    ).fetchall()
    found = connection.execute(
        """SELECT record_key, dense_rank() OVER (ORDER BY lead) - 1 AS node FROM link_scope
            ORDER BY node, record_key"""
    ).fetchnumpy()
    records = Records(
        np.asarray(found["record_key"], dtype=np.int64), np.asarray(found["node"], dtype=np.int64)
    )
    label = clustered(connection, records, _pairs(connection, model), model, cluster)
    write_labels(
        connection,
        records.key,
        label,
        "(SELECT record_key, source FROM warehouse.spine.assignment WHERE to_version IS NULL)",
    )
    before = connection.execute(
        """SELECT count(DISTINCT person_key) FROM warehouse.spine.current
            SEMI JOIN link_scope USING (record_key)"""
    ).fetchone() or (0,)
    now = persons.assign_persons(connection)
    _give_back(connection)
    persons.changes(connection, "undo", "link_scope")
    version = replace(standing, version=standing.version + 1, persons=standing.persons - int(before[0]) + now)
    publish(connection, version, model.to_json(), Made("undo", reference))
    return version


def _pairs(connection: duckdb.DuckDBPyConnection, model: Model) -> Pairs:
    found = connection.execute(
        """WITH node AS (
                SELECT lead, row_number() OVER (ORDER BY lead) - 1 AS node
                FROM (SELECT DISTINCT lead FROM link_scope)
            )
            SELECT x.node AS a, y.node AS b, weight, confidence FROM warehouse.spine.edge e
            JOIN node x ON x.lead = e.record_key_l JOIN node y ON y.lead = e.record_key_r ORDER BY a, b"""
    ).fetchnumpy()
    return Pairs(
        np.asarray(found["a"], dtype=np.int64),
        np.asarray(found["b"], dtype=np.int64),
        within_clip(np.asarray(found["weight"], dtype=np.float64), model),
        np.asarray(found["confidence"], dtype=np.float64),
    )


def _give_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Give each person that stands again the key it had, in place of a fresh one or the merged person's.

    Of the cluster that holds them all: records of one person before are decided to be together.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_given_back AS
            SELECT DISTINCT n.person_key AS now, b.person_key AS before
            FROM undo_before b JOIN link_person_of n USING (record_key)
            WHERE b.person_key NOT IN (
                SELECT person_key FROM warehouse.spine.current
                WHERE record_key NOT IN (SELECT record_key FROM link_scope))
            QUALIFY row_number() OVER (PARTITION BY n.person_key ORDER BY b.person_key) = 1"""
    ).fetchall()
    clash = connection.execute(
        """SELECT count(*) FROM link_given_back WHERE before IN (SELECT person_key FROM link_person_of)
            AND before NOT IN (SELECT now FROM link_given_back)"""
    ).fetchone()
    if clash == (0,):
        connection.execute(
            """UPDATE link_person_of SET person_key = g.before FROM link_given_back g
                WHERE g.now = link_person_of.person_key"""
        ).fetchall()
    connection.execute("DROP TABLE link_given_back").fetchall()


def _nothing() -> UsageFault:
    return UsageFault.of(
        "nothing-to-undo",
        "Nothing of this change is left to undo.",
        why="Its records are grouped as they were before it.",
        next="Look at what stands with `commonweal spine show`.",
    )
