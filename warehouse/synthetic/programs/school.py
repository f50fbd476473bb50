"""School: enrolment by school year, and attendance by month.

Belongs here: who is enrolled where, days enrolled and absent, and the planted
effect that children in foster care miss more school. Does not: the files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warehouse.synthetic.arrays import Bools, Days, Draws, Floats, Ints
from warehouse.synthetic.population import Population
from warehouse.synthetic.programs.care import Care

ABSENCE = 0.055
"""Mean share of days a child with average need misses."""

ABSENCE_IN_CARE = 0.055
"""What foster care adds to that share, in months with a day in care."""

DAYS = np.array([0, 19, 17, 20, 17, 20, 10, 0, 0, 18, 21, 17, 14])
"""School days by calendar month; none in July and August."""

END_OF_YEAR, TRANSFERRED, DROPOUT, GRADUATED = range(4)
"""Types of exit."""


@dataclass(frozen=True)
class School:
    """Enrolments, ordered by person and entry.

    Args:
        person, year: Who, and the year in which the school year ends.
        entry, exit: Days; the exit is planned where it lies in the future.
        exit_type: Index of the type of exit.
        grade: 0 for kindergarten to 12.
        school: Number of the school; the district is its number over 100.
        identity: 0, or 1 after a transfer in which the new district made a new
            record of the child.
        missing: Child's own share of days missed.
    """

    population: Population
    person: Ints
    year: Ints
    entry: Days
    exit: Days
    exit_type: Ints
    grade: Ints
    school: Ints
    identity: Ints
    missing: Floats

    def overlapping(self, first: Days, last: Days) -> Ints:
        """Return the positions of enrolments with a day from `first` to `last`."""
        return np.flatnonzero((self.entry <= last) & (self.exit >= first))


@dataclass(frozen=True)
class Attendance:
    """Attendance of one month: enrolment's position, days enrolled and absent."""

    enrolment: Ints
    enrolled: Ints
    absent: Ints


def simulate(draws: Draws, population: Population) -> School:
    """Simulate enrolments of every school year the simulation touches."""
    rng = draws.stream("school")
    calendar = population.calendar
    size = len(population)
    years = range(int(calendar.school_year(0)), int(calendar.school_year(calendar.months - 1)) + 1)
    missing = np.clip(rng.beta(1.6, 1.6 * (1 / ABSENCE - 1), size) * (0.6 + 0.8 * population.need), 0.0, 0.6)
    private = rng.random(size) < 0.09
    renumbered = rng.random(size) < 0.12
    stays = rng.random(size) < 0.96
    parts = [_year(rng, population, year, private, stays) for year in years]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[2], columns[0]))
    person, year, entry, left, kind, grade, school = (column[order] for column in columns)
    identity = _identities(person, school, renumbered)
    return School(population, person, year, entry, left, kind, grade, school, identity, missing)


def _year(
    rng: np.random.Generator, population: Population, year: int, private: Bools, stays: Bools
) -> tuple[Ints, Ints, Days, Days, Ints, Ints, Ints]:
    """Enrol the children of one school year; some of those who move change school in winter."""
    calendar, life = population.calendar, population.life
    opens = np.datetime64(f"{year - 1}-09-05")
    age = np.floor((np.datetime64(f"{year - 1}-09-01") - population.members.born).astype(np.int64) / 365.2425)
    begins = int(calendar.month_of(np.asarray(opens)))
    alive = life.dies > begins
    child = np.flatnonzero((age >= 5) & (age <= 17) & ~private & alive & (stays | (age < 16)))
    grade = (age[child] - 5).astype(np.int64)
    autumn = np.full(len(child), begins, dtype=np.int64)
    before = _school(population, life.address_at(child, autumn), grade)
    after = _school(population, life.address_at(child, autumn + 5), grade)
    moves = (before != after) & (rng.random(len(child)) < 0.8)
    moved = np.flatnonzero(moves)
    winter = np.datetime64(f"{year}-01-08") + rng.integers(0, 50, len(child))
    june = np.datetime64(f"{year}-06-14")
    end_type = np.where(grade == 12, GRADUATED, END_OF_YEAR)
    end_type = np.where((grade >= 9) & (rng.random(len(child)) < 0.03), DROPOUT, end_type)
    leaves = np.where(end_type == DROPOUT, winter + 60, june)
    first_exit = np.where(moves, winter, leaves)
    first_type = np.where(moves, TRANSFERRED, end_type)
    return (
        np.concatenate([child, child[moved]]),
        np.full(len(child) + len(moved), year, dtype=np.int64),
        np.concatenate([np.full(len(child), opens), winter[moved] + 3]),
        np.concatenate([first_exit, leaves[moved]]),
        np.concatenate([first_type, end_type[moved]]),
        np.concatenate([grade, grade[moved]]),
        np.concatenate([before, after[moved]]),
    )


def _school(population: Population, address: Ints, grade: Ints) -> Ints:
    """Return the school of an address and grade: one for each level in each ZIP."""
    where = population.life.timeline.addresses
    level = np.where(grade <= 5, 1, np.where(grade <= 8, 2, 3))
    district = 1 + where.county[address] * 10 + where.zip_index[address] % 3
    return district * 100 + (where.zip_index[address] % 30) * 3 + level


def _identities(person: Ints, school: Ints, renumbered: Bools) -> Ints:
    """Give a few children a new record where they first change district."""
    same = np.append(False, person[1:] == person[:-1])[: len(person)]
    changed = same & np.append(False, school[1:] // 100 != school[:-1] // 100)[: len(person)]
    total = np.cumsum(changed & renumbered[person])
    start = np.searchsorted(person, person)
    changes: Ints = total - total[start]
    return np.minimum(changes, 1)


def attendance(draws: Draws, school: School, care: Care, month: int) -> Attendance:
    """Draw the attendance of one month."""
    calendar = school.population.calendar
    days = int(DAYS[int(calendar.calendar_month(month))])
    first = calendar.day(month)
    last = first + (int(calendar.length(month)) - 1)
    rng = draws.stream("attendance", month)
    found = school.overlapping(first, last)
    found = found[school.population.alive(month)[school.person[found]]]
    length = int(calendar.length(month))
    there = (np.minimum(school.exit[found], last) - np.maximum(school.entry[found], first)).astype(
        np.int64
    ) + 1
    enrolled = np.round(days * there / length).astype(np.int64)
    if int(calendar.calendar_month(month)) in (6, 9):
        enrolled = np.minimum(days, there)
    found, enrolled = found[enrolled > 0], enrolled[enrolled > 0]
    in_care = np.isin(school.person[found], care.any_day(first, last))
    share = school.missing[school.person[found]] * rng.gamma(4.0, 0.25, len(found))
    share = np.clip(share + ABSENCE_IN_CARE * in_care, 0.0, 0.95)
    return Attendance(found, enrolled, rng.binomial(enrolled, share).astype(np.int64))
