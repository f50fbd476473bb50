"""The registry's table of linkage models: each one trained, its card, and who let it be used.

Belongs here: columns and keys, as the newest migration leaves them. Does not: triggers,
which live in the migrations, or any other table. A card holds numbers of the model and
counts of records, never a value of one.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, String, Table

from data_sharing_agreements.store.base import Big, metadata

link_model = Table(
    "link_model",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("settings", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("made_at", String(32), nullable=False),
    Column("version", Big),
    Column("state", String(16), nullable=False),
    Column("reference", String(64)),
    Column("drift", Float),
    Column("card", JSON, nullable=False),
    Column("decided_by", String(64)),
    Column("decided_at", String(32)),
    Index("link_model_made", "made_at", "digest"),
)
