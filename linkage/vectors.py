"""Keyed encodings for approximate comparison whose likeness does not depend on the key.

Belongs here: bit vectors of pairs of letters, and packed digits. Does not: exact tokens
and the key itself (privacy.encodings), or what is compared.

A Bloom filter with keyed bits makes two names a little more or less alike by chance, under
each key differently, so that two runs over the same data would not always link the same
records. Here every pair of letters has a fixed slot and the key only shuffles the slots,
and every digit is exchanged for another by a shuffle of its place: nothing can be read
without the key, and all likenesses are the same under every key.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from privacy.encodings import Distinct, Encoder, Values, distinct

WORDS = 8
SLOTS = WORDS * 64
DIGITS = 10
PLACES = 15
"""Longest number: fifteen digits of four bits."""

_BLANK = 0
SYMBOLS = 37
"""Blank, letters, digits."""

PAIRS = SYMBOLS * SYMBOLS
_LETTER_SLOTS = SYMBOLS
Ints = npt.NDArray[np.int64]


def letter_vectors(
    encoder: Encoder, field: str, values: Values
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int16]]:
    """Return for each value a bit vector of its letters and pairs of neighbours, and how many bits are set.

    Single letters count beside pairs, so that one letter mistyped or two exchanged in a
    short name leave most of it alike.

    Args:
        encoder: Its key shuffles the slots.
        field: Fields of different names are shuffled differently.
        values: Standardised text: letters A to Z, digits, blanks; the ends count as blanks.
    """
    column = distinct(values)
    letters = SLOTS - _LETTER_SLOTS
    order = _shuffle(encoder, f"slot {field}", SLOTS)
    slots = np.concatenate([order[np.arange(PAIRS) % letters], order[letters + np.arange(SYMBOLS)]])
    words = gram_bits(column, slots, WORDS)
    bits = np.bitwise_count(words).sum(axis=1, dtype=np.int16)
    return words.view(np.int64)[column.index], bits[column.index]


def gram_bits(column: Distinct, slots: Ints, words: int) -> npt.NDArray[np.uint64]:
    """Return for each distinct value the bits of its pairs of neighbours and letters; the last row is blank.

    Args:
        column: Standardised text; the ends count as blanks.
        slots: The bit of each of `PAIRS` pairs, then of each of `SYMBOLS` letters.
        words: Length in words of 64 bits.
    """
    count, lengths = len(column.offsets) - 1, np.diff(column.offsets)
    symbols = np.zeros(len(column.data) + count + 1, dtype=np.int64)
    letters = _symbol_of()[column.data]
    of_letter = np.repeat(np.arange(count), lengths)
    symbols[np.arange(len(column.data)) + of_letter + 1] = letters
    slot = slots[np.concatenate([symbols[:-1] * SYMBOLS + symbols[1:], PAIRS + letters])]
    owner = np.concatenate([np.repeat(np.arange(count), lengths + 1), of_letter])
    bits = np.zeros((count + 1, words), dtype=np.uint64)
    np.bitwise_or.at(bits, (owner, slot // 64), np.uint64(1) << (slot % 64).astype(np.uint64))
    return bits


def packed_digits(encoder: Encoder, field: str, values: Values) -> pa.Array:
    """Return for each number its digits, exchanged place by place, as four bits each; NULL for none.

    Numbers of different length differ in the places one of them lacks.
    """
    column = distinct(values)
    starts, lengths = column.offsets[:-1], np.diff(column.offsets)
    exchange = np.stack([_shuffle(encoder, f"digit {field} {place}", DIGITS) + 1 for place in range(PLACES)])
    packed = np.zeros(len(starts) + 1, dtype=np.int64)
    shortest = int(lengths.min(initial=PLACES))
    for place in range(min(PLACES, int(lengths.max(initial=0)))):
        live = slice(0, len(starts)) if place < shortest else np.flatnonzero(lengths > place)
        digit = (column.data[starts[live] + place] - np.uint8(ord("0"))) % np.uint8(DIGITS)
        packed[live] |= (exchange[place] << (4 * place))[digit]
    return pa.array(packed[column.index], mask=column.index < 0)


def _shuffle(encoder: Encoder, use: str, count: int) -> Ints:
    """Return a permutation of 0 … count-1 that the key decides."""
    tokens = encoder.token(use, [str(i) for i in range(count)]).to_numpy()
    order = np.empty(count, dtype=np.int64)
    order[np.argsort(tokens, kind="stable")] = np.arange(count)
    return order


def _symbol_of() -> Ints:
    """Return the number of each byte: blank 0, letters 1 to 26, digits 27 to 36, all else blank."""
    table = np.full(256, _BLANK, dtype=np.int64)
    table[ord("A") : ord("Z") + 1] = np.arange(1, 27)
    table[ord("0") : ord("9") + 1] = np.arange(27, 37)
    return table
