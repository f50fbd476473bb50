"""What is known of a link version's quality, kept with it: one measurement a method.

Belongs here: the column that says how it is known, writing and reading measurements. Does
not: measuring (evaluate.py, fairness.py, review/), or choosing what is told
(`data_sharing_agreements.linkquality`).

All methods write one shape: `clusters` holds `precision` and `recall` (and `link_rate`,
where it was counted) as `{value, low, high}`; `by_subgroup` is a list of `{column, group,
records, clusters}`. What else a method writes is its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

import duckdb

Method = Literal["truth", "review", "model", "facts"]
"""How it is known: against a truth; by clerical review; from the model's own
probabilities. `facts` are counts of the link itself, for its report."""


def ensure_quality(connection: duckdb.DuckDBPyConnection) -> None:
    """Let `spine.quality` say by which method; what stood without one was measured against truth."""
    connection.execute(
        "ALTER TABLE warehouse.spine.quality ADD COLUMN IF NOT EXISTS method VARCHAR DEFAULT 'truth'"
    ).fetchall()


def write_quality(
    connection: duckdb.DuckDBPyConnection,
    version: int,
    measured: Mapping[str, Any],
    method: Method = "truth",
) -> None:
    """Keep what was measured of a version, in place of an earlier measurement by the same method.

    Args:
        connection: With `warehouse` attached to write.
        version: The version measured.
        measured: The measurement, in the shape above.
        method: How it was measured.
    """
    ensure_quality(connection)
    connection.execute(
        "DELETE FROM warehouse.spine.quality WHERE version = ? AND method = ?", [version, method]
    ).fetchall()
    connection.execute(
        "INSERT INTO warehouse.spine.quality (version, json, method) VALUES (?, ?, ?)",
        [version, json.dumps(measured), method],
    ).fetchall()


def read_quality(connection: duckdb.DuckDBPyConnection, version: int) -> dict[str, dict[str, Any]]:
    """Return every measurement of a version, by method."""
    columns = connection.execute(
        """SELECT count(*) FROM information_schema.columns WHERE table_catalog = 'warehouse'
            AND table_schema = 'spine' AND table_name = 'quality' AND column_name = 'method'"""
    ).fetchone()
    method = "coalesce(method, 'truth')" if columns and columns[0] else "'truth'"
    rows = connection.execute(
        f"SELECT {method}, json FROM warehouse.spine.quality WHERE version = ?", [version]
    ).fetchall()
    return {str(name): json.loads(text) for name, text in rows}
