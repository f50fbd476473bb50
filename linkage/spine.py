"""The spine: the versioned map from record key to person key, in the warehouse.

Belongs here: its tables, and writing a version so that it is seen whole or not at all.
Does not: who belongs together (clusters.py), or which key a person keeps (persons.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb

from linkage import constraints
from linkage.atomic import atomic

SPINE_DDL: str = """
CREATE SCHEMA IF NOT EXISTS warehouse.spine;
CREATE TABLE IF NOT EXISTS warehouse.spine.version (
    version BIGINT NOT NULL, created_at TIMESTAMP NOT NULL, model VARCHAR NOT NULL,
    records BIGINT NOT NULL, persons BIGINT NOT NULL, input_hash VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS warehouse.spine.assignment (
    record_key BIGINT NOT NULL, person_key BIGINT NOT NULL, source VARCHAR NOT NULL,
    from_version BIGINT NOT NULL, to_version BIGINT
);
CREATE TABLE IF NOT EXISTS warehouse.spine.change (
    version BIGINT NOT NULL, kind VARCHAR NOT NULL, record_key BIGINT NOT NULL,
    from_person BIGINT, to_person BIGINT
);
ALTER TABLE warehouse.spine.change ADD COLUMN IF NOT EXISTS cause VARCHAR;
ALTER TABLE warehouse.spine.change ADD COLUMN IF NOT EXISTS event BIGINT;
CREATE TABLE IF NOT EXISTS warehouse.spine.made (
    version BIGINT NOT NULL, mode VARCHAR NOT NULL, reason VARCHAR NOT NULL,
    touched BIGINT NOT NULL, drift DOUBLE
);
CREATE TABLE IF NOT EXISTS warehouse.spine.node (
    record_key BIGINT NOT NULL, record_key_lead BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS warehouse.spine.edge (
    record_key_l BIGINT NOT NULL, record_key_r BIGINT NOT NULL,
    weight DOUBLE NOT NULL, confidence DOUBLE NOT NULL
);
CREATE TABLE IF NOT EXISTS warehouse.spine.pair (
    version BIGINT NOT NULL, record_key_l BIGINT NOT NULL, record_key_r BIGINT NOT NULL,
    weight DOUBLE NOT NULL, probability DOUBLE NOT NULL, pattern TINYINT[]
);
ALTER TABLE warehouse.spine.pair ADD COLUMN IF NOT EXISTS pattern TINYINT[];
CREATE TABLE IF NOT EXISTS warehouse.spine.model (version BIGINT NOT NULL, json VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS warehouse.spine.quality (version BIGINT NOT NULL, json VARCHAR NOT NULL);
CREATE VIEW IF NOT EXISTS warehouse.spine.current AS
    SELECT record_key, person_key FROM warehouse.spine.assignment WHERE to_version IS NULL;
"""
"""Statements that make the spine's tables in the database attached as `warehouse`; safe to repeat.

`assignment`: a record's person from a version until, and not including, another.
`change`: one row a record that a version changed, why (`cause`), and the number in the version
of the merge, split or move it is part of (`event`, none for a record that only came or went).
`made`: how a version was made: `full`, `increment` or `undo`, and why so; records touched; how far
the increment's own agreement lies from the model's.
`node`, `edge`: kept for the next increment: which records say exactly the same, by the smallest of
their keys, and the weight of every compared pair of those. Empty where no increment can follow.
`pair`: weights (log2 odds) of the latest version's pairs of records, its grey zone included, and the
number of the level each comparison of the model fell into (none where two records say the same).
`model`: the settings and trained numbers of each version. `quality`: measurements of it.
"""


@dataclass(frozen=True)
class Version:
    """One version of the spine, as it was written."""

    version: int
    model: str
    records: int
    persons: int
    input_hash: str


@dataclass(frozen=True)
class Made:
    """How a version was made.

    Args:
        mode: `full`, `increment`, or `undo`.
        reason: Why a full link, as `due` names it; what was undone; else empty.
        touched: Records compared anew.
        drift: Largest difference between the shares of levels among the increment's likely
            pairs and the model's m; none where too few pairs were seen.
        keeps: Whether nodes and edges are kept for an increment to follow.
    """

    mode: str = "full"
    reason: str = ""
    touched: int = 0
    drift: float | None = None
    keeps: bool = False


def ensure_spine(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the spine's tables if they do not exist."""
    connection.execute(SPINE_DDL).fetchall()
    constraints.ensure(connection)


def is_made(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a version was made by a link that tells how."""
    there = connection.execute(
        """SELECT count(*) FROM duckdb_tables()
            WHERE database_name = 'warehouse' AND schema_name = 'spine' AND table_name = 'made'"""
    ).fetchone()
    return there == (1,) and latest_version(connection) is not None


def latest_version(connection: duckdb.DuckDBPyConnection) -> Version | None:
    """Return the standing version, None if there is none."""
    row = connection.execute(
        """SELECT version, model, records, persons, input_hash FROM warehouse.spine.version
            ORDER BY version DESC LIMIT 1"""
    ).fetchone()
    return Version(*row) if row else None


def latest_model(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return the standing version's model as it was saved; empty if there is none."""
    row = connection.execute(
        "SELECT json FROM warehouse.spine.model ORDER BY version DESC LIMIT 1"
    ).fetchone()
    return dict(json.loads(row[0])) if row else {}


def publish(
    connection: duckdb.DuckDBPyConnection, version: Version, model_json: str, made: Made | None = None
) -> None:
    """Write a version from `link_person_of`, `link_change` and `link_record_pair`, in one transaction.

    Whoever reads the spine sees the version before or this one, whole; a run killed here
    leaves nothing behind.

    Args:
        connection: With `warehouse` attached to write. For an increment it holds `link_remade`
            (record_key) too: records whose pairs were weighed anew, or that are gone.
        version: The version.
        model_json: Its model.
        made: How it was made; in full, keeping nothing for increments, if not given.
    """
    made = made or Made()
    with atomic(connection):
        statements = [*_assignments(version.version), *_pairs(version.version, made)]
        for statement, parameters in [*statements, *_facts(version, model_json, made)]:
            connection.execute(statement, parameters).fetchall()


Statements = list[tuple[str, list[Any]]]


def _assignments(number: int) -> Statements:
    return [
        (
            """UPDATE warehouse.spine.assignment SET to_version = ?
                WHERE to_version IS NULL AND record_key IN (SELECT record_key FROM link_change)""",
            [number],
        ),
        (
            """INSERT INTO warehouse.spine.assignment
                SELECT n.record_key, n.person_key, n.source, ?, NULL
                FROM link_person_of n SEMI JOIN link_change USING (record_key)""",
            [number],
        ),
        (
            """INSERT INTO warehouse.spine.change
                    (version, kind, record_key, from_person, to_person, cause, event)
                SELECT ?, kind, record_key, from_person, to_person, cause, event FROM link_change""",
            [number],
        ),
    ]


def _pairs(number: int, made: Made) -> Statements:
    """Statements that replace pairs, nodes and edges: all of them, or in an increment what was remade."""
    if made.mode == "undo":
        return []
    remade = "SELECT record_key FROM link_remade"
    either = f"WHERE record_key_l IN ({remade}) OR record_key_r IN ({remade})"
    part = made.mode == "increment"
    insert = """INSERT INTO warehouse.spine.pair
        SELECT ?, l, r, weight, probability, pattern FROM link_record_pair"""
    where = either if part else ""
    statements: Statements = [
        (f"DELETE FROM warehouse.spine.pair {where}", []),
        (insert, [number]),
        (f"DELETE FROM warehouse.spine.edge {where}", []),
        (f"DELETE FROM warehouse.spine.node {f'WHERE record_key IN ({remade})' if part else ''}", []),
    ]
    if made.keeps:
        chosen = "SEMI JOIN link_remade USING (record_key)" if part else ""
        statements += [
            (
                f"""INSERT INTO warehouse.spine.node
                    SELECT record_key, lead FROM link_record JOIN link_lead USING (node) {chosen}""",
                [],
            ),
            (
                """INSERT INTO warehouse.spine.edge
                    SELECT least(x.lead, y.lead), greatest(x.lead, y.lead), weight, confidence
                    FROM link_pair JOIN link_lead x ON x.node = a JOIN link_lead y ON y.node = b""",
                [],
            ),
        ]
    return statements


def _facts(version: Version, model_json: str, made: Made) -> Statements:
    number = version.version
    return [
        ("INSERT INTO warehouse.spine.model VALUES (?, ?)", [number, model_json]),
        (
            "INSERT INTO warehouse.spine.version VALUES (?, now()::TIMESTAMP, ?, ?, ?, ?)",
            [number, version.model, version.records, version.persons, version.input_hash],
        ),
        (
            "INSERT INTO warehouse.spine.made VALUES (?, ?, ?, ?, ?)",
            [number, made.mode, made.reason, made.touched, made.drift],
        ),
    ]
