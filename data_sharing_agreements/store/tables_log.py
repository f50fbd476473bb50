"""The registry's tables of the log: cosignatures of witnesses, and the state a checkpoint vouches for.

Belongs here: columns, keys and indexes, as the newest migration leaves them. Does
not: triggers, which live in the migrations, or any other table.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text, UniqueConstraint

from data_sharing_agreements.store.base import Big, metadata

log_cosignature = Table(
    "log_cosignature",
    metadata,
    Column("id", Big, primary_key=True),
    Column("size", Big, nullable=False),
    Column("witness", String(255), nullable=False),
    Column("cosignature", Text, nullable=False),
    UniqueConstraint("witness", "size", name="log_cosignature_witness"),
)
Index("log_cosignature_size", log_cosignature.c.size)

log_state = Table(
    "log_state",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("record", Text, nullable=False),
)
