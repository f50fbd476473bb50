"""What is searched for after a purge: keyed hashes of texts, found in any bytes.

Belongs here: hashing texts under a key, and finding where bytes hold one of them.
Does not: which texts (`listing.py`), or which bytes (`search.py`, `files.py`).

A text is known by its first six bytes and by all of it, each as SipHash-2-4 under a
key of the vault's ring; the text itself is not kept. It is found where it stands as
words of its own: not inside a longer number or name. Texts below six bytes are not
searched for: they would be found everywhere.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from privacy.siphash import KEY_BYTES, siphash, siphash_words

SHORTEST = 6
"""Bytes of the shortest text that is searched for."""

Words = npt.NDArray[np.uint64]

_WORD = np.zeros(256, dtype=bool)
_WORD[[*range(48, 58), *range(65, 91), *range(97, 123), *range(128, 256)]] = True


def needle_key(secret: bytes, ending: str) -> bytes:
    """Return the key of one ending's hashes.

    Args:
        secret: Key from the ring.
        ending: The ending's id.
    """
    return hmac.digest(secret, f"needles\x1f{ending}".encode(), "sha256")[:KEY_BYTES]


def hashed(key: bytes, texts: pa.Array) -> pa.Table:
    """Return the hashes of texts: (first, size, mark), one row a text of six bytes or more.

    Args:
        key: 16 bytes.
        texts: Strings without NULL.
    """
    column = texts.cast(pa.large_string())
    column = pc.ascii_trim(column, " \t\r\n.,;:-_/#*'\"()")
    sizes = pc.binary_length(column).to_numpy(zero_copy_only=False).astype(np.int64)
    column = column.filter(pa.array(sizes >= SHORTEST))
    sizes = sizes[sizes >= SHORTEST]
    offsets = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=offsets[1:])
    buffer = column.buffers()[2] if len(column) else None
    data = np.frombuffer(buffer, dtype=np.uint8) if buffer is not None else np.zeros(0, dtype=np.uint8)
    return pa.table(
        {
            "first": siphash_words(key, _first_words(data, offsets[:-1]), SHORTEST),
            "size": sizes,
            "mark": siphash(key, data, offsets),
        }
    )


def _first_words(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]) -> Words:
    words = np.zeros(len(starts), dtype=np.uint64)
    for place in range(SHORTEST):
        words |= data[starts + place].astype(np.uint64) << np.uint64(8 * place)
    return words


@dataclass(frozen=True)
class Needles:
    """Hashes of what is searched for.

    Args:
        key: The key they were made with.
        first, size, mark: As `hashed` gives them.
    """

    key: bytes
    first: Words
    size: npt.NDArray[np.int64]
    mark: Words

    def __len__(self) -> int:
        """Number of texts."""
        return len(self.mark)

    def found_in(self, content: bytes) -> Words:
        """Return the marks of all texts that stand in some bytes, each once."""
        data = np.frombuffer(content, dtype=np.uint8)
        if len(data) < SHORTEST or not len(self):
            return np.zeros(0, dtype=np.uint64)
        word = _WORD[data]
        begins = word.copy()
        begins[1:] &= ~word[:-1]
        starts = np.flatnonzero(begins[: len(data) - SHORTEST + 1])
        hashes = siphash_words(self.key, _first_words(data, starts), SHORTEST)
        starts = starts[np.isin(hashes, self.first)]
        found = [self._whole(data, word, starts, int(size)) for size in np.unique(self.size)]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.uint64)

    def _whole(
        self,
        data: npt.NDArray[np.uint8],
        word: npt.NDArray[np.bool_],
        starts: npt.NDArray[np.int64],
        size: int,
    ) -> Words:
        ends = starts + size
        whole = ends <= len(data)
        whole[whole] = (ends[whole] == len(data)) | ~word[np.minimum(ends[whole], len(data) - 1)]
        begin = starts[whole]
        if not len(begin):
            return np.zeros(0, dtype=np.uint64)
        texts = data[begin[:, np.newaxis] + np.arange(size)].reshape(-1)
        marks = siphash(self.key, texts, np.arange(len(begin) + 1, dtype=np.int64) * size)
        return np.asarray(marks[np.isin(marks, self.mark[self.size == size])], dtype=np.uint64)
