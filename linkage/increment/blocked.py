"""The pairs an increment compares, and the frequencies it compares them by.

Belongs here: pairs with a remade side that share a blocking key, by the keys kept; comparing by
frequencies counted in the last full link; the pairs whose weights stand. Does not: who is remade
(touched.py).
"""

from __future__ import annotations

import math

import duckdb
import numpy as np

from linkage.increment.holders import MOST_SQL, as_rows_sql, look_up
from linkage.increment.state import REWRITTEN_SQL, remade_blocks_sql, shares_sql, term_columns
from linkage.model import Model, case_sql
from linkage.namesakes import Namesakes, class_of, unknown
from linkage.predict import Compared, Floats, as_compared, told_apart
from linkage.weigh import Weights


class KeptComparer:
    """Compares given pairs of `link_encoded` by the model's conditions and kept frequencies.

    Level and frequency adjustment are those Splink gives, by the same conditions in one plain
    query: preparing Splink for a few thousand pairs takes longer than comparing them.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, model: Model) -> None:
        """Take the model, and a connection that holds `link_encoded` and `link_standard`.

        Frequencies are those counted in the last full link; a value nobody had then counts as
        that of one record.
        """
        self._connection = connection
        self._model = told_apart(model)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE link_kept_share AS {shares_sql(model, 'link_standard', 'node')}"
        ).fetchall()

    def given(self, pairs: str, threshold: float | None = None) -> Compared:
        """Compare the pairs of a table (join_key_l, join_key_r).

        Args:
            pairs: Its name; no pair twice, the smaller node on the left.
            threshold: Lowest weight against strangers of a pair that is kept; all are if not given.
        """
        comparisons = self._model.comparisons
        cases = ", ".join(f"({case_sql(c)})::TINYINT AS level_{i}" for i, c in enumerate(comparisons))
        terms = [
            f"WHEN level_{i} = {k} THEN {math.log2(level.u)!r} - log2(share_{level.term})"
            for i, c in enumerate(comparisons)
            for k, level in enumerate(c.levels)
            if level.term
        ]
        summed = " + ".join(f"(CASE {term} ELSE 0.0 END)" for term in terms) or "0.0"
        found = self._connection.execute(
            f"""WITH compared AS (
                    SELECT p.join_key_l AS a, p.join_key_r AS b, {cases}
                    FROM {pairs} p JOIN link_encoded l ON l.node = p.join_key_l
                    JOIN link_encoded r ON r.node = p.join_key_r
                )
                SELECT a::BIGINT AS a, b::BIGINT AS b, compared.* EXCLUDE (a, b), {summed} AS terms
                FROM compared JOIN link_kept_share s ON s.node = compared.a ORDER BY a, b"""
        ).fetchnumpy()
        result = as_compared(found, len(comparisons))
        return result if threshold is None else result.take(self._weight(result) >= threshold)

    def namesakes(self, nodes: int) -> Namesakes:
        """Return the classes of the nodes' whole names, by the frequencies of the last full link."""
        if not {"given", "surname"} <= set(term_columns(self._model)):
            return unknown(nodes)
        found = self._connection.execute(
            "SELECT share_given, share_surname FROM link_kept_share ORDER BY node"
        ).fetchnumpy()
        given, surname = (
            np.asarray(found[f"share_{part}"], dtype=np.float64) for part in ("given", "surname")
        )
        return Namesakes(class_of(given, surname))

    def close(self) -> None:
        """Drop what was made."""
        self._connection.execute("DROP TABLE IF EXISTS temp.link_kept_share").fetchall()

    def _weight(self, pairs: Compared) -> Floats:
        total = pairs.terms + math.log2(self._model.prior / (1 - self._model.prior))
        for comparison, levels in zip(self._model.comparisons, pairs.levels, strict=True):
            table = np.array([0.0 if x.null else math.log2(x.m / x.u) for x in comparison.levels])
            total = total + table[levels]
        return total


def remade_pairs(connection: duckdb.DuckDBPyConnection) -> str:
    """Make the table of pairs (join_key_l, join_key_r, match_key) to compare; return its name.

    A block counts if all records that share its key now are no more than its limit, as in a
    full link; of them those take part that are described. Those who held a key before are known
    since the changed records were looked at; only what nodes of several records agree on since is
    asked for again. `link_lead` and `link_remade_node` say which nodes there are.
    """
    rows = as_rows_sql(f"({remade_blocks_sql()})", "record_key_lead AS lead")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE link_own AS {rows}").fetchall()
    look_up(connection, "link_own")
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_remade_pair AS
            WITH held AS MATERIALIZED (
                SELECT rule, shared, lead FROM link_holder WHERE lead NOT IN ({REWRITTEN_SQL})
                UNION ALL SELECT rule, shared, lead FROM link_own),
            used AS (
                SELECT rule, shared FROM held GROUP BY ALL HAVING count(*) BETWEEN 2 AND {MOST_SQL}),
            block AS (SELECT rule, shared, node FROM held JOIN link_lead USING (lead))
            SELECT DISTINCT least(x.node, y.node) AS join_key_l, greatest(x.node, y.node) AS join_key_r,
                '0' AS match_key
            FROM link_own JOIN link_lead x USING (lead) SEMI JOIN used USING (rule, shared)
            JOIN block y USING (rule, shared) WHERE x.node <> y.node"""
    ).fetchall()
    return "link_remade_pair"


def standing_pairs(connection: duckdb.DuckDBPyConnection, model: Model) -> tuple[Compared, Weights]:
    """Return the pairs between nodes looked at that were not remade, as the spine keeps them.

    Their levels are known where the pair is kept for review, else unknown; a weight's evidence is
    such that the pair counts as much as it did.
    """
    unknown = f"[{', '.join('0' for _ in model.comparisons)}]::TINYINT[]"
    found = connection.execute(
        f"""WITH kept AS (
                SELECT lead, node FROM link_lead SEMI JOIN link_reach USING (lead)
                ANTI JOIN link_remade_node USING (node))
            SELECT least(x.node, y.node)::BIGINT AS a, greatest(x.node, y.node)::BIGINT AS b,
                e.weight, confidence, coalesce(p.pattern, {unknown}) AS pattern
            FROM warehouse.spine.edge e JOIN kept x ON x.lead = e.record_key_l
            JOIN kept y ON y.lead = e.record_key_r
            LEFT JOIN warehouse.spine.pair p
                ON p.record_key_l = e.record_key_l AND p.record_key_r = e.record_key_r
            ORDER BY a, b"""
    ).to_arrow_table()
    a, b = (found[name].to_numpy().astype(np.int64) for name in ("a", "b"))
    levels = found["pattern"].combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(np.int8)
    evidence = np.where(found["confidence"].to_numpy() >= 1.0, -np.inf, 0.0)
    return (
        Compared(a, b, levels.reshape(len(a), len(model.comparisons)).T, np.zeros(len(a))),
        Weights(found["weight"].to_numpy().astype(np.float64), evidence),
    )
