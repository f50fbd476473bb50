"""Clusters that keep what was decided about pairs of records.

Belongs here: finding what a standing constraint reaches, taking records of one node apart
where one of them is bound, clustering those groups anew. Does not: writing constraints
(constraints.py), the algorithm (agglomerate.py).

Decisions are about records; pairs are weighed between nodes, which stand for records that
say the same. So a node with a bound record is taken apart into its records, whose pairs
have the weights of the node's, and with one another the largest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage import constraints
from linkage.agglomerate import Bounds, Pairs, components
from linkage.model import Model

Ints = npt.NDArray[np.int64]
Clusterer = Callable[[Ints, Pairs, Model, Bounds], Ints]
"""`clusters.cluster`."""


@dataclass(frozen=True)
class Records:
    """Records and their nodes, in the order of nodes.

    Args:
        key: Record keys.
        node: The node of each, numbered from 0 without gaps; the order decides ties.
    """

    key: Ints
    node: Ints

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return int(self.node.max(initial=-1)) + 1


def keep_bounds(
    connection: duckdb.DuckDBPyConnection, pairs: Pairs, model: Model, cluster: Clusterer
) -> None:
    """Correct `link_cluster` where constraints reach: groups with a bound record are clustered anew.

    Args:
        connection: Holds `link_record` and `link_cluster`, made without constraints.
        pairs: All weighed pairs of nodes.
        model: Says when clusters merge.
        cluster: The algorithm.
    """
    found = connection.execute(
        f"""SELECT record_key, node FROM link_record WHERE node IN (
                SELECT node FROM link_record WHERE record_key IN (
                    SELECT unnest([record_key_l, record_key_r]) FROM ({constraints.STANDING_SQL})))"""
    ).fetchnumpy()
    bound = np.asarray(found["node"], dtype=np.int64)
    if not len(bound):
        return
    reached = _reached(connection, pairs, model, bound)
    whole = connection.execute(
        "SELECT record_key, node FROM link_record ORDER BY node, record_key"
    ).fetchnumpy()
    node = np.asarray(whole["node"], dtype=np.int64)
    chosen = reached[node]
    numbers = np.cumsum(reached) - 1
    inside = reached[pairs.a] & reached[pairs.b]
    local = pairs.where(inside)
    records = Records(np.asarray(whole["record_key"], dtype=np.int64)[chosen], numbers[node[chosen]])
    label = clustered(
        connection,
        records,
        Pairs(numbers[local.a], numbers[local.b], local.weight, local.confidence),
        model,
        cluster,
    )
    connection.register("link_bound", pa.table({"record_key": records.key, "cluster": len(reached) + label}))
    connection.execute(
        """UPDATE link_cluster SET cluster = b.cluster FROM link_bound b
            WHERE b.record_key = link_cluster.record_key"""
    ).fetchall()
    connection.unregister("link_bound")


def clustered(
    connection: duckdb.DuckDBPyConnection,
    records: Records,
    pairs: Pairs,
    model: Model,
    cluster: Clusterer,
) -> Ints:
    """Return for each record a number of its cluster, every standing constraint kept.

    Args:
        connection: With the table of constraints.
        records: Some records; whoever is in a group with one of them is among them.
        pairs: Weighed pairs of their nodes, `confidence` included.
        model: Says when clusters merge.
        cluster: The algorithm.
    """
    ends = [_places(records.key, *constraints.standing(connection, kind)) for kind in ("together", "apart")]
    taken = np.zeros(records.nodes, dtype=np.bool_)
    for place in (end for pair in ends for end in pair):
        taken[records.node[place]] = True
    single = taken[records.node]
    first = np.ones(len(records.node), dtype=np.bool_)
    first[1:] = records.node[1:] != records.node[:-1]
    unit = np.cumsum(first | single) - 1
    size = np.bincount(unit)
    bounds = Bounds(*(unit[end] for pair in ends for end in pair))
    label: Ints = cluster(size, _between_units(records.node, unit, pairs, model), model, bounds)[unit]
    return label


def _places(key: Ints, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Return the positions of both ends of constraints whose records are both there."""
    order = np.argsort(key)
    place = np.searchsorted(key, np.concatenate([left, right]), sorter=order).clip(max=max(len(key) - 1, 0))
    found = order[place] if len(key) else place
    x, y = np.split(found, 2)
    there = (key[x] == left) & (key[y] == right) if len(key) else np.zeros(len(left), dtype=np.bool_)
    return x[there], y[there]


def _between_units(node: Ints, unit: Ints, pairs: Pairs, model: Model) -> Pairs:
    """Return the pairs of units: a node's pairs for each of its records that stand alone."""
    nodes = int(node.max(initial=-1)) + 1
    heads = np.flatnonzero(np.concatenate([[True], unit[1:] != unit[:-1]])) if len(unit) else unit
    owner = node[heads]
    start = np.searchsorted(owner, np.arange(nodes))
    many = np.bincount(owner, minlength=nodes)
    times = many[pairs.a] * many[pairs.b]
    row = np.repeat(np.arange(len(pairs.a)), times)
    step = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    a = start[pairs.a[row]] + step // many[pairs.b[row]]
    b = start[pairs.b[row]] + step % many[pairs.b[row]]
    x, y = _within(owner, many)
    same = np.full(len(x), model.clip)
    return Pairs(
        np.concatenate([np.minimum(a, b), x]),
        np.concatenate([np.maximum(a, b), y]),
        np.concatenate([pairs.weight[row], same]),
        np.concatenate([pairs.confidence[row], np.ones(len(x))]),
    )


def _within(owner: Ints, many: Ints) -> tuple[Ints, Ints]:
    """Return all pairs of units of one node."""
    after = np.cumsum(many)[owner] - np.arange(len(owner)) - 1
    x = np.repeat(np.arange(len(owner)), after)
    y = x + 1 + np.arange(len(x)) - np.repeat(np.cumsum(after) - after, after)
    return x, y


def _reached(
    connection: duckdb.DuckDBPyConnection, pairs: Pairs, model: Model, bound: Ints
) -> npt.NDArray[np.bool_]:
    """Tell of each node whether it is in a group with a bound one, by weights or through a constraint."""
    (count,) = connection.execute("SELECT coalesce(max(node) + 1, 0) FROM link_record").fetchone() or (0,)
    linked = connection.execute(
        f"""SELECT x.node AS l, y.node AS r FROM ({constraints.STANDING_SQL}) c
            JOIN link_record x ON x.record_key = c.record_key_l
            JOIN link_record y ON y.record_key = c.record_key_r"""
    ).fetchnumpy()
    strong = pairs.weight > model.stop
    label = components(
        int(count),
        np.concatenate([pairs.a[strong], np.asarray(linked["l"], dtype=np.int64)]),
        np.concatenate([pairs.b[strong], np.asarray(linked["r"], dtype=np.int64)]),
    )
    reached = np.zeros(int(count), dtype=np.bool_)
    reached[label[bound]] = True
    chosen: npt.NDArray[np.bool_] = reached[label]
    return chosen
