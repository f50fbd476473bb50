"""Child welfare: children in out-of-home care, and the families the agency knows.

Belongs here: episodes of care, and who is a client since when. Does not:
schooling of children in care (`school`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warehouse.synthetic.arrays import NEVER, Bools, Days, Draws, Ints, pick
from warehouse.synthetic.households import CHILD
from warehouse.synthetic.population import Population
from warehouse.synthetic.programs.spells import Spells, draw_spells

_OPEN = np.datetime64("NaT")

EXIT_REASONS = (0.50, 0.08, 0.18, 0.08, 0.11, 0.02, 0.00, 0.03)
"""Weights of reasons of exit, in the order of the federal codes 1 to 8."""

PLACEMENTS = (0.42, 0.38, 0.12, 0.08)
"""Weights of placements: foster family, relative, group care, other."""


@dataclass(frozen=True)
class Care:
    """Episodes of children, and clients.

    Args:
        child: Person of each episode.
        removed, left: Days of removal and exit; `NaT` if still in care.
        reason: Index of the reason of exit, -1 if still in care.
        placement: Index of the type of placement.
        client, client_since: People the agency knows, and the month from which.
    """

    population: Population
    child: Ints
    removed: Days
    left: Days
    reason: Ints
    placement: Ints
    client: Ints
    client_since: Ints

    def ever(self) -> Bools:
        """Return by person who was in care at any time the episodes cover."""
        result = np.zeros(len(self.population), dtype=np.bool_)
        result[self.child] = True
        return result

    def any_day(self, first: Days, last: Days) -> Ints:
        """Return children with at least one day in care from `first` to `last`, both included."""
        there = (self.removed <= last) & (np.isnat(self.left) | (self.left >= first))
        return np.unique(self.child[there])


def simulate(draws: Draws, population: Population) -> Care:
    """Simulate episodes and clients."""
    rng = draws.stream("care")
    spells = _spells(rng, population)
    child = spells.unit
    calendar = population.calendar
    removed = calendar.day(spells.first) + rng.integers(0, 27, len(spells))
    removed = np.maximum(removed, population.members.born[child])
    left = np.where(spells.open, _OPEN, calendar.day(spells.last) + rng.integers(0, 27, len(spells)))
    left = np.where(left <= removed, removed + 3, left)
    reason = np.where(spells.open, -1, pick(rng, EXIT_REASONS, len(spells)))
    placement = pick(rng, PLACEMENTS, len(spells))
    client, since = _clients(rng, population, spells)
    return Care(population, child, removed, left, reason, placement, client, since)


def _spells(rng: np.random.Generator, population: Population) -> Spells:
    """Draw episodes by month; siblings are often removed together because need is the household's."""
    calendar = population.calendar
    born = population.born_month
    child = population.members.place == CHILD
    young = child & (population.age_at(0) < 17.2)
    pressure = 1 / (1 + np.exp(-(population.need - 0.80) / 0.07))
    race = np.array([1.0, 1.5, 1.0, 0.5, 2.2, 1.2, 1.4])[population.race]
    shared = rng.gamma(0.5, 2.0, len(population.households))[population.members.household]
    entry = np.where(young, 0.0034 * pressure * race * shared, 0.0)
    spells = draw_spells(
        rng,
        calendar.months,
        entry=np.minimum(entry, 0.2),
        leave=np.full(len(population), 0.055),
        at_start=np.minimum(entry * 12, 0.5),
    )
    grown = calendar.month_of(population.members.born + np.timedelta64(6574, "D"))[spells.unit]
    first = np.maximum(spells.first, born[spells.unit] + 1)
    last = np.minimum(spells.last, np.minimum(grown, population.life.dies[spells.unit]) - 1)
    ended = spells.open & (last == spells.last)
    kept = (first <= last) & (population.life.leaves[spells.unit] == NEVER)
    return Spells(spells.unit[kept], first[kept], last[kept], ended[kept])


def _clients(rng: np.random.Generator, population: Population, spells: Spells) -> tuple[Ints, Ints]:
    """Return the children, most mothers and some siblings, with the month of first contact."""
    members = population.members
    since = spells.first - rng.integers(0, 14, len(spells))
    mother = members.mother[spells.unit]
    known = (mother >= 0) & (rng.random(len(spells)) < 0.65)
    homes = members.household[spells.unit]
    sibling = np.flatnonzero((members.place == CHILD) & np.isin(members.household, homes))
    sibling = sibling[rng.random(len(sibling)) < 0.4]
    order = np.lexsort((since, homes))
    home_first = order[np.searchsorted(homes[order], members.household[sibling])]
    person = np.concatenate([spells.unit, mother[known], sibling])
    when = np.concatenate([since, since[known], since[home_first]])
    when = np.maximum(when, population.born_month[person])
    order = np.lexsort((when, person))
    person, when = person[order], when[order]
    first = np.append(True, person[1:] != person[:-1])[: len(person)]
    return person[first], when[first]
