"""Spark as the engine: the same comparisons of the same encodings, on this machine.

Belongs here: handing encodings and the pairs that passed the sieve to Spark, running Splink on
Spark, fetching levels back. Does not: starting Spark (spark_session.py), or anything after the
levels are known: weights and clusters come from the same code as with DuckDB.

Encodings go to Spark as Arrow over the loopback, and never through a file. What Spark
keeps, it keeps in memory or, encrypted, below its own directory.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import sqlglot
from splink import Linker
from splink.internals.exceptions import SplinkException

from data_sharing_agreements.errors import CommonwealError, Invalid
from linkage.engines.spark_session import spark_session
from linkage.model import Level, Model, compared_columns, condition_sql, splink_settings
from linkage.predict import (
    Compared,
    Ints,
    as_compared,
    joined,
    none,
    read_sql,
    scored,
    sifted_pairs,
    told_apart,
)

_INPUT = "link_compared_columns"


class OnSpark:
    """The engine Spark, started anew for each link."""

    def __init__(self, spill: Path, memory: str = "4g", threads: int = 2) -> None:
        """Take where temporary files may go, the largest heap (`4g`) and the number of threads."""
        self._spill = spill
        self._memory = memory
        self._threads = threads

    def comparer(self, connection: duckdb.DuckDBPyConnection, model: Model) -> SparkComparer:
        """Return a comparer for a connection that holds `link_encoded`."""
        directory = self._spill / f"spark-{secrets.token_hex(8)}"
        return SparkComparer(connection, model, directory, self._memory, self._threads)


class SparkComparer:
    """A Splink linker on Spark, on what `link_encoded` holds when it is made."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, model: Model, directory: Path, memory: str, threads: int
    ) -> None:
        """Start Spark and give it the encodings; `close` ends it."""
        self._connection = connection
        self._model = told_apart(model)
        self._read_so_far = 0
        with ExitStack() as stack, _safely():
            self._spark = stack.enter_context(spark_session(directory, memory, threads))
            columns = ["node", *sorted(compared_columns(model))]
            self._give(f"SELECT {', '.join(columns)} FROM link_encoded", _INPUT)
            self._linker = Linker(
                self._splink().register(_INPUT, table_name="link_input"),
                splink_settings(in_spark(self._model)),
                log_level=logging.ERROR,
                validate_settings=False,
            )
            self._running = stack.pop_all()

    def blocked(self) -> Compared:
        """Compare all pairs that share a blocking key; keep those of `predict_from` or more."""
        with _safely():
            parts = [self._compared(a, b) for a, b in sifted_pairs(self._connection, self._model)]
            return joined(parts) if parts else none(self._model)

    def given(self, pairs: str) -> Compared:
        """Compare the pairs of a table (join_key_l, join_key_r) of the connection; all are kept."""
        with _safely():
            self._give(f"SELECT join_key_l, join_key_r, '0' AS match_key FROM {pairs}", "link_given_pairs")
            return self._read("link_given_pairs", None)

    def _compared(self, a: Ints, b: Ints) -> Compared:
        pairs = pa.table({"join_key_l": a, "join_key_r": b, "match_key": pa.repeat("0", len(a))})
        self._spark.createDataFrame(pairs).createOrReplaceTempView("link_pairs")
        return self._read("link_pairs", self._model.predict_from)

    def close(self) -> None:
        """End Spark; nothing of it is left."""
        self._running.close()

    def _splink(self) -> Any:
        from splink import SparkAPI

        return SparkAPI(
            spark_session=self._spark, break_lineage_method="persist", register_udfs_automatically=False
        )

    def _give(self, select: str, name: str) -> None:
        table: pa.Table = self._connection.execute(select).to_arrow_table()
        self._spark.createDataFrame(table).persist().createOrReplaceTempView(name)

    def _read(self, pairs: str, threshold: float | None) -> Compared:
        self._read_so_far += 1
        with scored(self._linker, pairs, self._read_so_far, threshold) as table:
            found = self._spark.sql(f"SELECT {read_sql(self._model)} FROM {table}").toArrow()
        columns = {name: found[name].to_numpy() for name in found.column_names}
        compared = as_compared(columns, len(self._model.comparisons))
        return compared.take(np.lexsort((compared.b, compared.a)))


def in_spark(model: Model) -> Model:
    """Return the model with its conditions in Spark's SQL."""
    return replace(
        model,
        comparisons=tuple(
            replace(c, levels=tuple(_level_in_spark(level) for level in c.levels)) for c in model.comparisons
        ),
    )


def _level_in_spark(level: Level) -> Level:
    if not level.when:
        return level
    (when,) = sqlglot.transpile(condition_sql(level), read="duckdb", write="spark")
    return replace(level, when=when)


@contextmanager
def _safely() -> Iterator[None]:
    """Let no error of Spark out with its text: that may hold a value."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (SplinkException, PySparkException, Py4JError, ConnectionError) as error:
        raise _fault(f"{error} {error.__cause__}") from None


def _fault(text: str) -> CommonwealError:
    if "No space left on device" in text:
        return Invalid.of(
            "no-disk-left",
            "There is no room left on the disk.",
            why="Spark spills below the home directory.",
            next="Free some space, then run again; nothing was half-done.",
        )
    if "OutOfMemoryError" in text:
        return Invalid.of(
            "memory-limit",
            "Spark needs more memory than the deployment allows.",
            why="engine.memory_limit in commonweal.toml",
            next="Raise the limit, or take the engine `duckdb`, which needs less.",
        )
    return CommonwealError.of(
        "link-failed",
        "Spark could not compare the records.",
        why="A fault of the model's settings, of Splink or of Spark; nothing was written.",
        next="Run again; if it fails again, report it with the versions `commonweal doctor` prints.",
    )
