"""Rounding of counts, and percentages from rounded counts only.

Belongs here: arithmetic on numbers that will be shown. Does not: deciding which may be.
"""

import numpy as np
import pandas as pd

from privacy.cube import Cells


def round_to_base(values: Cells, base: int) -> Cells:
    """Return the values rounded to the nearest multiple of `base`, halves up; 1 or less changes nothing."""
    return np.floor(values / base + 0.5) * base if base > 1 else values


def percentage(part: pd.Series, whole: pd.Series, digits: int = 1) -> pd.Series:
    """Return 100 · part ÷ whole from counts as shown, NULL where either is hidden or the whole is 0.

    Never pass unrounded counts: a percentage to one decimal gives a small count back.
    """
    shown = whole.astype("Float64").where(whole > 0)
    return (100 * part.astype("Float64") / shown).round(digits)
