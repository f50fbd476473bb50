"""Standardisation: names, dates, numbers and addresses as agencies write them."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from linkage import standardise
from privacy.vault import IDENTIFIER_ROLES, VAULT_DDL


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("ATTACH ':memory:' AS vault").fetchall()
        opened.execute(VAULT_DDL).fetchall()
        opened.execute("INSERT INTO vault.current_delivery VALUES ('d', 's', 'all')").fetchall()
        opened.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()
        yield opened


def add(connection: duckdb.DuckDBPyConnection, key: int, period: str = "2023", **roles: str) -> None:
    assert set(roles) <= set(IDENTIFIER_ROLES)
    names = ["record_key", "source", "delivery_id", "period", *roles]
    values: list[Any] = [key, "s", "d", period, *roles.values()]
    marks = ", ".join("?" for _ in names)
    connection.execute(f"INSERT INTO vault.identity ({', '.join(names)}) VALUES ({marks})", values).fetchall()


def standard(connection: duckdb.DuckDBPyConnection, key: int = 1) -> dict[str, Any]:
    standardise.latest_values(connection, ["s"])
    standardise.standardise(connection)
    frame = connection.execute(
        "SELECT s.* FROM link_standard s JOIN link_record USING (node) WHERE record_key = ?", [key]
    ).df()
    return {name: None if value != value or value is None else value for name, value in frame.iloc[0].items()}


@pytest.mark.parametrize(
    ("given", "surname", "expected"),
    [
        ("José", "de la Cruz", {"given": "JOSE", "surname": "DELACRUZ", "part_a": "DELACRUZ"}),
        ("Anne-Marie", "O'Neil", {"given": "ANNE", "surname": "ONEIL", "middle": "MARIE"}),
        ("Bob", "Smith Jr.", {"given": "BOB", "formal": "ROBERT", "root": "ROBERT", "suffix": "JR"}),
        ("Ana", "García-López", {"surname": "GARCIALOPEZ", "part_a": "GARCIA", "part_b": "LOPEZ"}),
        ("J", "van der Berg", {"given": None, "initial": "J", "surname": "VANDERBERG"}),
        ("Baby Boy", "Ng", {"given": None, "initial": None, "surname": "NG"}),
        ("MARY", "Unknown", {"given": "MARY", "root": "MARY", "surname": None}),
        ("R0bert", "Łukasz-Straße", {"given": "ROBERT", "part_a": "LUKASZ", "part_b": "STRASSE"}),
        ("M:les", "JONES III", {"given": "MLES", "surname": "JONES", "suffix": "3"}),
    ],
)
def test_names(
    connection: duckdb.DuckDBPyConnection, given: str, surname: str, expected: dict[str, str | None]
) -> None:
    add(connection, 1, given_name=given, surname=surname)
    found = standard(connection)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("full", "given", "surname"),
    [("Doe, Jane Q", "JANE", "DOE"), ("Jane Q Doe", "JANE", "DOE"), ("Cher", None, "CHER")],
)
def test_full_names_are_split(
    connection: duckdb.DuckDBPyConnection, full: str, given: str | None, surname: str
) -> None:
    add(connection, 1, full_name=full)
    found = standard(connection)
    assert (found["given"], found["surname"]) == (given, surname)


@pytest.mark.parametrize(
    ("delivered", "birth", "year", "day_month"),
    [
        ("19870304", "19870304", "1987", "0304"),
        ("19870403", "19870403", "1987", "0304"),
        ("13451987", "19871345", "1987", "1345"),
        ("19900231", "19900231", "1990", "0231"),
        ("1987030", "1987030", None, None),
        ("19000101", None, None, None),
        ("99999999", None, None, None),
    ],
)
def test_dates(
    connection: duckdb.DuckDBPyConnection,
    delivered: str,
    birth: str | None,
    year: str | None,
    day_month: str | None,
) -> None:
    add(connection, 1, given_name="Jane", birth_date=delivered)
    found = standard(connection)
    assert (found["birth"], found["birth_year"], found["day_month"]) == (birth, year, day_month)


@pytest.mark.parametrize(
    ("delivered", "ssn", "last"),
    [
        ("123-45-6781", "123456781", "6781"),
        ("123456789", None, None),
        ("666123456", None, None),
        ("000123456", None, None),
        ("123004567", None, None),
        ("123450000", None, None),
        ("xxxxx6781", None, "6781"),
        ("6781", None, "6781"),
        ("12345", None, None),
    ],
)
def test_social_security_numbers(
    connection: duckdb.DuckDBPyConnection, delivered: str, ssn: str | None, last: str | None
) -> None:
    add(connection, 1, ssn=delivered)
    found = standard(connection)
    assert (found["ssn"], found["ssn_last"]) == (ssn, last)


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (
            {"street_number": "0012", "street": "North Main Street", "unit": "Apt. 4B"},
            {"number": "12", "street": "N MAIN ST", "unit": "4B"},
        ),
        ({"street": "12 Elm Ave Apt 3"}, {"number": "12", "street": "ELM AVE", "unit": "3"}),
        ({"street": "P.O. Box 77"}, {"number": "77", "street": "POBOX", "unit": None}),
        ({"zip": "98101-2345"}, {"zip": "98101"}),
        ({"phone": "(206) 867-5309"}, {"phone": "2068675309"}),
        ({"phone": "0000000000"}, {"phone": None}),
    ],
)
def test_addresses_and_telephones(
    connection: duckdb.DuckDBPyConnection, roles: dict[str, str], expected: dict[str, str | None]
) -> None:
    add(connection, 1, **roles)
    found = standard(connection)
    assert {name: found[name] for name in expected} == expected


def test_a_number_of_many_different_people_is_a_placeholder(connection: duckdb.DuckDBPyConnection) -> None:
    people = [
        ("Ada", "Bell"),
        ("Carl", "Dent"),
        ("Eve", "Frost"),
        ("Gus", "Hill"),
        ("Ivy", "Kent"),
        ("Leo", "Mott"),
        ("Rob", "Vale"),
    ]
    for key, (given, surname) in enumerate(people, start=1):
        add(connection, key, given_name=given, surname=surname, ssn="321549876")
    for key in (11, 12, 13):
        add(connection, key, given_name="Nora", surname="Page", ssn="432658712")
    assert standard(connection, 1)["ssn"] is None
    assert standard(connection, 11)["ssn"] == "432658712"


def test_latest_values_win_and_the_old_surname_stays(connection: duckdb.DuckDBPyConnection) -> None:
    add(connection, 1, "2023-01", given_name="Jane", surname="Roe", zip="98101", phone="2068675309")
    add(connection, 1, "2023-05", given_name="Jane", surname="Doe", zip="98102")
    found = standard(connection)
    assert (found["surname"], found["part_c"], found["zip"], found["phone"]) == (
        "DOE",
        "ROE",
        "98102",
        "2068675309",
    )


def test_only_records_that_say_enough_are_folded(connection: duckdb.DuckDBPyConnection) -> None:
    for key in (1, 2):
        add(connection, key, given_name="Jane", surname="Doe", ssn="432658712", employer=str(key))
    for key in (3, 4):
        add(connection, key, given_name="Jane", surname="Doe")
    standardise.latest_values(connection, ["s"])
    assert standardise.standardise(connection) == 3
    nodes = dict(connection.execute("SELECT record_key, node FROM link_record").fetchall())
    assert nodes[1] == nodes[2]
    assert nodes[3] != nodes[4]
    folded = connection.execute("SELECT employer FROM link_standard WHERE node = ?", [nodes[1]]).fetchone()
    assert folded == (None,)
