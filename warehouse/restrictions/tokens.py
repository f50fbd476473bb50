"""Tokens: how the list of restrictions knows a record whose id nobody keeps.

Belongs here: the keyed token of a source's record id, in SQL and beside it in Python.
Does not: the list itself. HMAC-SHA256 (RFC 2104) under a key that only the splitter
holds; DuckDB has SHA-256 and no HMAC, so the two hashes are written out.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager

from privacy.keys import KeyRing, Role
from warehouse.opener import Session

KEY = "restrictions"
"""Name of the key in the ring."""

_BLOCK = 64
_INNER, _OUTER = 0x36, 0x5C


def token_key(keys: KeyRing) -> bytes:
    """Return the key of tokens, made now if there is none.

    Raises:
        KeyRefused: This process is no splitter.
    """
    return bytes.fromhex(keys.ensure_store_key(KEY, {Role.SPLITTER}))


def token_of(key: bytes, source: str, record_id: str) -> str:
    """Return the token of one record id, 64 hexadecimal digits."""
    return hmac.new(key, _message(source, record_id).encode(), hashlib.sha256).hexdigest()


@contextmanager
def token_macro(session: Session, key: bytes) -> Iterator[None]:
    """Let SQL inside call `restriction_token(source, record_id)`; NULL for an id that is not known.

    The pads lie in a temporary table and never in the text of a statement.
    """
    padded = key.ljust(_BLOCK, b"\0")
    session.execute(
        "CREATE OR REPLACE TEMP TABLE restriction_pad AS "
        "SELECT $inner::BLOB AS inner_pad, $outer::BLOB AS outer_pad",
        {"inner": bytes(b ^ _INNER for b in padded), "outer": bytes(b ^ _OUTER for b in padded)},
    )
    session.execute(
        "CREATE OR REPLACE TEMP MACRO restriction_token(source, record_id) AS "
        "(SELECT sha256(outer_pad || unhex(sha256(inner_pad || encode(source || chr(31) || record_id)))) "
        "FROM restriction_pad)"
    )
    try:
        yield
    finally:
        session.execute("DROP MACRO IF EXISTS restriction_token")
        session.execute("DROP TABLE IF EXISTS restriction_pad")


def _message(source: str, record_id: str) -> str:
    return f"{source}\x1f{record_id}"
