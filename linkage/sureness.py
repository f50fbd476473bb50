"""How sure a version is of each record's pairs: sums over the pairs that are joined, and that are missed.

Belongs here: the probability of each pair of records of one person, of two persons between whom some
pair was compared, and their sums by record. Does not: groups, ratios and intervals (fairness.py), nor
reading the spine.

Persons of one size are reckoned together, as cubes of all their pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LARGEST_PERSON = 60
"""Persons with more records count by their compared pairs alone; there are few, and pairs are many."""

_CELLS = 2_000_000
"""Pairs reckoned at a time, but for those of one person."""


class Rule(NamedTuple):
    """How clusters count weights: as the standing version's model says."""

    unscored: float
    doubt: float
    clip: float


class Known(NamedTuple):
    """Compared pairs: the rows of both records, and the weight; no pair twice."""

    left: Ints
    right: Ints
    weight: Floats

    def take(self, chosen: npt.NDArray[np.bool_] | Ints | slice) -> Known:
        """Return some of the pairs."""
        return Known(self.left[chosen], self.right[chosen], self.weight[chosen])


@dataclass(frozen=True)
class Sure:
    """Of each record, sums over its pairs.

    Args:
        hit: Probability of the joined.
        linked: How many are joined.
        real: Probability of the joined and of the missed.
        joined_spread, missed_spread: Standard deviation of each, summed.
    """

    hit: Floats
    linked: Floats
    real: Floats
    joined_spread: Floats
    missed_spread: Floats


def sure_of(person: Ints, known: Known, rule: Rule) -> Sure:
    """Return how sure each record's pairs are.

    Args:
        person: The person of each record, numbered from 0.
        known: The compared pairs.
        rule: How weights count.
    """
    people = _People(person)
    of_left, of_right = person[known.left], person[known.right]
    inside, large = of_left == of_right, people.size[of_left] > LARGEST_PERSON
    hit, linked, spread = _of_compared(len(person), known.take(inside & large))
    for rows, chance in _joined(people, known.take(inside & ~large), rule):
        hit[rows] = chance.sum(axis=2)
        spread[rows] = _deviation(chance).sum(axis=2)
        linked[rows] = rows.shape[1] - 1
    missed, missed_spread = _missed(people, known.take(~inside), rule)
    return Sure(hit, linked, hit + missed[person], spread, missed_spread[person])


class _People:
    """Who has which records: persons in order of size, and each record's place within its person."""

    def __init__(self, person: Ints) -> None:
        self.person = person
        self.size: Ints = np.bincount(person)
        self.by_size = np.argsort(self.size, kind="stable")
        self.rank = np.argsort(self.by_size)
        self.order = np.argsort(person, kind="stable")
        self.first = np.cumsum(self.size) - self.size
        self.place = np.empty(len(person), dtype=np.int64)
        self.place[self.order] = np.arange(len(person)) - self.first[person[self.order]]

    def alike(self) -> Iterator[tuple[int, slice]]:
        """Yield a size from 2 and some persons of it, as a part of `by_size`, until all were named."""
        sizes = self.size[self.by_size]
        for size in np.unique(sizes[(sizes > 1) & (sizes <= LARGEST_PERSON)]):
            begin, end = np.searchsorted(sizes, [size, size + 1])
            step = max(_CELLS // int(size) ** 2, 1)
            for at in range(int(begin), int(end), step):
                yield int(size), slice(at, min(at + step, int(end)))

    def rows(self, some: slice, size: int) -> Ints:
        """Return the records of some persons of one size, a row a person."""
        first = self.first[self.by_size[some]]
        return self.order.take(first[:, None] + np.arange(size))


def _joined(people: _People, known: Known, rule: Rule) -> Iterator[tuple[Ints, Floats]]:
    """Yield the records of persons of one size, a row a person, and how likely each pair of them is."""
    rank = people.rank[people.person[known.left]]
    order = np.argsort(rank)
    known, rank = known.take(order), rank[order]
    for size, some in people.alike():
        part = slice(*np.searchsorted(rank, [some.start, some.stop]))
        at, pairs = rank[part] - some.start, known.take(part)
        weight = np.full((some.stop - some.start, size, size), rule.unscored)
        count = np.full(weight.shape, rule.doubt)
        for one, other in ((pairs.left, pairs.right), (pairs.right, pairs.left)):
            cell = at, people.place[one], people.place[other]
            weight[cell] = pairs.weight
            count[cell] = np.where(pairs.weight > 0, 1.0, rule.doubt)
        yield people.rows(some, size), _chance_within(weight, count)


def _chance_within(weight: Floats, count: Floats) -> Floats:
    """Return how likely pairs of one person are that, by their own weight and each way round.

    Args:
        weight: Of each person, record and other record.
        count: How much it counts.
    """
    size = weight.shape[1]
    told = weight * count
    summed, counted = told.copy(), count.copy()
    for third in range(size if size > 2 else 0):  # of two there is none
        weaker = weight[:, :, third, None] < weight[:, None, :, third]
        for total, part in ((summed, told), (counted, count)):
            through = np.where(weaker, part[:, :, third, None], part[:, None, :, third])
            through[:, third, :] = through[:, :, third] = 0.0
            total += through
    chance = _chance(summed / counted)
    chance[:, np.arange(size), np.arange(size)] = 0.0
    return chance


def _of_compared(records: int, known: Known) -> tuple[Floats, Floats, Floats]:
    """Return the sums of the pairs alone, as they were compared: probability, number, deviation."""
    chance = _chance(known.weight)
    ends = np.concatenate([known.left, known.right])
    hit, linked, spread = (
        _summed(ends, np.tile(one, 2), records) for one in (chance, np.ones(len(chance)), _deviation(chance))
    )
    return hit, linked, spread


def _missed(people: _People, known: Known, rule: Rule) -> tuple[Floats, Floats]:
    """Return, for each record of each person, the sum over its missed pairs: probability and deviation.

    All pairs of two persons of whom some pair was compared are one as likely as another. Persons so
    large that their pairs would be too many are left out.
    """
    count = len(people.size)
    left, right = people.person[known.left], people.person[known.right]
    both, pair = np.unique(np.minimum(left, right) * count + np.maximum(left, right), return_inverse=True)
    x, y = np.divmod(both, max(count, 1))
    compared, summed = np.bincount(pair), _summed(pair, known.weight, len(both))
    cells = people.size[x] * people.size[y]
    chance = _chance((summed + rule.unscored * (cells - compared)) / cells)
    few = cells <= LARGEST_PERSON**2
    x, y, chance = x[few], y[few], chance[few]
    probability, deviation = (
        _summed(x, people.size[y] * one, count) + _summed(y, people.size[x] * one, count)
        for one in (chance, _deviation(chance))
    )
    return probability, deviation


def _summed(place: Ints, value: Floats, count: int) -> Floats:
    """Return the sums of values by place; NumPy's own are whole numbers where there are none."""
    return np.bincount(place, value, count).astype(np.float64)


def _chance(weight: Floats) -> Floats:
    """Return the probabilities that log2 odds mean."""
    return np.asarray(1 / (1 + np.exp2(-weight)))


def _deviation(chance: Floats) -> Floats:
    """Return the standard deviations of being right or not."""
    return np.asarray(np.sqrt(chance * (1 - chance)))
