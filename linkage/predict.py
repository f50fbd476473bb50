"""Compare pairs of records by Splink: which level of each comparison they fall into.

Belongs here: running Splink over the blocks, or over given pairs, and reading its result.
Does not: what levels are worth (weigh.py), or the model (model.py).
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import numpy.typing as npt
from splink import DuckDBAPI, Linker

from linkage.model import Comparison, Level, Model, splink_settings

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
        return Compared(
            np.concatenate([self.a, other.a]),
            np.concatenate([self.b, other.b]),
            np.concatenate([self.levels, other.levels], axis=1),
            np.concatenate([self.terms, other.terms]),
        )


class Comparer:
    """A Splink linker on the encoded table, quiet, on the connection it is given."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, model: Model) -> None:
        """Take a connection that holds `link_encoded`, and the model to compare by."""
        self._connection = connection
        self._model = told_apart(model)
        table = DuckDBAPI(connection=connection).register("link_encoded", table_name="link_input")
        self._linker = Linker(
            table, splink_settings(self._model), log_level=logging.ERROR, validate_settings=False
        )

    def blocked(self) -> Compared:
        """Compare all pairs the blocking rules bring together; keep those of `predict_from` or more."""
        return self._read(self._model.predict_from)

    def given(self, pairs: str) -> Compared:
        """Compare the pairs of a table (join_key_l, join_key_r, match_key); all are kept."""
        blocked = self._linker._db_api.register(pairs, table_name=f"input_{pairs}")
        self._linker.table_management.register_blocked_pairs_for_predict(blocked)
        return self._read(None)

    def close(self) -> None:
        """Drop what Splink has made."""
        self._linker.table_management.delete_tables_created_by_splink_from_db()

    def _read(self, threshold: float | None) -> Compared:
        scored = self._linker.inference.predict(threshold_match_weight=threshold, warning_mode="never")
        comparisons = self._model.comparisons
        levels = ", ".join(f"{_level_sql(c)} AS level_{i}" for i, c in enumerate(comparisons))
        terms = [f"mw_tf_adj_{c.name}" for c in comparisons if any(level.term for level in c.levels)]
        found = self._connection.execute(
            f"""SELECT least(node_l, node_r)::BIGINT AS a, greatest(node_l, node_r)::BIGINT AS b, {levels},
                    {" + ".join(terms) or "0.0"} AS terms
                FROM {scored.physical_name} ORDER BY a, b"""
        ).fetchnumpy()
        scored.drop_table_from_database_and_remove_from_cache()
        return Compared(
            np.asarray(found["a"], dtype=np.int64),
            np.asarray(found["b"], dtype=np.int64),
            np.stack([np.asarray(found[f"level_{i}"], dtype=np.int8) for i in range(len(comparisons))]),
            np.asarray(found["terms"], dtype=np.float64),
        )


def told_apart(model: Model) -> Model:
    """Return the model with u moved a hair where two levels of a comparison weigh the same.

    Splink's result gives each comparison's weight and not its level; the level is read from
    the weight, so no two may be equal, nor any be that of the unknown level, 0.
    """
    return replace(model, comparisons=tuple(_comparison_told_apart(c) for c in model.comparisons))


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
    cases = " ".join(
        f"WHEN abs(mw_{comparison.name} - ({_weight(level)!r})) < {_TOLERANCE} THEN {i}"
        for i, level in enumerate(comparison.levels)
        if not level.null
    )
    return f"(CASE {cases} ELSE 0 END)::TINYINT"
