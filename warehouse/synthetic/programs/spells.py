"""Spells: stretches of months in a program, for any unit (person, household).

Belongs here: the process of entering, staying and leaving, and rows by month.
Does not: what a program pays or asks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warehouse.synthetic.arrays import Bools, Floats, Ints


@dataclass(frozen=True)
class Spells:
    """Spells as columns, by unit and then by time.

    Args:
        unit: Who is in the spell.
        first, last: First and last month index; `first` may lie before the
            simulation.
        open: Whether the spell goes on past the simulation's last month.
    """

    unit: Ints
    first: Ints
    last: Ints
    open: Bools

    def __len__(self) -> int:
        """Number of spells."""
        return len(self.unit)

    def take(self, index: Ints | Bools) -> Spells:
        """Return the chosen spells."""
        return Spells(self.unit[index], self.first[index], self.last[index], self.open[index])

    def in_month(self, month: int) -> Ints:
        """Return the positions of spells that cover a month."""
        return np.flatnonzero((self.first <= month) & (self.last >= month))

    def ordinal(self) -> Ints:
        """Return 0 for a unit's first spell, 1 for its second, and so on."""
        return np.arange(len(self)) - np.searchsorted(self.unit, self.unit)


def draw_spells(
    rng: np.random.Generator,
    months: int,
    *,
    entry: Floats,
    leave: Floats,
    at_start: Floats,
    gap: int = 2,
    begin: int = -24,
) -> Spells:
    """Draw spells month by month.

    Args:
        rng: Where chance comes from.
        months: Number of simulated months.
        entry, leave: Chance of each unit, each month, to enter and to leave.
        at_start: Chance of each unit to be in a spell when the process begins.
        gap: Months a unit stays out at least; 2 makes every end observable.
        begin: Month index the process begins in; spells that end before month
            0 are dropped.
    """
    size = len(entry)
    inside: Bools = rng.random(size) < at_start
    since = np.full(size, begin, dtype=np.int64)
    back = np.full(size, begin, dtype=np.int64)
    ended: list[tuple[Ints, Ints, Ints]] = []
    for month in range(begin + 1, months):
        leaves = inside & (rng.random(size) < leave)
        enters = ~inside & (back <= month) & (rng.random(size) < entry)
        gone = np.flatnonzero(leaves)
        if month > 0:
            ended.append((gone, since[gone], np.full(len(gone), month - 1, dtype=np.int64)))
        back[gone] = month + gap
        since[enters] = month
        inside = (inside & ~leaves) | enters
    still = np.flatnonzero(inside)
    ended.append((still, since[still], np.full(len(still), months - 1, dtype=np.int64)))
    unit, first, last = (np.concatenate(column) for column in zip(*ended, strict=True))
    keep = last >= 0
    ongoing = np.zeros(len(unit), dtype=np.bool_)
    ongoing[len(unit) - len(still) :] = True
    order = np.lexsort((first, unit))
    order = order[keep[order]]
    return Spells(unit[order], first[order], last[order], ongoing[order])


def expand(start: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Return, for ranges given by start and length, each range's number and every member."""
    number = np.repeat(np.arange(len(start)), count)
    offset = np.arange(len(number)) - np.repeat(np.cumsum(count) - count, count)
    return number, start[number] + offset
