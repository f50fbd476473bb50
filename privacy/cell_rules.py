"""Which cells must not be shown as they are: thresholds and dominance.

Belongs here: the rules as data, and the cells that break them by themselves. Does not:
hiding further cells so that those cannot be worked out (disclosure.py).
"""

from dataclasses import dataclass

import numpy as np

from data_sharing_agreements.decisions.obligations import Obligations
from privacy.cube import Cells, Flags


@dataclass(frozen=True)
class CellRules:
    """The rules for a table, as the strictest agreement sets them.

    Args:
        min_cell: Counts from 1 to below this are hidden; 1 hides none.
        zero_is_small: Whether 0 is hidden as well.
        rounding: Base to which shown counts are rounded after hiding; 1 is none.
        shares: (n, share): a magnitude is hidden if its n largest contributors make up more than
            this share of it.
        p_percent: A magnitude is hidden if it, less its two largest contributors, is below this
            part of the largest (0.10 is ten percent): the second could then estimate the first.

    Source of method: field-facts §6; Hundepool et al., Statistical Disclosure Control (2012), ch. 4.
    """

    min_cell: int = 10
    zero_is_small: bool = False
    rounding: int = 1
    shares: tuple[tuple[int, float], ...] = ()
    p_percent: float | None = None

    @classmethod
    def from_obligations(cls, obligations: Obligations) -> "CellRules":
        """Return the rules that a decision's obligations set."""
        dominance = obligations.dominance
        return cls(
            min_cell=obligations.min_cell,
            zero_is_small=obligations.zero_is_small,
            rounding=obligations.rounding,
            shares=dominance.shares if dominance else (),
            p_percent=dominance.p_percent if dominance else None,
        )

    def small(self, counts: Cells) -> Flags:
        """Return which counts are too small to show."""
        least = 0 if self.zero_is_small else 1
        return np.asarray((counts >= least) & (counts < self.min_cell))

    def dominated(self, totals: Cells, largest: Cells, second: Cells) -> Flags:
        """Return which magnitudes one or a few contributors dominate.

        With only the two largest known, the n largest are taken to be at most the largest and
        n-1 times the second: for n above 2 the rule hides rather too much.
        """
        found = np.zeros(totals.shape, dtype=bool)
        for n, share in self.shares:
            top = np.minimum(largest + (n - 1) * second, totals)
            found |= (totals > 0) & (top > share * totals)
        if self.p_percent is not None:
            found |= (totals > 0) & (totals - largest - second < self.p_percent * largest)
        return found

    @property
    def count_width(self) -> float:
        """How far apart two consistent values of a hidden count must lie.

        With a width of `min_cell` nobody can tell that a hidden count is below `min_cell`, nor
        what it is.
        """
        return float(self.min_cell)

    def magnitude_width(self, totals: Cells) -> Cells:
        """How far apart two consistent values of a hidden magnitude must lie: p% of it."""
        return (self.p_percent or 0.0) * np.abs(totals)
