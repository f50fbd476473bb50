"""Compare pairs of records by Splink: which level of each comparison they fall into.

Belongs here: running Splink over the blocks, or over given pairs, and reading its result.
Does not: what levels are worth (weigh.py), or the model (model.py).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from splink import DuckDBAPI, Linker

from linkage.encode import BLOCKS
from linkage.engines.blocks import read_blocks
from linkage.engines.sieve import Sieve
from linkage.model import Comparison, Level, Model, compared_columns, splink_settings

PAIRS_COMPARED = 3_000_000
"""Pairs that are given to Splink at a time."""

TERM_PLACES = 6
"""Decimal places of `terms`: engines take logarithms that differ in the sixteenth."""

_INPUT = "link_compared_columns"
_TOLERANCE = 1e-7
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """Pairs of nodes and what came of comparing them.

    Args:
        a, b: The nodes, a < b.
        levels: One row a comparison, one column a pair: the number of the level.
        terms: Sum of the frequency adjustments, in log2 odds.
    """

    a: Ints
    b: Ints
    levels: npt.NDArray[np.int8]
    terms: Floats

    def __len__(self) -> int:
        return len(self.a)

    def take(self, chosen: npt.NDArray[np.bool_] | Ints) -> Compared:
        """Return some of the pairs."""
        return Compared(self.a[chosen], self.b[chosen], self.levels[:, chosen], self.terms[chosen])

    def joined(self, other: Compared) -> Compared:
        """Return these pairs and another's."""
        return joined([self, other])


class Comparer(Protocol):
    """Compares pairs of the nodes of `link_encoded` by a model."""

    def blocked(self) -> Compared:
        """Compare all pairs that share a blocking key; keep those of `predict_from` or more."""

    def given(self, pairs: str) -> Compared:
        """Compare the pairs of a table (join_key_l, join_key_r) of the connection; all are kept."""

    def close(self) -> None:
        """Drop what was made; call it whatever happened."""


class Engine(Protocol):
    """Where pairs are compared; the same model and encodings give the same levels everywhere."""

    def comparer(self, connection: duckdb.DuckDBPyConnection, model: Model) -> Comparer:
        """Return a comparer for a connection that holds `link_encoded`."""


class InDuckDB:
    """The default engine: the connection itself compares, a part of the pairs at a time."""

    def comparer(self, connection: duckdb.DuckDBPyConnection, model: Model) -> DuckDBComparer:
        """Return a comparer for a connection that holds `link_encoded`."""
        return DuckDBComparer(connection, model)


IN_DUCKDB = InDuckDB()


class DuckDBComparer:
    """A Splink linker on the encoded table, quiet, on the connection it is given.

    Pairs that share a blocking key go through the sieve first, a few at a time, and are
    given to Splink `PAIRS_COMPARED` at a time, so that memory grows with the records and the
    pairs that are kept, not with those that are looked at.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, model: Model) -> None:
        """Take a connection that holds `link_encoded`, and the model to compare by."""
        self._connection = connection
        self._model = told_apart(model)
        self._read_so_far = 0
        columns = ", ".join(["node", *sorted(compared_columns(model))])
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {_INPUT} AS SELECT {columns} FROM link_encoded"
        ).fetchall()
        table = DuckDBAPI(connection=connection).register(_INPUT, table_name="link_input")
        self._linker = Linker(
            table, splink_settings(self._model), log_level=logging.ERROR, validate_settings=False
        )

    def blocked(self) -> Compared:
        """Compare all pairs that share a blocking key; keep those of `predict_from` or more."""
        parts = [self._compare(a, b) for a, b in self._sifted()]
        return joined(parts) if parts else none(self._model)

    def given(self, pairs: str) -> Compared:
        """Compare the pairs of a table (join_key_l, join_key_r); all are kept."""
        return self._read(pairs, None)

    def close(self) -> None:
        """Drop what Splink has made."""
        self._linker.table_management.delete_tables_created_by_splink_from_db()
        self._connection.execute(f"DROP VIEW IF EXISTS temp.{_INPUT}").fetchall()

    def _sifted(self) -> Iterator[tuple[Ints, Ints]]:
        return sifted_pairs(self._connection, self._model)

    def _compare(self, a: Ints, b: Ints) -> Compared:
        self._connection.register("link_pairs_data", pa.table({"join_key_l": a, "join_key_r": b}))
        self._connection.execute(
            """CREATE OR REPLACE TEMP TABLE link_pairs AS
                SELECT join_key_l::INTEGER AS join_key_l, join_key_r::INTEGER AS join_key_r, '0' AS match_key
                FROM link_pairs_data"""
        ).fetchall()
        self._connection.unregister("link_pairs_data")
        try:
            return self._read("link_pairs", self._model.predict_from, few=False)
        finally:
            self._connection.execute("DROP TABLE link_pairs").fetchall()

    def _read(self, pairs: str, threshold: float | None, *, few: bool = True) -> Compared:
        """Compare the pairs of a table.

        Args:
            pairs: The table.
            threshold: Lowest match weight that is kept; None: all are.
            few: Whether so few records take part that Splink had better take them out first.
        """
        self._read_so_far += 1
        with scored(self._linker, pairs, self._read_so_far, threshold, few=few) as table:
            found = self._connection.execute(
                f"SELECT {read_sql(self._model)} FROM {table} ORDER BY a, b"
            ).fetchnumpy()
        return as_compared(found, len(self._model.comparisons))


@contextmanager
def scored(
    linker: Linker, pairs: str, number: int, threshold: float | None, *, few: bool = True
) -> Iterator[str]:
    """Have Splink compare the pairs of a table; give the name of the table of what it found.

    Args:
        linker: Splink, on any engine.
        pairs: The table.
        number: How many were compared before: each has a name of its own.
        threshold, few: As `DuckDBComparer` takes them.
    """
    named = linker._db_api.register(pairs, table_name=f"input_{number}_{pairs}")
    blocked = linker.table_management.register_blocked_pairs_for_predict(named)
    blocked.metadata["registered_for_predict"] = few
    found = linker.inference.predict(threshold_match_weight=threshold, warning_mode="never")
    yield found.physical_name
    found.drop_table_from_database_and_remove_from_cache()


def read_sql(model: Model) -> str:
    """SQL for the columns of `as_compared` in Splink's result: a, b, levels, terms."""
    levels = ", ".join(f"{_level_sql(c)} AS level_{i}" for i, c in enumerate(model.comparisons))
    terms = [f"mw_tf_adj_{c.name}" for c in model.comparisons if any(level.term for level in c.levels)]
    return f"""CAST(least(node_l, node_r) AS BIGINT) AS a, CAST(greatest(node_l, node_r) AS BIGINT) AS b,
        {levels}, {" + ".join(terms) or "0.0"} AS terms"""


def as_compared(found: Mapping[str, Any], comparisons: int) -> Compared:
    """Return pairs from columns as `read_sql` names them."""
    return Compared(
        np.asarray(found["a"], dtype=np.int64),
        np.asarray(found["b"], dtype=np.int64),
        np.stack([np.asarray(found[f"level_{i}"], dtype=np.int8) for i in range(comparisons)]),
        np.asarray(found["terms"], dtype=np.float64).round(TERM_PLACES).astype(np.float64, copy=False),
    )


def joined(parts: Sequence[Compared]) -> Compared:
    """Return the pairs of all parts."""
    return Compared(
        np.concatenate([part.a for part in parts]),
        np.concatenate([part.b for part in parts]),
        np.concatenate([part.levels for part in parts], axis=1),
        np.concatenate([part.terms for part in parts]),
    )


def none(model: Model) -> Compared:
    """Return no pairs at all."""
    nothing = np.zeros(0, dtype=np.int64)
    return Compared(nothing, nothing, np.zeros((len(model.comparisons), 0), dtype=np.int8), np.zeros(0))


def sifted_pairs(connection: duckdb.DuckDBPyConnection, model: Model) -> Iterator[tuple[Ints, Ints]]:
    """Give the pairs of `link_encoded` worth comparing, in order, about `PAIRS_COMPARED` at a time."""
    blocks = read_blocks(connection, "link_encoded", [f"block_{name}" for name in BLOCKS])
    sieve = Sieve(connection, "link_encoded", model)

    def part(number: int) -> tuple[Ints, Ints]:
        a, b = blocks.pairs(number)
        kept = sieve(a, b)
        return a[kept], b[kept]

    (threads,) = connection.execute("SELECT current_setting('threads')::INTEGER").fetchone() or (1,)
    with ThreadPoolExecutor(max_workers=int(threads)) as workers:
        yield from _gathered(workers.map(part, range(len(blocks))))


def _gathered(parts: Iterable[tuple[Ints, Ints]]) -> Iterator[tuple[Ints, Ints]]:
    """Give the pairs of several parts at once, about `PAIRS_COMPARED` of them."""
    held: list[tuple[Ints, Ints]] = []
    for part in parts:
        held.append(part)
        if sum(len(a) for a, _ in held) >= PAIRS_COMPARED:
            yield _side_by_side(held)
            held = []
    if held:
        yield _side_by_side(held)


def _side_by_side(held: Sequence[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    return np.concatenate([a for a, _ in held]), np.concatenate([b for _, b in held])


def told_apart(model: Model) -> Model:
    """Return the model with u moved a hair where two levels of a comparison weigh the same.

    Splink's result gives each comparison's weight and not its level; the level is read from
    the weight, so no two may be equal, nor any be that of the unknown level, 0.
    """
    apart = (_comparison_told_apart(c) if c.of_two() else c for c in model.comparisons)
    return replace(model, comparisons=tuple(apart))


def _weight(level: Level) -> float:
    return math.log2(level.m / level.u)


def _comparison_told_apart(comparison: Comparison) -> Comparison:
    seen, levels = [0.0], []
    for level in comparison.levels:
        apart = level
        while not level.null and any(abs(_weight(apart) - other) < 100 * _TOLERANCE for other in seen):
            apart = replace(apart, u=apart.u * (1 + 1e-4))
        if not level.null:
            seen.append(_weight(apart))
        levels.append(apart)
    return replace(comparison, levels=tuple(levels))


def _level_sql(comparison: Comparison) -> str:
    """SQL for the number of a comparison's level, from its weight."""
    if not comparison.of_two():
        return "CAST(0 AS TINYINT)"
    cases = " ".join(
        f"WHEN abs(mw_{comparison.name} - ({_weight(level)!r})) < {_TOLERANCE} THEN {i}"
        for i, level in enumerate(comparison.levels)
        if not level.null
    )
    return f"CAST(CASE {cases} ELSE 0 END AS TINYINT)"
