"""What stands before a comparison: pairs of blocks, conditions on columns, the sieve."""

import logging
import re
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splink import DuckDBAPI, Linker

from benchmarks.link_people import SOURCES, fill_vault
from linkage import encode, predict, standardise, train
from linkage.engines import blocks
from linkage.engines.blocks import read_blocks
from linkage.engines.choice import engine_named, java_memory
from linkage.engines.conditions import MISSING, Pairs, columns_of, read_condition
from linkage.engines.sieve import Sieve
from linkage.model import Model, condition_sql, read_model, splink_settings
from linkage.predict import Compared, DuckDBComparer, as_compared, read_sql, told_apart

RECORDS = 1_500
KEYS = st.lists(st.tuples(*[st.none() | st.integers(0, 3)] * 3), max_size=25)
CONDITIONS = sorted(
    {level.when for comparison in read_model().comparisons for level in comparison.levels if level.when}
)


@pytest.fixture(scope="module")
def encoded() -> duckdb.DuckDBPyConnection:
    """A connection with `link_encoded` of invented people."""
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET enable_progress_bar = false").fetchall()
    connection.execute("ATTACH ':memory:' AS vault").fetchall()
    fill_vault(connection, RECORDS, seed=3)
    connection.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()
    standardise.latest_values(connection, SOURCES)
    standardise.standardise(connection)
    encode.encode(connection, bytes(32))
    standardise.drop(connection)
    return connection


@pytest.fixture(scope="module")
def model(encoded: duckdb.DuckDBPyConnection) -> Model:
    nodes = encoded.execute("SELECT count(*) FROM link_encoded").fetchone()
    assert nodes
    return train.train(encoded, read_model(), nodes[0])


@settings(deadline=None, max_examples=40)
@given(KEYS, st.sampled_from([1, 7, 250_000]))
def test_pairs_are_those_that_share_a_key_once_and_in_order(
    keys: list[tuple[int | None, ...]], at_once: int
) -> None:
    with duckdb.connect() as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "PAIRS_AT_ONCE", at_once)
        connection.execute("CREATE TABLE t (node INTEGER, x BIGINT, y BIGINT, z BIGINT)").fetchall()
        for node, row in enumerate(keys):
            connection.execute("INSERT INTO t VALUES (?, ?, ?, ?)", [node, *row]).fetchall()
        found = read_blocks(connection, "t", ["x", "y", "z"])
        made = [pair for part in range(len(found)) for pair in zip(*found.pairs(part), strict=True)]
    assert made == [
        (a, b)
        for a, one in enumerate(keys)
        for b, other in enumerate(keys)
        if a < b and any(x == y is not None for x, y in zip(one, other, strict=True))
    ]


@pytest.mark.parametrize("when", CONDITIONS)
def test_a_condition_is_read_as_duckdb_reads_it(when: str) -> None:
    """Over few values, many of them missing: sure is never too much, maybe never too little."""
    vectors = {f"{field}_{i}" for field in re.findall(r"dice\((\w+)\)", when) for i in (*range(8), "n")}
    names = sorted(columns_of(when) | vectors)
    draw = np.random.default_rng(5)
    table = {name: draw.choice([1, 2, 3, 0x121, MISSING], 300) for name in names}
    a, b = draw.integers(0, 300, (2, 2_000))
    answer = read_condition(when)(Pairs(table, a, b))
    sql = condition_sql(next(x for c in read_model().comparisons for x in c.levels if x.when == when))
    with duckdb.connect() as connection:
        sides = {f"{name}_{side}": table[name][rows] for name in names for side, rows in (("l", a), ("r", b))}
        connection.register("sides", pd.DataFrame(sides | {"pair": np.arange(len(a))}))
        columns = ", ".join(["pair", *(f"nullif({name}, {MISSING}) AS {name}" for name in sides)])
        found = connection.execute(f"SELECT coalesce({sql}, FALSE) AS x FROM (SELECT {columns} FROM sides)")
        true = np.asarray(found.fetchnumpy()["x"], dtype=bool)
    assert not (answer.sure & ~true).any()
    assert not (true & ~answer.maybe).any()
    assert "dice" in when or (answer.sure == true).all()


def unsifted(connection: duckdb.DuckDBPyConnection, model: Model) -> Compared:
    """Compare by Splink's own blocking, all pairs at once."""
    apart = told_apart(model)
    table = DuckDBAPI(connection=connection).register("link_encoded", table_name="plain_input")
    linker = Linker(table, splink_settings(apart), log_level=logging.ERROR, validate_settings=False)
    scored = linker.inference.predict(threshold_match_weight=model.predict_from, warning_mode="never")
    found = connection.execute(f"SELECT {read_sql(apart)} FROM {scored.physical_name} ORDER BY a, b")
    compared = as_compared(found.fetchnumpy(), len(model.comparisons))
    linker.table_management.delete_tables_created_by_splink_from_db()
    return compared


@pytest.mark.parametrize("at_once", [200, 3_000_000])
def test_what_passes_the_sieve_is_all_that_splink_would_keep(
    encoded: duckdb.DuckDBPyConnection, model: Model, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(predict, "PAIRS_COMPARED", at_once)
    monkeypatch.setattr(blocks, "PAIRS_AT_ONCE", 150)
    comparer = DuckDBComparer(encoded, model)
    sifted, plain = comparer.blocked(), unsifted(encoded, model)
    comparer.close()
    assert len(plain) > RECORDS / 2
    for name in ("a", "b", "levels", "terms"):
        assert (getattr(sifted, name) == getattr(plain, name)).all(), name


def test_the_sieve_drops_most_of_what_need_not_be_compared(
    encoded: duckdb.DuckDBPyConnection, model: Model
) -> None:
    nodes = encoded.execute("SELECT count(*) FROM link_encoded").fetchone()
    assert nodes
    a, b = np.triu_indices(nodes[0], k=1)
    kept = Sieve(encoded, "link_encoded", told_apart(replace(model, prior=1e-9)))(a, b)
    assert 0 < len(kept) < len(a) / 20


def test_nothing_to_compare_is_no_pairs(model: Model) -> None:
    with duckdb.connect() as connection:
        names = [*encode.TOKENS, "place", *(f"block_{name}" for name in encode.BLOCKS)]
        names += [f"{f}_{i}" for f in encode.VECTORS for i in (*range(8), "n")]
        names += [f"{field}_digits" for field in encode.NUMBERS]
        columns = ", ".join(f"NULL::BIGINT AS {name}" for name in names)
        connection.execute(
            f"CREATE TABLE link_encoded AS SELECT i::INTEGER AS node, {columns} FROM range(3) t(i)"
        ).fetchall()
        comparer = DuckDBComparer(connection, model)
        assert len(comparer.blocked()) == 0
        comparer.close()


def test_an_engine_has_a_name(tmp_path: Path) -> None:
    assert engine_named("duckdb", tmp_path, "8GB", 2) is predict.IN_DUCKDB
    assert type(engine_named("spark", tmp_path, "8GB", 2)).__name__ == "OnSpark"


@pytest.mark.parametrize(
    ("written", "java"),
    [("8GB", "8192m"), ("1.5GiB", "1536m"), ("600MB", "1024m"), ("80%", "4096m"), ("", "4096m")],
)
def test_memory_is_told_as_java_writes_it(written: str, java: str) -> None:
    assert java_memory(written) == java
