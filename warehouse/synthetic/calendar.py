"""The simulation's calendar: months by index, quarters, school years.

Belongs here: turning month indices into dates and periods. Does not: anything
that happens on a date.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_sharing_agreements.errors import UsageFault
from warehouse.synthetic.arrays import Days, Ints


@dataclass(frozen=True)
class Quarter:
    """A calendar quarter and the month indices of it that are simulated."""

    year: int
    quarter: int
    months: tuple[int, ...]

    @property
    def period(self) -> str:
        """The period's name, as `2023Q1`."""
        return f"{self.year}Q{self.quarter}"


@dataclass(frozen=True)
class Calendar:
    """`months` months from `start` (a first of month); month 0 is the first."""

    start: np.datetime64
    months: int

    @classmethod
    def of(cls, start: str, months: int) -> Calendar:
        """Build from `YYYY-MM`; `UsageFault` if that is no month."""
        try:
            return cls(np.datetime64(start, "M"), months)
        except ValueError:
            raise UsageFault.of(
                "bad-start",
                "The start is not a month.",
                why="The simulation runs over whole months.",
                next="Give it as YYYY-MM, such as 2023-01.",
            ) from None

    @property
    def first(self) -> int:
        """Months from 1970-01 to month 0."""
        return int(self.start.astype("datetime64[M]").astype(np.int64))

    @property
    def end(self) -> Days:
        """The day after the last."""
        return self.day(np.asarray(self.months))

    def day(self, month: Ints | int) -> Days:
        """Return the first day of a month by index."""
        return (np.asarray(month) + self.first).astype("datetime64[M]").astype("datetime64[D]")

    def month_of(self, day: Days) -> Ints:
        """Return the month index a day lies in; negative before the start."""
        return day.astype("datetime64[M]").astype(np.int64) - self.first

    def length(self, month: Ints | int) -> Ints:
        """Return the number of days of a month."""
        return (self.day(np.asarray(month) + 1) - self.day(month)).astype(np.int64)

    def quarter_of(self, month: Ints | int) -> Ints:
        """Return the quarter index of a month; the quarter of month 0 is 0."""
        return (np.asarray(month) + self.first) // 3 - self.first // 3

    @property
    def quarters(self) -> tuple[Quarter, ...]:
        """Quarters with at least one simulated month."""
        found: dict[int, list[int]] = {}
        for month in range(self.months):
            found.setdefault((month + self.first) // 3, []).append(month)
        return tuple(
            Quarter(1970 + index // 4, index % 4 + 1, tuple(members)) for index, members in found.items()
        )

    def month_name(self, month: int) -> str:
        """Return `YYYY-MM`."""
        return str(self.start + month)

    def calendar_month(self, month: Ints | int) -> Ints:
        """Return 1 for January to 12 for December."""
        return (np.asarray(month) + self.first) % 12 + 1

    def year(self, month: Ints | int) -> Ints:
        """Return the calendar year of a month."""
        return (np.asarray(month) + self.first) // 12 + 1970

    def school_year(self, month: Ints | int) -> Ints:
        """Return the year in which the school year of a month ends; it begins in September."""
        return self.year(month) + (self.calendar_month(month) >= 9)
