"""Drawing pairs to be reviewed, the same ones under the same seed.

Belongs here: the tables of schema `review` in the warehouse, drawing into them, reading
them back. Does not: what there is to draw from (frame.py), numbers of reviews and who
decides (the registry), outcomes (estimate.py, outcomes.py).

Within a stratum pairs are taken in an order that a hash of the seed, the version and both
record keys gives; so a second draw from the same version continues the first, and a later
version has an order of its own. Reviews are numbered in another such order over all
strata: whoever stops anywhere has done a random part of each stratum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from linkage.review.frame import OTHER, allocate, make_frame, strata

REVIEW_DDL: str = """
CREATE SCHEMA IF NOT EXISTS warehouse.review;
CREATE TABLE IF NOT EXISTS warehouse.review.stratum (
    version BIGINT NOT NULL, stratum INTEGER NOT NULL, joined BOOLEAN NOT NULL, band VARCHAR NOT NULL,
    source_l VARCHAR NOT NULL, source_r VARCHAR NOT NULL, pairs BIGINT NOT NULL, p DOUBLE NOT NULL
);
CREATE TABLE IF NOT EXISTS warehouse.review.item (
    review BIGINT NOT NULL, draw BIGINT NOT NULL, version BIGINT NOT NULL, stratum INTEGER NOT NULL,
    record_key_l BIGINT NOT NULL, record_key_r BIGINT NOT NULL,
    source_l VARCHAR NOT NULL, source_r VARCHAR NOT NULL, weight DOUBLE, pattern TINYINT[]
);
"""
"""Statements that make the tables in the database attached as `warehouse`; safe to repeat.

`stratum`: the strata of each version that was drawn from. `item`: which two records a review is
about, with their weight and pattern as they were when drawn.
"""


@dataclass(frozen=True)
class Plan:
    """What a draw goes by.

    Args:
        version: The standing version.
        threshold: Its model's.
        seed: Of the order of pairs.
        size: About how many reviews the sample of the version grows by.
        draw, first: Numbers of the draw and of its first review.
    """

    version: int
    threshold: float
    seed: int
    size: int
    draw: int
    first: int


def ensure_review(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables if they do not exist."""
    connection.execute(REVIEW_DDL).fetchall()


def draw(connection: duckdb.DuckDBPyConnection, plan: Plan) -> int:
    """Draw pairs into `review.item`.

    What an earlier draw left that was killed before it was recorded is removed first.

    Args:
        connection: With `warehouse` attached to write and the relation `permitted_spine`.
        plan: See there.

    Returns:
        How many reviews were drawn; 0 if every pair of every stratum is drawn already.
    """
    ensure_review(connection)
    connection.execute(
        "DELETE FROM warehouse.review.item WHERE review >= ? OR draw >= ?", [plan.first, plan.draw]
    ).fetchall()
    make_frame(connection, plan.threshold)
    known = _strata(connection, plan)
    if known.empty:
        return 0
    drawn = connection.execute(
        "SELECT stratum, count(*) AS n FROM warehouse.review.item WHERE version = ? GROUP BY ALL",
        [plan.version],
    ).df()
    counts = dict(zip(drawn["stratum"], drawn["n"], strict=True))
    had = np.array([counts.get(stratum, 0) for stratum in known["stratum"]], dtype=np.int64)
    wanted = np.maximum(allocate(known, plan.size + int(had.sum())) - had, 0)
    connection.register("review_wanted", known.assign(wanted=wanted))
    try:
        connection.execute(_DRAW, _parameters(plan)).fetchall()
    finally:
        connection.unregister("review_wanted")
        connection.execute("DROP TABLE IF EXISTS temp.review_frame").fetchall()
    row = connection.execute(
        "SELECT count(*) FROM warehouse.review.item WHERE draw = ?", [plan.draw]
    ).fetchone()
    return int(row[0]) if row else 0


def items(connection: duckdb.DuckDBPyConnection, numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Return the items, in order, of some reviews whose two records may still be looked at.

    Args:
        connection: With `warehouse` attached and the relation `permitted_spine`.
        numbers: Of the reviews.
    """
    found = connection.execute(
        """SELECT i.* FROM warehouse.review.item i
            SEMI JOIN permitted_spine x ON x.record_key = i.record_key_l
            SEMI JOIN permitted_spine y ON y.record_key = i.record_key_r
            WHERE i.review IN (SELECT unnest(?::BIGINT[])) ORDER BY i.review""",
        [list(numbers)],
    )
    names = [str(column[0]) for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def settled_before(
    connection: duckdb.DuckDBPyConnection, number: int, outcomes: Iterable[int]
) -> dict[int, int]:
    """Return the reviews of a draw whose pair an earlier review settled: number → that one."""
    rows = connection.execute(
        """SELECT i.review, max(e.review) FROM warehouse.review.item i
            JOIN warehouse.review.item e USING (record_key_l, record_key_r)
            WHERE i.draw = ? AND e.draw < i.draw AND e.review IN (SELECT unnest(?::BIGINT[]))
            GROUP BY i.review""",
        [number, list(outcomes)],
    ).fetchall()
    return {int(review): int(earlier) for review, earlier in rows}


def counted(
    connection: duckdb.DuckDBPyConnection, version: int, outcomes: Mapping[int, str]
) -> dict[str, Any]:
    """Return the strata of a version with what came of their reviews, as `estimate.counts_of` wants them."""
    table = pd.DataFrame({"review": list(outcomes), "outcome": list(outcomes.values())}).astype(
        {"review": "int64", "outcome": "object"}
    )
    connection.register("review_outcome", table)
    try:
        found = connection.execute(
            """SELECT s.stratum, s.joined, s.band, s.source_l, s.source_r, s.pairs,
                    count(*) FILTER (WHERE o.outcome = 'same') AS same,
                    count(*) FILTER (WHERE o.outcome = 'different') AS different,
                    count(*) FILTER (WHERE o.outcome = 'undetermined') AS undetermined
                FROM warehouse.review.stratum s
                LEFT JOIN warehouse.review.item i ON i.version = s.version AND i.stratum = s.stratum
                LEFT JOIN review_outcome o ON o.review = i.review
                WHERE s.version = ? GROUP BY ALL ORDER BY s.stratum""",
            [version],
        ).df()
    finally:
        connection.unregister("review_outcome")
    return {str(name): found[name].to_numpy() for name in found.columns}


def _strata(connection: duckdb.DuckDBPyConnection, plan: Plan) -> pd.DataFrame:
    """Return the version's strata; they are made by its first draw and then stay."""
    read = "SELECT * EXCLUDE (version) FROM warehouse.review.stratum WHERE version = ? ORDER BY stratum"
    known = connection.execute(read, [plan.version]).df()
    if known.empty:
        connection.register("review_strata", strata(connection, plan.size))
        connection.execute(
            "INSERT INTO warehouse.review.stratum BY NAME SELECT ? AS version, * FROM review_strata",
            [plan.version],
        ).fetchall()
        connection.unregister("review_strata")
        known = connection.execute(read, [plan.version]).df()
    return known


def _parameters(plan: Plan) -> dict[str, Any]:
    return {
        "version": plan.version,
        "draw": plan.draw,
        "first": plan.first,
        "seed": f"{plan.seed}/{plan.version}",
    }


_ORDER = "md5(concat_ws('/', $seed, {use}, l, r))"

_DRAW = f"""
INSERT INTO warehouse.review.item
WITH own AS (
    SELECT f.*, w.stratum, w.wanted FROM review_frame f JOIN review_wanted w
        ON w.joined = f.joined AND w.band = f.band AND w.source_l = f.source_l AND w.source_r = f.source_r
), rest AS (
    SELECT f.*, w.stratum, w.wanted FROM review_frame f
    ANTI JOIN own o ON o.l = f.l AND o.r = f.r
    JOIN review_wanted w ON w.joined = f.joined AND w.band = f.band AND w.source_l = '{OTHER}'
), new AS (
    SELECT * FROM (FROM own UNION ALL FROM rest) n
    ANTI JOIN (SELECT record_key_l, record_key_r FROM warehouse.review.item WHERE version = $version) i
        ON i.record_key_l = n.l AND i.record_key_r = n.r
    QUALIFY row_number() OVER (PARTITION BY stratum ORDER BY {_ORDER.format(use="'take'")}, l, r) <= wanted
)
SELECT $first - 1 + row_number() OVER (ORDER BY {_ORDER.format(use="'turn'")}, l, r), $draw, $version,
    stratum, l, r, source_l, source_r, weight, pattern
FROM new
"""
