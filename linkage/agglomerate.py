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

from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields

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


def _none() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Bounds:
    """What was decided about pairs of nodes whatever their weights: together always, or never.

    No two nodes may be both, directly or through others (`constraints.add` refuses it).
    """

    together_a: Ints = field(default_factory=_none)
    together_b: Ints = field(default_factory=_none)
    apart_a: Ints = field(default_factory=_none)
    apart_b: Ints = field(default_factory=_none)

    def nodes(self) -> Ints:
        """Return every node that is bound."""
        return np.concatenate([self.together_a, self.together_b, self.apart_a, self.apart_b])


@dataclass(frozen=True)
class _Edges:
    """Between clusters `a` < `b`: weights times confidences, confidences, how many pairs are summed,
    and whether the two may never merge."""

    a: Ints
    b: Ints
    total: Ints
    mass: Ints
    count: Ints
    banned: Mask

    def where(self, mask: Mask) -> _Edges:
        return _Edges(
            self.a[mask],
            self.b[mask],
            self.total[mask],
            self.mass[mask],
            self.count[mask],
            self.banned[mask],
        )


def average_link(sizes: Ints, pairs: Pairs, rule: Rule, bounds: Bounds | None = None) -> Ints:
    """Return for each node the smallest node of its cluster.

    Args:
        sizes: How many records each node stands for; all pairs between two nodes have the
            weight of the nodes' pair.
        pairs: The weights known.
        rule: When clusters merge.
        bounds: Nodes that are one cluster from the start, and nodes that never are one.
    """
    bounds = bounds or Bounds()
    strong = pairs.weight > rule.stop
    label = components(
        len(sizes),
        np.concatenate([pairs.a[strong], bounds.together_a]),
        np.concatenate([pairs.b[strong], bounds.together_b]),
    )
    inside = label[pairs.a] == label[pairs.b]
    pairs, strong = pairs.where(inside), strong[inside]
    whole = _whole_components(label, pairs.a, strong)
    whole[label[bounds.nodes()]] = False
    result = np.where(whole[label], label, np.arange(len(sizes)))
    size = sizes.astype(np.int64).copy()
    edges = _edges(pairs.where(~whole[label[pairs.a]]), sizes)
    if len(bounds.nodes()):
        result, size, edges = _bound(result, size, edges, bounds)
    return _merge_rounds(result, size, edges, rule)


def _bound(label: Ints, size: Ints, edges: _Edges, bounds: Bounds) -> tuple[Ints, Ints, _Edges]:
    """Merge what is together, and add an edge that never merges between nodes that are apart.

    A mean of minus infinity keeps the mean reducible, so the rounds stay exact.
    """
    nodes = len(label)
    parent = components(nodes, bounds.together_a, bounds.together_b)
    merged = np.zeros_like(size)
    np.add.at(merged, parent, size)
    nothing = np.zeros(len(bounds.apart_a), dtype=np.int64)
    parted = _Edges(
        bounds.apart_a, bounds.apart_b, nothing, nothing, nothing, np.ones(len(nothing), dtype=np.bool_)
    )
    return parent[label], merged, _gathered(_joined(edges, parted), parent, nodes)


def _joined(one: _Edges, other: _Edges) -> _Edges:
    return _Edges(
        *(np.concatenate([getattr(x, f.name) for x in (one, other)]) for f in dataclass_fields(_Edges))
    )


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
    total = np.rint(pairs.weight * WEIGHT_GRAIN).astype(np.int64) * mass
    return _Edges(low, high, total, mass, count, np.zeros(len(low), dtype=np.bool_))


def _mean(edges: _Edges, size: Ints, rule: Rule) -> Floats:
    """Return the mean weight between the ends of each edge, pairs without a weight included.

    That of a banned edge is minus infinity.
    """
    unscored, doubt = round(rule.unscored * WEIGHT_GRAIN), round(rule.doubt * CONFIDENCE_GRAIN)
    missing = doubt * (size[edges.a] * size[edges.b] - edges.count)
    mass = np.maximum(edges.mass + missing, 1)
    mean = (edges.total + unscored * missing) / mass / WEIGHT_GRAIN
    allowed: Floats = np.where(edges.banned, -np.inf, mean)
    return allowed


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
    edges = edges.where(parent[edges.a] != parent[edges.b])
    x, y = parent[edges.a], parent[edges.b]
    name, place = np.unique(np.minimum(x, y) * nodes + np.maximum(x, y), return_inverse=True)

    def summed(values: Ints) -> Ints:
        sums = np.zeros(len(name), dtype=np.int64)
        np.add.at(sums, place, values)
        return sums

    banned = np.zeros(len(name), dtype=np.bool_)
    np.logical_or.at(banned, place, edges.banned)
    return _Edges(
        name // nodes, name % nodes, summed(edges.total), summed(edges.mass), summed(edges.count), banned
    )
