"""A sieve before the comparison: drop the pairs whose weight cannot reach the floor.

Belongs here: the highest weight a pair could have, found column by column. Does not: a
pair's weight, which the engine gives it: what passes the sieve is compared as if there were
none.

Nine of ten pairs that share a blocking key are of two people, and a glance at a few tokens
tells so. An engine joins whole rows, vectors and all, before it looks. Here one column is
looked up at a time, those that tell most and cost least first, and a pair is dropped as
soon as what it has and the most that is left to win do not reach the floor. Levels that
cannot be told from single columns count as reached where they would be worth most, so a
pair above the floor is never dropped: tests compare both ways.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt

from linkage.engines.conditions import MISSING, Condition, Pairs, columns_of, read_condition
from linkage.model import Comparison, Model

_SLACK = 1e-6
"""Taken off the floor, for sums in another order."""

_FEW = 0.7
"""The rest of a comparison's pairs are looked at alone when no more than this share is left."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Outcome:
    """A level of a comparison.

    Args:
        condition: When it is reached; None: whenever no level before it was.
        weight: Its weight in log2 odds, where nothing is known of how frequent a value is.
        plain: The part of it that does not depend on that.
        term: For each row how rare its value is, in bits, if that counts here.
    """

    condition: Condition | None
    weight: float
    plain: float
    term: Floats | None

    def values(self, pairs: Pairs) -> Floats | float:
        """Return the weight of pairs on this level."""
        if self.term is None:
            return self.weight
        rarity = pairs.least(self.term)
        return np.where(np.isfinite(rarity), self.plain + rarity, self.weight)

    def most(self) -> float:
        """Return the highest weight a pair can have on this level."""
        if self.term is None:
            return self.weight
        known = self.term[np.isfinite(self.term)]
        return max(self.weight, self.plain + float(known.max(initial=0.0)))


class Sieve:
    """Knows a model and a table of encodings; tells which pairs of its rows may reach the floor."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: str, model: Model) -> None:
        """Read what is needed of the table.

        Args:
            connection: Holds the table.
            table: With `node`, numbered from 0 without gaps.
            model: Its `predict_from` is the floor.
        """
        self._floor = model.predict_from - math.log2(model.prior / (1 - model.prior)) - _SLACK
        self._columns = _read(connection, table, sorted(_needed(model)))
        terms = {
            level.term: _term_weights(self._columns[level.term])
            for comparison in model.comparisons
            for level in comparison.levels
            if level.term
        }
        outcomes = [_outcomes(comparison, terms) for comparison in model.comparisons]
        self._outcomes = sorted(outcomes, key=_telling, reverse=True)
        best = [_best(one) for one in self._outcomes]
        self._rest = [sum(best[i + 1 :]) for i in range(len(best))]

    def __call__(self, a: Ints, b: Ints) -> Ints:
        """Return the places of the pairs of rows that may reach the floor."""
        pairs, kept, reached = Pairs(self._columns, a, b), np.arange(len(a)), np.zeros(len(a))
        for outcomes, rest in zip(self._outcomes, self._rest, strict=True):
            reached += _highest(outcomes, pairs)
            passes = reached >= self._floor - rest
            if np.count_nonzero(passes) < len(passes) * _FEW:
                pairs, kept, reached = pairs.where(passes), kept[passes], reached[passes]
            pairs.forget()
        return kept[reached >= self._floor]


def _needed(model: Model) -> set[str]:
    levels = [level for comparison in model.comparisons for level in comparison.levels]
    needed = {column for level in levels if level.when for column in columns_of(level.when)}
    return needed | {level.term for level in levels if level.term}


def _read(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> dict[str, Ints]:
    """Return columns by name, the row of each node at its number, with `MISSING` for NULL."""
    count = connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
    read = {}
    for column in columns:
        found = connection.execute(
            f"SELECT node::BIGINT AS node, coalesce({column}::BIGINT, {MISSING}) AS value FROM {table}"
        ).fetchnumpy()
        read[column] = np.full(int(count[0]), MISSING, dtype=np.int64)
        read[column][np.asarray(found["node"])] = np.asarray(found["value"])
    return read


def _term_weights(values: Ints) -> Floats:
    """Return for each row -log2 of its value's share of the known ones."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    known = max(int((values != MISSING).sum()), 1)
    weights: Floats = -np.log2(count / known)[place]
    weights[values == MISSING] = np.inf
    return weights


def _outcomes(comparison: Comparison, terms: Mapping[str, Floats]) -> tuple[_Outcome, ...]:
    return tuple(
        _Outcome(
            read_condition(level.when) if level.when else None,
            0.0 if level.null else math.log2(level.m / level.u),
            0.0 if level.null else math.log2(level.m),
            terms[level.term] if level.term else None,
        )
        for level in comparison.levels
    )


def _best(outcomes: Sequence[_Outcome]) -> float:
    return max(one.most() for one in outcomes)


def _telling(outcomes: Sequence[_Outcome]) -> float:
    """Return how far apart the weights of a comparison's levels lie."""
    return _best(outcomes) - min(one.weight for one in outcomes)


def _highest(outcomes: Sequence[_Outcome], pairs: Pairs) -> Floats:
    """Return for each pair the highest weight of the levels it may be on."""
    highest = np.full(len(pairs), -np.inf)
    left, at, at_all = pairs, np.arange(len(pairs)), True
    mine, open_ = highest, np.ones(len(pairs), dtype=bool)
    for one in outcomes:
        answer = one.condition(left) if one.condition else None
        reached = open_ if answer is None else answer.maybe & open_
        np.maximum(mine, one.values(left), out=mine, where=reached)
        if answer is not None:
            open_ &= ~answer.sure
            if np.count_nonzero(open_) < len(open_) * _FEW:
                if not at_all:
                    highest[at] = mine
                at, at_all = at[open_], False
                left, mine = left.where(open_), mine[open_]
                open_ = np.ones(len(at), dtype=bool)
    if not at_all:
        highest[at] = mine
    return highest
