"""Published aggregates: a mart's cells with threshold, complementary suppression, rounding.

Belongs here: from unrounded cells to the table everyone may have. Does not: the
suppression itself (privacy.disclosure), or permission.

Each combination of the other dimensions is one table over `total_over`, published with
its total: only there do the cells add up (a person is in several programs, and in
several quarters, but in one county at a time).
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from privacy.cell_rules import CellRules
from privacy.disclosure import SUPPRESSED, suppress
from warehouse.marts.definition import Aggregates

TOTAL = "all"
"""What a total is called in the dimension it is taken over."""

NOT_KNOWN = "not_known"
"""What a missing value of a dimension is called."""


@dataclass(frozen=True)
class PublicTable:
    """A table for everyone, and how many of its cells are hidden.

    Args:
        frame: Dimensions, the count (NULL where hidden) and `suppressed`.
        withheld: Hidden cells, totals included.
    """

    frame: pd.DataFrame
    withheld: int


def publish_counts(cells: pd.DataFrame, shape: Aggregates, rules: CellRules) -> PublicTable:
    """Return the cells with their totals, hidden and rounded as the rules ask.

    Args:
        cells: One row a cell: the dimensions, and a whole count that is not rounded.
        shape: Which columns are which.
        rules: The strictest of the sources' agreements.
    """
    known = cells.copy()
    for name in shape.dimensions:
        known[name] = known[name].fillna(NOT_KNOWN).astype(str)
    others = [name for name in shape.dimensions if name != shape.total_over]
    tables = [known] if not others else [part for _, part in known.groupby(others, sort=True)]
    shown = [_one(table, others, shape, rules) for table in tables]
    columns = [*shape.dimensions, shape.count, SUPPRESSED]
    if not shown:
        return PublicTable(known.assign(**{SUPPRESSED: False})[columns], 0)
    frame = pd.concat(shown, ignore_index=True)[columns]
    return PublicTable(frame, int(frame[SUPPRESSED].sum()))


def _one(table: pd.DataFrame, others: list[str], shape: Aggregates, rules: CellRules) -> pd.DataFrame:
    done = suppress(table, [shape.total_over], [shape.count], rules).frame
    done[shape.total_over] = (
        done[shape.total_over].astype(object).where(done[shape.total_over].notna(), TOTAL)
    )
    return done.assign(**{name: table[name].iloc[0] for name in others})
