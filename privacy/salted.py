"""A keyed pseudo-random function of two numbers, over whole columns.

Belongs here: marks of values under salts. Does not: what is marked, or under which salt.

Method: AES-256 of the block (salt, value), 64 bits each: a pseudo-random permutation, of
which any bits may be used as a pseudo-random function of distinct blocks (Bellare, Kilian
and Rogaway 2000). One call takes many columns, so that a mark costs some nanoseconds.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Words = npt.NDArray[np.uint64]
KEY_BYTES = 32
_BLOCK = 16


class Salted:
    """The function under one key. Its text shows nothing of it.

    It keeps the room it works in, so each thread has one of its own.
    """

    def __init__(self, key: bytes) -> None:
        """Take a key of 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError("the key has 32 bytes")
        # Not a mode of encryption here: each block is the argument of one function value.
        self._encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
        self._blocks = np.empty(0, dtype=np.uint64)
        self._out = bytearray(_BLOCK)

    def __repr__(self) -> str:
        return "Salted()"

    def marks(self, salt: Words, values: Sequence[Words | np.uint64]) -> Words:
        """Return 128 bits for each value and salt, as two words: an array (values, rows, 2).

        It is overwritten by the next call.

        Args:
            salt: One number a row.
            values: Columns of one number a row, or one number for all rows.
        """
        words = 2 * len(values) * len(salt)
        if len(self._blocks) < words:
            self._blocks = np.empty(words, dtype=np.uint64)
            self._out = bytearray(self._blocks.nbytes + _BLOCK)
        used = self._blocks[:words]
        blocks = used.reshape(len(values), len(salt), 2)
        blocks[:, :, 0] = salt
        for i, value in enumerate(values):
            blocks[i, :, 1] = value
        self._encryptor.update_into(used.view(np.uint8).data, self._out)
        return np.frombuffer(self._out, dtype=np.uint64, count=words).reshape(blocks.shape)
