"""SipHash-2-4 over whole columns: a keyed pseudo-random function, vectorised.

Belongs here: the function and the packing of strings into blocks. Does not: what is
hashed and under which key (encodings.py).

Source of method: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), with
64-bit output. The standard library's HMAC takes one value a call; this takes a column.
"""

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
KEY_BYTES = 16
_BLOCK = 8
CHUNK = 1 << 13
"""Values hashed at a time: what one step touches stays in the processor's cache."""
_START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def _turn(x: Words, bits: int, spare: Words) -> None:
    """Rotate every word to the left, in place."""
    np.right_shift(x, np.uint64(64 - bits), out=spare)
    np.left_shift(x, np.uint64(bits), out=x)
    np.bitwise_or(x, spare, out=x)


def _mix(a: Words, b: Words, bits: int, spare: Words) -> None:
    np.add(a, b, out=a)
    _turn(b, bits, spare)
    np.bitwise_xor(b, a, out=b)


def _round(v: list[Words], spare: Words) -> None:
    _mix(v[0], v[1], 13, spare)
    _turn(v[0], 32, spare)
    _mix(v[2], v[3], 16, spare)
    _mix(v[0], v[3], 21, spare)
    _mix(v[2], v[1], 17, spare)
    _turn(v[2], 32, spare)


def _hash_blocks(key: bytes, blocks: Words) -> Words:
    """Return the hash of every row of a few blocks."""
    halves = np.frombuffer(key, dtype="<u8").astype(np.uint64)
    v = [
        np.full(len(blocks), np.uint64(start) ^ half, dtype=np.uint64)
        for start, half in zip(_START, (*halves, *halves), strict=True)
    ]
    spare = np.empty(len(blocks), dtype=np.uint64)
    for column in range(blocks.shape[1]):
        block = np.ascontiguousarray(blocks[:, column])
        v[3] ^= block
        _round(v, spare)
        _round(v, spare)
        v[0] ^= block
    v[2] ^= np.uint64(0xFF)
    for _ in range(4):
        _round(v, spare)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _pack(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> Words:
    """Return the values' bytes as rows of little-endian words; all have the same number of blocks."""
    width = int(lengths[0] // _BLOCK + 1) * _BLOCK
    packed = np.zeros((len(starts), width), dtype=np.uint8)
    shortest = int(lengths.min())
    for place in range(int(lengths.max())):
        live = slice(None) if place < shortest else np.flatnonzero(lengths > place)
        packed[live, place] = data[starts[live] + place]
    packed[:, -1] = lengths & 0xFF
    return packed.view("<u8").astype(np.uint64, copy=False)


def siphash_words(key: bytes, words: Words, length: int) -> Words:
    """Return the SipHash-2-4 of values of up to seven bytes, each given as one little-endian word.

    The same as `siphash` of the bytes themselves.

    Args:
        key: 16 bytes.
        words: The values' bytes, the rest of each word zero.
        length: Bytes of each value.
    """
    blocks = (words | (np.uint64(length) << np.uint64(56)))[:, np.newaxis]
    parts = [_hash_blocks(key, blocks[i : i + CHUNK]) for i in range(0, len(blocks), CHUNK)]
    return np.concatenate([np.zeros(0, dtype=np.uint64), *parts])


def siphash(key: bytes, data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> Words:
    """Return the 64-bit SipHash-2-4 of every value.

    Args:
        key: 16 bytes.
        data: The values' bytes, one after another.
        offsets: Where each value begins, and at the end where the last one ends.
    """
    if len(key) != KEY_BYTES:
        raise ValueError("a SipHash key has 16 bytes")
    starts, lengths = offsets[:-1], np.diff(offsets)
    hashed = np.zeros(len(starts), dtype=np.uint64)
    blocks = lengths // _BLOCK
    for count in np.flatnonzero(np.bincount(blocks)):
        every = np.flatnonzero(blocks == count)
        for rows in (every[i : i + CHUNK] for i in range(0, len(every), CHUNK)):
            hashed[rows] = _hash_blocks(key, _pack(data, starts[rows], lengths[rows]))
    return hashed
