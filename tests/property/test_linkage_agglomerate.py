"""Agglomeration in rounds against merging one nearest pair at a time."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.agglomerate import CONFIDENCE_GRAIN, WEIGHT_GRAIN, Bounds, Pairs, Rule, average_link, components

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


@st.composite
def bound_problems(
    draw: st.DrawFn,
) -> tuple[list[int], Weighted, Rule, list[tuple[int, int]], list[tuple[int, int]]]:
    """A problem, and pairs together and apart that do not contradict each other."""
    sizes, weights, rule = draw(problems())
    every = list(combinations(range(len(sizes)), 2))
    together = draw(st.lists(st.sampled_from(every), unique=True, max_size=3))
    label = joined(len(sizes), together)
    possible = [(i, j) for i, j in every if label[i] != label[j]]
    apart = draw(st.lists(st.sampled_from(possible), unique=True, max_size=4)) if possible else []
    return sizes, weights, rule, together, apart


def joined(nodes: int, together: list[tuple[int, int]]) -> list[int]:
    a, b = (np.array([pair[i] for pair in together], dtype=np.int64) for i in (0, 1))
    return components(nodes, a, b).tolist()


def bound_one_at_a_time(
    sizes: list[int],
    weights: Weighted,
    rule: Rule,
    together: list[tuple[int, int]],
    apart: list[tuple[int, int]],
) -> list[int]:
    """As `one_at_a_time`, from clusters already joined, never across a pair apart."""
    start = joined(len(sizes), together)
    clusters = [[i for i, label in enumerate(start) if label == lead] for lead in sorted(set(start))]
    banned = set(apart)
    while True:
        possible = [
            ((mean(x, y, sizes, weights, rule), -min(x[0], y[0]), -max(x[0], y[0])), i, j)
            for (i, x), (j, y) in combinations(enumerate(clusters), 2)
            if not any((min(p, q), max(p, q)) in banned for p in x for q in y)
        ]
        if not possible or max(possible)[0][0] <= rule.stop:
            break
        _, i, j = max(possible)
        merged = sorted(clusters[i] + clusters[j])
        clusters = sorted([c for k, c in enumerate(clusters) if k not in (i, j)] + [merged])
    label = {node: cluster[0] for cluster in clusters for node in cluster}
    return [label[node] for node in range(len(sizes))]


@settings(max_examples=300, deadline=None)
@given(bound_problems())
def test_decisions_about_pairs_are_kept_and_the_rest_is_the_greedy(
    problem: tuple[list[int], Weighted, Rule, list[tuple[int, int]], list[tuple[int, int]]],
) -> None:
    sizes, weights, rule, together, apart = problem
    ends = [np.array([p[i] for p in ps], dtype=np.int64) for ps in (together, apart) for i in (0, 1)]
    a, b = (np.array([pair[i] for pair in weights], dtype=np.int64) for i in (0, 1))
    weight, confidence = (np.array([value[i] for value in weights.values()]) for i in (0, 1))
    pairs = Pairs(a, b, weight, confidence)
    label = average_link(np.array(sizes, dtype=np.int64), pairs, rule, Bounds(*ends)).tolist()
    assert label == bound_one_at_a_time(sizes, weights, rule, together, apart)
    assert all(label[i] == label[j] for i, j in together)
    assert not any(label[i] == label[j] for i, j in apart)
