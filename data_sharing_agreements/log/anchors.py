"""Anchors: checkpoints kept outside the registry, checked when it is opened.

Belongs here: whether the registry continues every checkpoint in a directory, and
whether the clock does. Does not: the full check (`verify.py`), which is slower.
"""

from __future__ import annotations

from pathlib import Path

from data_sharing_agreements.errors import IntegrityFault, Invalid
from data_sharing_agreements.log.checkpoints import Checkpoint, checkpoint_from, known_key, read_checkpoint
from data_sharing_agreements.log.entries import check_clock, last_time, node_reader, size_of
from data_sharing_agreements.log.journal import Log
from data_sharing_agreements.log.merkle import root_at


def check_anchor(log: Log, directory: Path, public_key: bytes | None = None) -> None:
    """Raise unless the log continues every checkpoint kept in a directory.

    Args:
        log: The log of the registry that was just opened.
        directory: Holds signed checkpoints as `*.json`; may be missing or empty.
        public_key: The hub's public key; by default that of the log's signer.

    Raises:
        IntegrityFault: The registry is older than a checkpoint or forked from it, a
            checkpoint is forged, or the clock lies before what the log knows.
        UsageFault: No public key is known and there are checkpoints.
    """
    anchors = _anchors(log, directory, public_key)
    now = log.clock()
    with log.database.reading() as connection:
        origin, size = log.database.origin_of(connection), size_of(connection)
        node_at = node_reader(connection)
        check_clock(last_time(connection, size), now)
        for anchor in anchors:
            check_clock(anchor.last_entry_at or None, now)
            if anchor.origin != origin:
                raise _fault("registry-replaced", "The registry is not the one its checkpoints speak of.")
            if anchor.size > size:
                raise _fault("registry-older", "The registry is older than a checkpoint kept outside it.")
            if root_at(anchor.size, node_at).hex() != anchor.root:
                raise _fault("registry-forked", "The log differs from a checkpoint kept outside it.")


def _anchors(log: Log, directory: Path, public_key: bytes | None) -> list[Checkpoint]:
    """Genuine checkpoints of a directory, the largest first."""
    paths = sorted(directory.glob("*.json")) if directory.is_dir() else []
    if not paths:
        return []
    key = known_key(public_key, log.signer)
    found = []
    for path in paths:
        try:
            anchor = checkpoint_from(read_checkpoint(path))
        except Invalid:
            anchor = None
        if anchor is None or not anchor.is_genuine(key):
            raise _fault("checkpoint-forged", "A kept checkpoint was not signed by this hub.")
        found.append(anchor)
    return sorted(found, key=lambda anchor: anchor.size, reverse=True)


def _fault(code: str, what: str) -> IntegrityFault:
    return IntegrityFault.of(
        code,
        what,
        why="A registry that was put back, replaced or rewritten could revive what was revoked.",
        next="Keep the home as it is, put the right registry in place, and tell the board.",
    )
