"""Lineage of one SELECT: every construct the project's SQL may use, and those it may not."""

import pytest

from data_sharing_agreements.errors import Invalid
from warehouse.lineage.select import analyse

SCHEMA = {
    "main": {"person": ["study_id", "birth_year", "county"]},
    "tanf": {"spell": ["study_id", "start_date", "end_date", "reason"]},
    "wages": {"event": ["study_id", "event_date", "value", "kind"]},
    "reference": {"county": ["code", "name"]},
}


def lineage(sql: str) -> dict[str, tuple[set[str], set[str]]]:
    def names(refs: frozenset) -> set[str]:
        return {f"{r.table}.{r.column}" for r in refs}

    found = analyse(sql, SCHEMA, "a.sql").columns
    return {name: (names(c.values), names(c.rows)) for name, c in found.items()}


def test_a_count_has_no_values_and_its_filter_is_its_meaning() -> None:
    assert lineage("SELECT count(*) AS n FROM tanf.spell WHERE reason = 'x'") == {
        "n": (set(), {"spell.*", "spell.reason"})
    }


@pytest.mark.parametrize(
    ("sql", "column", "values", "rows"),
    [
        ("SELECT county FROM person", "county", {"person.county"}, {"person.*"}),
        (
            "WITH a AS (SELECT study_id AS s, reason AS r FROM tanf.spell) SELECT r AS x FROM a WHERE s > 1",
            "x",
            {"spell.reason"},
            {"spell.*", "spell.study_id"},
        ),
        (
            "SELECT sum(e.value) AS w FROM person p JOIN wages.event e USING (study_id)",
            "w",
            {"event.value"},
            {"person.*", "event.*", "person.study_id", "event.study_id"},
        ),
        (
            """SELECT sum(value) FILTER (WHERE kind = 'a') AS w FROM wages.event
            GROUP BY study_id HAVING count(*) > 2""",
            "w",
            {"event.value", "event.kind"},
            {"event.*", "event.study_id"},
        ),
        (
            """SELECT reason FROM tanf.spell
            QUALIFY row_number() OVER (PARTITION BY study_id ORDER BY end_date) = 1""",
            "reason",
            {"spell.reason"},
            {"spell.*", "spell.study_id", "spell.end_date"},
        ),
        (
            "SELECT lag(value) OVER (PARTITION BY study_id ORDER BY event_date) AS v FROM wages.event",
            "v",
            {"event.value", "event.study_id", "event.event_date"},
            {"event.*"},
        ),
        (
            """SELECT p.county FROM person p ASOF JOIN wages.event e
            ON p.study_id = e.study_id AND p.birth_year >= e.event_date""",
            "county",
            {"person.county"},
            {
                "person.*",
                "event.*",
                "person.study_id",
                "event.study_id",
                "person.birth_year",
                "event.event_date",
            },
        ),
        (
            "SELECT county FROM person SEMI JOIN tanf.spell s USING (study_id)",
            "county",
            {"person.county"},
            {"person.*", "spell.*", "person.study_id", "spell.study_id"},
        ),
        (
            """SELECT county FROM person p WHERE EXISTS
            (SELECT 1 FROM wages.event e WHERE e.study_id = p.study_id AND kind = 'w')""",
            "county",
            {"person.county"},
            {"person.*", "event.*", "person.study_id", "event.study_id", "event.kind"},
        ),
        (
            "SELECT (SELECT max(value) FROM wages.event e WHERE e.study_id = p.study_id) AS w FROM person p",
            "w",
            {"event.value", "event.*", "event.study_id", "person.study_id"},
            {"person.*"},
        ),
        (
            "SELECT DISTINCT county FROM person",
            "county",
            {"person.county"},
            {"person.*", "person.county"},
        ),
        (
            "SELECT DISTINCT ON (study_id) study_id, value FROM wages.event ORDER BY event_date",
            "value",
            {"event.value"},
            {"event.*", "event.study_id", "event.value"},
        ),
        (
            "SELECT county, count(*) AS n FROM person GROUP BY ALL",
            "n",
            set(),
            {"person.*", "person.county"},
        ),
        (
            "SELECT county FROM person ORDER BY birth_year LIMIT 5",
            "county",
            {"person.county"},
            {"person.*", "person.birth_year"},
        ),
        (
            "SELECT study_id FROM person UNION ALL SELECT study_id FROM tanf.spell WHERE reason = 'x'",
            "study_id",
            {"person.study_id", "spell.study_id"},
            {"person.*", "spell.*", "spell.reason"},
        ),
        (
            "SELECT study_id FROM person EXCEPT SELECT study_id FROM tanf.spell",
            "study_id",
            {"person.study_id", "spell.study_id"},
            {"person.*", "spell.*", "person.study_id", "spell.study_id"},
        ),
        (
            "SELECT unnest(generate_series(start_date, end_date, INTERVAL 1 MONTH)) AS m FROM tanf.spell",
            "m",
            {"spell.start_date", "spell.end_date"},
            {"spell.*", "spell.start_date", "spell.end_date"},
        ),
        ("FROM person SELECT * EXCLUDE (county)", "birth_year", {"person.birth_year"}, {"person.*"}),
    ],
)
def test_values_and_row_deciding_columns(sql: str, column: str, values: set[str], rows: set[str]) -> None:
    assert lineage(sql)[column] == (values, rows)


def test_a_looked_up_value_comes_from_what_it_is_looked_up_by() -> None:
    found = lineage("SELECT r.name FROM person p LEFT JOIN reference.county r ON r.code = p.county")
    assert found["name"][0] == {"county.name", "person.county"}


def test_a_test_for_null_after_an_outer_join_comes_from_the_other_side() -> None:
    sql = (
        "WITH h AS (SELECT study_id FROM tanf.spell WHERE reason = 'x') "
        "SELECT h.study_id IS NOT NULL AS left_for_x FROM person p LEFT JOIN h ON h.study_id = p.study_id"
    )
    assert {"spell.*", "spell.reason"} <= lineage(sql)["left_for_x"][0]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT * FROM (PIVOT wages.event ON kind USING sum(value))", "sql-pivot"),
        ("SELECT * FROM wages.event UNPIVOT (v FOR n IN (value))", "sql-pivot"),
        ("SELECT COLUMNS('a.*') FROM person", "sql-columns-expression"),
        ("SELECT * FROM read_csv('x.csv')", "sql-table-function"),
        ("SELECT * FROM (VALUES (1)) v(x)", "sql-table-function"),
        ("SELECT * FROM person, LATERAL (SELECT 1)", "sql-lateral"),
        (
            "WITH RECURSIVE a AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM a) SELECT * FROM a",
            "sql-recursive",
        ),
        ("SELECT * FROM person TABLESAMPLE 10%", "sql-sample"),
        ("SELECT county FROM", "sql-syntax"),
        ("SELECT 1; SELECT 2", "sql-not-one-select"),
        ("DELETE FROM person", "sql-not-one-select"),
        ("SELECT income FROM person", "sql-column-unresolved"),
        ("SELECT person FROM person", "sql-column-unresolved"),
        ("SELECT * FROM health.claim", "sql-table-not-licensed"),
        ("SELECT * FROM other.main.person", "sql-table-not-licensed"),
    ],
)
def test_what_cannot_be_traced_is_an_error(sql: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        lineage(sql)
    assert [d.code for d in caught.value.details] == [code]


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        lineage("SELECT COLUMNS('a') FROM read_csv('x'), LATERAL (SELECT 1)")
    assert {d.code for d in caught.value.details} == {
        "sql-columns-expression",
        "sql-table-function",
        "sql-lateral",
    }


@pytest.mark.parametrize(
    ("sql", "done"),
    [
        ("SELECT birth_year AS x FROM person", set()),
        ("SELECT birth_year + 1 AS x FROM person", {"calculated"}),
        ("SELECT birth_year > 1990 AS x FROM person", {"tested"}),
        ("SELECT CASE WHEN birth_year > 1990 THEN birth_year END AS x FROM person", {"only_where"}),
        ("SELECT CASE WHEN birth_year > 1990 THEN 'a' ELSE 'b' END AS x FROM person", {"banded"}),
        (
            "SELECT CASE WHEN birth_year < 1 THEN 'a' WHEN birth_year < 2 THEN 'b' END AS x FROM person",
            {"banded"},
        ),
        ("SELECT sum(birth_year) FILTER (WHERE birth_year > 1) AS x FROM person", {"added_up", "only_where"}),
        ("SELECT count(DISTINCT birth_year) AS x FROM person", {"once_each", "counted"}),
        ("SELECT (SELECT max(birth_year) FROM person) AS x FROM tanf.spell", {"elsewhere", "largest"}),
        ("SELECT stddev(birth_year) AS x FROM person", {"aggregated"}),
        ("SELECT sqrt(birth_year) AS x FROM person", {"worked_out"}),
        (
            "WITH a AS (SELECT round(birth_year) AS y FROM person) SELECT sum(y) AS x FROM a",
            {"rounded", "added_up"},
        ),
    ],
)
def test_what_is_done_to_a_column_is_named(sql: str, done: set[str]) -> None:
    column = analyse(sql, SCHEMA, "a.sql").columns["x"]
    (how,) = [how for ref, how in column.value_how.items() if ref.column == "birth_year"]
    assert {str(operation) for operation in how} == done


def test_how_a_column_decides_rows_is_named() -> None:
    sql = (
        "SELECT p.county, count(*) AS n FROM person p JOIN tanf.spell s USING (study_id) "
        "WHERE s.reason = 'x' GROUP BY p.county"
    )
    how = {
        f"{ref.table}.{ref.column}": set(map(str, done))
        for ref, done in analyse(sql, SCHEMA, "a.sql").row_how.items()
    }
    assert how["spell.reason"] == {"tested", "filtered"}
    assert how["person.county"] == {"grouped"}
    assert "joined" in how["spell.study_id"]
    assert how["spell.*"] == set()
