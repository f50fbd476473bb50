"""Reading entries back: the newest, by kind, by document, since a day.

Belongs here: the query and the shape of an entry as people and programs read it.
Does not: printing, or proofs.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, select

from data_sharing_agreements.log.kinds import VERSION_KEY
from data_sharing_agreements.store.schema import log_body, log_entry


def shown(
    connection: Connection, last: int | None, kind: str | None, document: str | None, since: str
) -> list[dict[str, Any]]:
    """Return entries, newest last. See `Log.show`."""
    query = (
        select(log_entry, log_body.c.body)
        .outerjoin(log_body, log_body.c.idx == log_entry.c.idx)
        .order_by(log_entry.c.idx.desc())
    )
    if kind is not None:
        query = query.where(log_entry.c.kind == kind)
    if since:
        query = query.where(log_entry.c.at >= since)
    if document is not None:
        quoted = json.dumps(document)
        rests, speaks = f"[{quoted},", f'"document":{quoted}'
        query = query.where(
            log_entry.c.clauses.contains(rests, autoescape=True)
            | log_body.c.body.contains(speaks, autoescape=True)
        )
    rows = connection.execute(query if last is None else query.limit(last)).all()
    return [_entry(row) for row in reversed(rows)]


def newest(connection: Connection, kind: str, name: str, value: str) -> int | None:
    """Return the index of the newest entry of a kind whose text says that, or None."""
    said = f"{json.dumps(name)}:{json.dumps(value)}"
    query = (
        select(log_entry.c.idx)
        .join(log_body, log_body.c.idx == log_entry.c.idx)
        .where(log_entry.c.kind == kind, log_body.c.body.contains(said, autoescape=True))
    )
    return connection.execute(query.order_by(log_entry.c.idx.desc()).limit(1)).scalar()


def _entry(row: Row[Any]) -> dict[str, Any]:
    body = None if row.body is None else json.loads(row.body)
    return {
        "index": row.idx,
        "at": row.at,
        "kind": row.kind,
        "version": None if body is None else body.pop(VERSION_KEY, 1),
        "clauses": [{"document": d, "clause": c} for d, c in json.loads(row.clauses)],
        "summary": body,
    }
