"""How much likelier strangers share a whole name than the frequencies of its parts say.

Belongs here: estimating that from the encoded records, by how rare the whole name is. Does
not: weighing pairs (weigh.py), frequencies of the parts (predict.py).

Given names and surnames go together: both tell where a family came from. Two strangers share
a rare whole name ten or twenty times as often as if the parts were independent, and in a large
state there are enough strangers for that to matter. Names are put in classes by the product of
their parts' frequencies. In a class, pairs of nodes that share a whole name are counted; less
those that are of one person, they are the strangers; over the pairs expected of independent
parts, that is the factor. In the rarest names almost all such pairs are of one person, so
nothing can be seen of strangers there: a class has at least the factor of every more common one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb
import numpy as np
import numpy.typing as npt

CLASSES = 64
"""One class a halving of the product of frequencies."""

FEWEST_EXPECTED = 50.0
"""Pairs to be expected in a class before its factor is believed."""

LEAST_STRANGERS = 0.25
"""And least share of the pairs seen that must be of strangers."""

PLACES = 4
"""Decimal places of the bits: sums of fractions depend on their order in the sixteenth."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Namesakes:
    """Nodes by the class of their whole name, and what can be counted of each class.

    Args:
        of_node: The class of each node; nodes without a whole name have any.
        shared: By class, pairs of nodes that share a whole name.
        part: By class, its part of all nodes with a whole name.
        expected: By class, pairs of strangers to be expected if parts were independent.
    """

    of_node: Ints
    shared: Floats = field(default_factory=lambda: np.zeros(CLASSES))
    part: Floats = field(default_factory=lambda: np.zeros(CLASSES))
    expected: Floats = field(default_factory=lambda: np.zeros(CLASSES))

    def bits(self, matches: float) -> tuple[float, ...]:
        """Return, by class, log2 of the factor by which strangers share a name more often.

        Args:
            matches: How many pairs of nodes of one person share their whole name.
        """
        strangers = self.shared - matches * self.part
        sure = (self.expected >= FEWEST_EXPECTED) & (strangers >= LEAST_STRANGERS * self.shared)
        factor = np.where(sure, strangers / np.maximum(self.expected, 1.0), 1.0)
        rarer = np.maximum.accumulate(np.maximum(factor, 1.0)[::-1])[::-1]
        return tuple(np.log2(rarer).round(PLACES).tolist())

    def of_pairs(self, a: Ints, b: Ints) -> Ints:
        """Return the class of pairs of nodes that share a whole name."""
        return np.minimum(self.of_node[a], self.of_node[b])


def unknown(nodes: int) -> Namesakes:
    """Return what is known of nodes where nothing was counted."""
    return Namesakes(np.full(nodes, CLASSES - 1, dtype=np.int64))


def class_of(given: Floats, surname: Floats) -> Ints:
    """Return the class of names from the frequencies (0 to 1) of their parts: the higher the more common."""
    bits: Ints = np.floor(np.log2(given) + np.log2(surname)).astype(np.int64)
    return np.minimum(np.maximum(bits + CLASSES, 0), CLASSES - 1)


def count_namesakes(connection: duckdb.DuckDBPyConnection, nodes: int) -> Namesakes:
    """Return the namesakes among the nodes of `link_encoded`.

    Args:
        connection: Holds `link_encoded` with columns `given` and `surname`.
        nodes: How many nodes there are, those among them that have no row in the table.
    """
    given, surname = (_counts(connection, name) for name in ("given", "surname"))
    found = connection.execute(
        """WITH g AS (SELECT given, count(*) AS n FROM link_encoded GROUP BY given),
            s AS (SELECT surname, count(*) AS n FROM link_encoded GROUP BY surname),
            f AS (SELECT given, surname, count(*) AS n FROM link_encoded GROUP BY given, surname)
            SELECT e.node::BIGINT AS node, g.n AS given, s.n AS surname, f.n AS n FROM link_encoded e
            JOIN g ON g.given = e.given JOIN s ON s.surname = e.surname
            JOIN f ON f.given = e.given AND f.surname = e.surname"""
    ).fetchnumpy()
    if not len(found["node"]):
        return unknown(nodes)
    whole = len(found["node"])
    own, theirs, both = (np.asarray(found[name], dtype=np.float64) for name in ("given", "surname", "n"))
    kind = class_of(own / given.total, theirs / surname.total)
    of_node = np.full(nodes, CLASSES - 1, dtype=np.int64)
    of_node[np.asarray(found["node"], dtype=np.int64)] = kind
    # each of n nodes with one name takes part in n - 1 of n (n - 1) / 2 pairs, and has half of each
    shared = np.bincount(kind, weights=(both - 1) / 2, minlength=CLASSES).astype(np.float64)
    chance_given, chance_surname = given.n / given.total, surname.n / surname.total
    mass = np.outer(given.times * chance_given**2, surname.times * chance_surname**2)
    grid = class_of(chance_given[:, None], chance_surname[None, :])
    expected = np.bincount(grid.ravel(), weights=mass.ravel(), minlength=CLASSES) * whole * (whole - 1) / 2
    return Namesakes(
        of_node,
        shared=shared,
        part=np.bincount(kind, minlength=CLASSES) / whole,
        expected=expected,
    )


@dataclass(frozen=True)
class _Counts:
    """How often names occur: `times` many of them occur `n` times; `total` occurrences."""

    n: Floats
    times: Floats
    total: float


def _counts(connection: duckdb.DuckDBPyConnection, column: str) -> _Counts:
    found = connection.execute(
        f"""SELECT n, count(*) AS times FROM (
                SELECT count(*) AS n FROM link_encoded WHERE {column} IS NOT NULL GROUP BY {column})
            GROUP BY n ORDER BY n"""
    ).fetchnumpy()
    n, times = (np.asarray(found[name], dtype=np.float64) for name in ("n", "times"))
    return _Counts(n, times, float(max((n * times).sum(), 1.0)))
