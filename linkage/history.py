"""Versions of the spine looked back at: what one was, what it changed and why, how two differ.

Belongs here: reading versions; counts are suppressed here and no person key leaves. Does not:
making or undoing a version.

Every version can be rebuilt from the assignments, which say from which version until which a
record was whose. A change is named by two numbers, `VERSION.NUMBER`: the version that made it
and its number among the merges, splits and moves of that version.
"""

from __future__ import annotations

import re
from typing import Any

import duckdb

from data_sharing_agreements.errors import UsageFault

_REFERENCE = re.compile(r"(\d{1,9})\.(\d{1,9})")


def rebuilt_sql(version: int) -> str:
    """SELECT of (record_key, person_key) as a version had them; of records since purged nothing is left."""
    return f"""SELECT record_key, person_key FROM warehouse.spine.assignment
        WHERE from_version <= {int(version)} AND (to_version IS NULL OR to_version > {int(version)})"""


def show(connection: duckdb.DuckDBPyConnection, version: int | None, smallest: int) -> dict[str, Any]:
    """Return what a version was and how many records it changed, by kind and cause.

    Args:
        connection: With `warehouse` attached.
        version: Its number; the standing one if not given.
        smallest: The smallest count that may be told.

    Raises:
        UsageFault: There is no such version.
    """
    number = checked(connection, version)
    made = connection.execute(
        """SELECT v.created_at::VARCHAR, v.model, v.records, v.persons, m.mode, m.reason, m.touched, m.drift
            FROM warehouse.spine.version v LEFT JOIN warehouse.spine.made m USING (version)
            WHERE v.version = ?""",
        [number],
    ).fetchone()
    assert made is not None
    changed = connection.execute(
        """SELECT kind, cause, count(*) FROM warehouse.spine.change WHERE version = ?
            GROUP BY ALL ORDER BY ALL""",
        [number],
    ).fetchall()
    return {
        "version": number,
        "created_at": made[0],
        "model": made[1],
        "records": _told(made[2], smallest),
        "persons": _told(made[3], smallest),
        "mode": made[4],
        "reason": made[5] or None,
        "touched": _told(made[6], smallest),
        "drift": made[7],
        "changed": [{"kind": k, "cause": c, "records": _told(n, smallest)} for k, c, n in changed],
    }


def versions(connection: duckdb.DuckDBPyConnection, smallest: int) -> list[dict[str, Any]]:
    """Return every version in short, oldest first."""
    rows = connection.execute(
        """SELECT v.version, v.created_at::VARCHAR, v.records, v.persons, m.mode, m.reason
            FROM warehouse.spine.version v LEFT JOIN warehouse.spine.made m USING (version) ORDER BY ALL"""
    ).fetchall()
    return [
        {
            "version": number,
            "created_at": at,
            "records": _told(records, smallest),
            "persons": _told(persons, smallest),
            "mode": mode,
            "reason": reason or None,
        }
        for number, at, records, persons, mode, reason in rows
    ]


def differ(connection: duckdb.DuckDBPyConnection, first: int, second: int, smallest: int) -> dict[str, Any]:
    """Return how two versions differ, in counts of records.

    `came`, `went`: in one of them only. `other_person`: in both, with another person key.
    `other_company`: in both, together with other records than before, of those that are in both.

    Raises:
        UsageFault: There is no such version.
    """
    a, b = (checked(connection, number) for number in (first, second))
    row = connection.execute(
        f"""WITH a AS ({rebuilt_sql(a)}), b AS ({rebuilt_sql(b)}),
            in_both AS (
                SELECT record_key, a.person_key AS x, b.person_key AS y FROM a JOIN b USING (record_key)
            ), cell AS (SELECT x, y, count(*) AS n FROM in_both GROUP BY ALL),
            pure AS (
                SELECT n, sum(n) OVER (PARTITION BY x) AS of_x, sum(n) OVER (PARTITION BY y) AS of_y FROM cell
            )
            SELECT (SELECT count(*) FROM b ANTI JOIN a USING (record_key)),
                (SELECT count(*) FROM a ANTI JOIN b USING (record_key)),
                (SELECT count(*) FROM in_both WHERE x <> y),
                (SELECT coalesce(sum(n), 0) FROM pure WHERE n <> of_x OR n <> of_y)"""
    ).fetchone()
    assert row is not None
    names = ("came", "went", "other_person", "other_company")
    return {"from": a, "to": b} | {
        name: _told(count, smallest) for name, count in zip(names, row, strict=True)
    }


def events(connection: duckdb.DuckDBPyConnection, version: int | None) -> list[dict[str, Any]]:
    """Return the merges, splits and moves of a version: reference, kinds, cause. For reviewers only."""
    number = checked(connection, version)
    rows = connection.execute(
        """SELECT event, list_sort(list(DISTINCT kind)), min(cause) FROM warehouse.spine.change
            WHERE version = ? AND event IS NOT NULL GROUP BY event ORDER BY event""",
        [number],
    ).fetchall()
    return [{"change": f"{number}.{event}", "kinds": kinds, "cause": cause} for event, kinds, cause in rows]


def read_reference(text: str) -> tuple[int, int]:
    """Return version and number of a change's reference.

    Raises:
        UsageFault: It is none.
    """
    found = _REFERENCE.fullmatch(text.strip())
    if found is None:
        raise UsageFault.of(
            "not-a-change",
            "A change is named by two numbers with a point between them.",
            why="The first is the link version that made it, the second its number in that version.",
            next="List them with `commonweal spine changes VERSION`.",
        )
    return int(found[1]), int(found[2])


def checked(connection: duckdb.DuckDBPyConnection, version: int | None) -> int:
    """Return a version's number, the standing one's if none is given.

    Raises:
        UsageFault: There is no such version.
    """
    row = connection.execute(
        "SELECT max(version) FROM warehouse.spine.version WHERE version = coalesce(?, version)", [version]
    ).fetchone()
    if row is None or row[0] is None:
        raise UsageFault.of(
            "unknown-version",
            "There is no such link version.",
            why="Versions are numbered from 1 as links are made.",
            next="List them with `commonweal spine list`.",
        )
    return int(row[0])


def _told(count: int | None, smallest: int) -> int | None:
    """Return a count, none if it is from 1 to below the smallest that may be told."""
    return None if count is None or 0 < count < smallest else int(count)
