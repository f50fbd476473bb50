"""Can a hidden number be worked out? Intervals of hidden cells, by integer programming.

Belongs here: for cells that add up in known ways, whether each hidden one could lie
anywhere in an interval wide enough. Does not: which cells to hide (disclosure.py).

Method: an attacker knows every published cell and that the table adds up. A hidden cell
is safe if two tables consistent with all that differ in it by at least the required
width. Both are looked for with HiGHS (scipy's `milp`); every table found serves for all
cells. Only tables actually found count, so a solver that stops early hides too much,
never too little.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from privacy.cube import Cells, Flags

SOLVER_SECONDS = 10.0
_TRIALS = 4
_SLACK = 1e-6


@dataclass
class Hidden:
    """The hidden cells of one measure, and the furthest consistent values found for each.

    Attributes:
        equations: Lines of the table over the hidden cells only.
        truth: Their true values.
        lower: The least each can be, as the attacker knows.
        width: How far apart two consistent values must lie.
        whole: Whether values are counts (whole numbers).
    """

    equations: sparse.csr_array
    truth: Cells
    lower: Cells
    width: Cells
    whole: bool
    low: Cells = field(init=False)
    high: Cells = field(init=False)

    def __post_init__(self) -> None:
        self.low, self.high = self.truth.copy(), self.truth.copy()

    def safe(self) -> Flags:
        """Return which cells have been shown to be safe."""
        return np.asarray(self.high - self.low >= self.width - _SLACK)

    def note(self, cells: npt.NDArray[np.intp], low: Cells, high: Cells) -> None:
        """Note values that consistent tables were found to give some cells."""
        self.low[cells] = np.minimum(self.low[cells], low)
        self.high[cells] = np.maximum(self.high[cells], high)

    def audit(self, *, thorough: bool = True) -> Flags:
        """Look for consistent tables, and return which cells have been shown to be safe.

        Args:
            thorough: Whether to go on, cell by cell, until each is shown safe or cannot be.
        """
        for cells in self._components():
            part = _Part.of(self, cells)
            part.try_at_random(np.random.default_rng(len(cells)))
            if thorough:
                part.try_each()
        return self.safe()

    def _components(self) -> list[npt.NDArray[np.intp]]:
        """Return the cells in groups that share no line; safe groups are left out."""
        joined = abs(self.equations)
        _, label = sparse.csgraph.connected_components(joined.T @ joined, directed=False)
        order = np.argsort(label, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if len(order) else []
        safe = self.safe()
        return [group for group in groups if not safe[group].all()]


@dataclass
class _Part:
    """One group of cells, ready for the solver."""

    owner: Hidden
    cells: npt.NDArray[np.intp]
    constraint: LinearConstraint
    bounds: Bounds

    @classmethod
    def of(cls, owner: Hidden, cells: npt.NDArray[np.intp]) -> "_Part":
        matrix = sparse.csr_array(owner.equations[:, cells])
        matrix = sparse.csr_array(matrix[np.flatnonzero(np.diff(matrix.indptr))])
        truth = owner.truth[cells]
        sums = matrix @ truth
        limit = np.abs(truth).sum() + owner.width[cells].max(initial=0) + 1
        return cls(owner, cells, LinearConstraint(matrix, sums, sums), Bounds(owner.lower[cells], limit))

    def try_at_random(self, generator: np.random.Generator) -> None:
        """Push all cells that are not yet safe at once, up or down by lot."""
        for _ in range(_TRIALS):
            open_ = ~self.owner.safe()[self.cells]
            if not open_.any():
                return
            weights = np.where(open_, generator.choice([-1.0, 1.0], len(self.cells)), 0.0)
            self.push(weights)
            self.push(-weights)

    def try_each(self) -> None:
        """Push every cell that is not yet safe up, then down."""
        for index, cell in enumerate(self.cells):
            for sign in (1.0, -1.0):
                if not self.owner.safe()[cell]:
                    self.push(np.eye(1, len(self.cells), index).ravel() * sign)

    def push(self, weights: Cells) -> None:
        """Find the consistent table furthest in a direction, and note it for every cell."""
        found = milp(
            -weights,
            constraints=self.constraint,
            bounds=self.bounds,
            integrality=np.full(len(self.cells), int(self.owner.whole)),
            options={"time_limit": SOLVER_SECONDS},
        ).x
        if found is None:
            return
        table = np.rint(found) if self.owner.whole else found
        off = np.abs(self.constraint.A @ table - self.constraint.lb).max(initial=0)
        tolerance = 0.0 if self.owner.whole else _SLACK * max(1.0, float(np.abs(table).max(initial=0)))
        if off <= tolerance and (table >= self.bounds.lb - _SLACK).all():
            self.owner.note(self.cells, table, table)
