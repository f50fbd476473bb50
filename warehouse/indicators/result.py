"""One number of an indicator, with all that must be read beside it.

Belongs here: the record and its JSON form. Does not: computing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from warehouse.indicators.measures import Position

ALL = "all"
"""Breakdown of the whole: all periods and groups together."""


@dataclass(frozen=True)
class Result:
    """An indicator's value for one period, or for a group or the whole over all periods.

    Args:
        id: The indicator.
        period: The period, or the last of the periods counted together.
        as_of: Last day of that period.
        dimension, group: Of a breakdown, the period's column included; empty for the whole.
        periods: How many periods are counted together.
        numerator, denominator: Counts after rounding; None where withheld.
        value, low, high: Share and its 95 % band, from the counts shown.
        suppressed: Whether the numbers are withheld to protect people.
        target, trajectory: What is aimed at, and what was expected of these periods.
        position: Band against trajectory.
        stale: Whether a later result is overdue.
        mart_version, link_version: What it was computed from.
    """

    id: str
    period: str
    as_of: date
    dimension: str
    group: str
    periods: int
    numerator: int | None
    denominator: int | None
    value: float | None
    low: float | None
    high: float | None
    suppressed: bool
    target: float
    trajectory: float | None
    position: Position
    stale: bool
    mart_version: str
    link_version: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the object of `commonweal/indicators/1`; withheld numbers are null.

        `breakdown` is `all` for the whole, else `dimension=group`; the periods are a
        dimension as well.
        """
        return {
            "id": self.id,
            "breakdown": f"{self.dimension}={self.group}" if self.dimension else ALL,
            "period": self.period,
            "periods": self.periods,
            "as_of": self.as_of.isoformat(),
            "numerator": self.numerator,
            "denominator": self.denominator,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "suppressed": self.suppressed,
            "target": self.target,
            "trajectory": self.trajectory,
            "position": self.position,
            "stale": self.stale,
            "mart_version": self.mart_version,
            "link_version": self.link_version,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Result:
        """Read what `to_json` wrote."""
        dimension, _, group = ("" if stored["breakdown"] == ALL else str(stored["breakdown"])).partition("=")
        rest = {k: v for k, v in stored.items() if k not in ("breakdown", "as_of")}
        return cls(as_of=date.fromisoformat(stored["as_of"]), dimension=dimension, group=group, **rest)


def headline(whole: Result | None, series: Sequence[Result]) -> Result:
    """Return the result shown large: the latest period's, or the whole where that is withheld.

    Args:
        whole: The result of all periods together, if there is one.
        series: Results by period, at least one, in order.
    """
    latest = series[-1]
    return whole if latest.suppressed and whole is not None and not whole.suppressed else latest
