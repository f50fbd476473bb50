"""The arithmetic of an indicator: error band, trajectory, position, staleness.

Belongs here: pure functions of numbers and dates. Does not: data, disclosure
control, or a judgement of likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from math import sqrt
from typing import Literal

from warehouse.indicators.periods import last_day

Position = Literal["ahead", "on", "behind", "unknown"]

Z_95 = 1.959963984540054
"""Standard normal quantile of a two-sided 95 % interval."""

_CADENCE_DAYS = {"month": 31, "quarter": 92, "year": 366}


def wilson(numerator: int, denominator: int, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson score interval of a share (Wilson 1927), 95 % by default.

    Unlike the normal interval it stays within 0 and 1 and is not empty at either end.

    Raises:
        ValueError: The counts are not those of a share.
    """
    if denominator <= 0 or not 0 <= numerator <= denominator:
        raise ValueError("a share needs 0 <= numerator <= denominator and denominator > 0")
    share = numerator / denominator
    weight = 1 + z * z / denominator
    centre = (share + z * z / (2 * denominator)) / weight
    half = z / weight * sqrt(share * (1 - share) / denominator + z * z / (4 * denominator * denominator))
    return max(0.0, centre - half), min(1.0, centre + half)


def expected(points: Sequence[tuple[str, float]], period: str) -> float | None:
    """Return where the trajectory is at a period: straight lines between its points.

    Args:
        points: (period, value) in order of time: baseline, milestones, target.
        period: The period asked about.

    Returns:
        None before the first point; the last value after the last one.
    """
    if not points or last_day(period) < last_day(points[0][0]):
        return None
    for (start, low), (end, high) in pairwise(points):
        if last_day(period) <= last_day(end):
            whole = (last_day(end) - last_day(start)).days
            gone = (last_day(period) - last_day(start)).days
            return low + (high - low) * gone / whole
    return points[-1][1]


def position(
    low: float | None, high: float | None, trajectory: float | None, direction: Literal["up", "down"]
) -> Position:
    """Compare an error band with the trajectory.

    `on` means that the data do not tell the value from the trajectory; `ahead` and
    `behind` that the whole band lies on the better or the worse side of it.
    """
    if low is None or high is None or trajectory is None:
        return "unknown"
    if low <= trajectory <= high:
        return "on"
    return "ahead" if (low > trajectory) == (direction == "up") else "behind"


def is_stale(period: str, cadence: str, lag_days: int, today: date) -> bool:
    """Has the result that should have followed this period's not come in time?

    Args:
        period: The latest period with a result.
        cadence: How often a result is due: `month`, `quarter` or `year`.
        lag_days: Days after the end of a period within which its result is due.
        today: The date of asking.
    """
    return today > last_day(period) + timedelta(days=_CADENCE_DAYS[cadence] + lag_days)
