"""The vault's tables, record keys and study ids."""

from collections.abc import Iterator

import duckdb
import pytest

from privacy.pseudonyms import STUDY_IDS_DDL, assign_keys, assign_study_ids, random_keys
from privacy.vault import IDENTIFIER_ROLES, VAULT_DDL


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("ATTACH ':memory:' AS vault; ATTACH ':memory:' AS study_ids")
        opened.execute(VAULT_DDL)
        opened.execute(VAULT_DDL)
        opened.execute(STUDY_IDS_DDL)
        yield opened


def test_the_identity_table_has_a_column_a_role(connection: duckdb.DuckDBPyConnection) -> None:
    columns = [row[0] for row in connection.execute("DESCRIBE vault.identity").fetchall()]
    assert columns == ["record_key", "source", "delivery_id", "period", *IDENTIFIER_ROLES]


def test_only_standing_deliveries_are_current(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "INSERT INTO vault.identity (record_key, source, delivery_id, period) "
        "VALUES (1, 'a', 'old', 'p'), (2, 'a', 'new', 'p')"
    )
    connection.execute("INSERT INTO vault.current_delivery VALUES ('new','a','p')")
    assert connection.execute("SELECT record_key FROM vault.current_identity").fetchall() == [(2,)]


def test_new_ids_get_keys_and_old_ones_keep_theirs(connection: duckdb.DuckDBPyConnection) -> None:
    ids = "SELECT 'r' || range FROM range({})"
    assert assign_keys(connection, "vault.crosswalk", "a", ids.format(1000)) == 1000
    before = dict(connection.execute("SELECT source_id, key FROM vault.crosswalk").fetchall())
    assert assign_keys(connection, "vault.crosswalk", "a", ids.format(1500)) == 500
    assert assign_keys(connection, "vault.crosswalk", "a", ids.format(1500)) == 0
    after = dict(connection.execute("SELECT source_id, key FROM vault.crosswalk").fetchall())
    assert before.items() <= after.items()
    assert len(set(after.values())) == len(after) == 1500
    assert min(after.values()) > 0


def test_namespaces_are_apart_and_keys_unique_over_all(connection: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT unnest(['1', '2', '2', NULL])"
    assert assign_keys(connection, "vault.crosswalk", "a", query) == 2
    assert assign_keys(connection, "vault.crosswalk", "a.case", query) == 2
    found = connection.execute("SELECT count(*), count(DISTINCT key) FROM vault.crosswalk").fetchall()
    assert found == [(4, 4)]


def test_assignment_joins_the_callers_transaction(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("BEGIN")
    assign_keys(connection, "vault.crosswalk", "a", "SELECT 'x'")
    connection.execute("ROLLBACK")
    assert connection.execute("SELECT count(*) FROM vault.crosswalk").fetchall() == [(0,)]
    assert assign_keys(connection, "vault.crosswalk", "a", "SELECT 'x'") == 1


def test_a_person_keeps_its_study_id(connection: duckdb.DuckDBPyConnection) -> None:
    assert assign_study_ids(connection, "study_ids.study_id", "SELECT range FROM range(100)") == 100
    first = connection.execute("SELECT * FROM study_ids.study_id ORDER BY 1").fetchall()
    assert assign_study_ids(connection, "study_ids.study_id", "SELECT range FROM range(100)") == 0
    assert connection.execute("SELECT * FROM study_ids.study_id ORDER BY 1").fetchall() == first
    assert len({study for _, study in first}) == 100


def test_random_keys_fill_63_bits() -> None:
    keys = random_keys(10_000)
    assert keys.min() >= 0
    assert keys.max() > 2**62
    assert len(set(keys.tolist())) == 10_000
