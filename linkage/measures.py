"""Precision, recall and F1 of pairs, with intervals.

Belongs here: arithmetic on counts of pairs. Does not: where counts come from
(evaluate.py).

Intervals are of 95 %. Pairs are not independent, people are: so they come from a Poisson
bootstrap over people (each person's pairs are drawn as often as a Poisson variable of mean
1 says), with a fixed seed. A person's wrong pairs are half theirs and half the other
person's. Where no error, or nothing right, was seen, the bootstrap knows no spread, and
the Wilson interval for that many people takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

ROUNDS = 400
SEED = 20
_Z = 1.959964


@dataclass(frozen=True)
class Estimate:
    """A share and its interval; None where there is nothing to divide by."""

    value: float | None
    low: float | None
    high: float | None

    def to_json(self) -> dict[str, float | None]:
        """Return it as an object."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Measures:
    """How good links are."""

    precision: Estimate
    recall: Estimate
    f1: Estimate

    def to_json(self) -> dict[str, dict[str, float | None]]:
        """Return them as an object."""
        return {
            "precision": self.precision.to_json(),
            "recall": self.recall.to_json(),
            "f1": self.f1.to_json(),
        }


def measures(people: pd.DataFrame) -> Measures:
    """Return the measures of a table of people's pairs.

    Args:
        people: Columns `hit`, pairs linked and true; `linked`; `real`, true pairs; and
            `people`, how many people have these three numbers.
    """
    counts = people[["hit", "linked", "real"]].to_numpy(dtype=np.float64)
    weight = people["people"].to_numpy(dtype=np.float64)
    total = weight @ counts
    draws = np.random.default_rng(SEED).poisson(weight, size=(ROUNDS, len(weight))) @ counts
    return Measures(
        _share(total[0], total[1], draws[:, 0], draws[:, 1], weight[counts[:, 1] > 0].sum()),
        _share(total[0], total[2], draws[:, 0], draws[:, 2], weight[counts[:, 2] > 0].sum()),
        _share(
            2 * total[0],
            total[1] + total[2],
            2 * draws[:, 0],
            draws[:, 1] + draws[:, 2],
            weight[counts[:, 1] + counts[:, 2] > 0].sum(),
        ),
    )


def wilson(share: float, trials: float) -> tuple[float, float]:
    """Return the Wilson score interval of a share seen in a number of trials (Wilson 1927)."""
    middle = (share + _Z**2 / (2 * trials)) / (1 + _Z**2 / trials)
    half = _Z * np.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2)) / (1 + _Z**2 / trials)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _share(
    part: float, whole: float, parts: npt.NDArray[np.float64], wholes: npt.NDArray[np.float64], people: float
) -> Estimate:
    if whole <= 0:
        return Estimate(None, None, None)
    value = float(part / whole)
    if value in (0.0, 1.0):
        return Estimate(value, *wilson(value, max(float(people), 1.0)))
    drawn = wholes > 0
    low, high = np.quantile(parts[drawn] / wholes[drawn], [0.025, 0.975])
    return Estimate(value, float(low), float(high))
