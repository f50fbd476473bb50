"""Estimate from the encodings themselves what the model needs before pairs are compared.

Belongs here: the prior, `u` from random pairs. Does not: kin (kin.py), `m` (weigh.py), or
what is compared (model.py). Everything is seeded: the same records give the same model.
"""

from __future__ import annotations

from dataclasses import replace

import duckdb

from linkage.kin import with_kin
from linkage.model import Comparison, Level, Model, case_sql

SAMPLE_PAIRS = 1_000_000
SAMPLE_PER_NODE = 100
FEWEST_PAIRS = 300
RECALL = 0.75
_FLOOR = 1e-8

DETERMINISTIC = ("ssn, given, surname", "birth, given, surname", "ssn, birth, sex")
"""Fields that are all equal for few pairs but those of one person; their count gives the prior."""

MOST_ALIKE = 100
"""What more nodes than this have in common is no person but a filler, and is not counted."""


def train(connection: duckdb.DuckDBPyConnection, model: Model, nodes: int) -> Model:
    """Return the model with its priors and u estimated from `link_encoded`.

    Args:
        connection: Holds the encoded table.
        model: Settings and starting numbers.
        nodes: Number of rows of the table.
    """
    trained = replace(model, prior=_prior(connection, nodes))
    trained = replace(trained, comparisons=_with_u(connection, trained, nodes))
    return with_kin(connection, trained)


def untrained(model: Model, nodes: int) -> Model:
    """Return the model with its own numbers, for records that were all encoded at agencies.

    Args:
        model: Settings and starting numbers.
        nodes: How many nodes there are.
    """
    comparisons = tuple(_comparison_u(c, {}, model.prior, nodes) for c in model.comparisons)
    return replace(model, comparisons=comparisons, kin_density=model.prior)


def _numbers(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    found = connection.execute(sql).fetchone()
    return tuple(int(value or 0) for value in found or ())


def _prior(connection: duckdb.DuckDBPyConnection, nodes: int) -> float:
    """Return the share of pairs that are of one person: pairs found by rules over their assumed recall."""
    matched = " UNION ".join(_alike_sql(fields) for fields in DETERMINISTIC)
    (pairs,) = _numbers(connection, f"SELECT count(*) FROM ({matched})")
    return min(max(pairs, 1) / RECALL / max(nodes * (nodes - 1) / 2, 1), 0.1)


def _alike_sql(fields: str) -> str:
    """SELECT of the pairs of nodes (a < b) that are equal in all fields."""
    known = fields.replace(", ", " IS NOT NULL AND ")
    shared = f"""SELECT {fields} FROM link_encoded WHERE {known} IS NOT NULL
        GROUP BY ALL HAVING count(*) BETWEEN 2 AND {MOST_ALIKE}"""
    alike = f"(SELECT node, {fields} FROM link_encoded SEMI JOIN ({shared}) USING ({fields}))"
    return f"SELECT l.node AS a, r.node AS b FROM {alike} l JOIN {alike} r USING ({fields}) WHERE a < b"


def _with_u(connection: duckdb.DuckDBPyConnection, model: Model, nodes: int) -> tuple[Comparison, ...]:
    """Return the comparisons with u from random pairs.

    Every record is paired with others at fixed distances in the table, whose order is that
    of a hash; so all records take part, where a sample of records crossed with itself would
    know few names. A random sample of pairs holds true matches too, and for a field as
    telling as a birth date they are as many as the chance agreements: their share, the
    prior times m, is taken off.
    """
    sample = min(SAMPLE_PAIRS, SAMPLE_PER_NODE * nodes)
    steps = max(1, min(sample // nodes, (nodes - 1) // 2))
    cases = ", ".join(f"{case_sql(c)} AS level_{i}" for i, c in enumerate(model.comparisons))
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_sample AS
            WITH step AS (
                SELECT (1 + hash(i, {model.seed}) % {nodes - 1})::INTEGER AS step FROM range({steps}) t(i)
            ), pair AS (
                SELECT node AS a, (node + step) % {nodes} AS b FROM link_encoded, step
                WHERE hash(node, {model.seed}) % {nodes} < {sample}
            )
            SELECT {cases} FROM pair JOIN link_encoded l ON l.node = a JOIN link_encoded r ON r.node = b"""
    ).fetchall()
    counted = [
        dict(connection.execute(f"SELECT level_{i}, count(*) FROM link_sample GROUP BY ALL").fetchall())
        for i in range(len(model.comparisons))
    ]
    connection.execute("DROP TABLE link_sample").fetchall()
    return tuple(
        _comparison_u(c, counts, model.prior, nodes)
        for c, counts in zip(model.comparisons, counted, strict=True)
    )


def _comparison_u(comparison: Comparison, counts: dict[int, int], prior: float, nodes: int) -> Comparison:
    known = sum(n for level, n in counts.items() if not comparison.levels[level].null)
    shares = [
        counts.get(i, 0) / known if known >= FEWEST_PAIRS else None for i in range(len(comparison.levels))
    ]
    levels = [
        _level_u(level, share, prior, nodes) for level, share in zip(comparison.levels, shares, strict=True)
    ]
    if shares[-1] is not None and not levels[-1].fixed_u:
        levels[-1] = replace(levels[-1], u=max(1 - sum(level.u for level in levels[:-1]), _FLOOR))
    return replace(comparison, levels=tuple(levels))


def _level_u(level: Level, observed: float | None, prior: float, nodes: int) -> Level:
    """Return a level with u as observed, or its own where too little was."""
    if level.null or level.fixed_u:
        return level
    if level.u_per_record:
        return replace(level, u=level.u_per_record / nodes)
    if observed is None:
        return level
    return replace(level, u=max(observed - prior * level.m, observed / 20, level.u / 100, _FLOOR))
