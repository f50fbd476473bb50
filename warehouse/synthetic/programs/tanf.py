"""Cash assistance: families in spells, adults who take part in work activities or not.

Belongs here: who is in which case in which month, and how cases close. Does
not: earnings (`work`), which this module asks for only to report them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warehouse.synthetic.arrays import Bools, Draws, Floats, Ints
from warehouse.synthetic.households import CHILD, HEAD, SPOUSE
from warehouse.synthetic.population import Population
from warehouse.synthetic.programs.spells import Spells, draw_spells, expand


@dataclass(frozen=True)
class PersonMonths:
    """People of cases in one month: person, spell, and whether they are adults."""

    person: Ints
    spell: Ints
    adult: Bools


@dataclass(frozen=True)
class Exits:
    """Adults' exits: the last month of each stretch of receipt that ends in view.

    Args:
        person: Who left.
        month: Last month index of receipt.
        engaged: Whether the adult took part in work activities in that spell.
    """

    person: Ints
    month: Ints
    engaged: Bools


@dataclass(frozen=True)
class Assistance:
    """Spells of households, with the number of the case and what was asked of the adults.

    Args:
        spells: Unit is the household.
        case: Case number of each spell; some returning families keep theirs.
        child_only: Whether the adults are not part of the case.
        engaged: By spell, whether its adults take part in work activities.
        exits: Adults' exits.
    """

    population: Population
    spells: Spells
    case: Ints
    child_only: Bools
    engaged: Bools
    exits: Exits
    _first: Ints
    _count: Ints

    def in_month(self, month: int) -> PersonMonths:
        """Return who is in a case in a month."""
        return _people_in(self.population, self.spells, self.child_only, self._first, self._count, month)


def simulate(draws: Draws, population: Population) -> Assistance:
    """Simulate assistance over all months."""
    rng = draws.stream("tanf")
    households, members = population.households, population.members
    size = len(households)
    first = np.searchsorted(members.household, np.arange(size))
    count = np.searchsorted(members.household, np.arange(size), side="right") - first
    young = np.zeros(size, dtype=np.int64)
    child = (members.place == CHILD) & (population.age_at(0) < 16.5)
    np.add.at(young, members.household[child], 1)
    pressure = 1 / (1 + np.exp(-(households.need - 0.86) / 0.045))
    entry = np.where(young > 0, 0.034 * pressure, 0.0)
    spells = draw_spells(
        rng,
        population.calendar.months,
        entry=entry,
        leave=np.full(size, 0.10),
        at_start=np.where(young > 0, 0.26 * pressure, 0.0),
    )
    again = spells.ordinal() > 0
    fresh = rng.permutation(np.arange(1, len(spells) + 1)) + 10_000_000
    same = again & (rng.random(len(spells)) < 0.6)
    case = np.where(same, np.roll(fresh, 1), fresh)
    case = np.where(same & np.roll(same, 1), np.roll(fresh, 2), case)
    child_only = rng.random(size)[spells.unit] < 0.22
    engaged = rng.random(len(spells)) < 0.45
    exits = _exits(population, spells, child_only, engaged, first, count)
    return Assistance(population, spells, case, child_only, engaged, exits, first, count)


def _people_in(
    population: Population, spells: Spells, child_only: Bools, first: Ints, count: Ints, month: int
) -> PersonMonths:
    active = spells.in_month(month)
    home = spells.unit[active]
    number, person = expand(first[home], count[home])
    spell = active[number]
    members = population.members
    age = population.age_at(month)[person]
    present = population.alive(month)[person] & (population.life.leaves[person] > month)
    adult = np.isin(members.place[person], (HEAD, SPOUSE)) & ~child_only[spell]
    child = (members.place[person] == CHILD) & (age < 18)
    keep = present & (adult | child)
    return PersonMonths(person[keep], spell[keep], adult[keep])


def _exits(
    population: Population, spells: Spells, child_only: Bools, engaged: Bools, first: Ints, count: Ints
) -> Exits:
    """Find adults' last months of receipt that are followed by a month without, in view."""
    months = population.calendar.months
    found: list[tuple[Ints, Ints, Bools]] = []
    before = _people_in(population, spells, child_only, first, count, 0)
    for month in range(months - 1):
        after = _people_in(population, spells, child_only, first, count, month + 1)
        now = before.person[before.adult]
        gone = ~np.isin(now, after.person[after.adult])
        found.append(
            (
                now[gone],
                np.full(int(gone.sum()), month, dtype=np.int64),
                engaged[before.spell[before.adult][gone]],
            )
        )
        before = after
    if not found:
        none = np.zeros(0, dtype=np.int64)
        return Exits(none, none, none.astype(np.bool_))
    person, month_, took = (np.concatenate(column) for column in zip(*found, strict=True))
    return Exits(person, month_, took)


def benefit(rng: np.random.Generator, people: Floats) -> Ints:
    """Return monthly cash in whole dollars by size of the family."""
    return np.round(180 + 115 * people + rng.normal(0, 30, len(people))).clip(30, 1500).astype(np.int64)
