"""The whole simulated state: people and all that happens to them in programs.

Belongs here: running each program's simulation once, in the order in which
they depend on each other. Does not: any simulation itself, or files.
"""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.synthetic.arrays import Draws
from warehouse.synthetic.calendar import Calendar
from warehouse.synthetic.population import Population, populate
from warehouse.synthetic.programs import care, housing, medicaid, school, tanf, work


@dataclass(frozen=True)
class World:
    """Evergreen as it truly is."""

    draws: Draws
    population: Population
    assistance: tanf.Assistance
    jobs: work.Jobs
    care: care.Care
    coverage: medicaid.Coverage
    school: school.School
    stays: housing.Stays

    @classmethod
    def simulate(cls, draws: Draws, calendar: Calendar, people: int) -> World:
        """Simulate `people` over the calendar."""
        population = populate(draws, calendar, people)
        assistance = tanf.simulate(draws, population)
        in_care = care.simulate(draws, population)
        return cls(
            draws,
            population,
            assistance,
            work.simulate(draws, population, assistance),
            in_care,
            medicaid.simulate(draws, population, assistance, in_care.ever()),
            school.simulate(draws, population),
            housing.simulate(draws, population),
        )
