"""Keyed encodings of identifiers, on which records are linked without names.

Belongs here: exact tokens and Bloom-filter bit vectors under one key, a column at a
time. Does not: cleaning values (linkage standardises first), keys (keys.run_key),
comparison. Encodings are personal data: they live inside a run and are never stored.

Method: a token is SipHash-2-4 of the value; a bit vector sets, for each q-gram, bits
drawn by HMAC-SHA-512 (Schnell, Bachteler and Reiher 2009, with independent draws in
place of double hashing). Both keys are derived from the run key and the field's name,
so equal values in different fields, or under different keys, have nothing in common.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from privacy.siphash import KEY_BYTES, siphash

GramKind: TypeAlias = Literal["qgram", "positional"]
Codes: TypeAlias = npt.NDArray[np.int32]

RUN_KEY_BYTES = 32
WORD_BITS = 64
MAX_HASHES = 32
MAX_POSITION = 255
_SEPARATOR = 0x1F
_CHUNK = 1 << 13
_FIRST, _MOSTLY = 1 << 14, 0.7


@dataclass(frozen=True)
class Bloom:
    """Bit vectors of a column.

    `words` has one row a value and `words` columns; as BIGINT, since Spark has no unsigned
    type. `bits` counts the bits set; 0 marks a missing value.
    """

    words: npt.NDArray[np.int64]
    bits: npt.NDArray[np.int16]


@dataclass(frozen=True)
class Distinct:
    """A column's distinct values as bytes, and for each row which one it is (-1: missing).

    A value's bytes are `data[offsets[i]:offsets[i + 1]]`. In a long column in which nearly all
    differ, equal ones may stand more than once.
    """

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    index: npt.NDArray[np.int64]


Values: TypeAlias = Sequence[str | None] | npt.NDArray[Any] | pa.Array | pa.ChunkedArray | Distinct


def distinct(values: Values) -> Distinct:
    """Return a column's distinct values; empty ones count as missing.

    Whoever makes several encodings of a column does this once.
    """
    if isinstance(values, Distinct):
        return values
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if array.null_count == len(array):
        nothing = np.zeros(0, dtype=np.uint8)
        return Distinct(nothing, np.zeros(1, dtype=np.int64), np.full(len(array), -1, dtype=np.int64))
    if _mostly_differ(array):
        there = array.is_valid().to_numpy(zero_copy_only=False)
        return _of_bytes(array, np.where(there, np.arange(len(array)), -1))
    encoded = array.dictionary_encode()
    index = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return _of_bytes(encoded.dictionary, index)


def _mostly_differ(array: pa.Array) -> bool:
    """Whether looking for equal values costs more than it saves, as the first of many tell."""
    first = array.slice(0, _FIRST)
    return len(array) > _FIRST and pc.count_distinct(first).as_py() > _MOSTLY * _FIRST


def _of_bytes(array: pa.Array, index: npt.NDArray[np.int64]) -> Distinct:
    array = array.cast(pa.large_string())
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int64)[array.offset :][: len(array) + 1]
    buffer = array.buffers()[2]
    data = np.frombuffer(buffer, dtype=np.uint8) if buffer is not None else np.zeros(0, dtype=np.uint8)
    data, offsets = data[offsets[0] : offsets[-1]], offsets - offsets[0]
    return Distinct(data, offsets, _without_empty(index, np.diff(offsets)))


def _without_empty(index: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    if lengths.all():
        return index
    return np.where(np.append(lengths, 1)[index] == 0, -1, index)


class Encoder:
    """Encodes columns under one key.

    The same key, field and value give the same encoding, whatever else is in the column;
    another key or field gives an unrelated one. Strings are read as UTF-8 bytes.
    """

    def __init__(self, key: bytes) -> None:
        """Take a key of 32 bytes, as `privacy.keys.run_key` makes."""
        if len(key) != RUN_KEY_BYTES:
            raise ValueError("an encoding key has 32 bytes")
        self._key = key

    def __repr__(self) -> str:
        return "Encoder()"

    def _derive(self, use: str, field: str) -> bytes:
        return hmac.digest(self._key, f"{use}\x1f{field}".encode(), "sha512")

    def token(self, field: str, values: Values) -> pa.Int64Array:
        """Return a 64-bit token a value, equal exactly where values are; NULL for missing or empty.

        Two different values share a token with probability 2^-64 a pair.
        """
        column = distinct(values)
        spread = np.append(self.hashed(field, column).view(np.int64), np.int64(0))[column.index]
        return pa.array(spread, mask=column.index < 0)

    def hashed(self, field: str, column: Distinct) -> npt.NDArray[np.uint64]:
        """Return the 64 bits of `token` for each distinct value."""
        return siphash(self._derive("token", field)[:KEY_BYTES], column.data, column.offsets)

    def bloom(self, field: str, values: Values, kind: GramKind, words: int = 8, hashes: int = 10) -> Bloom:
        """Return a bit vector a value, whose overlap measures the values' likeness.

        Args:
            field: Names the derived key.
            values: Standardised strings.
            kind: `qgram` for names: pairs of neighbouring bytes, with the ends marked;
                `positional` for dates and numbers: each byte with its place.
            words: Length in 64-bit words.
            hashes: Bits drawn a gram, at most 32.
        """
        if not 1 <= hashes <= MAX_HASHES or words < 1:
            raise ValueError("hashes lies in 1 to 32 and words is at least 1")
        column = distinct(values)
        codes, starts = _grams(column, kind)
        table = self._masks(f"{kind}\x1f{field}", codes, words, hashes)
        vectors = _overlay(table, codes, starts)
        bits = np.bitwise_count(vectors).sum(axis=1, dtype=np.int16)
        return Bloom(vectors.view(np.int64)[column.index], bits[column.index])

    def _masks(self, field: str, codes: Codes, words: int, hashes: int) -> npt.NDArray[np.uint64]:
        """Return the mask of every gram that occurs, by its code; one HMAC a distinct gram."""
        present = np.flatnonzero(np.bincount(codes)) if len(codes) else np.zeros(0, dtype=np.int64)
        table = np.zeros((int(present.max(initial=0)) + 1, words), dtype=np.uint64)
        key = self._derive("gram", field)
        digests = b"".join(hmac.digest(key, int(code).to_bytes(4, "big"), "sha512") for code in present)
        drawn = np.frombuffer(digests, dtype=">u2").reshape(len(present), MAX_HASHES)[:, :hashes]
        bit = drawn.astype(np.int64) % (words * WORD_BITS)
        rows = np.repeat(present, hashes)
        mask = np.uint64(1) << (bit % WORD_BITS).astype(np.uint64)
        np.bitwise_or.at(table, (rows, (bit // WORD_BITS).ravel()), mask.ravel())
        return table


def _overlay(
    table: npt.NDArray[np.uint64], codes: Codes, starts: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint64]:
    """Return the OR of each value's masks; the last row is blank, for missing values.

    Goes by place in the value, not by value, over chunks that stay in the processor's cache.
    """
    vectors = np.zeros((len(starts) + 1, table.shape[1]), dtype=np.uint64)
    lengths = np.diff(starts, append=len(codes))
    for begin in range(0, len(starts), _CHUNK):
        start, length = starts[begin : begin + _CHUNK], lengths[begin : begin + _CHUNK]
        chunk = vectors[begin : begin + len(start)]
        for place in range(int(length.max())):
            live = np.flatnonzero(length > place)
            if len(live) == len(start):
                chunk |= table[codes[start + place]]
            else:
                chunk[live] |= table[codes[start[live] + place]]
    return vectors


def _grams(column: Distinct, kind: GramKind) -> tuple[Codes, npt.NDArray[np.int64]]:
    """Return all grams of the distinct values as numbers, and where each value's begin."""
    data = column.data[: column.offsets[-1]].astype(np.int32)
    starts, lengths = column.offsets[:-1], np.diff(column.offsets)
    if kind == "positional":
        place = (np.arange(len(data)) - np.repeat(starts, lengths)).astype(np.int32)
        return np.minimum(place, MAX_POSITION) * np.int32(256) + data, starts
    joined = np.full(len(data) + len(lengths) + 1, _SEPARATOR, dtype=np.int32)
    joined[np.arange(len(data)) + np.repeat(np.arange(len(lengths)), lengths) + 1] = data
    return joined[:-1] * np.int32(256) + joined[1:], starts + np.arange(len(lengths))
