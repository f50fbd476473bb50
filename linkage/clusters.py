"""From compared pairs to clusters: who is one person.

Belongs here: scoring the blocked pairs and then every other pair within a group they hold
together, how much each pair's weight counts, writing the result as temporary tables. Does
not: comparing (predict.py), weighing (weigh.py), the algorithm (agglomerate.py), keys of
persons (persons.py).

Within a group every pair is compared, because a pair that met on no blocking key may still
contradict: two birth dates, two numbers. A pair that says neither yes nor no, because the
records have little in common to compare, counts for little in a mean.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.agency.compare import apart, compared
from linkage.agglomerate import Bounds, Pairs, Rule, average_link, components
from linkage.bounds import keep_bounds
from linkage.households import with_households
from linkage.model import Model
from linkage.namesakes import count_namesakes
from linkage.predict import IN_DUCKDB, Compared, Comparer, Engine
from linkage.refine import NEVER, contradictions, rivals
from linkage.weigh import Sources, Weigher, Weights

LARGEST_GROUP = 300
"""Groups with more nodes are not compared in full; their unscored pairs count as such."""

MOST_COUNTED = 1_000
"""Records that say the same count as this many at most, so that sums stay exact."""

MOST_COPIES = 100
"""Of more records that say the same, only pairs with the first are kept."""


def resolve(connection: duckdb.DuckDBPyConnection, model: Model, engine: Engine = IN_DUCKDB) -> Model:
    """Make `link_pair` (a, b, weight, confidence, pattern), `link_cluster` and `link_prior`.

    The first clusters teach: two sources that have little in common to compare overlap as far as
    those say that a third source holds together, and households that hold a person in common tell
    of their others. Then what contradicts within a cluster takes it apart.

    `link_cluster` (record_key, source, cluster); `link_prior` (l, r, prior) of sources' names.

    Args:
        connection: Holds `link_encoded` and `link_record`.
        model: As `train` gave it.
        engine: Where pairs are compared.

    Returns:
        The model with m and prior fitted to the pairs.
    """
    sources, sizes = nodes_of(connection)
    with closing(engine.comparer(connection, model)) as comparer:
        pairs = comparer.blocked().joined(compared(connection, model))
        weigher = Weigher(model, sources, namesakes=count_namesakes(connection, len(sizes)))
        weigher.fit(pairs)
        pairs = _filled(connection, comparer, sizes, pairs, weigher)
        first = cluster(sizes, counted(pairs, weigher.weigh(pairs), weigher.model), weigher.model)
        weigher.learn_overlap(first)
        pairs = with_households(connection, comparer, pairs, first, weigher.model)
        pairs = _filled(connection, comparer, sizes, pairs, weigher)
    weights = parted(connection, sizes, pairs, weigher.weigh(pairs), weigher.model)
    told = counted(pairs, weights, weigher.model)
    write_pairs(connection, pairs, weights.weight, told.confidence)
    _write_clusters(connection, cluster(sizes, told, weigher.model))
    _write_priors(connection, weigher)
    keep_bounds(connection, told, weigher.model, cluster)
    return weigher.model


def _filled(
    connection: duckdb.DuckDBPyConnection,
    comparer: Comparer,
    sizes: npt.NDArray[np.int64],
    pairs: Compared,
    weigher: Weigher,
) -> Compared:
    """Return the pairs with all others added that lie within a group which they hold together."""
    strong = weigher.weigh(pairs).weight > weigher.model.stop
    missing = unscored(connection, len(sizes), pairs.a, pairs.b, strong)
    return pairs.joined(comparer.given(missing)).joined(apart(connection, weigher.model, missing))


def parted(
    connection: duckdb.DuckDBPyConnection,
    sizes: npt.NDArray[np.int64],
    pairs: Compared,
    weights: Weights,
    model: Model,
) -> Weights:
    """Return the weights with those of pairs that contradict within a cluster set to `NEVER`."""
    label = cluster(sizes, counted(pairs, weights, model), model)
    wrong = contradictions(label, pairs, model) | rivals(connection, label, pairs)
    return replace(weights, weight=np.where(wrong, NEVER, weights.weight))


def alone(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `link_pair`, empty, and `link_cluster` with each node a cluster of its own."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_pair
            (a BIGINT, b BIGINT, weight DOUBLE, confidence DOUBLE, pattern TINYINT[])"""
    ).fetchall()
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE link_prior (l VARCHAR, r VARCHAR, prior DOUBLE)"
    ).fetchall()
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_cluster AS
            SELECT record_key, source, node::BIGINT AS cluster FROM link_record"""
    ).fetchall()


def counted(pairs: Compared, weights: Weights, model: Model) -> Pairs:
    """Return the pairs as clusters count them: weights within `clip`, and how much each counts."""
    never = weights.weight <= NEVER
    telling = (weights.weight > 0) | (weights.evidence < model.contradiction) | never
    return Pairs(
        pairs.a,
        pairs.b,
        within_clip(weights.weight, model),
        np.where(telling, 1.0, model.doubt),
    )


def within_clip(weight: npt.NDArray[np.float64], model: Model) -> npt.NDArray[np.float64]:
    """Return weights as a mean counts them: no larger than `clip`, but what contradicts stays so."""
    return np.where(weight <= NEVER, NEVER, np.clip(weight, -model.clip, model.clip))


def cluster(
    sizes: npt.NDArray[np.int64], pairs: Pairs, model: Model, bounds: Bounds | None = None
) -> npt.NDArray[np.int64]:
    """Return for each node the smallest node of its cluster.

    A cluster depends on the nodes and pairs of its own group alone, so that a group may be
    clustered by itself.
    """
    return average_link(sizes, pairs, Rule(model.unscored, model.doubt, model.stop), bounds)


def nodes_of(connection: duckdb.DuckDBPyConnection) -> tuple[Sources, npt.NDArray[np.int64]]:
    """Return the nodes' sources, and how many records each node counts as."""
    found = connection.execute(
        """SELECT dense_rank() OVER (ORDER BY source) - 1 AS source, n FROM (
                SELECT node, any_value(source) AS source, count(*) AS n FROM link_record GROUP BY node)
            ORDER BY node"""
    ).fetchnumpy()
    of_node = np.asarray(found["source"], dtype=np.int64)
    counted = np.minimum(np.asarray(found["n"], dtype=np.int64), MOST_COUNTED)
    return Sources(of_node, np.bincount(of_node)), counted


def unscored(
    connection: duckdb.DuckDBPyConnection,
    nodes: int,
    a: npt.NDArray[np.int64],
    b: npt.NDArray[np.int64],
    strong: npt.NDArray[np.bool_],
) -> str:
    """Make the table of pairs that are in one group and have not been compared; return its name.

    Args:
        connection: Where to make it.
        nodes: How many nodes there are.
        a, b: The pairs that have been compared.
        strong: Which of them hold a group together.
    """
    group = components(nodes, a[strong], b[strong])
    connection.register("link_group_data", pa.table({"node": np.arange(nodes), "grp": group}))
    connection.register("link_compared", pa.table({"a": a, "b": b}))
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_unscored AS
            WITH chosen AS (
                SELECT grp FROM link_group_data GROUP BY grp HAVING count(*) BETWEEN 3 AND {LARGEST_GROUP}
            ), member AS (SELECT * FROM link_group_data SEMI JOIN chosen USING (grp))
            SELECT x.node AS join_key_l, y.node AS join_key_r, '0' AS match_key
            FROM member x JOIN member y ON x.grp = y.grp AND x.node < y.node
            ANTI JOIN link_compared c ON c.a = x.node AND c.b = y.node"""
    ).fetchall()
    connection.unregister("link_group_data")
    connection.unregister("link_compared")
    return "link_unscored"


def write_pairs(
    connection: duckdb.DuckDBPyConnection,
    pairs: Compared,
    weight: npt.NDArray[np.float64],
    confidence: npt.NDArray[np.float64],
) -> None:
    """Make `link_pair` (a, b, weight, confidence, pattern): patterns are the levels of the comparisons."""
    levels = np.ascontiguousarray(pairs.levels.T).ravel()
    pattern = pa.FixedSizeListArray.from_arrays(pa.array(levels, pa.int8()), len(pairs.levels))
    columns = {"a": pairs.a, "b": pairs.b, "weight": weight, "confidence": confidence, "pattern": pattern}
    connection.register("link_weights", pa.table(columns))
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_pair AS
            SELECT a, b, weight, confidence, pattern::TINYINT[] AS pattern FROM link_weights"""
    ).fetchall()
    connection.unregister("link_weights")


def _write_priors(connection: duckdb.DuckDBPyConnection, weigher: Weigher) -> None:
    count = len(weigher.sources.nodes)
    place = np.arange(count * count)
    table = pa.table({"l": place // count, "r": place % count, "prior": weigher.priors})
    connection.register("link_priors", table)
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_prior AS
            WITH name AS (
                SELECT source, row_number() OVER (ORDER BY source) - 1 AS number
                FROM (SELECT DISTINCT source FROM link_record)
            )
            SELECT x.source AS l, y.source AS r, prior FROM link_priors p
            JOIN name x ON x.number = p.l JOIN name y ON y.number = p.r WHERE p.l <= p.r"""
    ).fetchall()
    connection.unregister("link_priors")


def write_labels(
    connection: duckdb.DuckDBPyConnection,
    record_key: npt.NDArray[np.int64],
    label: npt.NDArray[np.int64],
    sources: str = "link_record",
) -> None:
    """Make `link_cluster` (record_key, source, cluster) from each record's cluster.

    Args:
        connection: Where to make it.
        record_key, label: The records and their clusters.
        sources: Relation with each record's source.
    """
    connection.register("link_label", pa.table({"record_key": record_key, "cluster": label}))
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_cluster AS
            SELECT record_key, source, cluster FROM {sources} JOIN link_label USING (record_key)"""
    ).fetchall()
    connection.unregister("link_label")


def _write_clusters(connection: duckdb.DuckDBPyConnection, label: npt.NDArray[np.int64]) -> None:
    connection.register("link_label", pa.table({"node": np.arange(len(label)), "cluster": label}))
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_cluster AS
            SELECT r.record_key, r.source, l.cluster FROM link_record r JOIN link_label l USING (node)"""
    ).fetchall()
    connection.unregister("link_label")


def record_pairs(connection: duckdb.DuckDBPyConnection, model: Model, least: float) -> int:
    """Make `link_record_pair` (l, r, weight, probability, pattern; l < r) of records from pairs of nodes.

    Records of one node say exactly the same; their pairs have the largest weight and no pattern.
    Where they are more than `MOST_COPIES`, the first stands for all, and each is paired with it
    alone: a thousand times as many copies would be a million times as many pairs.

    Args:
        connection: Holds `link_pair` and `link_record`.
        model: Its `clip` is the largest weight.
        least: Lowest weight that is kept.
    """
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_record_pair AS
            WITH copies AS (
                SELECT node, min(record_key) AS first, count(*) > {MOST_COPIES} AS many
                FROM link_record GROUP BY node
            ), member AS (
                SELECT node, record_key FROM link_record JOIN copies USING (node)
                WHERE NOT many OR record_key = first
            ), pair AS (
                SELECT least(x.record_key, y.record_key) AS l,
                    greatest(x.record_key, y.record_key) AS r, weight, pattern
                FROM link_pair p JOIN member x ON x.node = p.a JOIN member y ON y.node = p.b
                WHERE weight >= {least}
                UNION ALL
                SELECT x.record_key, y.record_key, {model.clip}, NULL
                FROM member x JOIN member y ON x.node = y.node AND x.record_key < y.record_key
                UNION ALL
                SELECT first, record_key, {model.clip}, NULL FROM copies JOIN link_record USING (node)
                WHERE many AND record_key > first
            )
            SELECT l, r, weight, 1 / (1 + pow(2.0, -weight)) AS probability, pattern FROM pair"""
    ).fetchall()
    found = connection.execute("SELECT count(*) FROM link_record_pair").fetchone()
    return int(found[0]) if found else 0
