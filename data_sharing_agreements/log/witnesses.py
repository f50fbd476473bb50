"""Witnesses: parties outside the hub that sign its checkpoints after checking them.

Belongs here: a cosignature, making one offline, whether one counts, how far the log is
witnessed. Does not: who the witnesses are (the memorandum and the roster), or what
waits for them (`publication.py`).

A witness signs only after a proof that the checkpoint continues the last one it
signed. Whoever would show two histories to two agencies must then also win over the
witnesses: each signs one of them at most.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, insert, select

from data_sharing_agreements.errors import IntegrityFault, Refused
from data_sharing_agreements.log.checkpoints import Checkpoint, is_signed
from data_sharing_agreements.log.entries import Draft, append, canonical, node_reader, size_of
from data_sharing_agreements.log.merkle import is_consistent, root_at
from data_sharing_agreements.store.clock import Clock, text_of
from data_sharing_agreements.store.tables_log import log_cosignature

SCHEMA = "commonweal/cosignature/1"


@dataclass(frozen=True)
class Witness:
    """Somebody who may cosign.

    Args:
        id: Id in the roster.
        party: The party it signs for; the memorandum counts parties.
        public_key: Ed25519, hex.
    """

    id: str
    party: str
    public_key: str


def cosign(
    checkpoint: Checkpoint,
    since: Checkpoint | None,
    path: Sequence[str],
    hub_key: bytes,
    witness: str,
    key: Ed25519PrivateKey,
    now: datetime,
) -> dict[str, Any]:
    """Return a witness' cosignature of a checkpoint. Needs nothing but files.

    Args:
        checkpoint: What is signed.
        since: The checkpoint this witness signed last; None only the first time.
        path: The consistency proof between the two, hex.
        hub_key: The hub's public key.
        witness, key: Who signs, with what.
        now: The present moment.

    Raises:
        IntegrityFault: A checkpoint is not the hub's, or the newer one does not continue the older.
    """
    for held in (checkpoint, *([since] if since else [])):
        if not held.is_genuine(hub_key):
            raise _not_signing("a checkpoint was not signed by the hub's key")
    if since is not None and not _continues(since, checkpoint, path):
        raise _not_signing("the checkpoint does not continue the one signed before")
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root,
        "witness": witness,
        "at": text_of(now),
        "public_key": key.public_key().public_bytes_raw().hex(),
    }
    return content | {"signature": key.sign(canonical(content).encode()).hex()}


def _continues(since: Checkpoint, checkpoint: Checkpoint, path: Sequence[str]) -> bool:
    try:
        hashes = [bytes.fromhex(text) for text in path]
        roots = bytes.fromhex(since.root), bytes.fromhex(checkpoint.root)
    except ValueError:
        return False
    same = since.origin == checkpoint.origin
    return same and is_consistent(since.size, checkpoint.size, *roots, hashes)


def take_in(
    connection: Connection,
    origin: str,
    content: Mapping[str, Any],
    witnesses: Iterable[Witness],
    clock: Clock,
) -> int:
    """Keep a cosignature that arrived, and write it down, in the caller's writing transaction.

    Returns:
        The size it vouches for. One that is kept already changes nothing.

    Raises:
        Refused: It is not by a witness of the memorandum, with the key of the roster.
        IntegrityFault: It is genuine and of another history than this log's.
    """
    known = {witness.id: witness for witness in witnesses}
    if not _is_genuine(content, known):
        raise Refused.of(
            "cosignature-not-counted",
            "The cosignature is not by a witness the memorandum names, with the key the roster has.",
            why="Only the witnesses the parties agreed on count.",
            next="Have a witness named in the memorandum sign, with its own key.",
        )
    size = int(content["size"])
    if not _fits(connection, origin, content):
        raise IntegrityFault.of(
            "witness-saw-another-log",
            "A witness signed a checkpoint that this log does not continue.",
            why="Either the log was rewritten, or the witness was shown another one.",
            next="Keep the cosignature and this home as they are, and tell the board and every agency.",
        )
    row = {"size": size, "witness": str(content["witness"])}
    same = (log_cosignature.c.size == size) & (log_cosignature.c.witness == row["witness"])
    if connection.execute(select(log_cosignature.c.id).where(same)).first() is None:
        connection.execute(insert(log_cosignature).values(**row, cosignature=canonical(dict(content))))
        append(connection, [Draft("witness", {**row, "root": content["root"]})], clock)
    return size


def witnessed_size(connection: Connection, origin: str, witnesses: Iterable[Witness], required: int) -> int:
    """Return how many of the first entries the required number of parties has vouched for; 0 if none."""
    known = {witness.id: witness for witness in witnesses}
    by_party: dict[str, int] = {}
    query = select(log_cosignature.c.cosignature).order_by(log_cosignature.c.size.desc())
    for text in connection.execute(query).scalars():
        content = json.loads(text)
        party = known[content["witness"]].party if content.get("witness") in known else None
        if party is None or party in by_party:
            continue
        if _is_genuine(content, known) and _fits(connection, origin, content):
            by_party[party] = int(content["size"])
    sizes = sorted(by_party.values(), reverse=True)
    return sizes[required - 1] if 0 < required <= len(sizes) else 0


def _is_genuine(content: Mapping[str, Any], known: Mapping[str, Witness]) -> bool:
    witness = known.get(str(content.get("witness")))
    if witness is None or content.get("schema") != SCHEMA or type(content.get("size")) is not int:
        return False
    return is_signed(content, bytes.fromhex(witness.public_key))


def _fits(connection: Connection, origin: str, content: Mapping[str, Any]) -> bool:
    size = int(content["size"])
    if content.get("origin") != origin or not 0 <= size <= size_of(connection):
        return False
    return root_at(size, node_reader(connection)).hex() == content.get("root")


def _not_signing(what: str) -> IntegrityFault:
    return IntegrityFault.of(
        "not-cosigned",
        f"Nothing was signed: {what}.",
        why="A witness that signs without checking is none.",
        next="Keep both checkpoints, and ask the hub for a proof (`commonweal log prove --from-checkpoint`); "
        "if there is none, tell the board and the other parties.",
    )
