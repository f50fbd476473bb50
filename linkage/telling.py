"""What is kept about a version as soon as it stands: its expected errors and the counts of the link.

Belongs here: which columns of groups the link itself knows, and writing both down. Does
not: measuring (fairness.py, statistics.py), or people's attributes, which core knows
later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from linkage.fairness import expected_quality
from linkage.quality import read_quality, write_quality
from linkage.spine import latest_version
from linkage.standardise_groups import name_languages_of

OWN_COLUMNS: tuple[str, ...] = ("source", "name_language")
"""Columns of groups that a link measures itself."""

_STANDING_SQL = """SELECT record_key, person_key, source, source AS of_source
    FROM warehouse.spine.assignment WHERE to_version IS NULL"""


def tell(connection: duckdb.DuckDBPyConnection, run_key: bytes, facts: Mapping[str, Any]) -> None:
    """Write down what the standing version is expected to get wrong, and the link's counts.

    Args:
        connection: In which the version has just been written.
        run_key: The run's key, for the classes of names.
        facts: What `statistics.observed` gave.
    """
    version = latest_version(connection)
    if version is None:
        return
    classes = name_languages_of(connection, run_key)
    measured = expected_quality(
        connection,
        f"""(SELECT s.*, n.token AS name_language
            FROM ({_STANDING_SQL}) s LEFT JOIN link_name_language n USING (record_key))""",
        ("of_source", "name_language"),
    )
    connection.execute("DROP TABLE temp.link_name_language").fetchall()
    named = [_named(part, classes) for part in measured["by_subgroup"]]
    named.sort(key=lambda part: (part["column"] != "source", part["group"]))
    write_quality(connection, version.version, measured | {"by_subgroup": named}, "model")
    write_quality(connection, version.version, facts, "facts")


def tell_undone(connection: duckdb.DuckDBPyConnection, before: int) -> None:
    """Write down what a version made by undoing is expected to get wrong; nothing is linked for it.

    By source it is measured anew; by language of name, which only a link reads, it says what the
    version before it said. What it says of its model is that version's too.

    Args:
        connection: In which the version has just been written.
        before: The version that stood before it.
    """
    version = latest_version(connection)
    if version is None:
        return
    known = read_quality(connection, before)
    measured = expected_quality(connection, f"({_STANDING_SQL})", ("of_source",))
    by_name = [x for x in known.get("model", {}).get("by_subgroup", ()) if x["column"] == "name_language"]
    groups = [*(_named(part, {}) for part in measured["by_subgroup"]), *by_name]
    write_quality(connection, version.version, measured | {"by_subgroup": groups}, "model")
    write_quality(connection, version.version, known.get("facts", {}), "facts")


def facts_of(connection: duckdb.DuckDBPyConnection, version: int) -> Mapping[str, Any]:
    """Return the counts of an earlier version, for one that was made with its model and its keys."""
    return read_quality(connection, version).get("facts", {})


def tell_groups(connection: duckdb.DuckDBPyConnection, members: str, columns: tuple[str, ...]) -> None:
    """Add to the expected errors of the standing version those by people's attributes.

    Args:
        connection: With `warehouse` attached to write.
        members: Relation of (record_key, person_key, source) and the columns.
        columns: Attributes, in place of what was said by them before.
    """
    version = latest_version(connection)
    if version is None:
        return
    measured = expected_quality(connection, members, columns)
    before = read_quality(connection, version.version).get("model", {})
    kept = [part for part in before.get("by_subgroup", ()) if part["column"] not in columns]
    groups = [*kept, *measured["by_subgroup"]]
    whole = before or measured
    write_quality(connection, version.version, {**whole, "by_subgroup": groups}, "model")


def _named(part: Mapping[str, Any], classes: Mapping[int, str]) -> dict[str, Any]:
    """Write a group under the name people know."""
    if part["column"] == "name_language":
        token = str(part["group"])
        return {**part, "group": next((name for key, name in classes.items() if str(key) == token), token)}
    return {**part, "column": "source"}
