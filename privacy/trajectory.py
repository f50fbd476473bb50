"""The trajectory attack: how many persons a few known periods single out.

Belongs here: the measure. Does not: the limit (the license sets it), or k-anonymity of
single rows, which long histories defeat: many small facts make one large one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True)
class TrajectoryRisk:
    """What an attacker who knows `known` periods of a person achieves.

    Attributes:
        known: Number of periods known.
        mean, worst: Share of persons in groups below k, over the trials.
    """

    known: int
    mean: float
    worst: float


def trajectory_attack(
    frame: pd.DataFrame,
    person: str,
    period: str,
    values: Sequence[str],
    *,
    known: Sequence[int] = (1, 2, 4),
    k: int = 11,
    trials: int = 20,
    seed: int = 0,
) -> tuple[TrajectoryRisk, ...]:
    """Return the share of persons whom a few known periods leave in a group smaller than k.

    The attacker knows a person's values in some periods, absence included. Each trial draws the
    periods at random and groups all persons who occur in at least one of them.

    Args:
        frame: Rows, one a person and period; of several, the attacker knows the first.
        person, period: Columns of the person's id and of the time.
        values: Columns the attacker knows.
        known: Numbers of periods known; numbers beyond the periods there are mean all of them.
        k: Groups below this count as singled out.
        trials: Draws a number of periods.
        seed: Makes the draws repeatable.
    """
    histories = _histories(frame, person, period, values)
    generator = np.random.default_rng(seed)
    return tuple(_risk(histories, number, k, trials, generator) for number in known)


def _histories(frame: pd.DataFrame, person: str, period: str, values: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return persons x periods: a number for what is known of each, -1 for absence."""
    rows = frame.drop_duplicates([person, period])
    people, _ = pd.factorize(rows[person])
    periods, _ = pd.factorize(rows[period], sort=True)
    codes = rows.groupby(list(values), dropna=False, sort=False).ngroup().to_numpy(dtype=np.int64)
    table = np.full((people.max(initial=-1) + 1, periods.max(initial=-1) + 1), -1, dtype=np.int64)
    table[people, periods] = codes
    return table


def _risk(
    histories: npt.NDArray[np.int64], known: int, k: int, trials: int, generator: np.random.Generator
) -> TrajectoryRisk:
    shares = [0.0]
    width = histories.shape[1]
    if width:
        draws = (generator.choice(width, min(known, width), replace=False) for _ in range(trials))
        shares = [_singled_out(histories[:, drawn], k) for drawn in draws]
    return TrajectoryRisk(known, float(np.mean(shares)), float(np.max(shares)))


def _singled_out(seen: npt.NDArray[np.int64], k: int) -> float:
    present = seen[(seen >= 0).any(axis=1)]
    if not len(present):
        return 0.0
    groups = pd.DataFrame(present).groupby(list(range(present.shape[1])), sort=False).ngroup().to_numpy()
    return float((np.bincount(groups)[groups] < k).mean())
