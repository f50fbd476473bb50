"""From pair weights to clusters of nodes: who is one person.

Belongs here: reading weights, handing them to the algorithm, writing the result as
`link_cluster`. Does not: the algorithm (agglomerate.py), keys of persons (persons.py).
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from linkage.agglomerate import average_link
from linkage.model import Model


def cluster(connection: duckdb.DuckDBPyConnection, model: Model) -> int:
    """Make `link_cluster` (record_key, source, cluster) from `link_pair` and `link_record`.

    Returns:
        Number of clusters.
    """
    sizes = connection.execute(
        "SELECT count(*) AS n FROM link_record GROUP BY node ORDER BY node"
    ).fetchnumpy()["n"]
    pairs = connection.execute("SELECT a, b, weight FROM link_pair").fetchnumpy()
    label = average_link(
        np.asarray(sizes, dtype=np.int64),
        np.asarray(pairs["a"], dtype=np.int64),
        np.asarray(pairs["b"], dtype=np.int64),
        np.clip(np.asarray(pairs["weight"], dtype=np.float64), -model.clip, model.clip),
        unscored=model.unscored,
        stop=model.stop,
    )
    connection.register("link_label", pa.table({"node": np.arange(len(label)), "cluster": label}))
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_cluster AS
            SELECT r.record_key, r.source, l.cluster FROM link_record r JOIN link_label l USING (node)"""
    ).fetchall()
    connection.unregister("link_label")
    return len(np.unique(label))


def record_pairs(connection: duckdb.DuckDBPyConnection, model: Model, least: float) -> int:
    """Make `link_record_pair` (l, r, weight, probability; l < r) of records from the pairs of nodes.

    Records of one node say exactly the same; their pairs have the largest weight.

    Args:
        connection: Holds `link_pair` and `link_record`.
        model: Its `clip` is the largest weight.
        least: Lowest weight that is kept.
    """
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_record_pair AS
            WITH pair AS (
                SELECT least(x.record_key, y.record_key) AS l, greatest(x.record_key, y.record_key) AS r, weight
                FROM link_pair p JOIN link_record x ON x.node = p.a JOIN link_record y ON y.node = p.b
                WHERE weight >= {least}
                UNION ALL
                SELECT x.record_key, y.record_key, {model.clip}
                FROM link_record x JOIN link_record y ON x.node = y.node AND x.record_key < y.record_key
            )
            SELECT l, r, weight, 1 / (1 + pow(2.0, -weight)) AS probability FROM pair"""
    ).fetchall()
    found = connection.execute("SELECT count(*) FROM link_record_pair").fetchone()
    return int(found[0]) if found else 0
