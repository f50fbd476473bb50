"""Work covered by unemployment insurance: who is employed where, for how much, by quarter.

Belongs here: employment, employers, wages and hours, and the planted effect
that work activities raise employment and earnings after cash assistance. Does
not: what employers report wrongly (`registration`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warehouse.synthetic.arrays import Bools, Draws, Floats, Ints, zipf
from warehouse.synthetic.population import Population
from warehouse.synthetic.programs.tanf import Assistance

EMPLOYED_AFTER_EXIT = 0.42
"""Chance to be employed in the second quarter after leaving assistance without work activities."""

EFFECT_ON_EMPLOYMENT = 0.22
"""What work activities add to it."""

EFFECT_ON_EARNINGS = 1.25
"""Factor of work activities on wages in the first four quarters after exit."""


@dataclass(frozen=True)
class Jobs:
    """One row for each person, employer and quarter with wages.

    Args:
        person, employer, quarter: Who worked where when; `quarter` is an index.
        cents: Wages of the quarter in cents, above 0.
        hours: Hours of the quarter.
        months: Bits 1, 2, 4: employed in the first, second, third month.
    """

    person: Ints
    employer: Ints
    quarter: Ints
    cents: Ints
    hours: Ints
    months: Ints


def simulate(draws: Draws, population: Population, assistance: Assistance) -> Jobs:
    """Simulate employment and wages over all quarters."""
    rng = draws.stream("work")
    calendar = population.calendar
    quarters = len(calendar.quarters)
    adult = np.flatnonzero(
        (population.age_at(calendar.months) >= 20) & (population.age_at(0) < 74) & (population.ssn >= 0)
    )
    position = np.full(len(population), -1, dtype=np.int64)
    position[adult] = np.arange(len(adult))
    employed = _employed(rng, population, adult, quarters)
    factor = np.ones((len(adult), quarters))
    _while_assisted(rng, population, assistance, position, employed)
    _after_exit(rng, population, assistance, position, employed, factor)
    for quarter, span in enumerate(calendar.quarters):
        employed[:, quarter] &= population.alive(span.months[0])[adult]
    return _jobs(rng, population, adult, employed, factor)


def _employed(rng: np.random.Generator, population: Population, adult: Ints, quarters: int) -> Bools:
    """Draw who is employed: some always, some in and out, some never."""
    age = population.age_at(0)[adult]
    work_age = (age >= 19) & (age < 65)
    steady = np.where(work_age, 0.60 - 0.35 * population.need[adult] ** 2, 0.10)
    loose = np.where(work_age, 0.18 + 0.15 * population.need[adult], 0.08)
    drawn = rng.random(len(adult))
    kind = np.where(drawn < steady, 0, np.where(drawn < steady + loose, 1, 2))
    stay = np.array([0.975, 0.70, 0.0])[kind]
    start = np.array([0.30, 0.22, 0.003])[kind]
    employed = np.zeros((len(adult), quarters), dtype=np.bool_)
    now = rng.random(len(adult)) < np.array([0.95, 0.42, 0.0])[kind]
    for quarter in range(quarters):
        employed[:, quarter] = now
        now = rng.random(len(adult)) < np.where(now, stay, start)
    return employed


def _while_assisted(
    rng: np.random.Generator, population: Population, assistance: Assistance, position: Ints, employed: Bools
) -> None:
    """Let few adults work while their family is assisted."""
    for quarter, span in enumerate(population.calendar.quarters):
        in_all = assistance.in_month(span.months[-1])
        row = position[in_all.person[in_all.adult]]
        row = row[row >= 0]
        employed[row, quarter] = rng.random(len(row)) < 0.2


def _after_exit(
    rng: np.random.Generator,
    population: Population,
    assistance: Assistance,
    position: Ints,
    employed: Bools,
    factor: Floats,
) -> None:
    """Plant the effect of work activities in the four quarters after each exit."""
    exits = assistance.exits
    row = position[exits.person]
    known = row >= 0
    row, engaged = row[known], exits.engaged[known]
    left = population.calendar.quarter_of(exits.month[known])
    chance = EMPLOYED_AFTER_EXIT + EFFECT_ON_EMPLOYMENT * engaged
    luck = rng.random(len(row))
    for after in range(1, 5):
        quarter = left + after
        inside = quarter < employed.shape[1]
        works = (luck < chance) ^ ((after != 2) & (rng.random(len(row)) < 0.12))
        employed[row[inside], quarter[inside]] = works[inside]
        factor[row[inside], quarter[inside]] = np.where(engaged[inside], EFFECT_ON_EARNINGS, 1.0)


def _jobs(
    rng: np.random.Generator, population: Population, adult: Ints, employed: Bools, factor: Floats
) -> Jobs:
    """Give every quarter of employment an employer, wages and hours."""
    size, quarters = len(adult), int(employed.shape[1])
    weights = np.cumsum(zipf(max(30, len(population) // 25), 0.8, 8.0))
    main = np.searchsorted(weights, rng.random((size, quarters)))
    changes = rng.random((size, quarters)) < 0.06
    changes[:, 1:] |= employed[:, 1:] & ~employed[:, :-1] & (rng.random((size, quarters - 1)) < 0.6)
    changes[:, 0] = True
    latest = np.maximum.accumulate(np.where(changes, np.arange(quarters), 0), axis=1)
    main = np.take_along_axis(main, latest, axis=1)
    row, quarter = np.nonzero(employed)
    second = rng.random(len(row)) < 0.05
    other = np.searchsorted(weights, rng.random(size))
    side = other[row]
    second &= side != main[row, quarter]
    base = 9.15 - 1.1 * population.need[adult] + rng.normal(0, 0.45, size)
    noise = rng.normal(0, 0.18, len(row))
    amount = np.exp(base[row] + noise) * factor[row, quarter]
    partial = changes[row, quarter] & (quarter > 0)
    amount = np.where(partial, amount * rng.uniform(0.2, 0.9, len(row)), amount)
    hours = np.clip(amount / np.exp(3.0 + rng.normal(0, 0.15, len(row))) * 1.05, 8, 640)
    months = np.where(partial, np.array([4, 6, 7])[rng.integers(0, 3, len(row))], 7)
    person = adult[row]
    extra = amount[second] * rng.uniform(0.1, 0.4, int(second.sum()))
    return _sorted(
        Jobs(
            np.concatenate([person, person[second]]),
            np.concatenate([main[row, quarter], side[second]]),
            np.concatenate([quarter, quarter[second]]),
            np.maximum(np.concatenate([amount, extra]) * 100, 100).astype(np.int64),
            np.concatenate([hours, np.maximum(hours[second] * 0.3, 4)]).astype(np.int64),
            np.concatenate([months, months[second]]),
        )
    )


def _sorted(jobs: Jobs) -> Jobs:
    """Order by quarter, employer and person, as the files are."""
    order = np.lexsort((jobs.person, jobs.employer, jobs.quarter))
    return Jobs(
        jobs.person[order],
        jobs.employer[order],
        jobs.quarter[order],
        jobs.cents[order],
        jobs.hours[order],
        jobs.months[order],
    )
