"""Estimate the model's numbers from the encodings themselves, without any truth.

Belongs here: the prior, `u` from random pairs, `kin_prior` from shared addresses, `m` by
expectation maximisation. Does not: what is compared (model.py), or scoring (predict.py).
Everything is seeded: the same encodings give the same model.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import duckdb
from splink import DuckDBAPI, Linker

from linkage.model import Comparison, Level, Model, case_sql, splink_settings

SAMPLE_PAIRS = 1_000_000
FEWEST_PAIRS = 300
RECALL = 0.75
LARGEST_PLACE = 30
_FLOOR = 1e-8

DETERMINISTIC = (
    "l.ssn = r.ssn AND l.given = r.given AND l.surname = r.surname",
    "l.birth = r.birth AND l.given = r.given AND l.surname = r.surname",
    "l.ssn = r.ssn AND l.birth = r.birth AND l.sex = r.sex",
)
"""Rules that hold for few pairs but those of one person; their count gives the prior."""


def make_linker(connection: duckdb.DuckDBPyConnection, model: Model) -> Linker:
    """Return a Splink linker on the encoded table, quiet, on this connection."""
    table = DuckDBAPI(connection=connection).register("link_encoded", table_name="link_input")
    return Linker(table, splink_settings(model), log_level=logging.ERROR, validate_settings=False)


def train(connection: duckdb.DuckDBPyConnection, model: Model, nodes: int) -> Model:
    """Return the model with its priors and u estimated from `link_encoded`.

    Args:
        connection: Holds the encoded table.
        model: Settings and starting numbers.
        nodes: Number of rows of the table.
    """
    trained = replace(model, prior=_prior(connection, nodes))
    trained = replace(trained, comparisons=_with_u(connection, trained, nodes))
    return replace(trained, kin_prior=_kin_prior(connection, trained))


def _numbers(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    found = connection.execute(sql).fetchone()
    return tuple(int(value or 0) for value in found or ())


def _prior(connection: duckdb.DuckDBPyConnection, nodes: int) -> float:
    """Return the share of pairs that are of one person: pairs found by rules over their assumed recall."""
    matched = " UNION ".join(
        f"SELECT l.node AS a, r.node AS b FROM link_encoded l JOIN link_encoded r ON {rule} AND l.node < r.node"
        for rule in DETERMINISTIC
    )
    (pairs,) = _numbers(connection, f"SELECT count(*) FROM ({matched})")
    return min(max(pairs, 1) / RECALL / max(nodes * (nodes - 1) / 2, 1), 0.1)


def _with_u(connection: duckdb.DuckDBPyConnection, model: Model, nodes: int) -> tuple[Comparison, ...]:
    """Return the comparisons with u from random pairs.

    Every record is paired with others at fixed distances in the table, whose order is that
    of random keys; so all records take part, where a sample of records crossed with itself
    would know few names. A random sample of pairs holds true matches too, and for a field
    as telling as a birth date they are as many as the chance agreements: their share, the
    prior times m, is taken off.
    """
    steps = max(1, min(SAMPLE_PAIRS // max(nodes, 1), (nodes - 1) // 2))
    cases = ", ".join(f"{case_sql(c)} AS level_{i}" for i, c in enumerate(model.comparisons))
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_sample AS
            WITH step AS (SELECT (1 + hash(i, {model.seed}) % {max(nodes - 1, 1)})::INTEGER AS step FROM range({steps}) t(i)),
            pair AS (SELECT node AS a, (node + step) % {max(nodes, 1)} AS b FROM link_encoded, step
                     WHERE hash(node, {model.seed}) % {nodes} < {SAMPLE_PAIRS})
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
    if known < FEWEST_PAIRS:
        return comparison
    levels = [
        _level_u(level, counts.get(i, 0) / known, prior, nodes) for i, level in enumerate(comparison.levels)
    ]
    if not levels[-1].fixed_u:
        levels[-1] = replace(levels[-1], u=max(1 - sum(level.u for level in levels[:-1]), _FLOOR))
    return replace(comparison, levels=tuple(levels))


def _level_u(level: Level, observed: float, prior: float, nodes: int) -> Level:
    if level.null or level.fixed_u:
        return level
    if level.u_per_record:
        return replace(level, u=level.u_per_record / nodes)
    return replace(level, u=max(observed - prior * level.m, observed / 20, level.u / 100, _FLOOR))


def _kin_prior(connection: duckdb.DuckDBPyConnection, model: Model) -> float:
    """Return how many pairs of kin there are for each pair of one person's records.

    Among records of one house and surname, those of different given names, and neither
    birth date nor number in common where these are known, are kin; those of one given name are one person. Both
    counts are scaled up by how often kin and one person's records agree on address and
    surname at all. Without addresses the model's own figure stands.
    """
    by_name = {c.name: c for c in model.comparisons}
    given, surname, address = (by_name[name] for name in ("given_name", "surname", "address"))
    same, different = 1, len(given.levels) - 1
    kin, one = _numbers(
        connection,
        f"""WITH place AS (
                SELECT place FROM link_encoded GROUP BY place HAVING count(*) BETWEEN 2 AND {LARGEST_PLACE}
            ), pair AS (
                SELECT {case_sql(given)} AS given,
                    coalesce(l.birth <> r.birth, l.ssn <> r.ssn, false)
                        AND coalesce(l.ssn <> r.ssn, l.birth <> r.birth, false) AS apart
                FROM link_encoded l JOIN link_encoded r
                    ON l.place = r.place AND l.surname = r.surname AND l.node < r.node
                WHERE l.place IN (FROM place)
            )
            SELECT count(*) FILTER (WHERE given = {different} AND apart), count(*) FILTER (WHERE given = {same})
            FROM pair""",
    )
    if kin + one < FEWEST_PAIRS:
        return model.kin_prior
    kin_share = given.levels[different].kin * surname.levels[1].kin * address.levels[1].kin
    one_share = given.levels[same].m * surname.levels[1].m * address.levels[1].m
    return max((kin / kin_share) / max(one / one_share, 1), 0.001)
