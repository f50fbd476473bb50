"""What two writings of one person are taken for: standardised, encoded, and compared by the default model."""

from collections.abc import Iterator

import duckdb
import pytest

from linkage import encode, standardise
from linkage.model import case_sql, read_model
from privacy.vault import VAULT_DDL

Roles = dict[str, str]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("ATTACH ':memory:' AS vault").fetchall()
        opened.execute(VAULT_DDL).fetchall()
        opened.execute("INSERT INTO vault.current_delivery VALUES ('d', 's', 'all')").fetchall()
        opened.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()
        yield opened


def labels(connection: duckdb.DuckDBPyConnection, left: Roles, right: Roles) -> dict[str, str]:
    """Return the label of each comparison of two records of one source."""
    for key, roles in enumerate((left, right), start=1):
        names = ["record_key", "source", "delivery_id", "period", *roles]
        connection.execute(
            f"INSERT INTO vault.identity ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})",
            [key, "s", "d", "2023", *roles.values()],
        ).fetchall()
    standardise.latest_values(connection, ["s"])
    assert standardise.standardise(connection) == 2
    encode.encode(connection, bytes(32))
    comparisons = read_model().comparisons
    found = connection.execute(
        f"""SELECT {", ".join(case_sql(c) for c in comparisons)}
            FROM link_encoded l JOIN link_encoded r ON l.node < r.node"""
    ).fetchone()
    assert found is not None
    return {c.name: c.levels[level].label for c, level in zip(comparisons, found, strict=True)}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param(
            {"surname": "Van den Berg"}, {"surname": "vandenberg"}, {"surname": "same"}, id="particles"
        ),
        pytest.param(
            {"surname": "García López"}, {"surname": "Garcia"}, {"surname": "one part same"}, id="double"
        ),
        pytest.param(
            {"surname": "Lopez-Garcia"}, {"surname": "Garcia Lopez"}, {"surname": "one part same"}, id="order"
        ),
        pytest.param({"surname": "Müller"}, {"surname": "Mueller"}, {"surname": "nearly same"}, id="umlaut"),
        pytest.param(
            {"given_name": "Yevgeniy"},
            {"given_name": "Evgeny"},
            {"given_name": "nearly same"},
            id="transliterated",
        ),
        pytest.param(
            {"given_name": "Mohammed"},
            {"given_name": "Muhammad"},
            {"given_name": "form of the same name"},
            id="transliterated form",
        ),
        pytest.param(
            {"surname": "King Jr"},
            {"surname": "King", "suffix": "Sr."},
            {"surname": "same", "suffix": "different"},
            id="suffix",
        ),
        pytest.param(
            {"given_name": "J"},
            {"given_name": "John"},
            {"given_name": "same initial, one only an initial"},
            id="initial",
        ),
        pytest.param(
            {"given_name": "Peggy"},
            {"given_name": "Margaret"},
            {"given_name": "form of the same name"},
            id="nickname",
        ),
        pytest.param(
            {"given_name": "Minh", "surname": "Nguyen"},
            {"given_name": "Nguyen", "surname": "Minh"},
            {
                "given_name": "swapped with surname or middle name",
                "surname": "swapped with given or middle name",
            },
            id="swapped",
        ),
        pytest.param(
            {"given_name": "Thomas", "surname": "Becker"},
            {"given_name": "Bekker", "surname": "Tomas"},
            {"given_name": "similar", "surname": "similar"},
            id="swapped and misheard",
        ),
        pytest.param(
            {"given_name": "Doe, Jane"},
            {"given_name": "Jane", "surname": "Doe", "zip": "98101"},
            {"given_name": "same", "surname": "same"},
            id="in one column",
        ),
        pytest.param(
            {"given_name": "Jane Doe"},
            {"given_name": "Jane", "surname": "Doe", "zip": "98101"},
            {"given_name": "same", "surname": "same"},
            id="in the given name's column",
        ),
        pytest.param(
            {"surname": "Wolfeschlegelst"},
            {"surname": "Wolfeschlegelsteinhausen"},
            {"surname": "nearly same"},
            id="truncated",
        ),
        pytest.param(
            {"surname": "NU\u00d1EZ"},
            {"surname": "Nu\u00c3\u00b1ez", "zip": "98101"},
            {"surname": "same"},
            id="mojibake",
        ),
        pytest.param(
            {"birth_date": "19870304"},
            {"birth_date": "19870403"},
            {"birth_date": "day and month swapped"},
            id="day and month",
        ),
        pytest.param(
            {"birth_date": "19870604"},
            {"birth_date": "19870101"},
            {"birth_date": "two digits differ"},
            id="1 January",
        ),
        pytest.param(
            {"birth_date": "19230405"},
            {"birth_date": "20230405"},
            {"birth_date": "two digits differ"},
            id="century",
        ),
        pytest.param(
            {"ssn": "432658712"},
            {"ssn": "8712"},
            {"ssn": "same last four digits, others not known"},
            id="last four",
        ),
        pytest.param(
            {"ssn": "432658712"}, {"ssn": "432568712"}, {"ssn": "two digits differ"}, id="transposed"
        ),
        pytest.param(
            {"phone": "206-867-5309"},
            {"phone": "1 (206) 867 5309", "zip": "98101"},
            {"contact": "same"},
            id="phone",
        ),
        pytest.param({"sex": "F"}, {"sex": "M"}, {"sex": "different"}, id="sex"),
    ],
)
def test_writings_of_one_person(
    connection: duckdb.DuckDBPyConnection, left: Roles, right: Roles, expected: dict[str, str]
) -> None:
    found = labels(connection, left, right)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("given", ["Baby Boy", "Jane Q", "Jane III"])
def test_what_follows_a_given_name_is_not_always_a_surname(
    connection: duckdb.DuckDBPyConnection, given: str
) -> None:
    found = labels(connection, {"given_name": given}, {"surname": "Doe"})
    assert found["surname"] == "not known"


def test_a_number_of_a_family_member_says_less_against_kin_than_against_strangers() -> None:
    same = next(c for c in read_model().comparisons if c.name == "ssn").levels[1]
    assert same.label == "same"
    assert same.kin > 0.01 > same.u_per_record / 1000
    other = next(c for c in read_model().comparisons if c.name == "sex").levels[2]
    assert other.m > 0.005
