"""Which documents the hub worked under, and from when: entries of the log.

Belongs here: writing an entry when a document is new, changed or gone. Does not:
judging the change. A decision can so be traced to the bytes of the documents it
rested on: those written down last before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, delete, insert, select

from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.log.entries import Draft, append, canonical
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock
from data_sharing_agreements.store.schema import meta

AGREEMENT = "agreement"
"""Kind of the entries written here."""

_NAME = "agreements"


def write_down_documents(database: Database, clock: Clock, agreements: Agreements) -> int:
    """Write an entry for each document that differs from what was written down last.

    Returns:
        The number of entries written; 0 if nothing changed.
    """
    now = agreements.digests()
    with database.reading() as connection:
        if _known(connection) == now:
            return 0
    with database.writing() as connection:
        drafts = list(_changes(_known(connection), now, agreements))
        append(connection, drafts, clock)
        connection.execute(delete(meta).where(meta.c.name == _NAME))
        connection.execute(insert(meta).values(name=_NAME, value=canonical(now)))
    return len(drafts)


def _known(connection: Connection) -> Mapping[str, str]:
    value = connection.execute(select(meta.c.value).where(meta.c.name == _NAME)).scalar_one_or_none()
    found: dict[str, str] = {} if value is None else json.loads(value)
    return found


def _changes(before: Mapping[str, str], now: Mapping[str, str], agreements: Agreements) -> Iterator[Draft]:
    for document in agreements.documents():
        if before.get(document.id) != now[document.id]:
            facts = {
                "document": document.id,
                "version": document.version,
                "sha256": now[document.id],
                "replaces": before.get(document.id),
            }
            yield Draft(AGREEMENT, facts, ((document.id, "signatories"),))
    for name in sorted(before.keys() - now.keys()):
        yield Draft(AGREEMENT, {"document": name, "sha256": None, "replaces": before[name]})
