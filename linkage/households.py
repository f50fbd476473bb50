"""Households that hold a third person in common: what the people around two records say of them.

Belongs here: finding such pairs of records from clusters, and marking them. Does not: what that
is worth (the model), the clusters, or a household's number in one source, which is compared like
any other field.

A record of a program that keeps no names may carry a birth date, a sex and nothing else that
another source knows, and among a million people several share those. But where somebody else of
its household is known, by a number, to be of another program's household, the one there with
that birth date is hardly a stranger. So the first clusters say which households hold a person in
common, and all pairs of their other members are compared with that known (collective resolution,
as in Bhattacharya and Getoor 2007, in one round). It says much against strangers and nothing
against kin, who live in the same households. That nobody is in common says nothing: the others
may be in one of the programs alone.

A household is what one source calls one. Records whose address is confidential have none.
"""

from __future__ import annotations

from typing import Protocol

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.model import Model
from linkage.predict import Compared

COMPARISON = "co_residents"
"""The model's comparison that says so; no condition tells it of two records alone."""

IN_COMMON = 1
"""Its level of pairs whose households hold a third person in common."""

LARGEST_HOUSEHOLD = 12
"""More people than this are a shelter or a placeholder, where one meets anybody."""

MOST_HOUSEHOLDS = 20
"""A person of more households than this ties none of them together."""

TABLES: tuple[str, ...] = ("link_home", "link_tie", "link_acquainted", "link_told")
"""Temporary tables made here, to be dropped whatever happens."""

Ints = npt.NDArray[np.int64]


class Given(Protocol):
    """Compares given pairs."""

    def given(self, pairs: str) -> Compared:
        """Compare the pairs of a table (join_key_l, join_key_r); all are kept."""


def with_households(
    connection: duckdb.DuckDBPyConnection, comparer: Given, pairs: Compared, label: Ints, model: Model
) -> Compared:
    """Return the pairs, marked where their households hold a third person; those not compared yet added.

    Args:
        connection: Holds `link_encoded`.
        comparer: Compares what was not compared.
        pairs: What was compared.
        label: For each node its cluster, as far as that is known.
        model: One without the comparison is told nothing.
    """
    row = _row(model)
    if row is None:
        return pairs
    _acquainted(connection, label)
    connection.register("link_compared", pa.table({"a": pairs.a, "b": pairs.b, "at": np.arange(len(pairs))}))
    known = connection.execute(
        """SELECT "at" FROM link_compared
            JOIN link_acquainted ON join_key_l = link_compared.a AND join_key_r = link_compared.b"""
    ).fetchnumpy()
    connection.execute(
        """DELETE FROM link_acquainted USING link_compared c
            WHERE join_key_l = c.a AND join_key_r = c.b"""
    ).fetchall()
    connection.unregister("link_compared")
    levels = pairs.levels.copy()
    levels[row, np.asarray(known["at"], dtype=np.int64)] = IN_COMMON
    new = as_told(comparer.given("link_acquainted"), model)
    drop(connection)
    return Compared(pairs.a, pairs.b, levels, pairs.terms).joined(new)


def told_before(connection: duckdb.DuckDBPyConnection, model: Model, given: str) -> str:
    """Make the table of remade pairs that the standing version knows so; return its name.

    An increment finds no new ones, but it forgets none: that a record says something else does
    not take its household's acquaintances away.

    Args:
        connection: Holds `link_record` and `link_remade` of an increment.
        model: Its comparisons number a pair's pattern.
        given: Table (join_key_l, join_key_r) of the pairs to compare; those told are taken from it.
    """
    row = _row(model)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_told AS
            SELECT DISTINCT least(x.node, y.node) AS join_key_l, greatest(x.node, y.node) AS join_key_r
            FROM (SELECT record_key_l, record_key_r FROM warehouse.spine.pair
                WHERE pattern[{0 if row is None else row + 1}] = {IN_COMMON}
                    AND (record_key_l IN (FROM link_remade) OR record_key_r IN (FROM link_remade))) p
            JOIN link_record x ON x.record_key = p.record_key_l
            JOIN link_record y ON y.record_key = p.record_key_r
            WHERE x.node <> y.node"""
    ).fetchall()
    connection.execute(
        f"""DELETE FROM {given} g USING link_told t
            WHERE g.join_key_l = t.join_key_l AND g.join_key_r = t.join_key_r"""
    ).fetchall()
    return "link_told"


def as_told(pairs: Compared, model: Model) -> Compared:
    """Return pairs marked as of households that hold a third person in common."""
    levels, row = pairs.levels.copy(), _row(model)
    if row is not None:
        levels[row] = IN_COMMON
    return Compared(pairs.a, pairs.b, levels, pairs.terms)


def drop(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what was made on the way."""
    for table in TABLES:
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}").fetchall()


def _row(model: Model) -> int | None:
    return next((i for i, c in enumerate(model.comparisons) if c.name == COMPARISON), None)


def _acquainted(connection: duckdb.DuckDBPyConnection, label: Ints) -> None:
    """Make `link_acquainted` (join_key_l, join_key_r): nodes whose households hold a third person."""
    connection.register("link_label", pa.table({"node": np.arange(len(label)), "cluster": label}))
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_home AS
            WITH lives AS (
                SELECT node, cluster, hash(household_of, household) AS home
                FROM link_encoded JOIN link_label USING (node) WHERE household IS NOT NULL
            ), shared AS (
                SELECT home FROM lives GROUP BY home
                HAVING count(DISTINCT cluster) BETWEEN 2 AND {LARGEST_HOUSEHOLD}
            ) SELECT * FROM lives SEMI JOIN shared USING (home)"""
    ).fetchall()
    connection.unregister("link_label")
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_tie AS
            WITH lives AS (SELECT DISTINCT cluster, home FROM link_home),
            tying AS (
                SELECT cluster FROM lives GROUP BY cluster HAVING count(*) BETWEEN 2 AND {MOST_HOUSEHOLDS}
            ), home AS MATERIALIZED (SELECT * FROM lives SEMI JOIN tying USING (cluster))
            SELECT x.home AS l, y.home AS r, cluster
            FROM home x JOIN home y USING (cluster) WHERE x.home < y.home"""
    ).fetchall()
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_acquainted AS
            WITH one AS MATERIALIZED (
                SELECT node, r, t.cluster FROM link_tie t
                JOIN link_home h ON h.home = t.l AND h.cluster <> t.cluster
            )
            SELECT DISTINCT least(x.node, y.node)::INTEGER AS join_key_l,
                greatest(x.node, y.node)::INTEGER AS join_key_r, '0' AS match_key
            FROM one x JOIN link_home y ON y.home = x.r AND y.cluster <> x.cluster"""
    ).fetchall()
