"""A table with all its totals, as arrays.

Belongs here: laying cells out by their dimensions, adding every margin, the lines along
which cells add up. Does not: rules, hiding (disclosure.py), intervals (interval_audit.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from data_sharing_agreements.errors import UsageFault

Cells: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cube:
    """The grid of a table: one axis a dimension, its last place the total.

    Combinations that do not occur are cells of zero; that is how an absent row is read.
    """

    dims: tuple[str, ...]
    categories: tuple[pd.Index, ...]
    places: tuple[npt.NDArray[np.intp], ...]

    @classmethod
    def of(cls, table: pd.DataFrame, dims: Sequence[str]) -> "Cube":
        """Lay out a table with one row a cell.

        Raises:
            UsageFault: no dimension, a dimension with missing values, or a cell given twice.
        """
        if not dims or table[list(dims)].isna().any(axis=None):
            raise UsageFault.of(
                "dimension-missing",
                "a table needs dimensions without missing values",
                why="NULL stands for a total",
                next="give unknown values a name of their own",
            )
        if table.duplicated(list(dims)).any():
            raise UsageFault.of(
                "cell-twice",
                "a cell is given twice",
                why="one row is one cell",
                next="group by the dimensions",
            )
        indexed = [pd.factorize(table[dim], sort=True) for dim in dims]
        return cls(tuple(dims), tuple(pd.Index(c) for _, c in indexed), tuple(p for p, _ in indexed))

    @property
    def shape(self) -> tuple[int, ...]:
        """Categories of each dimension, and one for its total."""
        return tuple(len(c) + 1 for c in self.categories)

    def interior(self, column: "pd.Series[Any]") -> Cells:
        """Return a measure on the grid, totals zero."""
        grid = np.zeros(self.shape)
        grid[self.places] = column.to_numpy(dtype=np.float64)
        return grid

    def with_totals(self, column: "pd.Series[Any]") -> Cells:
        """Return a measure on the grid with every margin summed."""
        grid = self.interior(column)
        for axis in range(len(self.dims)):
            grid[self._total(axis)] = grid.sum(axis=axis)
        return grid

    def with_top_two(self, largest: "pd.Series[Any]", second: "pd.Series[Any]") -> tuple[Cells, Cells]:
        """Return the two largest contributions of every cell and every margin.

        A contributor who is in two cells of a line counts once for each.
        """
        first, other = self.interior(largest), self.interior(second)
        for axis in range(len(self.dims)):
            both = np.sort(np.concatenate([first, other], axis=axis), axis=axis)
            first[self._total(axis)] = np.take(both, -1, axis=axis)
            other[self._total(axis)] = np.take(both, -2, axis=axis)
        return first, other

    def _total(self, axis: int) -> tuple[slice | int, ...]:
        return tuple(-1 if a == axis else slice(None) for a in range(len(self.dims)))

    def lines(self) -> list[npt.NDArray[np.intp]]:
        """Return for each dimension its lines: rows of cell numbers, the total last."""
        numbers = np.arange(int(np.prod(self.shape))).reshape(self.shape)
        return [np.moveaxis(numbers, a, -1).reshape(-1, self.shape[a]) for a in range(len(self.dims))]

    def equations(self) -> sparse.csr_array:
        """Return the matrix whose product with the cells is zero: children less total, a line a row.

        A dimension without categories says nothing about its total.
        """
        blocks = []
        for lines in self.lines():
            rows = np.repeat(np.arange(len(lines)), lines.shape[1])
            signs = np.ones(lines.shape)
            signs[:, -1] = -1 if lines.shape[1] > 1 else 0
            shape = (len(lines), int(np.prod(self.shape)))
            blocks.append(sparse.coo_array((signs.ravel(), (rows, lines.ravel())), shape=shape))
        return sparse.csr_array(sparse.vstack(blocks, format="csr"))

    def frame(self) -> pd.DataFrame:
        """Return the grid's dimensions as rows in order of cell number, NULL for a total."""
        levels = np.indices(self.shape).reshape(len(self.dims), -1)
        columns = {
            dim: pd.Series(categories.astype(object).append(pd.Index([None], dtype=object)).take(level))
            for dim, categories, level in zip(self.dims, self.categories, levels, strict=True)
        }
        return pd.DataFrame(columns)

    def is_total(self) -> Flags:
        """Return which cells are margins."""
        levels = np.indices(self.shape).reshape(len(self.dims), -1)
        return np.asarray((levels == np.array(self.shape)[:, None] - 1).any(axis=0))
