"""Proofs that leave the house: one file that shows what the log says, to whoever has a checkpoint.

Belongs here: the file of a proof, made from stored hashes. Does not: checking one
(`standalone/commonweal_verify.py` does, without this house), or the tree (`merkle.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from data_sharing_agreements.errors import IntegrityFault, UsageFault
from data_sharing_agreements.log import merkle
from data_sharing_agreements.log.checkpoints import Checkpoint
from data_sharing_agreements.log.entries import node_reader, size_of
from data_sharing_agreements.store.schema import log_body, log_checkpoint, log_entry

SCHEMA = "commonweal/log proof/1"


def proof_of(connection: Connection, index: int, size: int, old: Checkpoint | None) -> dict[str, Any]:
    """Return the proof that an entry is in the tree of the first `size` entries.

    Args:
        connection: Open on the registry.
        index: The entry.
        size: The tree, which should be one that a checkpoint signs.
        old: A checkpoint someone kept: the proof then also shows that its tree begins this one.

    Returns:
        The file: the entry without its text, the path to the root, the checkpoint of
        that root if one was signed, and the path from the kept one.

    Raises:
        UsageFault: There is no such entry, or the kept checkpoint is the newer one.
        IntegrityFault: The kept checkpoint is not of this log: its history was rewritten.
    """
    if not 0 <= index < size <= size_of(connection):
        raise outside()
    node_at = node_reader(connection)
    row = connection.execute(select(log_entry).where(log_entry.c.idx == index)).one()
    return {
        "schema": SCHEMA,
        "entry": open_part(row),
        "size": size,
        "root": merkle.root_at(size, node_at).hex(),
        "inclusion": [h.hex() for h in merkle.inclusion_proof(index, size, node_at)],
        "checkpoint": checkpoint_at(connection, size),
        "consistency": None if old is None else _consistency(old, size, node_at),
    }


def open_part(row: Row[Any]) -> dict[str, Any]:
    """Return what of an entry anyone may see: all but its text."""
    return {
        "index": row.idx,
        "at": row.at,
        "kind": row.kind,
        "clauses": json.loads(row.clauses),
        "commitment": bytes(row.commitment).hex(),
    }


def body_of(connection: Connection, index: int) -> dict[str, str] | None:
    """Return salt (hex) and text of an entry, or None if it was erased."""
    row = connection.execute(select(log_body).where(log_body.c.idx == index)).one_or_none()
    return None if row is None else {"salt": bytes(row.salt).hex(), "body": row.body}


def checkpoint_at(connection: Connection, size: int) -> dict[str, Any] | None:
    """Return the newest checkpoint of a size, or None."""
    query = select(log_checkpoint.c.checkpoint).where(log_checkpoint.c.size == size)
    kept = connection.execute(query.order_by(log_checkpoint.c.id.desc()).limit(1)).scalar()
    return None if kept is None else dict(json.loads(kept))


def last_signed_size(connection: Connection) -> int:
    """Return the size of the largest checkpoint the registry keeps; 0 if it has none."""
    query = select(log_checkpoint.c.size).order_by(log_checkpoint.c.size.desc()).limit(1)
    return int(connection.execute(query).scalar() or 0)


def _consistency(old: Checkpoint, size: int, node_at: merkle.NodeAt) -> Mapping[str, Any]:
    if old.size > size:
        raise UsageFault.of(
            "checkpoint-newer",
            "The checkpoint given is of a larger log than the proof.",
            why="A proof shows that an older log begins a newer one.",
            next="Ask for a proof in a larger tree, or give an older checkpoint.",
        )
    if merkle.root_at(old.size, node_at).hex() != old.root:
        raise IntegrityFault.of(
            "registry-forked",
            "The log does not begin as the checkpoint given says.",
            why="The hub signed another history than the one it holds now.",
            next="Keep the checkpoint and this home as they are, and tell the board and every agency.",
        )
    path = merkle.consistency_proof(old.size, size, node_at)
    return {"from": old.to_json(), "path": [h.hex() for h in path]}


def outside() -> UsageFault:
    """Return the error of an index or size that the log does not have."""
    return UsageFault.of(
        "no-such-entry",
        "The log has no such entry or size.",
        why="A proof speaks of entries the log has.",
        next="Ask for an index and sizes within the log.",
    )
