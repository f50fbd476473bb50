"""Rules of whole deliveries that need what was staged: the period, and the delivery before.

Belongs here: wrong period, changes in rows and completeness, and the profile that
the next delivery is compared with. Does not: faults that reading finds (`readers`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from warehouse.contracts_model import Contract
from warehouse.ingest.checks import Checked
from warehouse.ingest.values import parsed_sql
from warehouse.opener import Session
from warehouse.readers.staged import Fault, quoted

_QUARTER = re.compile(r"(\d{4})Q([1-4])")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True)
class Profile:
    """How many rows a table has, and in how many a column has a value; column '' is the table."""

    table: str
    column: str
    rows: int
    present: int


def period_bounds(period: str) -> tuple[date, date] | None:
    """Return the first day of a period and the first after it; nothing for `all` or another text."""
    if found := _QUARTER.fullmatch(period):
        year, first = int(found[1]), 3 * int(found[2]) - 2
        return date(year, first, 1), date(year + first // 10, (first + 2) % 12 + 1, 1)
    if (found := _MONTH.fullmatch(period)) and 1 <= int(found[2]) <= 12:
        year, month = int(found[1]), int(found[2])
        return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
    if _YEAR.fullmatch(period):
        return date(int(period), 1, 1), date(int(period) + 1, 1, 1)
    return None


def outside_period(
    session: Session, contract: Contract, period: str, checked: Sequence[Checked]
) -> list[Fault]:
    """Return tables of which too many rows lie outside the delivery's period."""
    bounds = period_bounds(period)
    faults = []
    for one in checked:
        table = one.staged.table
        columns = {column.name for column in one.staged.columns}
        if (
            bounds is None
            or not table.period_column
            or table.period_column not in columns
            or not one.accepted
        ):
            continue
        dated = parsed_sql(table.by_name[table.period_column])
        outside = int(
            session.one(
                f"SELECT count(*) FROM {one.accepted_sql()} WHERE {dated} < ?::DATE OR {dated} >= ?::DATE",
                list(bounds),
            )
        )
        if outside > contract.rules.outside_period * one.accepted:
            faults.append(Fault("wrong-period", outside, table.name, table.period_column))
    return faults


def profile_tables(session: Session, checked: Sequence[Checked]) -> list[Profile]:
    """Count rows and values of every column among the accepted rows."""
    profiles = []
    for one in checked:
        names = [column.name for column in one.staged.columns]
        counts = ", ".join(f"count({quoted(name)})" for name in names)
        rows, *present = session.execute(f"SELECT count(*), {counts} FROM {one.accepted_sql()}")[0]
        profiles.append(Profile(one.name, "", int(rows), int(rows)))
        profiles += [
            Profile(one.name, name, int(rows), int(n)) for name, n in zip(names, present, strict=True)
        ]
    return profiles


def changes(session: Session, contract: Contract, period: str, profiles: Sequence[Profile]) -> list[Fault]:
    """Return what changed too much against the last period that stands before this one."""
    rules = contract.rules
    if rules.row_count_change is None and rules.completeness_change is None:
        return []
    before = _before(session, contract.source, period)
    faults = []
    for now in profiles:
        then = before.get((now.table, now.column))
        if then is None or min(then.rows, now.rows) < rules.compare_from:
            continue
        if not now.column:
            limit, change = rules.row_count_change, abs(now.rows - then.rows) / then.rows
            rule = "row-count-change"
        else:
            limit = rules.completeness_change
            change = abs(now.present / now.rows - then.present / then.rows)
            rule = "completeness-change"
        if limit is not None and change > limit:
            faults.append(Fault(rule, abs(now.present - then.present), now.table, now.column))
    return faults


def _before(session: Session, source: str, period: str) -> dict[tuple[str, str], Profile]:
    rows = session.execute(
        """SELECT table_name, column_name, rows_total, rows_present FROM warehouse.content.profile
        SEMI JOIN warehouse.content.current_delivery USING (delivery_id)
        WHERE source = $source AND period = (
            SELECT max(period) FROM warehouse.content.current_delivery
            WHERE source = $source AND period < $period)""",
        {"source": source, "period": period},
    )
    return {(str(t), str(c)): Profile(str(t), str(c), int(n), int(p)) for t, c, n, p in rows}
