"""The scan of text columns: identifiers are found, ordinary text is not."""

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest

from privacy.identifier_scan import NAME, NAME_IN_TEXT, Finding, scan_text_columns

NAMES_OF_COUNTIES = """
    Adams Asotin Benton Chelan Clallam Clark Columbia Cowlitz Douglas Ferry Franklin Garfield Grant Harbor
    Island Jefferson King Kitsap Kittitas Klickitat Lewis Lincoln Mason Okanogan Pacific Oreille Pierce Juan
    Skagit Skamania Snohomish Spokane Stevens Thurston Wahkiakum Walla Whatcom Whitman Yakima
"""
COUNTIES = NAMES_OF_COUNTIES.split()
SYLLABLES = ["al", "ber", "cor", "dan", "el", "fre", "gar", "hal", "is", "jon", "kel", "lor"]
NAMES = "SELECT surname FROM people UNION ALL SELECT given FROM people"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def people(connection: duckdb.DuckDBPyConnection, count: int, seed: int = 1) -> pd.DataFrame:
    """People some of whom are called like counties, with the columns of a tidy content table."""
    generator = np.random.default_rng(seed)
    invented = [a + b + c for a in SYLLABLES for b in SYLLABLES for c in ("son", "ez", "er")]
    surnames = np.array([*(name.title() for name in invented), *COUNTIES])
    frame = pd.DataFrame(
        {
            "surname": generator.choice(surnames, count),
            "given": generator.choice([s.title() + "a" for s in invented[:120]], count),
            "county": generator.choice(COUNTIES, count),
            "diagnosis": [f"F{n:03d}.{n % 10}" for n in generator.integers(0, 999, count)],
            "provider": [str(n) for n in generator.integers(10**9, 2 * 10**9, count)],
            "note": generator.choice(
                ["moved in with family", "exit to Grant County", "will may call", "none"], count
            ),
        }
    )
    connection.register("people_frame", frame)
    connection.execute("CREATE OR REPLACE TABLE people AS SELECT * FROM people_frame")
    return frame


TEXT = ["county", "diagnosis", "provider", "note"]


@pytest.mark.parametrize("count", [20, 60, 300, 20_000])
def test_ordinary_text_is_not_suspected(connection: duckdb.DuckDBPyConnection, count: int) -> None:
    for seed in range(3):
        people(connection, count, seed)
        assert scan_text_columns(connection, "people", TEXT, NAMES) == []


@pytest.mark.parametrize("count", [20, 60, 300, 20_000])
@pytest.mark.parametrize("name", ["surname", "given"])
def test_names_in_the_county_column_are_found(
    connection: duckdb.DuckDBPyConnection, count: int, name: str
) -> None:
    people(connection, count)
    connection.execute(f"UPDATE people SET county = ' ' || upper({name}) || ' '")
    assert scan_text_columns(connection, "people", TEXT, NAMES) == [Finding("county", NAME, 1.0)]


def test_names_in_one_row_of_twenty_are_found(connection: duckdb.DuckDBPyConnection) -> None:
    people(connection, 20_000)
    connection.execute("UPDATE people SET county = surname WHERE rowid % 20 = 0")
    (finding,) = scan_text_columns(connection, "people", TEXT, NAMES)
    assert (finding.column, finding.kind) == ("county", NAME)


def test_full_names_inside_notes_are_found(connection: duckdb.DuckDBPyConnection) -> None:
    people(connection, 2000)
    connection.execute(
        "UPDATE people SET note = 'spoke to ' || given || ' ' || surname || ' today' WHERE rowid < 100"
    )
    (finding,) = scan_text_columns(connection, "people", TEXT, NAMES)
    assert (finding.column, finding.kind) == ("note", NAME_IN_TEXT)
    assert 0.03 < finding.share <= 0.05


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("ssn", "ssn 123-45-6789"),
        ("phone", "call (360) 555-0143"),
        ("phone", "360.555.0143"),
        ("email", "to jan@example.org please"),
    ],
)
def test_a_few_formatted_identifiers_are_enough(
    connection: duckdb.DuckDBPyConnection, kind: str, value: str
) -> None:
    people(connection, 2000)
    connection.execute("UPDATE people SET note = ? || '' WHERE rowid < 5", [value])
    assert scan_text_columns(connection, "people", TEXT, NAMES) == [Finding("note", kind, 5 / 2000)]


def test_columns_of_dates_and_of_bare_ssns_are_found(connection: duckdb.DuckDBPyConnection) -> None:
    people(connection, 500)
    connection.execute("UPDATE people SET note = '03/14/1984', provider = (123456000 + rowid)::VARCHAR")
    kinds = {(f.column, f.kind) for f in scan_text_columns(connection, "people", TEXT, NAMES)}
    assert kinds == {("note", "date"), ("provider", "ssn-digits")}


def test_accents_and_case_do_not_hide_a_name(connection: duckdb.DuckDBPyConnection) -> None:
    people(connection, 100)
    connection.execute("CREATE TABLE known AS SELECT 'Muñoz-' || surname AS surname FROM people")
    connection.execute("CREATE TABLE content AS SELECT upper('munoz ' || surname) AS county FROM people")
    found = scan_text_columns(connection, "content", ["county"], "SELECT surname FROM known")
    assert NAME in {finding.kind for finding in found}


def test_queries_no_columns_and_empty_tables(connection: duckdb.DuckDBPyConnection) -> None:
    people(connection, 50)
    assert scan_text_columns(connection, "people", [], NAMES) == []
    assert scan_text_columns(connection, "(SELECT * FROM people WHERE false)", TEXT, NAMES) == []
    nobody = "SELECT NULL::VARCHAR AS name WHERE false"
    assert scan_text_columns(connection, "people", TEXT, nobody) == []
    assert connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '_scan%'"
    ).fetchall() == [(0,)]
