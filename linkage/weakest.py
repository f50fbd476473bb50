"""What holds each person's records together: the weakest link of the strongest chain.

Belongs here: one number a person, and how many persons have how much. Does not: which
records belong together (clusters.py), or how it looks (report.py).

Take of a person's pairs the strongest that suffice to hold all its records together (a
maximum spanning tree, Kruskal 1956). The weakest of them is the weight at which the
person would fall in two: a bridge between two groups that have little else in common
shows as a weak one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import duckdb
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STEPS: tuple[float, ...] = (0.0, 3.0, 7.0, 10.0)
"""Weights (log2 odds) between the bands: 1, 8, 128 and 1,024 to 1."""


@dataclass(frozen=True)
class Weakest:
    """How strongly persons of several records are held together.

    Args:
        bands: For each band, from the weakest: its lowest and highest weight (None without
            bound), and how many persons.
        apart: Persons whose compared pairs do not hold all of their records together:
            joined by a decision, or as part of a person too large to compare.
    """

    bands: tuple[tuple[float | None, float | None, int], ...]
    apart: int


def weakest_links(connection: duckdb.DuckDBPyConnection) -> Weakest:
    """Return the weakest links of the standing version's persons."""
    records = connection.execute(
        """SELECT record_key, dense_rank() OVER (ORDER BY person_key) - 1 AS person
            FROM warehouse.spine.assignment WHERE to_version IS NULL ORDER BY record_key"""
    ).fetchnumpy()
    pairs = connection.execute(
        """SELECT p.record_key_l AS l, p.record_key_r AS r, max(p.weight) AS weight
            FROM warehouse.spine.pair p
            JOIN warehouse.spine.assignment x ON x.record_key = p.record_key_l AND x.to_version IS NULL
            JOIN warehouse.spine.assignment y ON y.record_key = p.record_key_r AND y.to_version IS NULL
            WHERE x.person_key = y.person_key GROUP BY ALL"""
    ).fetchnumpy()
    keys = np.asarray(records["record_key"], dtype=np.int64)
    person = np.asarray(records["person"], dtype=np.int64)
    left, right = (np.searchsorted(keys, np.asarray(pairs[side], dtype=np.int64)) for side in ("l", "r"))
    return _banded(person, left, right, np.asarray(pairs["weight"], dtype=np.float64))


def _banded(person: Ints, left: Ints, right: Ints, weight: Floats) -> Weakest:
    sizes = np.bincount(person) if len(person) else np.zeros(0, dtype=np.int64)
    weakest, edges = np.full(len(sizes), np.inf), np.zeros(len(sizes), dtype=np.int64)
    if len(weight):
        top = float(weight.max()) + 1.0
        tree = minimum_spanning_tree(
            coo_array((top - weight, (left, right)), shape=(len(person), len(person))).tocsr()
        ).tocoo()
        of_edge = person[tree.row]
        np.minimum.at(weakest, of_edge, top - tree.data)
        edges += np.bincount(of_edge, minlength=len(sizes))
    whole = (sizes > 1) & (edges == sizes - 1)
    limits = [-np.inf, *STEPS, np.inf]
    bands = []
    for low, high in pairwise(limits):
        chosen = whole & (weakest >= low) & (weakest < high)
        bands.append((_bound(low), _bound(high), int(chosen.sum())))
    return Weakest(tuple(bands), int(((sizes > 1) & ~whole).sum()))


def _bound(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
