"""The simplest ways hidden cells can vary: boxes of hidden cells.

Belongs here: choosing boxes that protect a cell, and a fast sufficient test, before any
solver. Does not: proof that a cell is unsafe (interval_audit.py).

Method: take a cell and an opposite one; if all corners of the box they span are hidden,
adding t to one corner and taking it from its neighbours, in turn, leaves every line's sum
as it was (the hypercube method of Repsilber, 1994). A total moves together with its
children, so between them the sign does not change.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from privacy.cube import Cells, Flags

Corner = tuple[slice, ...]


@dataclass(frozen=True)
class Room:
    """How far the cells of one measure can fall, and how far apart two values must lie."""

    down: Cells
    width: Cells

    @classmethod
    def of(cls, values: Cells, lower: float, width: Cells) -> "Room":
        """Return the room of a measure on the grid whose cells are at least `lower`."""
        return cls(values - np.minimum(lower, values), width)


def _corners(shape: tuple[int, ...], place: tuple[int, ...]) -> Iterator[tuple[Corner, Cells]]:
    """Yield each kind of corner of all boxes from a cell: where it lies, and its sign by opposite cell."""
    axes = len(shape)
    flips = []
    for axis in range(axes):
        flip = np.full(shape[axis], 1.0 if place[axis] == shape[axis] - 1 else -1.0)
        flip[-1] = 1.0
        flips.append(flip.reshape([-1 if a == axis else 1 for a in range(axes)]))
    for taken in itertools.product((False, True), repeat=axes):
        corner = tuple(slice(None) if t else slice(p, p + 1) for t, p in zip(taken, place, strict=True))
        sign = np.ones((1,) * axes)
        for flip in itertools.compress(flips, taken):
            sign = sign * flip
        yield corner, sign


def _opposite(shape: tuple[int, ...], place: tuple[int, ...]) -> Flags:
    """Return which cells differ from `place` on every axis."""
    possible = np.ones(shape, dtype=bool)
    for axis, mine in enumerate(place):
        possible[tuple(mine if a == axis else slice(None) for a in range(len(shape)))] = False
    return possible


def _reach(room: Room, place: tuple[int, ...], limit: float) -> tuple[Cells, Cells]:
    """Return for every opposite cell how far its box lets the cell at `place` fall and rise."""
    shape = room.down.shape
    falls, rises = np.full(shape, limit), np.full(shape, limit)
    for corner, sign in _corners(shape, place):
        falls = np.where(sign > 0, np.minimum(falls, room.down[corner]), falls)
        rises = np.where(sign < 0, np.minimum(rises, room.down[corner]), rises)
    return falls, rises


def _place(cell: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(p) for p in np.unravel_index(cell, shape))


def cover(cells: npt.NDArray[np.intp], hidden: Flags, cost: Cells, rooms: list[Room]) -> None:
    """Hide, for each cell in turn, the cheapest box in which it can vary enough in every measure.

    Args:
        cells: Numbers of the cells to protect.
        hidden: Which cells of the grid are hidden; changed in place.
        cost: What hiding each cell loses; infinite for cells that must not be hidden.
        rooms: The measures.

    A cell for which there is no such box is left to the audit.
    """
    shape = hidden.shape
    for place in (_place(int(cell), shape) for cell in cells):
        price = np.where(_opposite(shape, place), 0.0, np.inf)
        to_pay = np.where(hidden, 0.0, cost)
        for corner, _ in _corners(shape, place):
            price = price + to_pay[corner]
        for room in rooms:
            wanted = float(room.width[place])
            falls, rises = _reach(room, place, wanted)
            price[falls + rises < wanted] = np.inf
        best = int(price.argmin())
        if 0.0 < price.flat[best] < np.inf:
            _hide_box(hidden, place, _place(best, shape))


def _hide_box(hidden: Flags, place: tuple[int, ...], opposite: tuple[int, ...]) -> None:
    hidden[np.ix_(*([p, q] for p, q in zip(place, opposite, strict=True)))] = True


def ranges(cells: npt.NDArray[np.intp], hidden: Flags, room: Room) -> tuple[Cells, Cells]:
    """Return how far boxes of hidden cells let each cell fall and rise."""
    fall, rise = np.zeros(len(cells)), np.zeros(len(cells))
    for index, cell in enumerate(cells):
        place = _place(int(cell), hidden.shape)
        possible = _opposite(hidden.shape, place)
        for corner, _ in _corners(hidden.shape, place):
            possible &= hidden[corner]
        if possible.any():
            falls, rises = _reach(room, place, float(room.width[place]))
            fall[index], rise[index] = falls[possible].max(), rises[possible].max()
    return fall, rise
