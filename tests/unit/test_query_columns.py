"""Which columns a question names: what the log says of it."""

from __future__ import annotations

import pytest

from warehouse.query.check import check_query

TABLES = {"leavers": ["sex", "region", "earnings"]}


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("SELECT count(*) FROM leavers", set()),
        ("SELECT sex, count(*) FROM leavers GROUP BY sex", {"sex"}),
        ("SELECT count(*) FILTER (region = 'x') FROM leavers", {"region"}),
        ("SELECT * FROM leavers", {"sex", "region", "earnings"}),
        ("SELECT l.*, count(*) OVER () FROM leavers AS l", {"sex", "region", "earnings"}),
        ("SELECT count(*) FROM (SELECT * FROM leavers)", {"sex", "region", "earnings"}),
        ("SELECT * EXCLUDE (earnings) FROM leavers", {"sex", "region", "earnings"}),
    ],
)
def test_a_count_of_rows_names_no_column_and_a_star_names_all(sql: str, named: set[str]) -> None:
    assert check_query(sql, TABLES).columns == {f"leavers.{column}" for column in named}
