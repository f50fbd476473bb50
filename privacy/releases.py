"""Cells that earlier tables showed or hid, seen from a new table.

Belongs here: finding them in a new table's grid. Does not: keeping releases (the
registry and the portal do), hiding (disclosure.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from privacy.cube import Cube, Flags


@dataclass(frozen=True)
class Release:
    """An earlier table of the same data, as it was shown.

    Attributes:
        frame: Its dimensions (NULL for a total) and measures (NULL where hidden).
        dims: Its dimensions.
    """

    frame: pd.DataFrame
    dims: tuple[str, ...]


def known_and_kept(cube: Cube, measures: Sequence[str], released: Sequence[Release]) -> tuple[Flags, Flags]:
    """Return which cells of a new grid are public already, and which were hidden and must stay so.

    A cell that one table showed and another hid is public. Earlier tables with none of the
    measures, and their cells finer than the new table, say nothing.
    """
    known = np.zeros(int(np.prod(cube.shape)), dtype=bool)
    kept = known.copy()
    for release in released:
        shared = [name for name in measures if name in release.frame]
        finer = [dim for dim in release.dims if dim not in cube.dims]
        rows = release.frame[release.frame[finer].isna().all(axis=1)]
        if shared and len(rows):
            cells, found = _cells_of(cube, rows, release.dims)
            shown = rows[shared].notna().any(axis=1).to_numpy()
            known[cells[found & shown]] = True
            kept[cells[found & ~shown]] = True
    return known, kept & ~known


def _cells_of(cube: Cube, rows: pd.DataFrame, dims: Sequence[str]) -> tuple[npt.NDArray[np.intp], Flags]:
    """Return for each row its cell, and whether the new grid has it."""
    places, found = [], np.ones(len(rows), dtype=bool)
    for dim, categories in zip(cube.dims, cube.categories, strict=True):
        place = np.full(len(rows), len(categories), dtype=np.intp)
        if dim in dims:
            at = categories.get_indexer(pd.Index(rows[dim].to_numpy()))
            total = rows[dim].isna().to_numpy()
            found &= total | (at >= 0)
            place = np.where(total, place, np.maximum(at, 0))
        places.append(place)
    return np.asarray(np.ravel_multi_index(tuple(places), cube.shape), dtype=np.intp), found
