"""What a reviewer is shown of a pair: how the comparisons came out, and the records around it.

Belongs here: reading patterns and turning them into words and weights. Does not: any value
of a record (masking.py), printing. Nothing made here holds a record key or a person key.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

MOST_NEIGHBOURS = 5
"""Records of a cluster that are shown beside each of the two, the most telling first."""

NOTHING_KNOWN = "not compared, or too unlikely to be kept"
LEVELS_NOT_KEPT = "compared, and so unlikely that the outcomes were not kept"
SAME_THROUGHOUT = "the two records say exactly the same"


@dataclass(frozen=True)
class Line:
    """One comparison: its level in words, and what it is worth in log2 odds against strangers, and kin."""

    comparison: str
    level: str
    strangers: float | None
    kin: float | None


@dataclass(frozen=True)
class Compared:
    """How two records compare.

    Args:
        weight: log2 odds that they are of one person; None if none was kept.
        lines: The comparisons in which something could be said.
        unknown: Those in which nothing could.
        words: Said in place of lines, where there are none.
    """

    weight: float | None
    lines: tuple[Line, ...]
    unknown: tuple[str, ...]
    words: str = ""


@dataclass(frozen=True)
class Neighbour:
    """Another record of the person that one of the two belongs to, as it compares with that one."""

    source: str
    compared: Compared


@dataclass(frozen=True)
class Evidence:
    """One pair, without a value of either record.

    Args:
        review: Number of the review.
        version: The link version it was drawn from.
        sources: Of the left and of the right record.
        joined: Whether both are one person in the standing version.
        compared: How they compare.
        left, right: Records around each.
    """

    review: int
    version: int
    sources: tuple[str, str]
    joined: bool
    compared: Compared
    left: tuple[Neighbour, ...]
    right: tuple[Neighbour, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as an object."""
        return asdict(self)


def evidence(connection: duckdb.DuckDBPyConnection, item: Mapping[str, Any]) -> Evidence:
    """Return what is shown of an item.

    Args:
        connection: With `warehouse` attached and the relation `permitted_spine`.
        item: A row of `review.item`.
    """
    version, left, right = int(item["version"]), int(item["record_key_l"]), int(item["record_key_r"])
    sources = dict(
        connection.execute(
            """SELECT record_key, source FROM warehouse.spine.assignment
                WHERE to_version IS NULL AND record_key IN (?, ?)""",
            [left, right],
        ).fetchall()
    )
    joined = connection.execute(
        "SELECT count(DISTINCT person_key) FROM permitted_spine WHERE record_key IN (?, ?)", [left, right]
    ).fetchone()
    return Evidence(
        int(item["review"]),
        version,
        (sources[left], sources[right]),
        joined == (1,),
        compared(_comparisons(connection, version), item["weight"], item["pattern"]),
        _neighbours(connection, left, right),
        _neighbours(connection, right, left),
    )


def compared(
    comparisons: Sequence[Mapping[str, Any]], weight: float | None, pattern: Sequence[int] | None
) -> Compared:
    """Return a pattern in words.

    Args:
        comparisons: Of the model, as its JSON has them.
        weight: Of the pair; None if none was kept.
        pattern: For each comparison the number of its level; None where none was kept.
    """
    if weight is None:
        return Compared(None, (), (), NOTHING_KNOWN)
    known = round(float(weight), 1)
    if pattern is None:
        return Compared(known, (), (), SAME_THROUGHOUT if known > 0 else LEVELS_NOT_KEPT)
    met = [
        (c["name"].replace("_", " "), c["levels"][int(at)])
        for c, at in zip(comparisons, pattern, strict=False)
    ]
    lines = tuple(
        Line(name, level["label"], _bits(level, "u"), _bits(level, "kin"))
        for name, level in met
        if not level["null"]
    )
    return Compared(known, lines, tuple(name for name, level in met if level["null"]))


def _bits(level: Mapping[str, Any], against: str) -> float | None:
    if not (level["m"] > 0 and level[against] > 0):
        return None
    return round(math.log2(level["m"] / level[against]), 1)


def _comparisons(connection: duckdb.DuckDBPyConnection, version: int) -> list[dict[str, Any]]:
    row = connection.execute("SELECT json FROM warehouse.spine.model WHERE version = ?", [version]).fetchone()
    found: list[dict[str, Any]] = json.loads(row[0])["comparisons"] if row else []
    return found


def _neighbours(connection: duckdb.DuckDBPyConnection, record: int, other: int) -> tuple[Neighbour, ...]:
    rows = connection.execute(
        """WITH latest AS (SELECT max(version) AS version FROM warehouse.spine.version),
            own AS (
                SELECT n.record_key, a.source FROM permitted_spine s
                JOIN permitted_spine n USING (person_key)
                JOIN warehouse.spine.assignment a ON a.record_key = n.record_key AND a.to_version IS NULL
                WHERE s.record_key = $record AND n.record_key NOT IN ($record, $other)
            ), kept AS (
                SELECT CASE WHEN record_key_l = $record THEN record_key_r ELSE record_key_l END AS record_key,
                    weight, pattern
                FROM warehouse.spine.pair
                WHERE record_key_l = $record OR record_key_r = $record
            )
            SELECT (SELECT version FROM latest), source, weight, pattern
            FROM own LEFT JOIN kept USING (record_key)
            ORDER BY abs(weight) DESC NULLS LAST, source, record_key LIMIT $most""",
        {"record": record, "other": other, "most": MOST_NEIGHBOURS},
    ).fetchall()
    if not rows:
        return ()
    comparisons = _comparisons(connection, int(rows[0][0]))
    return tuple(
        Neighbour(str(source), compared(comparisons, weight, pattern)) for _, source, weight, pattern in rows
    )
