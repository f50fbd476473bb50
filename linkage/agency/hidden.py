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
_BOTH = {distance: np.uint64((1 << distance) + 1) for distance in DISTANCES}
"""Times this, a bit stands where it was and at its partner's place."""

_UP = {step: np.uint64(_NIBBLES * (15 >> step << step & 15)) for step in _STEPS}
_DOWN = {step: np.uint64(_NIBBLES * (15 >> step)) for step in _STEPS}


def put_in_order(vectors: Words, noise: Words) -> None:
    """Put the bits of vectors in another order, in place; the same order for all vectors of a row.

    Args:
        vectors: Array (vectors, rows, 2).
        noise: Array (`ORDER_NOISE`, rows, 2).
    """
    spare, chosen = np.empty_like(vectors), np.empty_like(noise[0])
    across = noise[-1]
    _exchange_words(vectors, across[:, 0])
    for i, distance in enumerate(DISTANCES):
        np.bitwise_and(noise[i], _LOW[distance], out=chosen)
        _exchange(vectors, spare, chosen, distance)
    for i, distance in reversed(list(enumerate(DISTANCES[:-1]))):
        np.right_shift(noise[i], np.uint64(distance), out=chosen)
        np.bitwise_and(chosen, _LOW[distance], out=chosen)
        _exchange(vectors, spare, chosen, distance)
    _exchange_words(vectors, across[:, 1])


def _exchange(words: Words, spare: Words, chosen: Words, distance: int) -> None:
    """Exchange the chosen bits with those so many places above them; no bit has two partners."""
    np.right_shift(words, np.uint64(distance), out=spare)
    np.bitwise_xor(spare, words, out=spare)
    np.bitwise_and(spare, chosen, out=spare)
    np.multiply(spare, _BOTH[distance], out=spare)
    np.bitwise_xor(words, spare, out=words)


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
    spare, chosen = np.empty_like(packed), np.empty_like(packed)
    hidden = packed
    for up, used in _PASSES:
        hidden = _mapped(hidden, spare, [maps[i] for i in used], up=up)
    for bit, distance in enumerate(_PLACES):
        _exchange(hidden, spare, _whole(order, bit, distance, chosen), distance)
    for bit, distance in reversed(list(enumerate(_PLACES[:-1]))):
        _exchange(hidden, spare, _whole(order, bit + distance, distance, chosen), distance)
    hidden ^= cover
    return hidden


def _whole(noise: Words, bit: int, distance: int, chosen: Words) -> Words:
    """Return a mask of digits that have a partner above them, each chosen by one bit of noise."""
    np.right_shift(noise, np.uint64(bit), out=chosen)
    np.bitwise_and(chosen, _LOW[distance] & np.uint64(_NIBBLES), out=chosen)
    np.multiply(chosen, np.uint64(15), out=chosen)
    return chosen


def _mapped(packed: Words, spare: Words, noise: Sequence[Words], *, up: bool) -> Words:
    """Add to each bit of a digit those below it, or above it, that the noise chooses."""
    mapped, shift, there = packed.copy(), np.left_shift if up else np.right_shift, _UP if up else _DOWN
    for step, chosen in zip(_STEPS, noise, strict=True):
        shift(packed, np.uint64(step), out=spare)
        np.bitwise_and(spare, chosen, out=spare)
        np.bitwise_and(spare, there[step], out=spare)
        np.bitwise_xor(mapped, spare, out=mapped)
    return mapped
