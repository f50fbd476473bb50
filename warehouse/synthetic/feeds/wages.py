"""Wages as employers report them: one row for each employee and quarter.

Belongs here: rows of wages. Does not: the envelope of employers and totals
around them, which the system's file declares.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from warehouse.synthetic.arrays import Draws, Ints
from warehouse.synthetic.feeds.rows import Pairs, Period, Rows, numbered, scrambled
from warehouse.synthetic.world import World


class WagesFeed:
    """Registrations are people at an employer: each employer writes down its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        jobs, calendar = world.jobs, world.population.calendar
        starts = np.array([q.months[0] for q in calendar.quarters], dtype=np.int64)
        self._pairs = Pairs.of(
            jobs.person, jobs.employer, starts[jobs.quarter] if len(starts) else jobs.quarter
        )
        self.person, self.since = self._pairs.person, self._pairs.since
        self._first = np.searchsorted(jobs.quarter, np.arange(len(starts) + 1))
        self._accounts = _accounts(world.draws, jobs.employer)

    def rows(self, period: Period) -> Mapping[str, Rows]:
        """Return the wages of one quarter, by employer."""
        jobs, calendar = self._world.jobs, self._world.population.calendar
        quarter = int(calendar.quarter_of(period.last))
        part = slice(int(self._first[quarter]), int(self._first[quarter + 1]))
        person, employer = jobs.person[part], jobs.employer[part]
        account = self._accounts[employer]
        month = np.full(len(person), period.last, dtype=np.int64)
        bits = jobs.months[part]
        end = calendar.day(calendar.first // 3 * 3 - calendar.first + quarter * 3 + 2)
        facts = {
            "employer_account": numbered("", account, 9),
            "ui_total_wages": jobs.cents[part],
            "hours_worked": jobs.hours[part],
            "reporting_period": np.full(len(person), end),
            "month1_employment": bits & 1,
            "month2_employment": bits >> 1 & 1,
            "month3_employment": bits >> 2 & 1,
            "employer": account,
        }
        return {"wage": Rows(self._pairs.find(person, employer), month, facts, account)}


def _accounts(draws: Draws, employer: Ints) -> Ints:
    size = int(employer.max()) + 1 if len(employer) else 1
    return scrambled(draws.stream("employers"), size, 200_000_000)
