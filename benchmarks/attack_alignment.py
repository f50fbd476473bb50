"""Attacks on bit vectors of whole records: two clouds of points are laid over each other.

Belongs here: finding which record of one set is which of another from likeness alone, with and
without some that are known. Does not: making vectors (attack_filters.py), or scoring (attacks.py).

The attacker encodes the list under a key of their own. Bits differ then, but how alike any two
records are hardly does; so the records lie to each other as the people of the list do. Both
sets are turned on their main axes, and laid over each other by turns: nearest neighbours, and the
rotation that brings those together (Procrustes; graph matching on embeddings, Schaefer, Armknecht
and Heng 2024, after Vidanage and others 2020). Where a start was lucky is told by how
many records are each other's nearest, without any truth. With known records (an insider's own, or
a relative's) no luck is needed: others are told by their likeness to those.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

AXES = (20, 25, 30, 35, 40, 45, 50, 60)
FIRST = (2, 4, 3)
"""Axes laid over each other at last and at first; each combination is a start."""
TURNS = 40
SEEDS = 150
WIDENINGS = 10
"""Rounds in which more and more records are taken for known."""
ENOUGH = 0.7
"""A start after which so large a share of the records are each other's nearest is believed."""
QUANTILES = np.linspace(0.005, 0.995, 200)


def overlaid(seen: Bits, known: Bits, starts: int | None = None) -> Ints:
    """Return for each record the one of the list whose place is the same, from likeness alone.

    Args:
        seen: Vectors that were found, one a row.
        known: Vectors of the list, made the same way under another key.
        starts: How many starts are tried at most.
    """
    widest = min(max(AXES), seen.shape[1], known.shape[1])
    mine, theirs = _on_axes(seen, widest), _on_axes(known, widest)
    theirs *= _signs(mine, theirs)
    best, found = -1.0, np.zeros(len(seen), dtype=np.int64)
    for first, axes in itertools.islice(itertools.product(FIRST, AXES), starts):
        near = _turned(mine[:, :axes], theirs[:, :axes], first)
        sure = _surest(near, SEEDS)
        near = _widened(seen, known, sure, near.argmax(axis=1)[sure])
        share = float(_mutual(near).mean())
        if share > best:
            best, found = share, near.argmax(axis=1)
        if best > ENOUGH:
            break
    return found


def from_known(seen: Bits, known: Bits, records: Ints, people: Ints) -> Ints:
    """Return for each record the one of the list that is as like the known ones as it is.

    Args:
        seen: Vectors that were found, one a row.
        known: Vectors of the list, made the same way under another key.
        records: Rows of `seen` of which is known who they are.
        people: Their rows of `known`.
    """
    return _widened(seen, known, records, people).argmax(axis=1)


def _on_axes(bits: Bits, axes: int) -> Floats:
    """Return the vectors' places along the main axes of all."""
    away = bits.astype(np.float32)
    away -= away.mean(axis=0)
    turn = np.linalg.eigh(away.T @ away)[1][:, ::-1][:, :axes]
    placed: Floats = away @ turn
    return placed


def _signs(mine: Floats, theirs: Floats) -> Floats:
    """Return which axes of the second set point the other way, by how the places are spread."""
    ours = np.quantile(mine, QUANTILES, axis=0)
    ahead = ((ours - np.quantile(theirs, QUANTILES, axis=0)) ** 2).sum(axis=0)
    contrary = ((ours - np.quantile(-theirs, QUANTILES, axis=0)) ** 2).sum(axis=0)
    return np.where(ahead <= contrary, 1, -1).astype(np.float32)


def _turned(mine: Floats, theirs: Floats, first: int) -> Floats:
    """Return the likeness of places after the second set was turned by and by onto the first."""
    axes = mine.shape[1]
    turn = np.eye(axes, dtype=np.float32)
    for step in range(TURNS):
        used = min(axes, round(first * (axes / first) ** (step / (TURNS * 0.7))))
        near = _cosines(mine[:, :used], (theirs @ turn)[:, :used])
        sure = np.flatnonzero(_mutual(near))
        nearest = near.argmax(axis=1)
        close = near[sure, nearest[sure]]
        sure = sure[close >= np.median(close)]
        left, _, right = np.linalg.svd(theirs[nearest[sure]].T @ mine[sure])
        turn = left @ right
    return _cosines(mine, theirs @ turn)


def _widened(seen: Bits, known: Bits, records: Ints, people: Ints) -> Floats:
    """Return the likeness of records and people by their likeness to those that are known.

    The surest are taken for known as well, more in each round.
    """
    for step in range(WIDENINGS):
        mine, theirs = (_standing(bits, rows) for bits, rows in ((seen, records), (known, people)))
        near = _cosines(mine, theirs)
        records = _surest(near, SEEDS << step)
        people = near.argmax(axis=1)[records]
    return near


def _standing(bits: Bits, rows: Ints) -> Floats:
    """Return how like each vector is to some of them (Dice), beside how like the others are."""
    every = bits.astype(np.float32)
    size = every.sum(axis=1)
    like = 2 * (every @ every[rows].T) / np.maximum(size[:, None] + size[rows][None, :], 1)
    placed: Floats = (like - like.mean(axis=0)) / (like.std(axis=0) + 1e-6)
    return placed


def _cosines(mine: Floats, theirs: Floats) -> Floats:
    one, other = (part / (np.linalg.norm(part, axis=1, keepdims=True) + 1e-9) for part in (mine, theirs))
    near: Floats = one @ other.T
    return near


def _mutual(near: Floats) -> Bits:
    """Return which rows are the nearest of their nearest."""
    mutual: Bits = near.argmax(axis=0)[near.argmax(axis=1)] == np.arange(len(near))
    return mutual


def _surest(near: Floats, most: int) -> Ints:
    """Return the rows that are closest to the one whose nearest they are, at most half of such."""
    sure = np.flatnonzero(_mutual(near))
    close = near[sure].max(axis=1)
    return sure[np.argsort(-close, kind="stable")[: max(min(most, len(sure) // 2), 1)]]
