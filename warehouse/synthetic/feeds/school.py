"""School as extracted: enrolments that touch the period, and attendance by month.

Belongs here: rows of enrolment and attendance. Does not: the layout.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from warehouse.synthetic.feeds.rows import Pairs, Period, Rows, joined, numbered, scrambled
from warehouse.synthetic.programs.school import attendance
from warehouse.synthetic.world import World


class SchoolFeed:
    """Registrations are students; a few get a new record in a new district."""

    def __init__(self, world: World) -> None:
        self._world = world
        school = world.school
        calendar = world.population.calendar
        entered = calendar.month_of(school.entry)
        started = entered - 12 * np.minimum(school.grade, 6)
        self._pairs = Pairs.of(
            school.person, school.identity, np.where(school.identity > 0, entered, started)
        )
        self.person, self.since = self._pairs.person, self._pairs.since
        self._unit = self._pairs.find(school.person, school.identity)
        self._ids = scrambled(world.draws.stream("school-ids"), len(self.person), 6_000_000_001)

    def rows(self, period: Period) -> Mapping[str, Rows]:
        """Return enrolments and attendance of the period."""
        school, calendar = self._world.school, self._world.population.calendar
        first, end = calendar.day(period.months[0]), calendar.day(period.last + 1)
        found = school.overlapping(first, end - 1)
        unit = self._unit[found]
        ended = school.exit[found] < end
        enrolment = Rows(
            unit,
            np.full(len(found), period.last, dtype=np.int64),
            {
                "student_id": numbered("", self._ids[unit], 10),
                "district_id": numbered("D", school.school[found] // 100, 5),
                "school_id": numbered("S", school.school[found], 7),
                "grade_level": school.grade[found],
                "entry_date": school.entry[found],
                "exit_date": np.where(ended, school.exit[found], np.datetime64("NaT")),
                "exit_type": np.where(ended, school.exit_type[found], -1),
                "school_year": school.year[found],
            },
        )
        months = joined([self._attendance(month) for month in period.months])
        return {"enrollment": enrolment, "attendance": months}

    def _attendance(self, month: int) -> Rows:
        school, calendar = self._world.school, self._world.population.calendar
        drawn = attendance(self._world.draws, school, self._world.care, month)
        unit = self._unit[drawn.enrolment]
        at = np.full(len(unit), month, dtype=np.int64)
        facts = {
            "student_id": numbered("", self._ids[unit], 10),
            "month": calendar.day(at),
            "days_enrolled": drawn.enrolled,
            "days_absent": drawn.absent,
            "school_id": numbered("S", school.school[drawn.enrolment], 7),
        }
        return Rows(unit, at, facts)
