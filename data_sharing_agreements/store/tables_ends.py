"""The registry's tables of ends: purges, certificates and legal holds.

Belongs here: columns, keys and indexes, as the newest migration leaves them. Does
not: triggers, which live in the migrations, or any other table.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, String, Table, Text

from data_sharing_agreements.store.base import Big, metadata

ending = Table(
    "ending",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("source", String(64), nullable=False),
    Column("document", String(64), nullable=False),
    Column("document_version", Integer, nullable=False),
    Column("clause", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("begun_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    Column("facts", JSON, nullable=False),
)

barred_delivery = Table(
    "barred_delivery",
    metadata,
    Column("id", Big, primary_key=True),
    Column("ending", String(32), ForeignKey("ending.id"), nullable=False),
    Column("source", String(64), nullable=False),
    Column("period", String(16), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("whole_period", Boolean, nullable=False),
)

mart_retraction = Table(
    "mart_retraction",
    metadata,
    Column("mart", Big, ForeignKey("mart.id"), primary_key=True, autoincrement=False),
    Column("ending", String(32), ForeignKey("ending.id"), nullable=False),
    Column("retracted_at", String(32), nullable=False),
)

legal_hold = Table(
    "legal_hold",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("set_by", String(64), nullable=False),
    Column("set_at", String(32), nullable=False),
    Column("lifted_by", String(64)),
    Column("lifted_at", String(32)),
)

backup = Table(
    "backup",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("taken_at", String(32), nullable=False),
    Column("kept_until", String(10)),
    Column("with_keys", Boolean, nullable=False),
)

attestation = Table(
    "attestation",
    metadata,
    Column("id", Big, primary_key=True),
    Column("project", String(64), nullable=False),
    Column("attested_by", String(128), nullable=False),
    Column("statement", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("recorded_by", String(64), nullable=False),
    Column("at", String(32), nullable=False),
)
