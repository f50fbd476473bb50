"""The pairs a sample is drawn from, and how they are parted into strata.

Belongs here: which pairs there are, their strata, how many of each are drawn. Does not:
drawing (draw.py), or judging (estimate.py).

Pairs that were joined: every two records of one person, whether or not the two were
compared. A pair joined though its own weight speaks against it belongs to a cluster that
nearly contradicts itself; such pairs have strata of their own. Pairs that were not joined:
those of two persons whose weight was kept. Within that, strata are bands of weight, and in
each band pairs of sources, as long as there is enough to draw from each.

Draws go by the power of a stratum's share in the error, size times spread, to one half
(Bankier 1988, The American Statistician 42): between as much as its size asks for and the same for each.
"""

from __future__ import annotations

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

LARGEST_PERSON = 1_000
"""Pairs of a person with more records are left out: one such person would be the whole sample."""

LEAST = 4
"""Fewest pairs drawn from a stratum, if it has as many."""

POWER = 0.5
SPREAD = 0.1
"""Smallest spread (standard deviation) a stratum is taken to have, whatever the model is sure of."""

OTHER = "*"
"""In place of both sources, in the stratum of those pairs of sources too small for one of their own."""

BANDS: tuple[tuple[str, float, float], ...] = (
    ("far below", -np.inf, -2.0),
    ("below", -2.0, 0.0),
    ("above", 0.0, 4.0),
    ("well above", 4.0, 10.0),
    ("far above", 10.0, np.inf),
)
"""Bands of weight in log2 odds, counted from the model's threshold: name, from, to below."""

NOT_COMPARED = "not compared"
"""Band of joined pairs of which no weight was kept."""

_CELL = ["joined", "band", "source_l", "source_r"]


def make_frame(connection: duckdb.DuckDBPyConnection, threshold: float) -> None:
    """Make `review_frame` (l, r, source_l, source_r, joined, weight, pattern, p, band), l < r.

    Args:
        connection: With `warehouse` attached and the relation `permitted_spine`.
        threshold: The standing model's, from which a pair by itself counts as linked.
    """
    bands = " ".join(
        f"WHEN weight - ({threshold}) < {high} THEN '{name}'" for name, _, high in BANDS if np.isfinite(high)
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE review_frame AS
            WITH member AS (
                SELECT s.record_key, s.person_key, a.source FROM permitted_spine s
                JOIN warehouse.spine.assignment a ON a.record_key = s.record_key AND a.to_version IS NULL
            ), kept AS (
                SELECT record_key_l AS l, record_key_r AS r, weight, probability, pattern
                FROM warehouse.spine.pair
            ), small AS (
                SELECT person_key FROM member GROUP BY person_key HAVING count(*) <= {LARGEST_PERSON}
            ), inside AS (
                SELECT x.record_key AS l, y.record_key AS r, x.source AS s, y.source AS t
                FROM (FROM member SEMI JOIN small USING (person_key)) x
                JOIN member y ON x.person_key = y.person_key AND x.record_key < y.record_key
            ), edge AS (
                SELECT record_key_l AS lead_l, record_key_r AS lead_r, weight FROM warehouse.spine.edge
                UNION ALL
                SELECT record_key_r, record_key_l, weight FROM warehouse.spine.edge
            ), unkept AS (
                SELECT i.l, i.r, e.weight FROM (FROM inside ANTI JOIN kept USING (l, r)) i
                JOIN warehouse.spine.node x ON x.record_key = i.l
                JOIN warehouse.spine.node y ON y.record_key = i.r
                JOIN edge e ON e.lead_l = x.record_key_lead AND e.lead_r = y.record_key_lead
            ), pair AS (
                SELECT l, r, s, t, true AS joined, coalesce(kept.weight, unkept.weight) AS weight,
                    probability, pattern
                FROM inside LEFT JOIN kept USING (l, r) LEFT JOIN unkept USING (l, r)
                UNION ALL
                SELECT l, r, x.source, y.source, false, weight, probability, pattern
                FROM kept JOIN member x ON x.record_key = l JOIN member y ON y.record_key = r
                WHERE x.person_key <> y.person_key
            )
            SELECT l, r, least(s, t) AS source_l, greatest(s, t) AS source_r, joined, weight, pattern,
                coalesce(probability, 1 / (1 + pow(2.0, -weight)), 0.5) AS p,
                CASE WHEN weight IS NULL THEN '{NOT_COMPARED}' {bands} ELSE '{BANDS[-1][0]}' END AS band
            FROM pair"""
    ).fetchall()


def left_out(connection: duckdb.DuckDBPyConnection) -> int:
    """Return how many pairs of joined records lie in persons too large for the frame."""
    row = connection.execute(
        f"""SELECT coalesce(sum(n * (n - 1) // 2), 0)::BIGINT FROM (
                SELECT count(*) AS n FROM permitted_spine GROUP BY person_key)
            WHERE n > {LARGEST_PERSON}"""
    ).fetchone()
    return int(row[0]) if row else 0


def strata(connection: duckdb.DuckDBPyConnection, size: int) -> pd.DataFrame:
    """Return the strata of `review_frame` for samples of about a size.

    Returns:
        Columns `stratum` (numbered from 1), `joined`, `band`, `source_l`, `source_r`,
        `pairs`, `p` (the mean probability the model gives).
    """
    cells = connection.execute(
        f"""SELECT {", ".join(_CELL)}, count(*) AS pairs, sum(p) AS p FROM review_frame
            GROUP BY ALL ORDER BY ALL"""
    ).df()
    cells["p"] = cells["p"] / cells["pairs"].clip(lower=1)
    few = _shares(cells, size) < LEAST
    cells.loc[few, ["source_l", "source_r"]] = OTHER
    cells["p"] *= cells["pairs"]
    found = cells.groupby(_CELL, as_index=False, sort=True)[["pairs", "p"]].sum()
    found["p"] = found["p"] / found["pairs"]
    found.insert(0, "stratum", np.arange(1, len(found) + 1))
    return found


def allocate(known: pd.DataFrame, size: int) -> npt.NDArray[np.int64]:
    """Return how many pairs of each stratum a sample of about a size has: at least `LEAST`, if there are."""
    pairs = np.asarray(known["pairs"], dtype=np.int64)
    wanted = np.floor(_shares(known, size)).astype(np.int64)
    return np.minimum(np.maximum(wanted, LEAST), pairs)


def _shares(cells: pd.DataFrame, size: int) -> npt.NDArray[np.float64]:
    p = np.asarray(cells["p"], dtype=np.float64)
    spread = np.maximum(np.sqrt(p * (1 - p)), SPREAD)
    power = (np.asarray(cells["pairs"], dtype=np.float64) * spread) ** POWER
    return np.asarray(size * power / max(power.sum(), 1e-9))
