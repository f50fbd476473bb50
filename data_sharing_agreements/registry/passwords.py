"""Passwords: hashed with Argon2id, never kept.

Belongs here: hashing and checking. Does not: accounts or their locks.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

MEMORY_KIB = 64 * 1024
ITERATIONS = 3
LANES = 4
LENGTH = 32
SALT_BYTES = 16


def hashed(password: str) -> str:
    """Return the PHC string of a password under a fresh salt (RFC 9106, second choice)."""
    kdf = Argon2id(
        salt=os.urandom(SALT_BYTES), length=LENGTH, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB
    )
    return kdf.derive_phc_encoded(password.encode())


def matches(password: str, encoded: str) -> bool:
    """Whether a password is the hashed one."""
    try:
        Argon2id.verify_phc_encoded(password.encode(), encoded)
    except InvalidKey:
        return False
    return True
