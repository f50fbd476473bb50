"""The pairs an increment compares, and the frequencies it compares them by.

Belongs here: pairs with a remade side that share a blocking key, by the keys kept; comparing by
frequencies counted in the last full link; the pairs whose weights stand. Does not: who is remade
(touched.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import numpy as np

from linkage.agglomerate import Pairs
from linkage.encode import BLOCKS
from linkage.increment.state import SCHEMA, term_columns, term_sql
from linkage.model import Model
from linkage.predict import Compared, DuckDBComparer


class KeptTerms(DuckDBComparer):
    """A comparer by frequencies that were counted elsewhere than in the encoded table."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, model: Model, terms: Mapping[str, str]) -> None:
        """Take the connection and the model, and for each frequency column a SELECT (column, tf_column)."""
        super().__init__(connection, model)
        self._terms = tuple(f"link_terms_{column}" for column in terms)
        for name, (column, select) in zip(self._terms, terms.items(), strict=True):
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {select}").fetchall()
            counts = self._linker._db_api.register(name, table_name=f"input_{name}")
            self._linker.table_management.register_term_frequency_lookup(counts, column)

    def blocked_among(self, pairs: str) -> Compared:
        """Compare the pairs of a table (join_key_l, join_key_r); keep those of `predict_from` or more."""
        return self._read(pairs, self._model.predict_from)

    def close(self) -> None:
        """Drop what was made."""
        super().close()
        for name in self._terms:
            self._connection.execute(f"DROP TABLE IF EXISTS temp.{name}").fetchall()


def remade_pairs(connection: duckdb.DuckDBPyConnection) -> str:
    """Make the table of pairs (join_key_l, join_key_r, match_key) to compare; return its name.

    A block counts if all records that share its key now are no more than its limit, as in a
    full link. `link_lead` and `link_remade_node` say which nodes there are.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_scope AS
            SELECT lead, node FROM link_lead SEMI JOIN link_remade_node USING (node)"""
    ).fetchall()
    parts = " UNION ".join(
        f"""SELECT x.record_key_lead AS l, unnest(y.leads) AS r FROM {SCHEMA}.block x JOIN (
                SELECT "{name}" AS shared, list(record_key_lead) AS leads FROM {SCHEMA}.block
                WHERE "{name}" IN (
                    SELECT "{name}" FROM {SCHEMA}.block WHERE "{name}" IS NOT NULL
                        AND record_key_lead IN (SELECT lead FROM link_scope))
                GROUP BY "{name}" HAVING count(*) BETWEEN 2 AND {most}) y ON y.shared = x."{name}"
            WHERE x.record_key_lead IN (SELECT lead FROM link_scope)"""
        for name, (_, most) in BLOCKS.items()
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_remade_pair AS
            SELECT DISTINCT least(x.node, y.node) AS join_key_l, greatest(x.node, y.node) AS join_key_r,
                '0' AS match_key
            FROM ({parts}) p JOIN link_lead x ON x.lead = p.l JOIN link_lead y ON y.lead = p.r
            WHERE x.node <> y.node"""
    ).fetchall()
    return "link_remade_pair"


def kept_terms(connection: duckdb.DuckDBPyConnection, model: Model) -> dict[str, str]:
    """Return for each frequency column a SELECT (column, tf_column) of the shares counted in full.

    A value nobody had then counts as that of one record. Holds what `encode` made, and
    `link_standard`, from which the hashes are taken; call before it is dropped.
    """
    columns = term_columns(model)
    hashes = ", ".join(f"{term_sql(column)} AS {column}" for column in columns)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE link_encoded_terms AS SELECT node, {hashes} FROM link_standard"
    ).fetchall()
    return {
        column: f"""SELECT DISTINCT e.{column} AS {column},
                (coalesce(t.n, 1) / (SELECT coalesce(max(total), 1) FROM {SCHEMA}.term
                    WHERE field = '{column}'))::DOUBLE AS tf_{column}
            FROM link_encoded e JOIN link_encoded_terms h USING (node)
            LEFT JOIN {SCHEMA}.term t ON t.field = '{column}' AND t.value = h.{column}
            WHERE e.{column} IS NOT NULL"""
        for column in columns
    }


def standing_pairs(connection: duckdb.DuckDBPyConnection, model: Model) -> Pairs:
    """Return the pairs between nodes looked at that were not remade, as the spine keeps them."""
    found = connection.execute(
        """WITH kept AS (SELECT lead, node FROM link_lead ANTI JOIN link_remade_node USING (node))
            SELECT least(x.node, y.node)::BIGINT AS a, greatest(x.node, y.node)::BIGINT AS b,
                weight, confidence
            FROM warehouse.spine.edge e JOIN kept x ON x.lead = e.record_key_l
            JOIN kept y ON y.lead = e.record_key_r ORDER BY a, b"""
    ).fetchnumpy()
    return Pairs(
        np.asarray(found["a"], dtype=np.int64),
        np.asarray(found["b"], dtype=np.int64),
        np.clip(np.asarray(found["weight"], dtype=np.float64), -model.clip, model.clip),
        np.asarray(found["confidence"], dtype=np.float64),
    )
