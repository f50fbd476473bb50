"""The registry's tables of row restrictions.

Belongs here: columns, keys and indexes, as the newest migration leaves them. Does
not: triggers, which live in the migrations, or any other table. A notice is known
by its digest; whom it is about stands in the vault alone, and nowhere how many.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from data_sharing_agreements.store.base import Big, metadata

restriction_notice = Table(
    "restriction_notice",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("notice_id", String(128), nullable=False),
    Column("sequence", Big, nullable=False),
    Column("signatory", String(128), nullable=False),
    Column("state", String(16), nullable=False),
    Column("recorded_at", String(32), nullable=False),
    Index("restriction_notice_state", "source", "state", "sequence"),
)
