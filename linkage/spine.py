"""The spine: the versioned map from record key to person key, in the warehouse.

Belongs here: its tables, and writing a version so that it is seen whole or not at all.
Does not: who belongs together (clusters.py), or which key a person keeps (persons.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb

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
`change`: one row a record that a version changed; reading them backwards undoes it.
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


def ensure_spine(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the spine's tables if they do not exist."""
    connection.execute(SPINE_DDL).fetchall()


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


def publish(connection: duckdb.DuckDBPyConnection, version: Version, model_json: str) -> None:
    """Write a version from `link_person_of`, `link_change` and `link_record_pair`, in one transaction.

    Whoever reads the spine sees the version before or this one, whole; a run killed here
    leaves nothing behind.
    """
    connection.execute("BEGIN TRANSACTION").fetchall()
    try:
        for statement, parameters in _statements(version, model_json):
            connection.execute(statement, parameters).fetchall()
        connection.execute("COMMIT").fetchall()
    except BaseException:
        connection.execute("ROLLBACK").fetchall()
        raise


def _statements(version: Version, model_json: str) -> list[tuple[str, list[Any]]]:
    number = version.version
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
                SELECT ?, kind, record_key, from_person, to_person FROM link_change""",
            [number],
        ),
        ("DELETE FROM warehouse.spine.pair", []),
        (
            """INSERT INTO warehouse.spine.pair
                SELECT ?, l, r, weight, probability, pattern FROM link_record_pair""",
            [number],
        ),
        ("INSERT INTO warehouse.spine.model VALUES (?, ?)", [number, model_json]),
        (
            "INSERT INTO warehouse.spine.version VALUES (?, now()::TIMESTAMP, ?, ?, ?, ?)",
            [number, version.model, version.records, version.persons, version.input_hash],
        ),
    ]
