"""Counts of an indicator, and what of them may be shown.

Belongs here: the SELECT over the mart, suppression of each table, results from the
counts that are left. Does not: permission, storage, the page.

Every table of an indicator (by period, and by each breakdown) covers the same rows, so
that they share one total and nothing else. Each is suppressed in the light of those
before it; a breakdown that cannot be protected beside them is withheld whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from data_sharing_agreements.errors import Refused
from privacy.cell_rules import CellRules
from privacy.disclosure import SUPPRESSED, suppress
from privacy.releases import Release
from warehouse.indicators.definition import Definition
from warehouse.indicators.measures import expected, is_stale, position, wilson
from warehouse.indicators.periods import last_day
from warehouse.indicators.result import Result
from warehouse.marts.aggregate import NOT_KNOWN

_GROUP = "grp"
_COUNTS = ("denominator", "numerator")
_PARTS = {"numerator": "denominator"}

Cell = tuple[int, int] | None
"""(numerator, denominator) as shown, or None where withheld."""


@dataclass(frozen=True)
class Made:
    """From what an indicator is computed, and on which day it is asked how stale it is."""

    mart_version: str
    link_version: int | None
    today: date


@dataclass(frozen=True)
class _Table:
    """What of one table may be shown: its groups in order, and its total."""

    cells: Mapping[str, Cell]
    total: Cell


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
    """Return the results that may be shown: the whole, then by period, then by each breakdown.

    Args:
        definition: The indicator.
        counts: Dimension → what `counts_sql` gave, the period column's included.
        rules: The strictest cell rules of its sources.
        made: Versions and today.
    """
    by_period = definition.source.period
    if counts[by_period].empty:
        return []
    tables = _shown_tables(definition, counts, rules)
    periods = list(tables[by_period].cells)
    maker = _Maker(definition, made, periods[-1], len(periods))
    path = {period: expected(definition.path, period) for period in periods}
    found = [maker.make(tables[by_period].total, trajectory=_pooled(path, tables[by_period]))]
    found += [
        maker.make(cell, by_period, period, period=period, trajectory=path[period])
        for period, cell in tables[by_period].cells.items()
    ]
    found += [
        maker.make(cell, name, group)
        for name in definition.breakdowns
        for group, cell in tables[name].cells.items()
    ]
    return found


def _shown_tables(
    definition: Definition, counts: Mapping[str, pd.DataFrame], rules: CellRules
) -> dict[str, _Table]:
    """Suppress the table by period, then each breakdown in the light of those before it."""
    released: list[Release] = []
    found = {}
    for name in (definition.source.period, *definition.breakdowns):
        frame = counts[name].rename(columns={_GROUP: name})
        try:
            done = suppress(frame, [name], list(_COUNTS), rules, parts=_PARTS, released=released).frame
        except Refused:
            found[name] = _Table(dict.fromkeys(counts[name][_GROUP]), None)
            continue
        released.append(Release(done, (name,)))
        is_total = done[name].isna()
        groups = [str(group) for group in done.loc[~is_total, name]]
        cells = dict(zip(groups, _cells(done[~is_total]), strict=True))
        found[name] = _Table(cells, _cells(done[is_total])[0])
    return found


def _cells(rows: pd.DataFrame) -> list[Cell]:
    """Return each row's counts as shown; a share of nobody is not shown either."""
    return [
        None
        if row[SUPPRESSED] or not row["denominator"]
        else (min(int(row["numerator"]), int(row["denominator"])), int(row["denominator"]))
        for row in rows.to_dict("records")
    ]


def _pooled(path: Mapping[str, float | None], table: _Table) -> float | None:
    """Return the share there would be over all periods had each been on its trajectory."""
    weighed = [
        (cell[1], at) for period, cell in table.cells.items() if cell and (at := path[period]) is not None
    ]
    total = sum(weight for weight, _ in weighed)
    return sum(weight * at for weight, at in weighed) / total if total else None


@dataclass(frozen=True)
class _Maker:
    """Makes results of one indicator: what they share, and what follows from a cell."""

    definition: Definition
    made: Made
    latest: str
    periods: int

    def make(
        self,
        cell: Cell,
        dimension: str = "",
        group: str = "",
        *,
        period: str | None = None,
        trajectory: float | None = None,
    ) -> Result:
        """Return the result of one cell: of one period, or of all of them."""
        definition = self.definition
        low, high = wilson(*cell) if cell else (None, None)
        return Result(
            id=definition.id,
            period=period or self.latest,
            as_of=last_day(period or self.latest),
            dimension=dimension,
            group=group,
            periods=1 if period else self.periods,
            numerator=cell[0] if cell else None,
            denominator=cell[1] if cell else None,
            value=cell[0] / cell[1] if cell else None,
            low=low,
            high=high,
            suppressed=cell is None,
            target=definition.target.value,
            trajectory=trajectory,
            position=position(low, high, trajectory, definition.direction),
            stale=self._stale(),
            mart_version=self.made.mart_version,
            link_version=self.made.link_version,
        )

    def _stale(self) -> bool:
        cadence = self.definition.cadence
        return is_stale(self.latest, cadence.every, cadence.lag_days, self.made.today)
