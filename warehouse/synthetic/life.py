"""What happens to people over time: deaths, marriages, leaving home, moves.

Belongs here: dates of events and who lives where in which month. Does not:
what any agency knows of it (`registration`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warehouse.synthetic.arrays import NEVER, Bools, Draws, Floats, Ints, pick_by
from warehouse.synthetic.calendar import Calendar
from warehouse.synthetic.households import CHILD, LODGER, Households, Members
from warehouse.synthetic.naming import PersonNames
from warehouse.synthetic.places import Addresses, Places

_BEFORE = 96
"""Months of history before the simulation that old registrations may remember."""


@dataclass(frozen=True)
class Timeline:
    """Where each household lived: an address from a month on, households in order.

    Args:
        key: Household and month as one ascending number, one for each address.
        addresses: The addresses themselves.
        phone: One telephone number a household, ten digits as an integer.
    """

    key: Ints
    addresses: Addresses
    phone: Ints

    def at(self, household: Ints, month: Ints) -> Ints:
        """Return the index of the address of a household in a month."""
        return np.searchsorted(self.key, _key(household, month), side="right") - 1


@dataclass(frozen=True)
class Life:
    """Events as month indices, `NEVER` if they do not happen.

    A person lives in `household` until `leaves`, then in `next_household`.
    """

    dies: Ints
    marries: Ints
    leaves: Ints
    household: Ints
    next_household: Ints
    timeline: Timeline

    def household_at(self, person: Ints, month: Ints) -> Ints:
        """Return the household of people in a month."""
        moved = month >= self.leaves[person]
        return np.where(moved, self.next_household[person], self.household[person])

    def address_at(self, person: Ints, month: Ints) -> Ints:
        """Return the index of the address of people in a month."""
        return self.timeline.at(self.household_at(person, month), month)


def _key(household: Ints, month: Ints) -> Ints:
    return household * 4096 + np.clip(month, -_BEFORE, 2000) + _BEFORE


def draw_life(
    draws: Draws,
    calendar: Calendar,
    places: Places,
    households: Households,
    members: Members,
    names: PersonNames,
) -> Life:
    """Draw every event of everybody's life that the simulation knows."""
    age = (calendar.end - members.born).astype(np.int64) / 365.25
    dies = _deaths(draws, calendar, age)
    marries = _marriages(draws, calendar, names, age)
    leaves, next_household, owner = _leaving(draws, calendar, households, members, age)
    timeline = _timeline(draws, calendar, places, households, len(owner))
    return Life(dies, marries, leaves, members.household, next_household, timeline)


def _deaths(draws: Draws, calendar: Calendar, age: Floats) -> Ints:
    """Draw months of death by age (Gompertz)."""
    rng = draws.stream("deaths")
    yearly = np.minimum(0.00012 * np.exp(0.083 * age), 0.5)
    months = rng.exponential(12.0 / yearly)
    return np.where(months < calendar.months, np.minimum(months, NEVER), NEVER).astype(np.int64)


def _marriages(draws: Draws, calendar: Calendar, names: PersonNames, age: Floats) -> Ints:
    """Draw when wives who change their name married: one in twelve within the simulation."""
    rng = draws.stream("marriages")
    size = len(age)
    within = rng.random(size) < 0.04 * calendar.months / 12
    before = -(rng.random(size) * np.clip(age - 21, 1, 40) * 12).astype(np.int64) - 1
    months = np.where(within, rng.integers(0, max(calendar.months, 1), size), before)
    return np.where(names.changes, months, NEVER)


def _leaving(
    draws: Draws, calendar: Calendar, households: Households, members: Members, age: Floats
) -> tuple[Ints, Ints, Ints]:
    """Let grown children and lodgers move out; return months, new households and whose they are."""
    rng = draws.stream("leaving")
    size = len(members)
    chance = np.where(members.place == CHILD, np.where(age > 19, 0.18, 0.0), 0.0)
    chance = np.where(members.place == LODGER, 0.3, chance) * calendar.months / 12
    goes = rng.random(size) < chance
    leaves = np.where(goes, rng.integers(0, max(calendar.months, 1), size), NEVER)
    owner = np.flatnonzero(goes)
    fresh = np.full(size, -1, dtype=np.int64)
    fresh[owner] = len(households) + np.arange(len(owner))
    return leaves, fresh, owner


def _timeline(
    draws: Draws, calendar: Calendar, places: Places, households: Households, added: int
) -> Timeline:
    """Draw every household's addresses: the poor move more often, most within the county."""
    rng = draws.stream("moves")
    size = len(households) + added
    need = np.concatenate([households.need, rng.random(added)])
    yearly = 0.05 + 0.22 * need**2
    moves = np.minimum(rng.poisson(yearly * (_BEFORE + calendar.months) / 12), 15)
    household = np.repeat(np.arange(size), moves + 1)
    first = np.append(True, household[1:] != household[:-1])
    month = rng.integers(-_BEFORE + 1, max(calendar.months, 1), len(household))
    month = np.where(first, -_BEFORE, month)
    key = np.sort(_key(household, month))
    household = key // 4096
    county = _counties(rng, places, households, household, first)
    phone = rng.integers(0, len(places.area_codes), size) * 10_000_000 + rng.integers(
        2_000_000, 9_999_999, size
    )
    return Timeline(key, places.draw_addresses(rng, county), phone)


def _counties(
    rng: np.random.Generator, places: Places, households: Households, household: Ints, first: Bools
) -> Ints:
    """Keep the household's county on four moves of five."""
    known = household < len(households)
    weights = np.array([[c.weight for c in places.counties]])
    drawn = pick_by(rng, weights, np.zeros(len(household), dtype=np.int64))
    home = np.where(known, households.county[np.where(known, household, 0)], -1)
    of_new = np.flatnonzero(first)[household]
    home = np.where(known, home, drawn[of_new])
    elsewhere = ~first & (rng.random(len(household)) < 0.2)
    return np.where(elsewhere, drawn, home)
