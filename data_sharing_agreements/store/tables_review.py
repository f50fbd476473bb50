"""The registry's tables of clerical review: draws, reviews, who looked, who decided what.

Belongs here: columns, keys and indexes, as the newest migration leaves them. Does
not: triggers, which live in the migrations, or any other table. A review is known by
its number; which two records it is about stands in the warehouse alone.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from data_sharing_agreements.store.base import Big, metadata

review_draw = Table(
    "review_draw",
    metadata,
    Column("draw", Big, primary_key=True, autoincrement=False),
    Column("version", Big, nullable=False),
    Column("seed", Big, nullable=False),
    Column("size", Integer, nullable=False),
    Column("at", String(32), nullable=False),
    Column("account", String(64), nullable=False),
)

review = Table(
    "review",
    metadata,
    Column("review", Big, primary_key=True, autoincrement=False),
    Column("draw", Big, ForeignKey("review_draw.draw"), nullable=False),
    Column("outcome", String(16)),
    Column("settled_at", String(32)),
    Column("entry", Big),
    Column("same_as", Big),
    Index("review_draw_outcome", "draw", "outcome"),
)

review_look = Table(
    "review_look",
    metadata,
    Column("review", Big, ForeignKey("review.review"), primary_key=True, autoincrement=False),
    Column("person", String(64), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("mask", String(16), nullable=False),
    Column("at", String(32), nullable=False),
)

review_verdict = Table(
    "review_verdict",
    metadata,
    Column("id", Big, primary_key=True),
    Column("review", Big, ForeignKey("review.review"), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("person", String(64), nullable=False),
    Column("account", String(64), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("salt", String(64), nullable=False),
    Column("at", String(32), nullable=False),
    UniqueConstraint("review", "person", name="review_verdict_person"),
    UniqueConstraint("review", "stage", name="review_verdict_stage"),
)
