"""Agglomeration in rounds against merging one nearest pair at a time."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.agglomerate import CONFIDENCE_GRAIN, WEIGHT_GRAIN, Pairs, Rule, average_link

Weighted = dict[tuple[int, int], tuple[float, float]]


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[int], Weighted, Rule]:
    nodes = draw(st.integers(2, 9))
    sizes = draw(st.lists(st.integers(1, 3), min_size=nodes, max_size=nodes))
    every = list(combinations(range(nodes), 2))
    chosen = draw(st.lists(st.sampled_from(every), unique=True))
    weight = st.integers(-40, 40).map(lambda x: x / 4)
    confidence = st.sampled_from([1.0, 0.5, 0.125])
    weights = {pair: (draw(weight), draw(confidence)) for pair in chosen}
    rule = Rule(
        draw(st.sampled_from([-8.0, -2.0])),
        draw(st.sampled_from([1.0, 0.125])),
        draw(st.sampled_from([0.0, 2.0])),
    )
    return sizes, weights, rule


def in_rounds(sizes: list[int], weights: Weighted, rule: Rule) -> list[int]:
    a, b = (np.array([pair[i] for pair in weights], dtype=np.int64) for i in (0, 1))
    weight, confidence = (np.array([value[i] for value in weights.values()]) for i in (0, 1))
    return average_link(np.array(sizes, dtype=np.int64), Pairs(a, b, weight, confidence), rule).tolist()


def one_at_a_time(sizes: list[int], weights: Weighted, rule: Rule) -> list[int]:
    """Merge the nearest two clusters of all, by exact integers, until none is near enough."""
    clusters = [[i] for i in range(len(sizes))]
    while True:
        best = max(
            ((mean(x, y, sizes, weights, rule), -min(x[0], y[0]), -max(x[0], y[0])), i, j)
            for (i, x), (j, y) in combinations(enumerate(clusters), 2)
        ) if len(clusters) > 1 else None  # fmt: skip
        if best is None or best[0][0] <= rule.stop:
            break
        _, i, j = best
        merged = sorted(clusters[i] + clusters[j])
        clusters = sorted([c for k, c in enumerate(clusters) if k not in (i, j)] + [merged])
    label = {node: cluster[0] for cluster in clusters for node in cluster}
    return [label[node] for node in range(len(sizes))]


def mean(x: list[int], y: list[int], sizes: list[int], weights: Weighted, rule: Rule) -> float:
    total = mass = 0
    scored = False
    for i in x:
        for j in y:
            pair = (min(i, j), max(i, j))
            scored |= pair in weights
            weight, confidence = weights.get(pair, (rule.unscored, rule.doubt))
            n = round(confidence * CONFIDENCE_GRAIN) * sizes[i] * sizes[j]
            total, mass = total + round(weight * WEIGHT_GRAIN) * n, mass + n
    return total / mass / WEIGHT_GRAIN if scored else -np.inf


@settings(max_examples=300, deadline=None)
@given(problems())
def test_rounds_give_the_partition_of_the_greedy(problem: tuple[list[int], Weighted, Rule]) -> None:
    sizes, weights, rule = problem
    assert in_rounds(sizes, weights, rule) == one_at_a_time(sizes, weights, rule)


@settings(max_examples=100, deadline=None)
@given(problems(), st.randoms(use_true_random=False))
def test_order_of_pairs_does_not_matter(
    problem: tuple[list[int], Weighted, Rule], random: st.DataObject
) -> None:
    sizes, weights, rule = problem
    shuffled = list(weights.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert in_rounds(sizes, dict(shuffled), rule) == in_rounds(sizes, weights, rule)
