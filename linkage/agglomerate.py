"""Average-link agglomeration over pair weights, exact and vectorised.

Belongs here: the algorithm on plain arrays. Does not: where weights come from, or what
a cluster means (clusters.py).

The two clusters with the highest mean weight are merged until that mean falls to a
limit. Each pair counts in the mean by its confidence; a pair without a weight counts as a
fixed one. A mean so weighted is reducible: a merged cluster is never nearer to a third
than the nearer of its halves was. So merging every two clusters that are each other's
nearest gives the same tree as merging the nearest two of all, one after another (Murtagh
1983; Müllner 2011, section 3), and a whole level of it can be done at once. Weights and
confidences are whole multiples of a grain, so that sums do not depend on the order of
addition, and ties are broken by the clusters' smallest members: the result depends on
nothing but the weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
WEIGHT_GRAIN = 65536
CONFIDENCE_GRAIN = 64


@dataclass(frozen=True)
class Rule:
    """When clusters merge.

    Args:
        unscored: Weight of a pair that has none.
        doubt: Confidence, 0 to 1, with which such a pair counts.
        stop: Clusters merge only while their mean weight is higher.
    """

    unscored: float
    doubt: float
    stop: float


@dataclass(frozen=True)
class Pairs:
    """Weighted pairs of nodes, each pair at most once: ends, weight, confidence (0 to 1)."""

    a: Ints
    b: Ints
    weight: Floats
    confidence: Floats

    def where(self, mask: Mask) -> Pairs:
        """Return the pairs a mask chooses."""
        return Pairs(self.a[mask], self.b[mask], self.weight[mask], self.confidence[mask])


@dataclass(frozen=True)
class _Edges:
    """Between clusters `a` < `b`: weights times confidences, confidences, and how many pairs are summed."""

    a: Ints
    b: Ints
    total: Ints
    mass: Ints
    count: Ints

    def where(self, mask: Mask) -> _Edges:
        return _Edges(self.a[mask], self.b[mask], self.total[mask], self.mass[mask], self.count[mask])


def average_link(sizes: Ints, pairs: Pairs, rule: Rule) -> Ints:
    """Return for each node the smallest node of its cluster.

    Args:
        sizes: How many records each node stands for; all pairs between two nodes have the
            weight of the nodes' pair.
        pairs: The weights known.
        rule: When clusters merge.
    """
    strong = pairs.weight > rule.stop
    label = components(len(sizes), pairs.a[strong], pairs.b[strong])
    inside = label[pairs.a] == label[pairs.b]
    pairs, strong = pairs.where(inside), strong[inside]
    whole = _whole_components(label, pairs.a, strong)
    result = np.where(whole[label], label, np.arange(len(sizes)))
    edges = _edges(pairs.where(~whole[label[pairs.a]]), sizes)
    return _merge_rounds(result, sizes.astype(np.int64).copy(), edges, rule)


def components(nodes: int, a: Ints, b: Ints) -> Ints:
    """Return each node's connected component over the edges given, as its smallest node."""
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(nodes, nodes))
    _, component = connected_components(graph, directed=False)
    smallest = np.full(nodes, nodes, dtype=np.int64)
    np.minimum.at(smallest, component, np.arange(nodes))
    labels: Ints = smallest[component]
    return labels


def _whole_components(label: Ints, a: Ints, strong: Mask) -> Mask:
    """Tell, by component, whether every pair in it has a strong weight: then it is one cluster at once."""
    nodes = len(label)
    members = np.bincount(label, minlength=nodes)
    edges = np.bincount(label[a[strong]], minlength=nodes)
    whole: Mask = edges == members * (members - 1) // 2
    return whole


def _edges(pairs: Pairs, sizes: Ints) -> _Edges:
    low = np.minimum(pairs.a, pairs.b).astype(np.int64)
    high = np.maximum(pairs.a, pairs.b).astype(np.int64)
    count = sizes[low].astype(np.int64) * sizes[high]
    mass = np.maximum(np.rint(pairs.confidence * CONFIDENCE_GRAIN).astype(np.int64), 1) * count
    return _Edges(low, high, np.rint(pairs.weight * WEIGHT_GRAIN).astype(np.int64) * mass, mass, count)


def _mean(edges: _Edges, size: Ints, rule: Rule) -> Floats:
    """Return the mean weight between the ends of each edge, pairs without a weight included."""
    unscored, doubt = round(rule.unscored * WEIGHT_GRAIN), round(rule.doubt * CONFIDENCE_GRAIN)
    missing = doubt * (size[edges.a] * size[edges.b] - edges.count)
    mean: Floats = (edges.total + unscored * missing) / (edges.mass + missing) / WEIGHT_GRAIN
    return mean


def _merge_rounds(label: Ints, size: Ints, edges: _Edges, rule: Rule) -> Ints:
    nodes = len(label)
    while len(edges.a):
        mean = _mean(edges, size, rule)
        merged = _reciprocal(nodes, edges, np.where(mean > rule.stop, mean, -np.inf))
        if not merged.any():
            break
        low, high = edges.a[merged], edges.b[merged]
        parent = np.arange(nodes)
        parent[high] = low
        size[low] += size[high]
        label = parent[label]
        edges = _gathered(edges.where(~merged), parent, nodes)
        strong = _mean(edges, size, rule) > rule.stop
        component = components(nodes, edges.a[strong], edges.b[strong])
        edges = edges.where(component[edges.a] == component[edges.b])
    return label


def _reciprocal(nodes: int, edges: _Edges, mean: Floats) -> Mask:
    """Choose the edges whose two ends are each other's nearest, among those of a finite mean."""
    best = np.full(nodes, -np.inf)
    np.maximum.at(best, edges.a, mean)
    np.maximum.at(best, edges.b, mean)
    name = edges.a * nodes + edges.b
    first = np.full(nodes, np.iinfo(np.int64).max)
    near_a = (mean == best[edges.a]) & np.isfinite(mean)
    near_b = (mean == best[edges.b]) & np.isfinite(mean)
    np.minimum.at(first, edges.a[near_a], name[near_a])
    np.minimum.at(first, edges.b[near_b], name[near_b])
    chosen: Mask = (first[edges.a] == name) & (first[edges.b] == name)
    return chosen


def _gathered(edges: _Edges, parent: Ints, nodes: int) -> _Edges:
    """Return the edges between merged clusters, several between the same two added up."""
    x, y = parent[edges.a], parent[edges.b]
    name, place = np.unique(np.minimum(x, y) * nodes + np.maximum(x, y), return_inverse=True)
    sums = [np.zeros(len(name), dtype=np.int64) for _ in range(3)]
    for summed, values in zip(sums, (edges.total, edges.mass, edges.count), strict=True):
        np.add.at(summed, place, values)
    return _Edges(name // nodes, name % nodes, *sums)
