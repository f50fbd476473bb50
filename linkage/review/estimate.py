"""Precision and recall of a link version, from a stratified sample of pairs people looked at.

Belongs here: the estimator. Does not: its intervals' arithmetic (intervals.py), the sample
(draw.py), keeping the result (`linkage.quality`).

The version's pairs are known: each is joined or not. Precision is the mean, over the
strata of joined pairs, of the share that is of one person, weighted by the strata's sizes.
Recall is T / (T + F): T the pairs of one person among joined ones, F those among pairs that
were compared, kept and not joined, each a sum over its own strata (Cochran 1977, chapter 5);
its limits are those of T and F put together on the safe side, which costs little, because
where recall is high nearly all that is not known is in F.
Of pairs that were never compared, or too unlikely to be kept, nobody sees any: a share of
all pairs of one person is assumed to lie there, and is said with the figure.

Pairs nobody could decide, and those still open, count as if missing at random in their
stratum; the limits are those of the worst and the best that the undecided could be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from linkage.review.intervals import LEVEL, Floats, Limits, total

SCHEMA = "commonweal/review estimate/1"
ESTIMATOR = (
    "stratified by weight band, pair of sources and whether joined; weighted by stratum size; limits of "
    "Clopper and Pearson in each stratum, combined by recovery of variances (Zou, Huang and Zhang 2009), "
    "or of Korn and Graubard (1998) where those are wider"
)


@dataclass(frozen=True)
class Counts:
    """What is known of each stratum; the last axis is the strata, in one order.

    Args:
        joined: Whether its pairs were joined.
        pairs: How many it has.
        same, different: How many reviews found one person, or two.
        undetermined: How many reviews could not tell.
    """

    joined: npt.NDArray[np.bool_]
    pairs: Floats
    same: Floats
    different: Floats
    undetermined: Floats


@dataclass(frozen=True)
class Found:
    """What is estimated: precision, recall among compared pairs, and recall with the assumption."""

    precision: Limits
    recall_compared: Limits
    recall: Limits


def estimate(counts: Counts, unseen: float, level: float = LEVEL) -> Found:
    """Estimate precision and recall.

    Args:
        counts: Of the strata; at least one of joined pairs.
        unseen: Assumed share, 0 to below 1, of all pairs of one person that were never compared or kept.
        level: Confidence.
    """
    middle = _half(counts, counts.same, counts.same + counts.different, level)
    precision, recall = middle
    if np.any(counts.undetermined):
        seen = counts.same + counts.different + counts.undetermined
        worst = _half(counts, counts.same + np.where(counts.joined, 0, counts.undetermined), seen, level)
        best = _half(counts, counts.same + np.where(counts.joined, counts.undetermined, 0), seen, level)
        precision, recall = (
            Limits(m.value, np.minimum(m.low, w.low), np.maximum(m.high, b.high))
            for m, w, b in zip(middle, worst, best, strict=True)
        )
    left = 1 - unseen
    return Found(precision, recall, Limits(recall.value * left, recall.low * left, recall.high * left))


def to_json(found: Found, counts: Counts, version: int, unseen: float) -> dict[str, Any]:
    """Return an estimate as `spine.quality` keeps it and `review estimate` tells it."""
    precision, recall = found.precision, found.recall
    f1 = Limits(*(_f1(getattr(precision, at), getattr(recall, at)) for at in ("value", "low", "high")))
    seen = counts.same + counts.different + counts.undetermined
    return {
        "schema": SCHEMA,
        "link_version": version,
        "method": "review",
        "estimator": ESTIMATOR,
        "level": LEVEL,
        "reviews": int(seen.sum()),
        "undetermined": int(counts.undetermined.sum()),
        "strata": {"all": len(counts.pairs), "not_looked_at": int((seen == 0).sum())},
        "clusters": {"precision": _told(precision), "recall": _told(recall), "f1": _told(f1)},
        "recall_among_compared": _told(found.recall_compared),
        "assumed_never_compared": unseen,
        "by_subgroup": [],
    }


def counts_of(strata: Mapping[str, Any]) -> Counts:
    """Return counts from columns `joined`, `pairs`, `same`, `different`, `undetermined`."""
    numbers = {
        name: np.asarray(strata[name], dtype=np.float64)
        for name in ("pairs", "same", "different", "undetermined")
    }
    return Counts(np.asarray(strata["joined"], dtype=bool), **numbers)


def _half(counts: Counts, same: Floats, seen: Floats, level: float) -> tuple[Limits, Limits]:
    """Return precision and recall for one reading of the undecided."""
    right = _total(counts, same, seen, counts.joined, level)
    size = counts.pairs[..., counts.joined].sum(axis=-1)
    precision = Limits(*(part / size for part in (right.value, right.low, right.high)))
    if counts.joined.all():
        ones = np.ones_like(right.value)
        return precision, Limits(ones, ones, ones)
    missed = _total(counts, same, seen, ~counts.joined, level)
    recall = Limits(
        _share(right.value, missed.value), _share(right.low, missed.high), _share(right.high, missed.low)
    )
    return precision, recall


def _total(counts: Counts, same: Floats, seen: Floats, chosen: npt.NDArray[np.bool_], level: float) -> Limits:
    """Return how many pairs of one person some strata hold."""
    seen = np.broadcast_to(seen, np.shape(same))
    return total(same[..., chosen], seen[..., chosen], counts.pairs[..., chosen], level)


def _share(part: Floats, rest: Floats) -> Floats:
    return np.asarray(part / np.maximum(part + rest, 1e-12))


def _f1(precision: Floats, recall: Floats) -> Floats:
    """Return F1; from both lower, or both upper limits it is a limit on the safe side."""
    return 2 * precision * recall / np.maximum(precision + recall, 1e-12)


def _told(limits: Limits) -> dict[str, float]:
    return {name: round(float(getattr(limits, name)), 6) for name in ("value", "low", "high")}
