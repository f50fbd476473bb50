"""Score pairs of records: against strangers by Splink, and against kin beside it.

Belongs here: the weight of each blocked pair. Does not: the model's numbers (model.py,
train.py) or what is done with weights (clusters.py).

Splink weighs a pair against two strangers. People of one household agree on surname,
address and often more without being one person, so each pair is weighed against kin as
well: from the same levels, with `kin` in the place of `u`. Odds against both together
are the sum of the odds against each, so the weight is
-log2(2^-(weight against strangers) + 2^-(weight against kin)): about the smaller one.
"""

from __future__ import annotations

import math
from dataclasses import replace

import duckdb

from linkage.model import Comparison, Level, Model
from linkage.train import make_linker

_TOLERANCE = 1e-7


def predict(connection: duckdb.DuckDBPyConnection, model: Model) -> int:
    """Make `link_pair` (a, b, weight; a < b) of all blocked pairs of weight `predict_from` or more.

    Returns:
        Number of pairs.
    """
    told = _told_apart(model)
    linker = make_linker(connection, told)
    scored = linker.inference.predict(threshold_match_weight=model.predict_from, warning_mode="never")
    kin = " + ".join(_kin_sql(c) for c in told.comparisons)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_pair AS
            WITH weighed AS (
                SELECT least(node_l, node_r) AS a, greatest(node_l, node_r) AS b,
                    match_weight AS stranger, {kin} - {math.log2(model.kin_prior)} AS kin
                FROM {scored.physical_name}
            ), joined AS (
                SELECT a, b, least(stranger, kin)
                    - log2(1 + pow(2.0, -abs(stranger - kin))) AS weight FROM weighed
            )
            SELECT a, b, weight FROM joined WHERE weight >= {model.predict_from}"""
    ).fetchall()
    linker.table_management.delete_tables_created_by_splink_from_db()
    found = connection.execute("SELECT count(*) FROM link_pair").fetchone()
    return int(found[0]) if found else 0


def _weight(level: Level) -> float:
    return math.log2(level.m / level.u)


def _told_apart(model: Model) -> Model:
    """Return the model with u moved a hair where two levels of a comparison weigh the same.

    Splink's result gives each comparison's weight and not its level; the level is read from
    the weight, so no two may be equal, nor any be that of the unknown level, 0.
    """
    return replace(model, comparisons=tuple(_comparison_told_apart(c) for c in model.comparisons))


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


def _kin_sql(comparison: Comparison) -> str:
    """SQL of a comparison's weight against kin, from its weight against strangers."""
    column = f"mw_{comparison.name}"
    cases = " ".join(
        f"WHEN abs({column} - ({_weight(level)!r})) < {_TOLERANCE} THEN {math.log2(level.m / level.kin)!r}"
        for level in comparison.levels
        if not level.null
    )
    return f"CASE {cases} ELSE 0 END"
