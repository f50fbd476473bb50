"""Periods: `2023-01`, `2023Q1`, `2023`, as dates and in order.

Belongs here: the one reading of a period's text. Does not: which periods a source
delivers.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

_PATTERN = re.compile(r"(?P<year>\d{4})(?:Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?")


def is_period(text: str) -> bool:
    """Is the text a month, quarter or year as Commonweal writes them?"""
    return _PATTERN.fullmatch(text) is not None


def last_day(period: str) -> date:
    """Return the last day of a period.

    Raises:
        ValueError: It is not a period.
    """
    match = _PATTERN.fullmatch(period)
    if match is None:
        raise ValueError("not a period: write 2023-01, 2023Q1 or 2023")
    year = int(match["year"])
    month = int(match["month"] or 3 * int(match["quarter"] or 4))
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return first_of_next - timedelta(days=1)
