"""Intervals for sums over strata of shares seen in small samples.

Belongs here: arithmetic on arrays whose last axis is the strata, so that many samples are
judged at once. Does not: where counts come from (estimate.py).

Limits of one stratum's share are those of Clopper and Pearson (1934), because Wilson's fall
to 84 % coverage where errors are rare, and here they are; the finite population enters as
a sample of n(N-1)/(N-n). Limits of a sum over strata are the wider of two. One comes from
the strata's limits by recovery of variances (MOVER: Zou, Huang and Zhang 2009, Computational
Statistics and Data Analysis 53): it does not take a stratum in which no error was seen for
one without error, but with many strata of few pairs each its far side is too narrow. The
other is Korn and Graubard's (1998, Survey Methodology 24): Clopper and Pearson with the
sample size that the estimated variance is worth; it does well where the first does not.
Limits of a ratio of two independent sums are those of Donner and Zou (2012, Statistical
Methods in Medical Research 21).
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
    recovered = _recovered(pairs, Limits(value, parts.low, parts.high))
    effective = _effective(value, hits, seen, pairs, level)
    return Limits(
        recovered.value,
        np.minimum(recovered.low, effective.low),
        np.maximum(recovered.high, effective.high),
    )


def _recovered(pairs: Floats, parts: Limits) -> Limits:
    """Return the sum over strata by recovery of variances."""
    value = (pairs * parts.value).sum(axis=-1)
    below = np.sqrt(((pairs * (parts.value - parts.low)) ** 2).sum(axis=-1))
    above = np.sqrt(((pairs * (parts.high - parts.value)) ** 2).sum(axis=-1))
    least = (pairs * parts.low).sum(axis=-1)
    most = (pairs * parts.high).sum(axis=-1)
    return Limits(value, np.maximum(value - below, least), np.minimum(value + above, most))


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


def ratio(top: Limits, bottom: Limits) -> Limits:
    """Return top / bottom, both independent of each other; bottom's value must be above 0."""
    product = top.value * bottom.value
    with np.errstate(divide="ignore", invalid="ignore"):
        wide = bottom.high * (2 * bottom.value - bottom.high)
        under = product**2 - top.low * bottom.high * (2 * top.value - top.low) * (
            2 * bottom.value - bottom.high
        )
        low = np.where(
            (wide > 0) & (under >= 0), (product - np.sqrt(np.maximum(under, 0))) / wide, top.low / bottom.high
        )
        slim = bottom.low * (2 * bottom.value - bottom.low)
        over = product**2 - top.high * bottom.low * (2 * top.value - top.high) * (
            2 * bottom.value - bottom.low
        )
        high = np.where(
            (slim > 0) & (over >= 0), (product + np.sqrt(np.maximum(over, 0))) / slim, top.high / bottom.low
        )
    value = top.value / bottom.value
    low, high = np.nan_to_num(low, nan=0.0), np.nan_to_num(high, nan=np.inf, posinf=np.inf)
    return Limits(value, np.clip(low, 0.0, value), np.maximum(high, value))
