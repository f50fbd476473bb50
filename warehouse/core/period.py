"""The licensed period: only rows of days that an agreement or a license names.

Belongs here: the SQL that leaves other days out of a fact. Does not: which days are
licensed (the obligations of a decision), or any other filter.

A month counts if all of it is inside. A spell that reaches over the edge is cut at it:
it begins on the first licensed day, and one that goes on beyond the last has no end that
is known. What a record says of its person without a day is about no month and stays.
"""

from __future__ import annotations

from datetime import date

Days = tuple[date | None, date | None]
"""First and last licensed day of service; None is no bound."""

_LAST_OF_MONTH = "last_day(month)"


def inside_sql(relation: str, fact: str, days: Days) -> str:
    """Return a relation with a fact's rows of licensed days, its columns unchanged.

    Args:
        relation: A table name or a SELECT in parentheses, with the fact's columns.
        fact: `service_month`, `spell`, `event` or `demographic`.
        days: What is licensed.
    """
    first, last = (None if day is None else f"DATE '{day.isoformat()}'" for day in days)
    if first is None and last is None:
        return relation
    tests = {
        "service_month": _between("month", _LAST_OF_MONTH, first, last),
        "event": _between("event_date", "event_date", first, last),
        "demographic": _or_unknown("as_of", _between("as_of", "as_of", first, last)),
        "spell": _overlapping(first, last),
    }
    columns = f"* REPLACE ({_cut(first, last)})" if fact == "spell" else "*"
    return f"(SELECT {columns} FROM {relation} AS fact WHERE {tests[fact]})"


def _between(start: str, end: str, first: str | None, last: str | None) -> str:
    tests = [f"{start} >= {first}"] if first else []
    tests += [f"{end} <= {last}"] if last else []
    return " AND ".join(tests)


def _or_unknown(column: str, test: str) -> str:
    return f"({column} IS NULL OR ({test}))"


def _overlapping(first: str | None, last: str | None) -> str:
    tests = [f"(end_date IS NULL OR end_date >= {first})"] if first else []
    tests += [f"start_date <= {last}"] if last else []
    return " AND ".join(tests)


def _cut(first: str | None, last: str | None) -> str:
    start = f"greatest(start_date, {first})" if first else "start_date"
    end = f"CASE WHEN end_date <= {last} THEN end_date END" if last else "end_date"
    return f"{start} AS start_date, {end} AS end_date"
