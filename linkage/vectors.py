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

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from privacy.encodings import Encoder

WORDS = 8
SLOTS = WORDS * 64
DIGITS = 10
PLACES = 15
"""Longest number: fifteen digits of four bits."""

_BLANK = 0
_SYMBOLS = 37
_LETTER_SLOTS = 37
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Column:
    """Distinct values of a column as bytes, and which of them each row has (the last, blank, if none)."""

    data: npt.NDArray[np.uint8]
    starts: Ints
    lengths: Ints
    index: Ints


def letter_vectors(
    encoder: Encoder, field: str, values: pa.ChunkedArray
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int16]]:
    """Return for each value a bit vector of its letters and pairs of neighbours, and how many bits are set.

    Single letters count beside pairs, so that one letter mistyped or two exchanged in a
    short name leave most of it alike.

    Args:
        encoder: Its key shuffles the slots.
        field: Fields of different names are shuffled differently.
        values: Standardised text: letters A to Z, digits, blanks; the ends count as blanks.
    """
    column = _distinct(values)
    count = len(column.starts)
    symbols = np.zeros(len(column.data) + count + 1, dtype=np.int64)
    letters = _symbol_of()[column.data]
    of_letter = np.repeat(np.arange(count), column.lengths)
    symbols[np.arange(len(column.data)) + of_letter + 1] = letters
    pair_slot = (symbols[:-1] * _SYMBOLS + symbols[1:]) % (SLOTS - _LETTER_SLOTS)
    letter_slot = SLOTS - _LETTER_SLOTS + letters % _LETTER_SLOTS
    slot = _shuffle(encoder, f"slot {field}", SLOTS)[np.concatenate([pair_slot, letter_slot])]
    owner = np.concatenate([np.repeat(np.arange(count), column.lengths + 1), of_letter])
    words = np.zeros((count + 1, WORDS), dtype=np.uint64)
    np.bitwise_or.at(words, (owner, slot // 64), np.uint64(1) << (slot % 64).astype(np.uint64))
    bits = np.bitwise_count(words).sum(axis=1, dtype=np.int16)
    return words.view(np.int64)[column.index], bits[column.index]


def packed_digits(encoder: Encoder, field: str, values: pa.ChunkedArray) -> pa.Array:
    """Return for each number its digits, exchanged place by place, as four bits each; NULL for none.

    Numbers of different length differ in the places one of them lacks.
    """
    column = _distinct(values)
    exchange = np.stack([_shuffle(encoder, f"digit {field} {place}", DIGITS) + 1 for place in range(PLACES)])
    packed = np.zeros(len(column.starts) + 1, dtype=np.int64)
    for place in range(min(PLACES, int(column.lengths.max(initial=0)))):
        live = np.flatnonzero(column.lengths > place)
        digit = column.data[column.starts[live] + place].astype(np.int64) - ord("0")
        packed[live] |= exchange[place, digit % DIGITS] << (4 * place)
    return pa.array(packed[column.index], mask=column.index == len(column.starts))


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


def _distinct(values: pa.ChunkedArray) -> _Column:
    encoded = values.combine_chunks().cast(pa.large_string()).dictionary_encode()
    dictionary = encoded.dictionary
    offsets = np.frombuffer(dictionary.buffers()[1], dtype=np.int64)[: len(dictionary) + 1]
    if len(dictionary) == 0:
        offsets = np.zeros(1, dtype=np.int64)
    buffer = dictionary.buffers()[2]
    data = (
        np.frombuffer(buffer, dtype=np.uint8)[: offsets[-1]] if buffer is not None else np.zeros(0, np.uint8)
    )
    index = encoded.indices.fill_null(len(dictionary)).to_numpy(zero_copy_only=False).astype(np.int64)
    return _Column(data, offsets[:-1], np.diff(offsets), index)
