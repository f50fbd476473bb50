"""Counts of an indicator, and what of them may be shown.

Belongs here: the SELECT over the mart, suppression of each table, results from the
counts that are left. Does not: permission, storage, the page.

Every table of an indicator (by period, and by each breakdown) covers the same rows, so
that they share one total. A breakdown whose own total would have to be hidden is
withheld whole: another table shows that total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from privacy.cell_rules import CellRules
from privacy.disclosure import SUPPRESSED, suppress
from warehouse.indicators.definition import Definition
from warehouse.indicators.measures import Position, expected, is_stale, position, wilson
from warehouse.indicators.periods import last_day
from warehouse.indicators.result import Result
from warehouse.marts.aggregate import NOT_KNOWN

_GROUP = "grp"


@dataclass(frozen=True)
class Made:
    """From what an indicator is computed, and on which day it is asked how stale it is."""

    mart_version: str
    link_version: int | None
    today: date


def counts_sql(definition: Definition, dimension: str, store: str = "mart") -> str:
    """Return the SELECT of (grp, denominator, numerator) by one column of the mart."""
    return (
        f"SELECT coalesce(CAST({dimension} AS VARCHAR), '{NOT_KNOWN}') AS {_GROUP}, "
        f"count(*) AS denominator, count(*) FILTER (WHERE {definition.numerator.column}) AS numerator "
        f"FROM {store}.{definition.source.mart} "
        f"WHERE {definition.denominator.column} AND {definition.source.period} IS NOT NULL "
        f"GROUP BY {_GROUP} ORDER BY {_GROUP}"
    )


def results_of(
    definition: Definition, counts: Mapping[str, pd.DataFrame], rules: CellRules, made: Made
) -> list[Result]:
    """Return the results that may be shown: by period, then by each breakdown.

    Args:
        definition: The indicator.
        counts: Dimension → what `counts_sql` gave, the period column's included.
        rules: The strictest cell rules of its sources.
        made: Versions and today.
    """
    periods = sorted(counts[definition.source.period][_GROUP])
    if not periods:
        return []
    tables = {name: _shown(frame, rules) for name, frame in counts.items()}
    found = [
        _result(
            definition, made, period, "", "", 1, tables[definition.source.period].get(period), periods[-1]
        )
        for period in periods
    ]
    for name in definition.breakdowns:
        groups = tables[name] or dict.fromkeys(counts[name][_GROUP])
        found += [
            _result(definition, made, periods[-1], name, group, len(periods), cell, periods[-1])
            for group, cell in groups.items()
        ]
    return found


def _shown(counts: pd.DataFrame, rules: CellRules) -> dict[str, tuple[int, int] | None]:
    """Return group → (numerator, denominator), None where hidden; empty if the total must be."""
    done = suppress(
        counts, [_GROUP], ["denominator", "numerator"], rules, parts={"numerator": "denominator"}
    ).frame
    total = done[done[_GROUP].isna()]
    if bool(total[SUPPRESSED].any()):
        return {}
    cells = done[done[_GROUP].notna()]
    return {
        str(row[_GROUP]): None if row[SUPPRESSED] else (int(row["numerator"]), int(row["denominator"]))
        for row in cells.to_dict("records")
    }


def _result(
    definition: Definition,
    made: Made,
    period: str,
    dimension: str,
    group: str,
    periods: int,
    cell: tuple[int, int] | None,
    latest: str,
) -> Result:
    shown = cell if cell is not None and cell[1] > 0 else None
    low, high = wilson(min(shown), shown[1]) if shown else (None, None)
    trajectory = None if dimension else expected(definition.path, period)
    where: Position = position(low, high, trajectory, definition.direction)
    numbers: dict[str, Any] = {
        "numerator": min(shown) if shown else None,
        "denominator": shown[1] if shown else None,
        "value": min(shown) / shown[1] if shown else None,
    }
    return Result(
        id=definition.id,
        period=period,
        as_of=last_day(period),
        dimension=dimension,
        group=group,
        periods=periods,
        low=low,
        high=high,
        suppressed=shown is None,
        target=definition.target.value,
        trajectory=trajectory,
        position=where,
        stale=is_stale(latest, definition.cadence.every, definition.cadence.lag_days, made.today),
        mart_version=made.mart_version,
        link_version=made.link_version,
        **numbers,
    )
