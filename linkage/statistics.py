"""Counts of a link that can be made only while its encodings live, for the report.

Belongs here: pairs each blocking rule brings together, how often each field is given, and
records so thin that not even a copy of them would be linked. Does not: any value, any pair,
or what is shown of it (report.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from linkage.encode import BLOCKS
from linkage.model import Model, case_sql

LARGEST_SAMPLE = 100_000
"""Nodes compared with themselves; an even sample is taken of more."""

Floats = npt.NDArray[np.float64]


def observed(connection: duckdb.DuckDBPyConnection, model: Model) -> dict[str, Any]:
    """Return `blocking` and `unlinkable`, from `link_encoded` and `link_record`.

    `blocking` has, for each rule, `fields`, `blocks` of two records or more, the `records`
    in them and the `pairs` they make; and how many records meet nobody. `unlinkable` has,
    for each weight from -10 to 30, the share of records that a perfect copy would reach
    less than, and by source the share that it would not reach the threshold with; and by source
    and comparison the share of records that say something to compare.
    """
    return {"blocking": _blocking(connection), "unlinkable": _unlinkable(connection, model)}


def _blocking(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    columns = _columns(connection)
    rules = [
        _rule(connection, name, fields) for name, (fields, _) in BLOCKS.items() if f"block_{name}" in columns
    ]
    alone = " AND ".join(
        f"NOT coalesce(block_{rule['rule']} IN (FROM link_met_{rule['rule']}), FALSE)" for rule in rules
    )
    found = connection.execute(
        f"SELECT count(*), count(*) FILTER (WHERE {alone or 'TRUE'}) FROM link_encoded"
    ).fetchone()
    for rule in rules:
        connection.execute(f"DROP TABLE temp.link_met_{rule['rule']}").fetchall()
    nodes, lonely = found or (0, 0)
    return {"rules": rules, "nodes": int(nodes), "meet_nobody": int(lonely)}


def _columns(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    rows = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = 'link_encoded'"
    ).fetchall()
    return frozenset(str(name) for (name,) in rows)


def _rule(connection: duckdb.DuckDBPyConnection, name: str, fields: str) -> dict[str, Any]:
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_met_{name} AS
            SELECT block_{name} AS key, count(*)::DOUBLE AS n FROM link_encoded
            WHERE block_{name} IS NOT NULL GROUP BY ALL HAVING count(*) > 1"""
    ).fetchall()
    found = connection.execute(
        f"SELECT count(*), coalesce(sum(n), 0), coalesce(sum(n * (n - 1) / 2), 0) FROM link_met_{name}"
    ).fetchone()
    connection.execute(f"ALTER TABLE link_met_{name} DROP COLUMN n").fetchall()
    blocks, records, pairs = found or (0, 0, 0)
    return {
        "rule": name,
        "fields": fields,
        "blocks": int(blocks),
        "records": int(records),
        "pairs": int(pairs),
    }


def _unlinkable(connection: duckdb.DuckDBPyConnection, model: Model) -> dict[str, Any]:
    """Compare each node of a sample with itself; the frequency of its names is not regarded."""
    cases = ", ".join(f"{case_sql(c)} AS level_{i}" for i, c in enumerate(model.comparisons))
    names = ", ".join(f"level_{i}" for i in range(len(model.comparisons)))
    found = connection.execute(
        f"""WITH sampled AS (
                SELECT node, any_value(source) AS source, count(*) AS n FROM link_record
                WHERE hash(node, {model.seed}) % greatest((SELECT count(*) FROM link_encoded), 1)
                    < {LARGEST_SAMPLE} GROUP BY node
            ), levels AS (
                SELECT source, n, {cases}
                FROM sampled s JOIN link_encoded l ON l.node = s.node JOIN link_encoded r ON r.node = s.node
            )
            SELECT source, {names}, sum(n)::DOUBLE AS records FROM levels GROUP BY ALL ORDER BY ALL"""
    ).fetchnumpy()
    records = np.asarray(found["records"], dtype=np.float64)
    if not len(records):
        return {"curve": [], "by_source": {}, "complete": {}}
    levels = [np.asarray(found[f"level_{i}"], dtype=np.int64) for i in range(len(model.comparisons))]
    weight = pattern_weights(model, levels)
    source = np.asarray(found["source"]).astype(str)
    return {
        "curve": [[w, _share(weight < w, records)] for w in range(-10, 31)],
        "by_source": _by_source(source, weight < model.pair_threshold, records),
        "complete": _complete(model, levels, source, records),
    }


def pattern_weights(model: Model, levels: list[npt.NDArray[np.int64]]) -> Floats:
    """Return the weight of each pattern of levels at the model's overall prior.

    Args:
        model: Trained.
        levels: One array a comparison: the number of its level in each pattern.
    """
    tables = {
        name: sum(
            (
                np.array([0.0 if x.null else math.log2(getattr(x, name)) for x in c.levels])[level]
                for c, level in zip(model.comparisons, levels, strict=True)
            ),
            start=np.zeros(len(levels[0])),
        )
        for name in ("m", "u", "kin")
    }
    strangers = tables["m"] - tables["u"] + math.log2(model.prior)
    kin = tables["m"] - tables["kin"] + math.log2(model.prior / model.kin_density)
    weight: Floats = -np.logaddexp2(-strangers, -kin)
    return weight


def _share(chosen: npt.NDArray[np.bool_], records: Floats) -> float:
    return round(float(records[chosen].sum() / records.sum()), 4)


def _by_source(
    source: npt.NDArray[np.str_], thin: npt.NDArray[np.bool_], records: Floats
) -> Mapping[str, Any]:
    return {
        str(name): {
            "records": int(records[source == name].sum()),
            "share": _share(thin[source == name], records[source == name]),
        }
        for name in np.unique(source)
    }


def _complete(
    model: Model, levels: list[npt.NDArray[np.int64]], source: npt.NDArray[np.str_], records: Floats
) -> Mapping[str, Any]:
    """Return, by source and comparison, the share of records that say something to compare."""
    said = {
        comparison.name: ~np.array([level.null for level in comparison.levels])[found]
        for comparison, found in zip(model.comparisons, levels, strict=True)
    }
    return {
        str(name): {
            comparison: _share(there[source == name], records[source == name])
            for comparison, there in said.items()
        }
        for name in np.unique(source)
    }
