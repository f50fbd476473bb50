"""Tombstones: purged records are known again without being kept.

Belongs here: the key of tombstones, and the SQL that knows a record id by one. Does
not: the hash itself (`restrictions.tokens`), which records are purged (`listing.py`),
or restrictions, which keep the record.

A tombstone is a keyed hash of namespace and record id. Its key lies in the vault's
ring, so that only the splitter can tell whether an id is among them.
"""

from __future__ import annotations

from privacy.keys import KeyRing, Role
from warehouse.opener import Session

KEY = "tombstones"
"""Name of the key in the ring."""


def tombstone_key(keys: KeyRing) -> bytes:
    """Return the key of tombstones, made now if there is none.

    Raises:
        KeyRefused: This process is no splitter.
    """
    return bytes.fromhex(keys.ensure_store_key(KEY, {Role.SPLITTER}))


def has_tombstones(session: Session, source: str) -> bool:
    """Whether records of a source were purged one by one.

    Args:
        session: With the vault attached.
        source: The source.
    """
    sql = "SELECT count(*) > 0 FROM vault.tombstone WHERE namespace = ?"
    return bool(session.one(sql, [source]))


def buried_sql(source: str, record_id: str) -> str:
    """SQL that says whether a record id bears a tombstone, inside `restrictions.tokens.token_macro`.

    Args:
        source, record_id: SQL of each.
    """
    return (
        f"restriction_token({source}, {record_id}) IN "
        f"(SELECT mark FROM vault.tombstone WHERE namespace = {source})"
    )
