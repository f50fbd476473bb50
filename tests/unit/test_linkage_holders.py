"""Who holds a blocking key is looked up once."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from linkage.encode import BLOCKS
from linkage.increment.holders import MOST_SQL, RULES, as_rows_sql, look_up, start

SSN, EMAIL = RULES.index("ssn"), RULES.index("email")


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A vault that keeps the numbers and e-mail addresses of three nodes."""
    with duckdb.connect() as opened:
        opened.execute("ATTACH ':memory:' AS vault; CREATE SCHEMA vault.link")
        keys = ", ".join(f'NULL::UINTEGER AS "{name}"' for name in RULES)
        opened.execute(
            f"CREATE TABLE vault.link.block AS SELECT n AS record_key_lead, {keys} FROM range(3) t(n)"
        )
        opened.execute("UPDATE vault.link.block SET ssn = 7, email = record_key_lead")
        start(opened)
        yield opened


def asked(connection: duckdb.DuckDBPyConnection, rule: int, shared: int) -> list[tuple[int, ...]]:
    """Look a key up and return all holders known then."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE asked AS SELECT {rule}::UTINYINT AS rule, {shared}::UINTEGER AS shared"
    )
    look_up(connection, "asked")
    return connection.execute("SELECT rule, shared, lead FROM link_holder ORDER BY ALL").fetchall()


def test_holders_of_a_key_are_added_once(connection: duckdb.DuckDBPyConnection) -> None:
    numbers = [(SSN, 7, 0), (SSN, 7, 1), (SSN, 7, 2)]
    assert asked(connection, SSN, 7) == numbers
    assert asked(connection, SSN, 7) == numbers
    assert asked(connection, EMAIL, 7) == numbers, "a key of one rule is none of another"
    assert asked(connection, EMAIL, 2) == [*numbers, (EMAIL, 2, 2)]
    assert connection.execute("SELECT count(*) FROM link_sought").fetchone() == (3,)


def test_keys_are_rows_where_they_are_known(connection: duckdb.DuckDBPyConnection) -> None:
    rows = as_rows_sql("vault.link.block", "record_key_lead AS lead")
    assert connection.execute(f"SELECT * FROM ({rows}) WHERE lead = 1 ORDER BY rule").fetchall() == [
        (1, SSN, 7),
        (1, EMAIL, 1),
    ]
    most = connection.execute(f"SELECT {MOST_SQL} FROM (SELECT {EMAIL}::UTINYINT AS rule)").fetchone()
    assert most == (BLOCKS["email"][1],)
