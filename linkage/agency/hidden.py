"""Hiding bit vectors and digits under noise of the salt, so that only likeness remains.

Belongs here: the arithmetic on words of 64 bits. Does not: where the noise comes from
(privacy.salted), or what is hidden (encoder.py).

Method: a vector's bits are put in another order by a Benes network, in which every exchange of
two bits is decided by a bit of noise, and then covered. Of two vectors under one salt the
number of bits that differ is kept, and nothing else. A digit is four bits; they are mapped
linearly by triangular matrices of noise in turn, lower, upper, lower, which can be undone and so
keep equal digits equal and others apart, put in another order of places, and covered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
DISTANCES = (32, 16, 8, 4, 2, 1)
ORDER_NOISE = len(DISTANCES) + 1
"""Blocks of noise, of two words each, that put vectors in order."""

_PLACES = (32, 16, 8, 4)
_STEPS = (1, 2, 3)
_PASSES = ((True, (0, 3, 1)), (False, (1, 3, 0)), (True, (2, 4, 5)))
"""Whether a matrix adds to higher bits, and whose noise is used for each step; no bit of it twice."""

DIGIT_NOISE = 8
"""Words of noise that hide a packed number."""

_NIBBLES = 0x1111111111111111


def _low(distance: int) -> np.uint64:
    """Return the mask of bits that have a partner that many places above them, each pair once."""
    unit = (1 << distance) - 1
    return np.uint64(sum(unit << at for at in range(0, 64, 2 * distance)))


_LOW = {distance: _low(distance) for distance in DISTANCES}
_UP = {step: np.uint64(_NIBBLES * (15 >> step << step & 15)) for step in _STEPS}
_DOWN = {step: np.uint64(_NIBBLES * (15 >> step)) for step in _STEPS}


def put_in_order(vectors: Words, noise: Words) -> None:
    """Put the bits of vectors in another order, in place; the same order for all vectors of a row.

    Args:
        vectors: Array (vectors, rows, 2).
        noise: Array (`ORDER_NOISE`, rows, 2).
    """
    spare = np.empty_like(vectors)
    across = noise[-1]
    _exchange_words(vectors, across[:, 0])
    for i, distance in enumerate(DISTANCES):
        _exchange(vectors, spare, noise[i] & _LOW[distance], distance)
    for i, distance in reversed(list(enumerate(DISTANCES[:-1]))):
        _exchange(vectors, spare, noise[i] >> np.uint64(distance) & _LOW[distance], distance)
    _exchange_words(vectors, across[:, 1])


def _exchange(vectors: Words, spare: Words, chosen: Words, distance: int) -> None:
    """Exchange the chosen bits with those so many places above them."""
    np.right_shift(vectors, np.uint64(distance), out=spare)
    np.bitwise_xor(spare, vectors, out=spare)
    np.bitwise_and(spare, chosen, out=spare)
    np.bitwise_xor(vectors, spare, out=vectors)
    np.left_shift(spare, np.uint64(distance), out=spare)
    np.bitwise_xor(vectors, spare, out=vectors)


def _exchange_words(vectors: Words, chosen: Words) -> None:
    """Exchange the chosen bits of a vector's two words."""
    differ = (vectors[:, :, 0] ^ vectors[:, :, 1]) & chosen
    vectors[:, :, 0] ^= differ
    vectors[:, :, 1] ^= differ


def hide_digits(packed: Words, noise: Words) -> Words:
    """Return packed numbers, four bits a digit, so that only how many digits are equal is kept.

    Args:
        packed: Array of any shape, with all sixteen places filled.
        noise: `DIGIT_NOISE` arrays of that shape.
    """
    *maps, order, cover = noise
    hidden = packed
    for up, used in _PASSES:
        hidden = _mapped(hidden, [maps[i] for i in used], up=up)
    spare = np.empty_like(hidden)
    for bit, distance in enumerate(_PLACES):
        _exchange(hidden, spare, _whole(order >> np.uint64(bit), distance), distance)
    for bit, distance in reversed(list(enumerate(_PLACES[:-1]))):
        _exchange(hidden, spare, _whole(order >> np.uint64(bit + distance), distance), distance)
    hidden ^= cover
    return hidden


def _whole(noise: Words, distance: int) -> Words:
    """Return a mask of digits that have a partner above them, each chosen by its lowest bit of noise."""
    noise &= _LOW[distance] & np.uint64(_NIBBLES)
    noise *= np.uint64(15)
    return noise


def _mapped(packed: Words, noise: Sequence[Words], *, up: bool) -> Words:
    """Add to each bit of a digit those below it, or above it, that the noise chooses."""
    mapped = packed.copy()
    for step, chosen in zip(_STEPS, noise, strict=True):
        moved = packed << np.uint64(step) if up else packed >> np.uint64(step)
        moved &= chosen
        moved &= _UP[step] if up else _DOWN[step]
        mapped ^= moved
    return mapped
