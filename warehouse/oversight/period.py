"""The period of a report: a quarter, a month, or two days with a colon between.

Belongs here: reading it, and asking whether a moment lies in it. Does not: any fact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from data_sharing_agreements.errors import UsageFault

_QUARTER = re.compile(r"(\d{4})-Q([1-4])")
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_MONTHS_A_QUARTER = 3
THIS_QUARTER = "this-quarter"


@dataclass(frozen=True)
class Period:
    """Days from `start` to `end`, both included; `name` is how it was asked for."""

    name: str
    start: date
    end: date

    @classmethod
    def parse(cls, text: str, today: date | None = None) -> Period:
        """Read `2026-Q3`, `2026-09`, `2026-07-01:2026-09-30`, or, given today, `this-quarter`.

        Raises:
            UsageFault: It is none of them, or ends before it starts.
        """
        if text == THIS_QUARTER and today is not None:
            return cls.parse(f"{today.year}-Q{(today.month - 1) // _MONTHS_A_QUARTER + 1}")
        if (found := _QUARTER.fullmatch(text)) is not None:
            last = int(found[2]) * _MONTHS_A_QUARTER
            return cls(text, *_months(int(found[1]), last - _MONTHS_A_QUARTER + 1, last))
        if (found := _MONTH.fullmatch(text)) is not None:
            return cls(text, *_months(int(found[1]), int(found[2]), int(found[2])))
        try:
            start, end = (date.fromisoformat(part) for part in text.split(":"))
        except ValueError:
            raise _unreadable() from None
        if end < start:
            raise _unreadable()
        return cls(text, start, end)

    @property
    def words(self) -> str:
        """The period for people."""
        return f"{_day(self.start)} to {_day(self.end)}"

    def words_on(self, today: date) -> str:
        """The period for people, and up to which day it is told while it is not over."""
        if today >= self.end:
            return self.words
        if today < self.start:
            return f"{self.words} (it has not begun)"
        return f"{self.words} (not over yet: up to {_day(today)})"

    def holds(self, moment: str | None) -> bool:
        """Whether a moment (ISO 8601) lies in the period; None does not."""
        return moment is not None and self.start.isoformat() <= moment[:10] <= self.end.isoformat()


def _months(year: int, first: int, last: int) -> tuple[date, date]:
    after = date(year + last // 12, last % 12 + 1, 1)
    return date(year, first, 1), after - timedelta(days=1)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _unreadable() -> UsageFault:
    return UsageFault.of(
        "period-invalid",
        "The period cannot be read.",
        why="A report is of a quarter, a month, or the days between two.",
        next="Write this-quarter, 2026-Q3, 2026-09 or 2026-07-01:2026-09-30.",
    )
