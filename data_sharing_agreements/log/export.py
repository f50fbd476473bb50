"""The whole log in one file that anyone can check.

Belongs here: writing it, line by line, however long the log is. Does not: who may
have the texts of the entries (the command line asks), or checking the file
(`standalone/commonweal_verify.py`).

A JSON object a line: first the header, then every entry in order, then checkpoints,
then cosignatures of witnesses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select

from data_sharing_agreements.log.entries import canonical, node_reader, size_of
from data_sharing_agreements.log.merkle import root_at
from data_sharing_agreements.log.proofs import open_part
from data_sharing_agreements.store.schema import log_body, log_checkpoint, log_entry
from data_sharing_agreements.store.tables_log import log_cosignature

SCHEMA = "commonweal/log export/1"
BATCH = 20_000


def lines_of(connection: Connection, origin: str, at: str, public_key: str, *, bodies: bool) -> Iterator[str]:
    """Yield the lines of an export.

    Args:
        connection: Open on the registry, in one reading transaction.
        origin: The registry's name.
        at: The present moment.
        public_key: The hub's, hex.
        bodies: Whether salts and texts go with the entries.
    """
    size = size_of(connection)
    header = {
        "schema": SCHEMA,
        "origin": origin,
        "public_key": public_key,
        "size": size,
        "root": root_at(size, node_reader(connection)).hex(),
        "sizes": _sizes(connection),
        "at": at,
        "bodies": bodies,
    }
    yield canonical({"header": header})
    yield from _entries(connection, bodies)
    for kept in connection.execute(
        select(log_checkpoint.c.checkpoint).order_by(log_checkpoint.c.id)
    ).scalars():
        yield canonical({"checkpoint": json.loads(kept)})
    query = select(log_cosignature.c.cosignature).order_by(log_cosignature.c.id)
    for kept in connection.execute(query).scalars():
        yield canonical({"cosignature": json.loads(kept)})


def _sizes(connection: Connection) -> list[int]:
    """Sizes that a signature at the end of the file speaks of: whoever reads notes the root at each."""
    found: set[int] = set()
    for table in (log_checkpoint, log_cosignature):
        found |= set(connection.execute(select(table.c.size).distinct()).scalars())
    return sorted(found)


def _entries(connection: Connection, bodies: bool) -> Iterator[str]:
    query = select(log_entry).order_by(log_entry.c.idx)
    if bodies:
        texts = select(log_entry, log_body.c.salt, log_body.c.body)
        query = texts.outerjoin(log_body, log_body.c.idx == log_entry.c.idx).order_by(log_entry.c.idx)
    result = connection.execute(query, execution_options={"stream_results": True})
    while batch := list(islice(result, BATCH)):
        for row in batch:
            entry: dict[str, Any] = open_part(row)
            if bodies and row.body is not None:
                entry |= {"salt": bytes(row.salt).hex(), "body": row.body}
            yield canonical({"entry": entry})
