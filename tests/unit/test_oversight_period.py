"""The period of a report."""

from __future__ import annotations

from datetime import date

import pytest

from data_sharing_agreements.errors import UsageFault
from warehouse.oversight.period import Period


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-07-04:2026-07-05", date(2026, 7, 4), date(2026, 7, 5)),
    ],
)
def test_both_days_are_in_it(text: str, start: date, end: date) -> None:
    period = Period.parse(text)
    assert (period.start, period.end) == (start, end)
    assert period.holds(f"{end}T23:59:59.000000Z")
    assert period.holds(f"{start}T00:00:00.000000Z")
    assert not period.holds(None)
    assert not period.holds("1999-01-01T00:00:00.000000Z")


@pytest.mark.parametrize(
    "text", ["2026", "2026-Q5", "2026-13", "2026-07-05:2026-07-04", "2026-07-05", "x:y", ""]
)
def test_anything_else_is_a_fault_of_use(text: str) -> None:
    with pytest.raises(UsageFault):
        Period.parse(text)
