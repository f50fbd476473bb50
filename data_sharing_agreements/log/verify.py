"""The full check of a log: every entry, every node, every body, every checkpoint.

Belongs here: recomputing the tree from the entries alone and comparing all that is
stored or given with it. Does not: writing, or signing.

What can be told: an entry changed, dropped, put in or moved; a tail cut off behind
a checkpoint; a body changed or removed; a stored hash changed; a checkpoint forged
or of another log; two genuine checkpoints that cannot both be true. Entries after
the last checkpoint are only as good as whoever can write the registry: the report
counts them as `unsigned`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, select

from data_sharing_agreements.log.checkpoints import Checkpoint, checkpoint_from
from data_sharing_agreements.log.entries import ERASURE, commitment_to, entry_leaf
from data_sharing_agreements.log.merkle import Frontier
from data_sharing_agreements.store.schema import log_body, log_checkpoint, log_entry, log_node

BATCH = 20_000
MOST_FAULTS = 1_000
"""Faults listed at most; one is enough to distrust a log."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong, and the index of the entry (or size of the checkpoint) it concerns."""

    index: int
    kind: str


@dataclass(frozen=True)
class VerifyReport:
    """The result of a full check.

    Args:
        ok: Nothing is wrong.
        size: Entries found.
        root: Root recomputed from them, hex.
        checkpoints: Checkpoints compared.
        unsigned: Entries after the last genuine checkpoint.
        unwitnessed: Entries after the last checkpoint that enough witnesses cosigned;
            None if there are no witnesses.
        faults: What is wrong.
    """

    ok: bool
    size: int
    root: str
    checkpoints: int
    unsigned: int
    faults: tuple[Fault, ...]
    unwitnessed: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON."""
        return {
            "schema": "commonweal/log verify/1",
            "ok": self.ok,
            "size": self.size,
            "root": self.root,
            "checkpoints": self.checkpoints,
            "unsigned": self.unsigned,
            "unwitnessed": self.unwitnessed,
            "faults": [{"index": fault.index, "kind": fault.kind} for fault in self.faults],
        }


@dataclass
class _Check:
    """What is known while the entries go by."""

    frontier: Frontier = field(default_factory=Frontier)
    faults: list[Fault] = field(default_factory=list)
    roots: dict[int, str] = field(default_factory=dict)
    erased: set[int] = field(default_factory=set)
    bodiless: list[int] = field(default_factory=list)
    last_at: str = ""

    def fault(self, index: int, kind: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(index, kind))


def verify(
    connection: Connection, origin: str, given: Iterable[Mapping[str, Any]], public_key: bytes
) -> VerifyReport:
    """Check the whole log on an open connection. See `Log.verify`."""
    check = _Check()
    genuine, others = _sorted_out(connection, given, origin, public_key, check)
    wanted = {checkpoint.size for checkpoint in genuine}
    check.roots[0] = check.frontier.root.hex()
    _walk(connection, check, wanted)
    _missing_bodies(check)
    _compare(genuine, check)
    signed_size = max((c.size for c in genuine), default=0)
    size = check.frontier.size
    return VerifyReport(
        ok=not check.faults,
        size=size,
        root=check.frontier.root.hex(),
        checkpoints=len(genuine) + others,
        unsigned=max(0, size - signed_size),
        faults=tuple(sorted(set(check.faults))),
    )


def _sorted_out(
    connection: Connection,
    given: Iterable[Mapping[str, Any]],
    origin: str,
    public_key: bytes,
    check: _Check,
) -> tuple[list[Checkpoint], int]:
    """Split the checkpoints into genuine ones and a count of the others, which are faults."""
    stored = connection.execute(select(log_checkpoint.c.size, log_checkpoint.c.checkpoint)).all()
    genuine: list[Checkpoint] = []
    others = 0
    for content in [*(_parsed(size, kept) for size, kept in stored), *given]:
        checkpoint = checkpoint_from(content)
        size = checkpoint.size if checkpoint else 0
        if checkpoint is None or not checkpoint.is_genuine(public_key):
            check.fault(size, "checkpoint-forged")
            others += 1
        elif checkpoint.origin != origin:
            check.fault(size, "checkpoint-of-another-log")
            others += 1
        else:
            genuine.append(checkpoint)
    return genuine, others


def _parsed(size: int, kept: str) -> Mapping[str, Any]:
    try:
        content = json.loads(kept)
    except ValueError:
        return {}
    same = isinstance(content, dict) and content.get("size") == size
    return content if same else {}


def _walk(connection: Connection, check: _Check, wanted: set[int]) -> None:
    """Go through the entries in order and rebuild the tree from them alone."""
    nodes = _nodes(connection)
    pending = next(nodes, None)
    query = (
        select(log_entry, log_body.c.salt, log_body.c.body)
        .outerjoin(log_body, log_body.c.idx == log_entry.c.idx)
        .order_by(log_entry.c.idx)
    )
    for row in _streamed(connection, query):
        expected = check.frontier.size
        if row.idx != expected:
            check.fault(expected, "entry-missing")
        _entry(row, check)
        for level, made in check.frontier.push(bytes(row.leaf)):
            if pending is None or pending != (expected, level, made):
                check.fault(expected, "node-changed")
            if pending is not None and pending[:2] <= (expected, level):
                pending = next(nodes, None)
        if check.frontier.size in wanted:
            check.roots[check.frontier.size] = check.frontier.root.hex()
    if pending is not None:
        check.fault(pending[0], "node-without-entries")


def _entry(row: Row[Any], check: _Check) -> None:
    """Check one entry against its own hash, its body and the one before."""
    leaf = entry_leaf(row.idx, row.at, row.kind, row.clauses, bytes(row.commitment))
    if leaf != bytes(row.leaf):
        check.fault(row.idx, "entry-changed")
    if row.at < check.last_at:
        check.fault(row.idx, "time-goes-back")
    check.last_at = max(check.last_at, row.at)
    if row.body is None:
        check.bodiless.append(row.idx)
    elif commitment_to(bytes(row.salt), row.body) != bytes(row.commitment):
        check.fault(row.idx, "body-changed")
    elif row.kind == ERASURE:
        check.erased.add(_erased(row.body))


def _erased(body: str) -> int:
    """The entry whose body an erasure speaks of; -1 if it speaks of none."""
    content = json.loads(body)
    entry = content.get("entry") if isinstance(content, dict) else None
    return entry if isinstance(entry, int) else -1


def _missing_bodies(check: _Check) -> None:
    """A body may be gone only if an entry says that it was erased."""
    for index in check.bodiless:
        if index not in check.erased:
            check.fault(index, "body-missing")


def _compare(genuine: Sequence[Checkpoint], check: _Check) -> None:
    """Compare the log with the checkpoints, and those with one another."""
    by_size: dict[int, str] = {}
    for checkpoint in genuine:
        if by_size.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            check.fault(checkpoint.size, "fork")
        if checkpoint.size > check.frontier.size:
            check.fault(checkpoint.size, "truncated")
        elif check.roots.get(checkpoint.size) != checkpoint.root:
            check.fault(checkpoint.size, "differs-from-checkpoint")


def _nodes(connection: Connection) -> Iterator[tuple[int, int, bytes]]:
    query = select(log_node).order_by(log_node.c.ends_at, log_node.c.level)
    for row in _streamed(connection, query):
        yield row.ends_at, row.level, bytes(row.hash)


def _streamed(connection: Connection, query: Any) -> Iterator[Row[Any]]:
    """Rows in batches: a log may be larger than memory."""
    result = connection.execute(query, execution_options={"stream_results": True})
    while batch := list(islice(result, BATCH)):
        yield from batch
