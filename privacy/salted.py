"""A keyed pseudo-random function of two numbers, over whole columns.

Belongs here: marks of a value under a salt. Does not: what is marked, or under which salt.

Method: AES-256 of the block (salt, value), 64 bits each: a pseudo-random permutation, of
which any bits may be used as a pseudo-random function of distinct blocks (Bellare, Kilian
and Rogaway 2000). One call takes a column, so that a mark costs some nanoseconds.
"""

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Words = npt.NDArray[np.uint64]
KEY_BYTES = 32
_BLOCK = 16


class Salted:
    """The function under one key. Its text shows nothing of it."""

    def __init__(self, key: bytes) -> None:
        """Take a key of 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError("the key has 32 bytes")
        # Not a mode of encryption here: each block is the argument of one function value.
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305

    def __repr__(self) -> str:
        return "Salted()"

    def marks(self, salt: Words, value: Words | np.uint64) -> Words:
        """Return 128 bits for each salt and value, as two words: an array of two columns.

        Args:
            salt: One number a row.
            value: One number a row, or one for all.
        """
        blocks = np.empty((len(salt), 2), dtype=np.uint64)
        blocks[:, 0] = salt
        blocks[:, 1] = value
        out = bytearray(blocks.nbytes + _BLOCK)
        self._cipher.encryptor().update_into(blocks.tobytes(), out)
        return np.frombuffer(out, dtype=np.uint64, count=2 * len(salt)).reshape(len(salt), 2)
