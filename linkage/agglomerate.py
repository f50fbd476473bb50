"""Average-link agglomeration over pair weights, exact and vectorised.

Belongs here: the algorithm on plain arrays. Does not: where weights come from, or what
a cluster means (clusters.py).

The two clusters with the highest mean weight are merged until that mean falls to a
limit; a pair of members without a weight counts as a fixed one. Average linkage is
reducible (a merged cluster is never nearer to a third than the nearer of its halves
was), so merging every pair of clusters that are each other's nearest gives the same
tree as merging the nearest pair of all, one at a time (Müllner 2011, section 3; Murtagh
1983), and a whole level of it can be done at once. Weights are taken as whole multiples
of 2^-16, so that sums do not depend on the order of addition, and ties are broken by the
clusters' smallest members: the result depends on nothing but the weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_GRAIN = 65536.0


@dataclass(frozen=True)
class Edges:
    """Weights between nodes: ends `a` < `b`, the sum of weights and how many pairs are summed."""

    a: Ints
    b: Ints
    total: Ints
    count: Ints

    def __len__(self) -> int:
        return len(self.a)

    def where(self, mask: npt.NDArray[np.bool_]) -> Edges:
        """Return the edges a mask chooses."""
        return Edges(self.a[mask], self.b[mask], self.total[mask], self.count[mask])


def average_link(sizes: Ints, a: Ints, b: Ints, weight: Floats, *, unscored: float, stop: float) -> Ints:
    """Return for each node the smallest node of its cluster.

    Args:
        sizes: How many records each node stands for; all pairs between two nodes have the
            weight of the nodes' edge.
        a, b: Ends of the edges, each pair at most once.
        weight: Their weights.
        unscored: Weight of a pair that has no edge.
        stop: Clusters merge only while their mean weight is higher.
    """
    nodes = len(sizes)
    label = _components(nodes, a, b, weight > stop)
    inside = label[a] == label[b]
    a, b, weight = a[inside], b[inside], weight[inside]
    whole = _whole_components(label, a, weight > stop)
    result = np.where(whole[label], label, np.arange(nodes))
    open_edges = ~whole[label[a]]
    edges = _edges(a[open_edges], b[open_edges], weight[open_edges], sizes)
    return _merge_rounds(result, sizes.astype(np.int64).copy(), edges, unscored, stop)


def _components(nodes: int, a: Ints, b: Ints, strong: npt.NDArray[np.bool_]) -> Ints:
    """Return each node's component over strong edges, as its smallest node."""
    graph = coo_array(
        (np.ones(int(strong.sum()), dtype=np.int8), (a[strong], b[strong])), shape=(nodes, nodes)
    )
    _, component = connected_components(graph, directed=False)
    smallest = np.full(nodes, nodes, dtype=np.int64)
    np.minimum.at(smallest, component, np.arange(nodes))
    return smallest[component]


def _whole_components(label: Ints, a: Ints, strong: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Tell, by component, whether every pair in it has a strong edge: then it is one cluster at once."""
    nodes = len(label)
    members = np.bincount(label, minlength=nodes)
    edges = np.bincount(label[a[strong]], minlength=nodes)
    return edges == members * (members - 1) // 2


def _edges(a: Ints, b: Ints, weight: Floats, sizes: Ints) -> Edges:
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    count = sizes[low].astype(np.int64) * sizes[high]
    return Edges(low, high, np.rint(weight * _GRAIN).astype(np.int64) * count, count)


def _merge_rounds(label: Ints, size: Ints, edges: Edges, unscored: float, stop: float) -> Ints:
    grain = round(unscored * _GRAIN)
    while len(edges):
        possible = size[edges.a] * size[edges.b]
        mean = (edges.total + grain * (possible - edges.count)) / possible / _GRAIN
        merged = _reciprocal(len(label), edges, np.where(mean > stop, mean, -np.inf))
        if not merged.any():
            break
        low, high = edges.a[merged], edges.b[merged]
        parent = np.arange(len(label))
        parent[high] = low
        size[low] += size[high]
        label = parent[label]
        edges = _alive(_gathered(edges.where(~merged), parent, len(label)), size, grain, stop)
    return label


def _reciprocal(nodes: int, edges: Edges, mean: Floats) -> npt.NDArray[np.bool_]:
    """Choose the edges whose two ends are each other's nearest, among those of a finite mean."""
    order = np.iinfo(np.int64).max
    best = np.full(nodes, -np.inf)
    np.maximum.at(best, edges.a, mean)
    np.maximum.at(best, edges.b, mean)
    name = edges.a * nodes + edges.b
    first = np.full(nodes, order)
    near_a = (mean == best[edges.a]) & np.isfinite(mean)
    near_b = (mean == best[edges.b]) & np.isfinite(mean)
    np.minimum.at(first, edges.a[near_a], name[near_a])
    np.minimum.at(first, edges.b[near_b], name[near_b])
    chosen: npt.NDArray[np.bool_] = (first[edges.a] == name) & (first[edges.b] == name)
    return chosen


def _gathered(edges: Edges, parent: Ints, nodes: int) -> Edges:
    """Return the edges between merged clusters, several between the same two added up."""
    x, y = parent[edges.a], parent[edges.b]
    low, high = np.minimum(x, y), np.maximum(x, y)
    name, place = np.unique(low * nodes + high, return_inverse=True)
    total = np.zeros(len(name), dtype=np.int64)
    count = np.zeros(len(name), dtype=np.int64)
    np.add.at(total, place, edges.total)
    np.add.at(count, place, edges.count)
    return Edges(name // nodes, name % nodes, total, count)


def _alive(edges: Edges, size: Ints, grain: int, stop: float) -> Edges:
    """Drop the edges of components in which nothing can merge any more."""
    possible = size[edges.a] * size[edges.b]
    mean = (edges.total + grain * (possible - edges.count)) / possible / _GRAIN
    strong = mean > stop
    component = _components(len(size), edges.a, edges.b, strong)
    mask: npt.NDArray[np.bool_] = component[edges.a] == component[edges.b]
    return edges.where(mask)
