"""The tables of the registry.

Belongs here: columns, keys and indexes, as the newest migration leaves them (a
test compares the two). Does not: triggers, which live in the migrations. Times are
text, ISO 8601 in UTC with microseconds, so that they sort alike on every database.
No table has room for a value from a person's record.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from data_sharing_agreements.store import (
    tables_ends,
    tables_governance,
    tables_log,
    tables_models,
    tables_restrictions,
    tables_review,
)
from data_sharing_agreements.store.base import Big, metadata

PARTS = (tables_log, tables_governance, tables_ends, tables_restrictions, tables_review, tables_models)
"""Modules with more tables of the same registry."""

meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

log_entry = Table(
    "log_entry",
    metadata,
    Column("idx", Big, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("clauses", Text, nullable=False),
    Column("commitment", LargeBinary(32), nullable=False),
    Column("leaf", LargeBinary(32), nullable=False),
)
Index("log_entry_kind", log_entry.c.kind, log_entry.c.idx)

log_body = Table(
    "log_body",
    metadata,
    Column("idx", Big, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary(32), nullable=False),
    Column("body", Text, nullable=False),
)

log_node = Table(
    "log_node",
    metadata,
    Column("ends_at", Big, primary_key=True, autoincrement=False),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
)

log_checkpoint = Table(
    "log_checkpoint",
    metadata,
    Column("id", Big, primary_key=True),
    Column("size", Big, nullable=False),
    Column("checkpoint", Text, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("period", String(16), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("received_at", String(32), nullable=False),
    Column("rows_in", Big, nullable=False),
    Column("rows_out", Big, nullable=False),
    Column("rows_quarantined", Big, nullable=False),
    Column("held_rules", JSON, nullable=False),
    UniqueConstraint("source", "period", "version", name="delivery_version"),
)
Index("delivery_state", delivery.c.state, delivery.c.source)

delivery_file = Table(
    "delivery_file",
    metadata,
    Column("delivery_id", String(32), ForeignKey("delivery.id"), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("bytes", Big, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", Big, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("finished_at", String(32)),
    Column("status", String(16), nullable=False),
    Column("exit_code", Integer),
)

run_step = Table(
    "run_step",
    metadata,
    Column("id", Big, primary_key=True),
    Column("run_id", Big, ForeignKey("run.id"), nullable=False),
    Column("step", String(64), nullable=False),
    Column("source", String(64), nullable=False),
    Column("period", String(16), nullable=False),
    Column("rows_in", Big, nullable=False),
    Column("rows_out", Big, nullable=False),
    Column("rows_quarantined", Big, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("status", String(16), nullable=False),
)
Index("run_step_run", run_step.c.run_id)

link_version = Table(
    "link_version",
    metadata,
    Column("version", Big, primary_key=True, autoincrement=False),
    Column("created_at", String(32), nullable=False),
    Column("model", String(255), nullable=False),
    Column("thresholds", JSON, nullable=False),
    Column("input_hash", String(128), nullable=False),
    Column("records", Big, nullable=False),
    Column("persons", Big, nullable=False),
    Column("counts", JSON, nullable=False),
)

mart = Table(
    "mart",
    metadata,
    Column("id", Big, primary_key=True),
    Column("project", String(64), nullable=False),
    Column("mart", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("path", Text, nullable=False),
    Column("rows", Big, nullable=False),
    Column("link_version", Big),
    Column("published_at", String(32), nullable=False),
    Column("obligations", JSON, nullable=False),
    Column("codebook", JSON, nullable=False),
    UniqueConstraint("project", "mart", "version", name="mart_version"),
)

indicator_result = Table(
    "indicator_result",
    metadata,
    Column("id", Big, primary_key=True),
    Column("indicator", String(128), nullable=False),
    Column("computed_at", String(32), nullable=False),
    Column("result", JSON, nullable=False),
)
Index("indicator_result_indicator", indicator_result.c.indicator, indicator_result.c.computed_at)

store_generation = Table(
    "store_generation",
    metadata,
    Column("store", String(255), primary_key=True),
    Column("generation", Big),
    Column("nonce", String(64)),
    Column("pending_generation", Big),
    Column("pending_nonce", String(64)),
)

account = Table(
    "account",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(32), nullable=False),
    Column("password", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", String(32)),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("account", String(64), ForeignKey("account.name"), nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("expires_at", String(32), nullable=False),
)

budget = Table(
    "budget",
    metadata,
    Column("project", String(64), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("spent", Float, nullable=False),
)
