"""Linkage end to end on real DuckDB files: versions, stable keys, invariance, silence."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from benchmarks.link_people import SOURCES, fill_vault
from linkage import run as linkage_run
from linkage.evaluate import evaluate
from linkage.quality import read_quality, write_quality
from linkage.report import write_report
from linkage.run import LinkOutcome, link
from linkage.spine import publish

RECORDS = 1_500


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a vault of invented people and its truth."""
    place = tmp_path_factory.mktemp("people")
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{place / 'vault.duckdb'}' AS vault").fetchall()
        fill_vault(connection, RECORDS, seed=3)
        connection.execute(
            """INSERT INTO vault.crosswalk
                SELECT source, 'id-' || record_key, record_key FROM vault.identity"""
        ).fetchall()
        connection.execute(
            f"""COPY (SELECT source, 'id-' || record_key AS record_id, person AS person_id, sex
                FROM truth JOIN vault.identity ON key = record_key) TO '{place / "truth.csv"}' (HEADER)"""
        ).fetchall()
    return place


def opened(made: Path, place: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET enable_progress_bar = false").fetchall()
    connection.execute(f"ATTACH '{made / 'vault.duckdb'}' AS vault (READ_ONLY)").fetchall()
    connection.execute(f"ATTACH '{place / 'warehouse.duckdb'}' AS warehouse").fetchall()
    connection.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()
    return connection


@pytest.fixture
def connection(made: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The vault, and a warehouse that nothing was linked in."""
    with opened(made, tmp_path) as empty:
        yield empty


@pytest.fixture(scope="module")
def linked(
    made: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[duckdb.DuckDBPyConnection, LinkOutcome, Path]]:
    """The vault, and a warehouse in which all sources were linked once."""
    place = tmp_path_factory.mktemp("linked")
    with opened(made, place) as connection:
        outcome = link(connection, sources=SOURCES, run_key=bytes(32), report_dir=place / "report")
        yield connection, outcome, place


def spine(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return connection.execute(
        "SELECT record_key, person_key FROM warehouse.spine.current ORDER BY record_key"
    ).df()


def partition(connection: duckdb.DuckDBPyConnection) -> set[frozenset[int]]:
    rows = connection.execute(
        "SELECT list(record_key) FROM warehouse.spine.current GROUP BY person_key"
    ).fetchall()
    return {frozenset(row[0]) for row in rows}


def left_behind(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name IN ('temp', 'memory') ORDER BY ALL"
    ).fetchall()
    return [row[0] for row in rows]


Linked = tuple[duckdb.DuckDBPyConnection, LinkOutcome, Path]


def test_link_evaluate_report(linked: Linked, made: Path) -> None:
    connection, outcome, place = linked
    assert (outcome.version, outcome.skipped) == (1, False)
    assert outcome.records == len(spine(connection)) > outcome.persons > 0
    assert left_behind(connection) == []

    again = link(connection, sources=SOURCES, run_key=bytes([1] * 32))
    assert (again.version, again.skipped) == (1, True)

    measured = evaluate(connection, made / "truth.csv", lambda _table: None)
    found = measured.to_json()
    assert found["schema"] == "commonweal/evaluate/1"
    assert found["records"] == {"truth": outcome.records, "matched": outcome.records, "missing": 0}
    assert found["clusters"]["f1"]["value"] > 0.95
    assert {"column", "group", "records", "pairs", "clusters"} == set(found["by_subgroup"][0])
    assert ["census", "wages"] in [part["sources"] for part in found["by_source_pair"]]

    for _ in range(2):
        write_quality(connection, 1, found)
    assert read_quality(connection, 1)["truth"] == found
    kept = connection.execute("SELECT method FROM warehouse.spine.quality ORDER BY ALL").fetchall()
    assert [method for (method,) in kept] == ["facts", "model", "truth"]

    page = write_report(connection, place / "report", smallest=11).read_text(encoding="utf-8")
    assert page.count('class="plot') >= 40
    assert "What the sources give" in page
    assert (place / "report" / "splink.html").read_text(encoding="utf-8").count("<figure") >= 4
    assert "Of 1,000 pairs of records that were joined" in page
    assert "<script" not in page
    assert "src=" not in page
    names = connection.execute(
        "SELECT DISTINCT surname FROM vault.identity WHERE length(surname) > 5 LIMIT 200"
    ).fetchall()
    assert not [name for (name,) in names if name in page]
    stored = (place / "warehouse.duckdb").read_bytes()
    assert not [name for (name,) in names if name.encode() in stored]


def test_counts_agree_with_a_plain_reading(linked: Linked, made: Path) -> None:
    connection = linked[0]
    found = evaluate(connection, made / "truth.csv", lambda _table: None).to_json()
    truth = pd.read_csv(made / "truth.csv", dtype=str)
    keys = connection.execute("SELECT source_id AS record_id, key AS record_key FROM vault.crosswalk").df()
    joined = truth.merge(keys).merge(spine(connection))
    pairs = joined.merge(joined, how="cross", suffixes=("", "_r"))
    pairs = pairs[pairs.record_key < pairs.record_key_r]
    same, linked = pairs.person_id == pairs.person_id_r, pairs.person_key == pairs.person_key_r
    assert found["clusters"]["precision"]["value"] == pytest.approx((same & linked).sum() / linked.sum())
    assert found["clusters"]["recall"]["value"] == pytest.approx((same & linked).sum() / same.sum())
    part = next(p for p in found["by_source_pair"] if p["sources"] == ["census", "tax"])
    within = pairs[
        [set(x) == {"census", "tax"} for x in zip(pairs.source, pairs.source_r, strict=True)]
    ].index
    assert part["clusters"]["recall"]["value"] == pytest.approx(
        (same & linked)[within].sum() / same[within].sum()
    )


def test_neither_keys_nor_order_decide(linked: Linked, made: Path, tmp_path: Path) -> None:
    """Other record keys, another order of rows and another run key give the same persons."""
    first = partition(linked[0])
    with duckdb.connect() as other:
        other.execute(f"ATTACH '{made / 'vault.duckdb'}' AS old (READ_ONLY)").fetchall()
        other.execute("ATTACH ':memory:' AS vault").fetchall()
        other.execute("CREATE TABLE vault.current_delivery AS FROM old.current_delivery").fetchall()
        other.execute(
            """CREATE TABLE vault.identity AS
                SELECT * REPLACE (((record_key * 7919 + 13) % 1000003)::BIGINT AS record_key)
                FROM old.identity ORDER BY hash(record_key)"""
        ).fetchall()
        other.execute("CREATE VIEW vault.current_identity AS FROM vault.identity").fetchall()
        other.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()
        other.execute(f"ATTACH '{tmp_path / 'other.duckdb'}' AS warehouse").fetchall()
        link(other, sources=SOURCES, run_key=bytes(range(32)))
        renamed = {frozenset((key * 7919 + 13) % 1000003 for key in group) for group in first}
        assert partition(other) == renamed


def test_persons_keep_their_keys(connection: duckdb.DuckDBPyConnection, made: Path) -> None:
    link(connection, sources=["tax", "health"], run_key=bytes(32))
    before = spine(connection)
    outcome = link(connection, sources=SOURCES, run_key=bytes(32))
    after = spine(connection)
    assert outcome.version == 2
    both = before.merge(after, on="record_key", suffixes=("_old", "_new"))
    assert (both.person_key_old == both.person_key_new).mean() > 0.97
    changed = connection.execute(
        "SELECT kind, count(*) FROM warehouse.spine.change WHERE version = 2 GROUP BY kind"
    ).fetchall()
    assert dict(changed)["new"] == len(after) - len(before)
    moved = both[both.person_key_old != both.person_key_new]
    assert sum(n for kind, n in changed if kind in ("merge", "split", "move")) == len(moved)

    link(connection, sources=["tax"], run_key=bytes(32))
    gone = connection.execute(
        "SELECT count(*) FROM warehouse.spine.change WHERE version = 3 AND kind = 'gone'"
    ).fetchone()
    assert gone == (len(after) - len(spine(connection)),)
    history = connection.execute(
        """SELECT record_key FROM warehouse.spine.assignment
            GROUP BY record_key, from_version HAVING count(*) > 1"""
    ).fetchall()
    assert history == []


def test_a_failed_link_leaves_the_version_before(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    link(connection, sources=["tax"], run_key=bytes(32))
    before = spine(connection)

    def broken(opened: duckdb.DuckDBPyConnection, *told: object) -> None:
        opened.execute("DROP TABLE link_record_pair").fetchall()
        publish(opened, *told)  # type: ignore[arg-type]

    monkeypatch.setattr(linkage_run, "publish", broken)
    with pytest.raises(duckdb.Error):
        link(connection, sources=SOURCES, run_key=bytes(32))
    assert spine(connection).equals(before)
    assert connection.execute("SELECT max(version) FROM warehouse.spine.version").fetchone() == (1,)
    assert left_behind(connection) == []


@pytest.mark.parametrize("records", [0, 1, 2])
def test_next_to_nothing_can_be_linked(
    connection: duckdb.DuckDBPyConnection, made: Path, records: int
) -> None:
    connection.execute("DETACH vault").fetchall()
    connection.execute("ATTACH ':memory:' AS vault").fetchall()
    connection.execute(f"ATTACH '{made / 'vault.duckdb'}' AS old (READ_ONLY)").fetchall()
    connection.execute("CREATE TABLE vault.current_delivery AS FROM old.current_delivery").fetchall()
    connection.execute(f"CREATE TABLE vault.identity AS FROM old.identity LIMIT {records}").fetchall()
    connection.execute("CREATE VIEW vault.current_identity AS FROM vault.identity").fetchall()
    outcome = link(connection, sources=SOURCES, run_key=bytes(32))
    assert (outcome.records, outcome.persons) == (records, records)


def test_the_model_of_a_version_is_kept_and_tells_no_value(linked: Linked) -> None:
    connection = linked[0]
    row = connection.execute("SELECT json FROM warehouse.spine.model").fetchone()
    assert row is not None
    model = json.loads(row[0])
    assert model["prior"] != linkage_run.read_model().prior
    names = connection.execute(
        "SELECT DISTINCT surname FROM vault.identity WHERE length(surname) > 5"
    ).fetchall()
    assert not [name for (name,) in names if name in row[0]]
