"""The estimate from reviews: its limits hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from linkage.review.estimate import Counts, estimate, to_json
from linkage.review.intervals import LEVEL, shares, total

SAMPLES = 2_000
SLACK = 3 * np.sqrt(LEVEL * (1 - LEVEL) / SAMPLES)
"""Three Monte Carlo errors of a coverage."""

JOINED = [True] * 4 + [False] * 3
MANY = 30
SCENES = {
    "errors in the grey zone": (
        JOINED,
        [50_000, 3_000, 500, 80, 60, 400, 2_000],
        [0.9995, 0.97, 0.8, 0.4, 0.6, 0.2, 0.03],
        [100, 60, 40, 20, 30, 50, 100],
    ),
    "errors where the model is sure": (
        JOINED,
        [50_000, 3_000, 500, 80, 60, 400, 2_000],
        [0.995, 0.999, 0.99, 0.9, 0.05, 0.01, 0.004],
        [60, 40, 40, 20, 30, 50, 60],
    ),
    "a handful a stratum": (
        JOINED,
        [50_000, 3_000, 500, 80, 60, 400, 2_000],
        [0.99, 0.9, 0.8, 0.4, 0.6, 0.2, 0.03],
        [8] * 7,
    ),
    "many small strata": (
        [True] * MANY + [False] * MANY,
        [1_000] * MANY + [200] * MANY,
        list(np.linspace(0.95, 1, MANY)) + list(np.linspace(0, 0.1, MANY)),
        [6] * (2 * MANY),
    ),
    "no error at all": ([True, True, False], [50_000, 300, 900], [1, 1, 0], [60, 30, 40]),
    "one stratum each, rare errors": ([True, False], [100_000, 5_000], [0.997, 0.003], [100, 100]),
    "one stratum each, many errors": ([True, False], [100_000, 5_000], [0.9, 0.1], [100, 100]),
    "every pair looked at in some": ([True, True, False], [40, 5_000, 30], [0.7, 0.98, 0.3], [40, 80, 30]),
}


def counts(joined: list, pairs: list, same: np.ndarray, seen: np.ndarray, unsure: np.ndarray) -> Counts:
    sizes = np.array(pairs, dtype=np.float64)
    return Counts(np.array(joined), sizes, same.astype(float), (seen - same).astype(float), unsure)


@pytest.mark.parametrize("name", SCENES)
def test_limits_hold_the_truth_as_often_as_they_say(name: str) -> None:
    """Known truth plays the reviewers, in thousands of samples at once."""
    joined, pairs, share, seen = (np.array(x) for x in SCENES[name])
    true = np.round(pairs * share).astype(int)
    drawn = np.random.default_rng(7).hypergeometric(true, pairs - true, seen, size=(SAMPLES, len(pairs)))
    found = estimate(counts(joined, pairs, drawn, seen, np.zeros_like(drawn, dtype=float)), 0.0)
    right, missed = true[joined].sum(), true[~joined].sum()
    for limits, truth in (
        (found.precision, right / pairs[joined].sum()),
        (found.recall, right / (right + missed)),
    ):
        holds = (limits.low <= truth + 1e-9) & (truth - 1e-9 <= limits.high)
        assert holds.mean() >= LEVEL - SLACK
        assert abs(limits.value.mean() - truth) < 0.005
        assert (limits.low <= limits.value).all()
        assert (limits.value <= limits.high).all()


def test_the_undecided_may_be_either() -> None:
    joined, pairs = [True, False], [1_000, 1_000]
    same, seen = np.array([90, 10]), np.array([100, 100])
    sure = estimate(counts(joined, pairs, same, seen, np.zeros(2)), 0.0)
    with_unsure = estimate(counts(joined, pairs, same, seen, np.array([20.0, 20.0])), 0.0)
    assert with_unsure.precision.value == pytest.approx(sure.precision.value)
    assert with_unsure.precision.low < 90 / 120 < sure.precision.low
    assert with_unsure.precision.high > sure.precision.high
    assert with_unsure.recall.low < sure.recall.low


def test_what_was_never_compared_lowers_recall_and_is_said() -> None:
    known = counts([True, False], [1_000, 100], np.array([99, 2]), np.array([100, 50]), np.zeros(2))
    found = estimate(known, 0.02)
    assert found.recall.value == pytest.approx(0.98 * found.recall_compared.value)
    told = to_json(found, known, 3, 0.02)
    assert (told["method"], told["assumed_never_compared"], told["link_version"]) == ("review", 0.02, 3)
    precision, recall = (told["clusters"][name] for name in ("precision", "recall"))
    f1 = told["clusters"]["f1"]
    assert f1["value"] == pytest.approx(
        2 * precision["value"] * recall["value"] / (precision["value"] + recall["value"]), abs=1e-5
    )
    assert f1["low"] < min(precision["value"], recall["value"])


def test_a_stratum_nobody_saw_is_as_the_others_and_open_on_both_sides() -> None:
    found = total(np.array([9.0, 0.0]), np.array([10.0, 0.0]), np.array([100.0, 100.0]))
    assert found.value == pytest.approx(180)
    assert found.low < 100
    assert found.high > 190


def test_where_every_pair_was_seen_nothing_is_left_open() -> None:
    found = shares(np.array([3.0]), np.array([10.0]), np.array([10.0]))
    assert (found.low[0], found.value[0], found.high[0]) == (0.3, 0.3, 0.3)


def test_one_stratum_is_as_clopper_and_pearson() -> None:
    """Ten of ten: the lower limit is the tenth root of 0.025 (Clopper and Pearson 1934)."""
    found = shares(np.array([10.0]), np.array([10.0]), np.array([1e12]))
    assert found.low[0] == pytest.approx(0.025**0.1, abs=1e-6)
    assert found.high[0] == 1.0


def test_one_review_says_next_to_nothing() -> None:
    found = estimate(counts([True, True, False], [500, 500, 90], np.array([1, 0, 0]), np.array([1, 0, 0]),
        np.zeros(3)), 0.0)  # fmt: skip
    assert found.precision.low < 0.05
    assert found.recall.low < 0.15
    assert found.precision.high == found.recall.high == 1
