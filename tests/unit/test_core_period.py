"""The licensed period in SQL: what of each fact is left, day by day."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from warehouse.core.period import inside_sql

FIRST, LAST = date(2024, 1, 1), date(2024, 3, 31)
MONTHS = "(SELECT unnest([DATE '2023-12-01', '2024-01-01', '2024-03-01', '2024-04-01', NULL]) AS month)"
EVENTS = "(SELECT unnest([DATE '2023-12-31', '2024-01-01', '2024-03-31', '2024-04-01', NULL]) AS event_date)"
WORDS = "(SELECT unnest([DATE '2023-12-31', '2024-01-01', '2024-03-31', '2024-04-01', NULL]) AS as_of)"


def kept(relation: str, fact: str, first: date | None, last: date | None) -> list[tuple]:
    sql = f"SELECT * FROM {inside_sql(relation, fact, (first, last))} ORDER BY ALL NULLS LAST"
    with duckdb.connect(":memory:") as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("fact", ["service_month", "event", "spell", "demographic"])
def test_without_bounds_nothing_is_left_out(fact: str) -> None:
    assert inside_sql("somewhere", fact, (None, None)) == "somewhere"


def test_months_and_events_inside_are_kept_and_days_unknown_are_not() -> None:
    january, march = date(2024, 1, 1), date(2024, 3, 1)
    assert kept(MONTHS, "service_month", FIRST, LAST) == [(january,), (march,)]
    assert kept(EVENTS, "event", FIRST, LAST) == [(january,), (LAST,)]
    assert kept(EVENTS, "event", FIRST, None) == [(january,), (LAST,), (date(2024, 4, 1),)]
    assert kept(EVENTS, "event", None, LAST) == [(date(2023, 12, 31),), (january,), (LAST,)]


def test_a_month_counts_only_whole() -> None:
    assert kept(MONTHS, "service_month", date(2024, 1, 2), date(2024, 3, 30)) == []


def test_what_is_said_of_a_person_without_a_day_stays() -> None:
    assert kept(WORDS, "demographic", FIRST, LAST) == [(FIRST,), (LAST,), (None,)]


def test_spells_are_cut_at_the_edge() -> None:
    spells = (
        "(SELECT * FROM (VALUES (1, DATE '2023-01-01', DATE '2023-12-31'), (2, '2023-06-01', '2024-02-01'), "
        "(3, '2024-02-01', '2024-03-31'), (4, '2024-03-01', '2024-05-01'), (5, '2023-01-01', NULL), "
        "(6, '2024-04-01', NULL)) AS s(id, start_date, end_date))"
    )
    assert kept(spells, "spell", FIRST, LAST) == [
        (2, FIRST, date(2024, 2, 1)),
        (3, date(2024, 2, 1), LAST),
        (4, date(2024, 3, 1), None),
        (5, FIRST, None),
    ]
    assert [row[0] for row in kept(spells, "spell", FIRST, None)] == [2, 3, 4, 5, 6]
    assert kept(spells, "spell", None, LAST)[0] == (1, date(2023, 1, 1), date(2023, 12, 31))
