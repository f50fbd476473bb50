"""Records without names are linked through the people they live with, on small in-memory stores."""

from collections.abc import Sequence
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest

from linkage.households import COMPARISON, IN_COMMON, LARGEST_HOUSEHOLD
from linkage.increment.chance import Wish
from linkage.increment.due import Limits
from linkage.model import read_model
from linkage.run import link
from privacy.vault import VAULT_DDL

PEOPLE, HOUSEHOLD = 600, 3
NAMED, NAMELESS = "named", "nameless"
PATTERN = [c.name for c in read_model().comparisons].index(COMPARISON) + 1
LETTERS = np.array(list("BCDFGHKLMNPRSTVW"))


def names(rng: np.random.Generator, count: int) -> Sequence[str]:
    return ["".join(row) + "A" for row in rng.choice(LETTERS, (count, 4))]


def people() -> pd.DataFrame:
    """Households of three; a birth date and a sex are shared by about three people."""
    rng = np.random.default_rng(3)
    dates = pd.Timestamp("1960-01-01") + pd.to_timedelta(rng.integers(0, 20_000, 100), unit="D")
    numbers = rng.choice(np.arange(301_10_1000, 665_99_9999), PEOPLE, replace=False)
    return pd.DataFrame(
        {
            "person": np.arange(PEOPLE),
            "given_name": names(rng, PEOPLE),
            "surname": names(rng, PEOPLE),
            "birth_date": rng.choice(dates.strftime("%Y-%m-%d"), PEOPLE),
            "sex": rng.choice(["F", "M"], PEOPLE),
            "ssn": numbers.astype(str),
            "household": [f"H{n // HOUSEHOLD}" for n in range(PEOPLE)],
        }
    )


def delivered(size: int = HOUSEHOLD) -> duckdb.DuckDBPyConnection:
    """Two programs that know the same households: one keeps names, one keeps none.

    In the second every third person has no number, and households may be numbered in bulk.
    """
    named = people().assign(source=NAMED, record_key=np.arange(PEOPLE))
    nameless = named.drop(columns=["given_name", "surname"]).assign(
        source=NAMELESS, record_key=named["record_key"] + PEOPLE, household=named["person"] // size
    )
    nameless["household"] = "C" + nameless["household"].astype(str)
    nameless.loc[nameless["person"] % HOUSEHOLD == 2, "ssn"] = None
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET enable_progress_bar = false; ATTACH ':memory:' AS warehouse").fetchall()
    connection.execute("ATTACH ':memory:' AS vault").fetchall()
    connection.execute(VAULT_DDL).fetchall()
    for rows in (named, nameless):
        connection.register("rows", rows.drop(columns="person"))
        connection.execute(
            "INSERT INTO vault.identity BY NAME SELECT *, source AS delivery_id, '1' AS period FROM rows"
        ).fetchall()
    connection.execute(
        "INSERT INTO vault.current_delivery SELECT DISTINCT source, delivery_id, period FROM vault.identity"
    ).fetchall()
    connection.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()
    return connection


def linked(connection: duckdb.DuckDBPyConnection) -> str:
    return link(
        connection,
        sources=(NAMED, NAMELESS),
        run_key=bytes(32),
        wish=Wish(False, Limits(share=1.0, drift=1.0), date(2026, 1, 1)),
    ).mode


def joined(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Return how many records without name and number stand with their person, and how many with another."""
    row = connection.execute(
        f"""SELECT count(*) FILTER (x.record_key = y.record_key + {PEOPLE}),
                count(*) FILTER (x.record_key <> y.record_key + {PEOPLE})
            FROM warehouse.spine.current x JOIN warehouse.spine.current y USING (person_key)
            WHERE x.record_key >= {PEOPLE} AND x.record_key % {HOUSEHOLD} = 2 AND y.record_key < {PEOPLE}"""
    ).fetchone()
    assert row
    return int(row[0]), int(row[1])


def test_who_lives_with_whom_tells_records_without_names_apart() -> None:
    with delivered() as connection:
        assert linked(connection) == "full"
        right, wrong = joined(connection)
        assert right > 0.95 * PEOPLE / HOUSEHOLD
        assert wrong < 0.01 * right
        told = connection.execute(
            f"SELECT count(*) FROM warehouse.spine.pair WHERE pattern[{PATTERN}] = {IN_COMMON}"
        ).fetchone()
        assert told
        assert told[0] >= right


@pytest.mark.parametrize("size", [1, 4 * LARGEST_HOUSEHOLD], ids=["alone", "a shelter"])
def test_a_household_of_one_or_of_a_crowd_tells_nothing(size: int) -> None:
    with delivered(size) as connection:
        linked(connection)
        right, _ = joined(connection)
        assert right < 0.5 * PEOPLE / HOUSEHOLD


def test_an_increment_forgets_no_household() -> None:
    """A record that says something else keeps the person it was linked with through its household."""
    with delivered() as connection:
        linked(connection)
        before = joined(connection)
        connection.execute(
            f"""UPDATE vault.identity SET sex = NULL, delivery_id = 'new'
                WHERE source = '{NAMELESS}'"""
        ).fetchall()
        connection.execute(
            f"UPDATE vault.current_delivery SET delivery_id = 'new' WHERE source = '{NAMELESS}'"
        ).fetchall()
        assert linked(connection) == "increment"
        assert joined(connection) == before
