"""Entries: how one is made, and how a batch is added inside a transaction.

Belongs here: canonical bytes, commitments, appending to an open connection, so
that a registry write and its entry happen together or not at all. Does not:
checkpoints, proofs, verification.

An entry is its index, time, kind, clauses and a commitment: SHA-256 of a random
salt and the canonical JSON of a body. The body lies in a table of its own and can
be erased without breaking the tree. No body may hold a value from a person's
record, a literal of a query, or a count below the cell rule.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select

from data_sharing_agreements.errors import IntegrityFault
from data_sharing_agreements.log.kinds import VERSION_KEY, checked
from data_sharing_agreements.log.merkle import Frontier, leaf_hash
from data_sharing_agreements.store.clock import Clock, moment_of, text_of
from data_sharing_agreements.store.schema import log_body, log_entry, log_node

CLOCK_TOLERANCE = timedelta(seconds=5)
"""How far the clock may lie before the last entry: a correction, not a setting back."""

SALT_BYTES = 32

ERASURE = "erasure"
"""Kind of the entry that says which body was erased."""

Clauses = Sequence[tuple[str, str]]
"""(document, clause) pairs."""


@dataclass(frozen=True)
class Draft:
    """An entry to be: its kind, what it says, and the clauses it rests on."""

    kind: str
    summary: Mapping[str, Any]
    clauses: Clauses = ()


def canonical(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)


def commitment_to(salt: bytes, body: str) -> bytes:
    """Return the commitment to a body: without the salt it tells nothing about it."""
    return hashlib.sha256(salt + body.encode()).digest()


def entry_leaf(index: int, at: str, kind: str, clauses: str, commitment: bytes) -> bytes:
    """Return the leaf hash of an entry. Its place is part of it.

    The texts are encoded as JSON so that no two entries have the same bytes.
    """
    parts = (json.dumps(at), clauses, json.dumps(commitment.hex()), index, json.dumps(kind))
    return leaf_hash(
        '{{"at":{},"clauses":{},"commitment":{},"index":{},"kind":{},"v":1}}'.format(*parts).encode()
    )


def append(connection: Connection, drafts: Iterable[Draft], clock: Clock) -> int:
    """Add entries at the end of the log, in the caller's writing transaction.

    Returns:
        Index of the first entry added.

    Raises:
        IntegrityFault: The clock lies before the last entry.
        ValueError: An entry is of a kind, or says something, that is not declared (`kinds.py`).
        UsageFault: Words in it could point at a person.
    """
    frontier = frontier_of(connection)
    first = frontier.size
    at = text_of(_not_before_last(connection, first, clock()))
    entries: list[dict[str, object]] = []
    bodies: list[dict[str, object]] = []
    nodes: list[dict[str, object]] = []
    for index, draft in enumerate(drafts, start=first):
        known = checked(draft.kind, draft.summary)
        salt = secrets.token_bytes(SALT_BYTES)
        body = canonical({**draft.summary, VERSION_KEY: known.version})
        clauses, commitment = canonical([list(pair) for pair in draft.clauses]), commitment_to(salt, body)
        leaf = entry_leaf(index, at, draft.kind, clauses, commitment)
        entries.append(
            {
                "idx": index,
                "at": at,
                "kind": draft.kind,
                "clauses": clauses,
                "commitment": commitment,
                "leaf": leaf,
            }
        )
        bodies.append({"idx": index, "salt": salt, "body": body})
        nodes += [{"ends_at": index, "level": level, "hash": node} for level, node in frontier.push(leaf)]
    for table, rows in ((log_entry, entries), (log_body, bodies), (log_node, nodes)):
        if rows:
            connection.execute(insert(table), rows)
    return first


def size_of(connection: Connection) -> int:
    """Return the number of entries: one more than the last index."""
    last = connection.execute(select(func.max(log_entry.c.idx))).scalar()
    return 0 if last is None else int(last) + 1


def frontier_of(connection: Connection) -> Frontier:
    """Return the right edge of the stored tree."""
    return Frontier.at(size_of(connection), node_reader(connection))


def node_reader(connection: Connection) -> Callable[[int, int], bytes]:
    """Return a look-up of stored subtree hashes.

    The look-up raises IntegrityFault for a hash that is not there.
    """

    def node_at(ends_at: int, level: int) -> bytes:
        if level == 0:
            query = select(log_entry.c.leaf).where(log_entry.c.idx == ends_at)
        else:
            query = select(log_node.c.hash).where(log_node.c.ends_at == ends_at, log_node.c.level == level)
        found = connection.execute(query).scalar()
        if found is None:
            raise IntegrityFault.of(
                "log-incomplete",
                "A part of the log is missing.",
                why="The log is append-only; nothing in it may go.",
                next="Keep the home as it is and verify the log against a kept checkpoint.",
            )
        return bytes(found)

    return node_at


def last_time(connection: Connection, size: int) -> str | None:
    """Return the time of the last entry, or None in an empty log."""
    return connection.execute(select(log_entry.c.at).where(log_entry.c.idx == size - 1)).scalar()


def check_clock(last: str | None, now: datetime) -> None:
    """Raise if the clock lies before a time the log knows.

    Raises:
        IntegrityFault: By more than `CLOCK_TOLERANCE`.
    """
    if last is not None and now < moment_of(last) - CLOCK_TOLERANCE:
        raise IntegrityFault.of(
            "clock-set-back",
            "The clock lies before the last entry of the log.",
            why="Agreements expire by the clock, so a clock that goes back could revive them.",
            next="Correct the machine's clock. If it is right, the log was written with a wrong one: "
            "keep the home as it is and tell the board.",
        )


def _not_before_last(connection: Connection, size: int, now: datetime) -> datetime:
    last = last_time(connection, size)
    check_clock(last, now)
    return now if last is None else max(now, moment_of(last))


def _plain(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"a log body cannot hold {type(value).__name__}")
