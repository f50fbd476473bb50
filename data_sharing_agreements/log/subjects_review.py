"""What the log says of reviews: which there are, what came of them, and verdicts under seal.

Belongs here: folding the log's entries of reviews into rows, the rows as the tables have
them, and the seal. Does not: comparing the two (`replay.py`), or the rules of reviewing
(`registry/reviews.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from data_sharing_agreements.log.entries import canonical
from data_sharing_agreements.store.tables_review import review, review_verdict

Rows = dict[str, dict[str, Any]]
Body = Mapping[str, Any]


def sealed(number: int, stage: str, verdict: str, salt: str) -> str:
    """Return what stands for a verdict in the log: a SHA-256 (hex) that tells nothing without the salt."""
    return hashlib.sha256(canonical([number, stage, verdict, salt]).encode()).hexdigest()


def fold_reviews(rows: Rows, _at: str, body: Body) -> None:
    """Follow an entry: reviews that were drawn, a review that was settled."""
    if body.get("act") == "drawn":
        known, first = body.get("known") or {}, int(body["first"])
        for number in range(first, first + int(body["size"])):
            rows[str(number)] = {"draw": body["draw"], "outcome": known.get(str(number))}
    elif body.get("act") == "settled" and str(body["review"]) in rows:
        rows[str(body["review"])]["outcome"] = body["outcome"]


def reviews(connection: Connection) -> Rows:
    """Return the reviews as the table has them."""
    rows = connection.execute(select(review.c.review, review.c.draw, review.c.outcome)).all()
    return {str(row.review): {"draw": row.draw, "outcome": row.outcome} for row in rows}


def fold_verdicts(rows: Rows, _at: str, body: Body) -> None:
    """Follow an entry: a verdict that was given."""
    if body.get("act") == "verdict":
        key = f"{body['review']}/{body['stage']}"
        rows[key] = {"person": body["person"], "sealed": body["sealed"]}


def verdicts(connection: Connection) -> Rows:
    """Return the verdicts as the table has them, each under its seal."""
    return {
        f"{row.review}/{row.stage}": {
            "person": row.person,
            "sealed": sealed(row.review, row.stage, row.verdict, row.salt),
        }
        for row in connection.execute(select(review_verdict)).all()
    }
