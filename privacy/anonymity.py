"""How well rows hide in groups: k-anonymity, l-diversity, t-closeness, measured.

Belongs here: the three measures. Does not: changing rows (generalise.py), histories
(trajectory.py), tables of counts (disclosure.py).

A group is the rows that agree on all quasi-identifiers; NULL agrees with NULL only.
Sources of method: Sweeney (2002), Machanavajjhala et al. (2007), Li et al. (2007).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd


def group_numbers(frame: pd.DataFrame, columns: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return for every row the number of its group."""
    if not columns:
        return np.zeros(len(frame), dtype=np.intp)
    numbers = frame.groupby(list(columns), dropna=False, sort=False).ngroup()
    return np.asarray(numbers, dtype=np.intp)


def group_sizes(frame: pd.DataFrame, columns: Sequence[str], person: str | None) -> npt.NDArray[np.intp]:
    """Return for every row the number of persons in its group, or of rows if no person column is named."""
    groups = group_numbers(frame, columns)
    counted = groups
    if person is not None:
        pairs = pd.DataFrame({"group": groups, "person": frame[person].to_numpy()})
        counted = pairs.drop_duplicates()["group"].to_numpy(dtype=np.intp)
    return np.bincount(counted, minlength=1).astype(np.intp)[groups]


def k_anonymity(frame: pd.DataFrame, quasi: Sequence[str], person: str | None = None) -> int:
    """Return k: the size of the smallest group. 0 for a table without rows.

    Args:
        frame: Rows.
        quasi: Quasi-identifiers.
        person: Column of person ids; groups are then counted in persons, since a person's many
            rows do not hide that person.
    """
    return int(group_sizes(frame, quasi, person).min()) if len(frame) else 0


def k_anonymity_sql(table: str, quasi: Sequence[str], person: str | None = None) -> str:
    """Return a SELECT of one number, k, for a table that stays where it is."""
    counted = f'count(DISTINCT "{person}")' if person else "count(*)"
    grouped = ", ".join(f'"{column}"' for column in quasi) or "()"
    having = " HAVING count(*) > 0" if not quasi else ""
    return (
        f"SELECT coalesce(min(size), 0) AS k FROM "
        f"(SELECT {counted} AS size FROM {table} GROUP BY {grouped}{having})"
    )


def l_diversity(frame: pd.DataFrame, quasi: Sequence[str], sensitive: str) -> int:
    """Return l: the fewest distinct values of a sensitive column in any group; NULL is a value."""
    counts = _counts(group_numbers(frame, quasi), frame[sensitive])
    return int((counts > 0).sum(axis=1).min()) if len(frame) else 0


def t_closeness(frame: pd.DataFrame, quasi: Sequence[str], sensitive: str, *, ordered: bool = False) -> float:
    """Return t: the greatest distance between a group's distribution of a column and the whole's.

    Args:
        frame: Rows.
        quasi: Quasi-identifiers.
        sensitive: The column.
        ordered: Whether its values have an order: then neighbouring values are near (earth mover's
            distance over ranks); else all values are equally far (half the sum of differences).

    Returns:
        0 (every group is like the whole) to 1.
    """
    if not len(frame):
        return 0.0
    counts = _counts(group_numbers(frame, quasi), frame[sensitive])
    apart = counts / counts.sum(axis=1, keepdims=True) - counts.sum(axis=0) / counts.sum()
    if ordered:
        steps = max(counts.shape[1] - 1, 1)
        return float(np.abs(np.cumsum(apart, axis=1)).sum(axis=1).max() / steps)
    return float(np.abs(apart).sum(axis=1).max() / 2)


def _counts(groups: npt.NDArray[np.intp], column: "pd.Series[Any]") -> npt.NDArray[np.int64]:
    """Return how often each value (in order, NULL last) occurs in each group."""
    codes, values = pd.factorize(column, sort=True)
    width = len(values) + 1
    codes = np.where(codes < 0, len(values), codes)
    height = int(groups.max(initial=-1)) + 1
    counts = np.bincount(groups * width + codes, minlength=height * width).reshape(height, width)
    return np.asarray(counts if column.isna().any() else counts[:, :-1], dtype=np.int64)
