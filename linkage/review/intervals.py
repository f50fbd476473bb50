"""Intervals for sums over strata of shares seen in small samples.

Belongs here: arithmetic on arrays whose last axis is the strata, so that many samples are
judged at once. Does not: where counts come from (estimate.py).

Limits of one stratum's share are those of Clopper and Pearson (1934), because Wilson's fall
to 84 % coverage where errors are rare, and here they are; the finite population enters as
a sample of n(N-1)/(N-n). Limits of a sum over strata are the wider of two. One comes from
the strata's limits by recovery of variances (MOVER: Zou, Huang and Zhang 2009, Computational
Statistics and Data Analysis 53): it does not take a stratum in which no error was seen for
one without error, but with many strata of few pairs each it is too narrow towards the side
of the errors seen. The other is Korn and Graubard's (1998, Survey Methodology 24): Clopper
and Pearson with the sample size that the estimated variance is worth; it does well where the
first does not. A stratum nobody looked at adds all it could hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

LEVEL = 0.95
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Limits:
    """A number, or one a sample, with its lower and upper limit."""

    value: Floats
    low: Floats
    high: Floats


def shares(hits: Floats, seen: Floats, pairs: Floats, level: float = LEVEL) -> Limits:
    """Return each stratum's share with its limits.

    Args:
        hits: How many of those seen are hits.
        seen: How many were looked at; where none was, the limits are 0 and 1.
        pairs: How many the stratum has; where all were looked at, the limits are the share.
        level: Confidence.
    """
    hits, seen, pairs = np.broadcast_arrays(hits, seen, pairs)
    tail = (1 - level) / 2
    share = hits / np.maximum(seen, 1)
    unseen = np.maximum(pairs - seen, 1e-9)
    size = seen * np.maximum(pairs - 1, 1) / unseen
    x = share * size
    low = np.where(x > 0, betaincinv(np.maximum(x, 1e-12), size - x + 1, tail), 0.0)
    high = np.where(x < size, betaincinv(x + 1, np.maximum(size - x, 1e-12), 1 - tail), 1.0)
    whole, none = seen >= pairs, seen <= 0
    low = np.where(none, 0.0, np.where(whole, share, np.minimum(low, share)))
    high = np.where(none, 1.0, np.where(whole, share, np.maximum(high, share)))
    return Limits(share, low, high)


def total(hits: Floats, seen: Floats, pairs: Floats, level: float = LEVEL) -> Limits:
    """Return how many hits the strata have in all, with limits; a stratum nobody saw is as the others.

    Args:
        hits, seen, pairs: As for `shares`.
        level: Confidence.
    """
    hits, seen, pairs = np.broadcast_arrays(hits, seen, pairs)
    parts = shares(hits, seen, pairs, level)
    looked = np.where(seen > 0, pairs, 0.0)
    pooled = (looked * parts.value).sum(axis=-1) / np.maximum(looked.sum(axis=-1), 1e-9)
    value = np.where(seen > 0, parts.value, pooled[..., None])
    recovered = _recovered(pairs, Limits(value, parts.low, parts.high), seen > 0)
    effective = _effective(value, hits, seen, pairs, level)
    return Limits(
        recovered.value,
        np.minimum(recovered.low, effective.low),
        np.maximum(recovered.high, effective.high),
    )


def _recovered(pairs: Floats, parts: Limits, looked: npt.NDArray[np.bool_]) -> Limits:
    """Return the sum over strata by recovery of variances; those nobody looked at add in full."""
    value = (pairs * parts.value).sum(axis=-1)
    below = _distance(pairs * (parts.value - parts.low), looked)
    above = _distance(pairs * (parts.high - parts.value), looked)
    return Limits(value, value - below, value + above)


def _distance(parts: Floats, looked: npt.NDArray[np.bool_]) -> Floats:
    known, unknown = np.where(looked, parts, 0.0), np.where(looked, 0.0, parts)
    return np.asarray(np.sqrt((known**2).sum(axis=-1)) + unknown.sum(axis=-1))


def _effective(share: Floats, hits: Floats, seen: Floats, pairs: Floats, level: float) -> Limits:
    """Return the sum over strata by Clopper and Pearson with an effective sample size."""
    size, looked = pairs.sum(axis=-1), seen.sum(axis=-1)
    variance = (pairs**2 * share * (1 - share) / np.maximum(seen - 1, 1) * (1 - seen / pairs)).sum(axis=-1)
    mean = (pairs * share).sum(axis=-1) / size
    spread = mean * (1 - mean) * size**2
    worth = np.where(variance > 0, spread / np.maximum(variance, 1e-12), looked)
    worth = np.where(spread > 0, np.minimum(worth, size), looked)
    found = shares(mean * worth, worth, np.maximum(size, worth * (1 + 1e-9)), level)
    exact = (seen >= pairs).all(axis=-1)
    return Limits(
        mean * size, np.where(exact, mean, found.low) * size, np.where(exact, mean, found.high) * size
    )
