"""Medicaid: coverage by month, and claims.

Belongs here: who is covered when, in which group, and what care was paid for.
Does not: the layout of eligibility and claims files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warehouse.synthetic.arrays import Bools, Days, Draws, Ints, pick
from warehouse.synthetic.households import CHILD
from warehouse.synthetic.population import Population
from warehouse.synthetic.programs.spells import Spells, draw_spells
from warehouse.synthetic.programs.tanf import Assistance

ADULT, CHILD_GROUP, PARENT, AGED, FOSTER = range(5)
"""Groups of eligibility."""


CLAIM_KINDS = (0.60, 0.03, 0.30, 0.07)
"""Weights of kinds of claims: professional, inpatient, pharmacy, outpatient hospital."""

DIAGNOSES = 40
"""Number of diagnoses claims are drawn from."""


@dataclass(frozen=True)
class Coverage:
    """Coverage spells of people.

    Args:
        spells: Unit is the person.
        number: Which of the person's registrations a spell is under: a few
            people get a second one when they come back.
        in_care: People in foster care at some time, who stay covered.
    """

    population: Population
    spells: Spells
    number: Ints
    in_care: Bools

    def in_month(self, month: int) -> Ints:
        """Return the positions of spells of living people that cover a month."""
        found = self.spells.in_month(month)
        return found[self.population.alive(month)[self.spells.unit[found]]]

    def group(self, person: Ints, month: int) -> Ints:
        """Return the group of eligibility of people in a month."""
        age = self.population.age_at(month)[person]
        young = age < 19
        head = self.population.members.place[person] <= 1
        group = np.where(age >= 65, AGED, np.where(head, PARENT, ADULT))
        return np.where(young, np.where(self.in_care[person], FOSTER, CHILD_GROUP), group)


def simulate(draws: Draws, population: Population, assistance: Assistance, in_care: Bools) -> Coverage:
    """Simulate coverage: the poor, more children than adults, all families on assistance."""
    rng = draws.stream("medicaid")
    child = population.members.place == CHILD
    bar = np.where(child, 0.68, 0.80)
    chance = 1 / (1 + np.exp(-(population.need - bar) / 0.06))
    assisted = np.zeros(len(population), dtype=np.bool_)
    for month in range(population.calendar.months):
        assisted[assistance.in_month(month).person] = True
    sure = assisted | in_care
    eligible = sure | (rng.random(len(population)) < chance)
    spells = draw_spells(
        rng,
        population.calendar.months,
        entry=np.where(sure, 0.5, np.where(eligible, 0.08, 0.0004)),
        leave=np.where(sure, 0.004, 0.022),
        at_start=np.where(sure, 0.95, np.where(eligible, 0.75, 0.002)),
    )
    again = (spells.ordinal() > 0) & (rng.random(len(spells)) < 0.25)
    total = np.cumsum(again)
    start = np.searchsorted(spells.unit, spells.unit)
    number: Ints = total - (total[start] - again[start])
    return Coverage(population, spells, number, in_care)


@dataclass(frozen=True)
class Claims:
    """Claims of one month: the covered spell's position, day, kind, diagnosis, cents, provider."""

    spell: Ints
    day: Days
    kind: Ints
    diagnosis: Ints
    cents: Ints
    provider: Ints


def claims(draws: Draws, coverage: Coverage, month: int) -> Claims:
    """Draw the claims of one month."""
    rng = draws.stream("claims", month)
    population = coverage.population
    covered = coverage.in_month(month)
    person = coverage.spells.unit[covered]
    age = population.age_at(month)[person]
    rate = 0.16 + 0.006 * np.clip(age, 0, 80)
    spell = np.repeat(covered, rng.poisson(rate))
    size = len(spell)
    kind = pick(rng, CLAIM_KINDS, size)
    length = int(population.calendar.length(month))
    day = population.calendar.day(month) + rng.integers(0, length, size)
    day = np.maximum(day, population.members.born[coverage.spells.unit[spell]])
    dollars = np.exp(rng.normal(4.4, 0.9, size)) * np.array([1.0, 18.0, 0.5, 4.0])[kind]
    own = coverage.spells.unit[spell] * 7919 % DIAGNOSES
    diagnosis = np.where(rng.random(size) < 0.4, own, pick(rng, 1 / np.arange(2, DIAGNOSES + 2), size))
    provider = pick(rng, 1 / np.arange(4, 4 + max(40, len(population) // 200)), size)
    return Claims(spell, day, kind, diagnosis, (dollars * 100).astype(np.int64), provider)
