"""How a registry write reaches the log.

Belongs here: `AuditEvent` and the one function that writes it. Does not: any table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from data_sharing_agreements.log.entries import Clauses, Draft, append
from data_sharing_agreements.store.clock import Clock


@dataclass(frozen=True)
class AuditEvent:
    """What a caller adds to the log entry of a write, whose kind is the write's own.

    Args:
        summary: More about it, such as who asked. The write's own facts win.
        clauses: (document, clause) pairs the write rests on.
    """

    summary: Mapping[str, Any] = field(default_factory=dict)
    clauses: Clauses = ()


def write_down(
    connection: Connection, clock: Clock, kind: str, facts: Mapping[str, Any], audit: AuditEvent | None
) -> int:
    """Add the entry of a write to the log, in the write's own transaction."""
    added = audit or AuditEvent()
    draft = Draft(kind, {**added.summary, **facts}, added.clauses)
    return append(connection, [draft], clock)
