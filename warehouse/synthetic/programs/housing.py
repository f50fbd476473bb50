"""Homelessness: stays in projects, exits, and returns.

Belongs here: enrolments and exits of people and families, and the planted
effect that rapid rehousing halves returns. Does not: the files of HMIS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from warehouse.synthetic.arrays import Bools, Days, Draws, Ints, pick_by
from warehouse.synthetic.population import Population
from warehouse.synthetic.programs.spells import expand

PROJECT_TYPES = (0, 1, 2, 4, 13, 3)
"""HMIS project types: shelters, transitional housing, outreach, rapid rehousing, supportive housing."""

RAPID_REHOUSING = 4
"""Position of rapid rehousing in `PROJECT_TYPES`."""

RETURNS = 0.24
"""Chance to come back within six months after an exit to a permanent destination."""

RETURNS_AFTER_REHOUSING = 0.11
"""The same after rapid rehousing."""

PERMANENT = (410, 435, 422, 421, 423)
TEMPORARY = (312, 313, 302, 116, 101, 30, 206, 24)
"""Codes of destinations; 410 to 435 are permanent."""

_PERMANENT_SHARE = np.array([0.34, 0.25, 0.55, 0.20, 0.82, 0.60])
_STAY = np.array([45.0, 30.0, 160.0, 60.0, 170.0, 500.0])
_FIRST = np.array([[0.36, 0.14, 0.08, 0.22, 0.14, 0.06], [0.45, 0.02, 0.15, 0.05, 0.29, 0.04]])
_NEXT = np.array([[0.30, 0.12, 0.08, 0.20, 0.22, 0.08], [0.35, 0.02, 0.15, 0.05, 0.38, 0.05]])


@dataclass(frozen=True)
class Stays:
    """Enrolments of people, ordered by entry.

    Args:
        person, group: Who, and which people enrolled together.
        head: Whether the person is the head of those enrolled together.
        project: Number of the project; its type is `project_type[project]`.
        entry, exit: Days; `NaT` while still enrolled.
        destination: Code of the destination, 0 while still enrolled.
        project_type: Position in `PROJECT_TYPES` by project.
        organization: Organization by project.
        sequence: 0 for a person's first enrolment, 1 for the second, and so on.
    """

    population: Population
    person: Ints
    group: Ints
    head: Bools
    project: Ints
    entry: Days
    exit: Days
    destination: Ints
    project_type: Ints
    organization: Ints
    sequence: Ints


def simulate(draws: Draws, population: Population) -> Stays:
    """Simulate enrolments: first ones at random, then the returns that follow exits."""
    rng = draws.stream("housing")
    calendar = population.calendar
    project_type, organization = _projects(population)
    party, entry, family = _first_entries(rng, population)
    begin, end = calendar.day(-6), calendar.end
    rows: list[tuple[Ints, Days, Days, Ints, Ints]] = []
    first = True
    while len(party):
        kind = pick_by(rng, _FIRST if first else _NEXT, family[party].astype(np.int64))
        stay = np.ceil(rng.gamma(1.3, _STAY[kind] / 1.3)).astype(np.int64) + 1
        left = entry + stay
        permanent = rng.random(len(party)) < _PERMANENT_SHARE[kind]
        destination = np.where(
            permanent,
            np.array(PERMANENT)[rng.integers(0, len(PERMANENT), len(party))],
            np.array(TEMPORARY)[rng.integers(0, len(TEMPORARY), len(party))],
        )
        rows.append((party, entry, left, kind, destination))
        chance = np.where(kind == RAPID_REHOUSING, RETURNS_AFTER_REHOUSING, RETURNS)
        chance = np.where(permanent, chance, 0.42)
        wait = np.where(permanent, rng.integers(10, 180, len(party)), rng.integers(1, 150, len(party)))
        late = rng.random(len(party)) < 0.06
        back = (rng.random(len(party)) < chance) | late
        wait = np.where(late, rng.integers(190, 500, len(party)), wait)
        again = back & (left + wait < end) & (destination != 24)
        party, entry, first = party[again], (left + wait)[again], False
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    keep = columns[2] >= begin
    return _people(rng, population, family, [column[keep] for column in columns], project_type, organization)


def _projects(population: Population) -> tuple[Ints, Ints]:
    """Return the type and organization of every project: a few of each type in the state."""
    each = max(2, len(population) // 40_000)
    kinds = np.repeat(np.arange(len(PROJECT_TYPES)), each)
    return kinds, np.arange(len(kinds)) % max(3, each * 2)


def _first_entries(rng: np.random.Generator, population: Population) -> tuple[Ints, Days, Bools]:
    """Return households that become homeless, their first day, and which go as families."""
    households, calendar = population.households, population.calendar
    pressure = 1 / (1 + np.exp(-(households.need - 0.88) / 0.05))
    rate = 0.0105 * pressure * (calendar.months + 6)
    party = np.flatnonzero(rng.random(len(households)) < rate)
    entry = calendar.day(-6) + rng.integers(
        0, int((calendar.end - calendar.day(-6)).astype(np.int64)), len(party)
    )
    family = np.isin(households.kind, (1, 2, 3, 4)) & (rng.random(len(households)) < 0.75)
    return party, entry, family


def _people(
    rng: np.random.Generator,
    population: Population,
    family: Bools,
    columns: Sequence[Any],
    project_type: Ints,
    organization: Ints,
) -> Stays:
    """Turn parties into people: a whole family, or its head alone."""
    party, entry, left, kind, destination = columns
    members, calendar = population.members, population.calendar
    each = int((project_type == 0).sum())
    project = kind * each + rng.integers(0, each, len(party))
    home_first = np.searchsorted(members.household, party)
    home_size = np.searchsorted(members.household, party, side="right") - home_first
    number, person = expand(home_first, np.where(family[party], home_size, np.minimum(home_size, 1)))
    month = calendar.month_of(entry)[number]
    present = (
        (members.born[person] <= entry[number])
        & (population.life.dies[person] > month)
        & (population.life.leaves[person] > month)
    )
    person, number = person[present], number[present]
    open_ = left[number] >= calendar.end
    order = np.lexsort((person, entry[number]))
    person, number, open_ = person[order], number[order], open_[order]
    by_person = np.lexsort((entry[number], person))
    sequence = np.empty(len(person), dtype=np.int64)
    sorted_person = person[by_person]
    sequence[by_person] = np.arange(len(person)) - np.searchsorted(sorted_person, sorted_person)
    return Stays(
        population,
        person,
        number,
        members.place[person] == 0,
        project[number],
        entry[number],
        np.where(open_, np.datetime64("NaT"), left[number]),
        np.where(open_, 0, destination[number]),
        project_type,
        organization,
        sequence,
    )
