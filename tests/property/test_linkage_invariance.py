"""Order and keys of records, names of sources, split into deliveries and run key do not change who is who."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.link_people import SOURCES, fill_vault
from linkage.increment.chance import Wish
from linkage.run import link

RECORDS = 600
MODULUS = 1_000_003

Partition = set[frozenset[int]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Invented records of a few hundred people."""
    path = tmp_path_factory.mktemp("made") / "vault.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS vault").fetchall()
        fill_vault(connection, RECORDS, seed=5)
    return path


@pytest.fixture(scope="module")
def plain(made: Path) -> Partition:
    """Who is who, as they lie there."""
    return linked(made, 1, list(SOURCES), 1, bytes(32))


def linked(made: Path, factor: int, names: list[str], parts: int, run_key: bytes) -> Partition:
    """Link the records under other keys and names, in other order and deliveries; return the persons.

    Args:
        made: The vault.
        factor: Record keys are multiplied by it, and rows ordered by the new key.
        names: What each source is called.
        parts: Into how many deliveries a source is split.
        run_key: The run's key.
    """
    called = dict(zip(SOURCES, names, strict=True))
    cases = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in called.items())
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET enable_progress_bar = false").fetchall()
        connection.execute(f"ATTACH '{made}' AS old (READ_ONLY)").fetchall()
        for name in ("vault", "warehouse"):
            connection.execute(f"ATTACH ':memory:' AS {name}").fetchall()
        connection.execute(
            f"""CREATE TABLE vault.identity AS SELECT * REPLACE (
                    (record_key * {factor}) % {MODULUS} AS record_key, name AS source,
                    name || '-' || part AS delivery_id, lpad(part::VARCHAR, 2, '0') AS period)
                FROM (SELECT *, CASE source {cases} END AS name, hash(record_key, {factor}) % {parts} AS part
                    FROM old.identity) ORDER BY (record_key * {factor}) % {MODULUS}"""
        ).fetchall()
        connection.execute(
            """CREATE TABLE vault.current_delivery AS
                SELECT DISTINCT delivery_id, source, period FROM vault.identity"""
        ).fetchall()
        connection.execute(
            """CREATE TEMP VIEW permitted_identity AS
                FROM vault.identity SEMI JOIN vault.current_delivery USING (delivery_id)"""
        ).fetchall()
        link(connection, sources=names, run_key=run_key, wish=Wish(full=True))
        return {
            frozenset(key * pow(factor, -1, MODULUS) % MODULUS for key in row[0])
            for row in connection.execute(
                "SELECT list(record_key) FROM warehouse.spine.current GROUP BY person_key"
            ).fetchall()
        }


@settings(max_examples=4, deadline=None)
@given(
    factor=st.integers(2, MODULUS - 1),
    names=st.permutations(["alpha", "beta", "gamma", "delta", "omega", "zeta"][: len(SOURCES)]),
    parts=st.integers(1, 5),
    run_key=st.binary(min_size=32, max_size=32),
)
def test_only_what_records_say_decides(
    made: Path, plain: Partition, factor: int, names: list[str], parts: int, run_key: bytes
) -> None:
    assert linked(made, factor, names, parts, run_key) == plain
