"""Signed checkpoints: the size and root of the log at one moment.

Belongs here: making, reading and checking one checkpoint. Does not: where they are
kept (`anchors.py`) or whether the log agrees with them (`verify.py`).

The signature (Ed25519) covers the canonical JSON of everything but itself. Whoever
keeps a checkpoint can later tell whether the log still begins with what it held.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data_sharing_agreements.errors import Invalid, UsageFault
from data_sharing_agreements.log.entries import canonical

SCHEMA = "commonweal/checkpoint/1"


class Signer(Protocol):
    """Whoever signs checkpoints; given from outside, so that the log knows no key."""

    @property
    def public_key_bytes(self) -> bytes:
        """The 32 bytes of the Ed25519 public key."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a log at one moment, signed.

    Args:
        origin: Name of the registry the log belongs to.
        size: Number of entries.
        root: Root of the tree over them, hex.
        at: When the checkpoint was made.
        last_entry_at: Time of the last entry, or empty.
        public_key, signature: Ed25519, hex.
    """

    origin: str
    size: int
    root: str
    at: str
    last_entry_at: str
    public_key: str
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """Return what the signature covers."""
        parts = asdict(self)
        del parts["signature"]
        return canonical({"schema": SCHEMA, **parts}).encode()

    def is_genuine(self, public_key: bytes) -> bool:
        """Whether the signature is by that key and over these values."""
        return is_signed(self.to_json(), public_key)

    def to_json(self) -> dict[str, Any]:
        """Return the checkpoint as a file holds it."""
        return {"schema": SCHEMA, **asdict(self)}


def is_signed(content: Mapping[str, Any], public_key: bytes) -> bool:
    """Whether an object holds a signature by that key over the canonical JSON of all else in it."""
    unsigned = {name: value for name, value in content.items() if name != "signature"}
    if content.get("public_key") != public_key.hex():
        return False
    try:
        signature = bytes.fromhex(str(content.get("signature")))
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, canonical(unsigned).encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def signed(checkpoint: Checkpoint, signer: Signer) -> Checkpoint:
    """Return a checkpoint with its signature."""
    signature = signer.sign(checkpoint.signed_bytes()).hex()
    return Checkpoint(**{**asdict(checkpoint), "signature": signature})


def checkpoint_from(content: Mapping[str, Any]) -> Checkpoint | None:
    """Read a checkpoint; None if it is not one."""
    names = {"origin": str, "size": int, "root": str, "at": str, "last_entry_at": str}
    names |= {"public_key": str, "signature": str}
    values = {name: content.get(name) for name in names}
    right = all(type(values[name]) is kind for name, kind in names.items())
    if content.get("schema") != SCHEMA or not right:
        return None
    return Checkpoint(**values)  # type: ignore[arg-type]


def must_be_checkpoint(content: Mapping[str, Any]) -> Checkpoint:
    """Read a checkpoint, or any file of the log that holds one.

    Raises:
        Invalid: There is none.
    """
    inner = content.get("checkpoint")
    checkpoint = checkpoint_from(inner if isinstance(inner, dict) else content)
    if checkpoint is None:
        raise _unreadable("the file is not a checkpoint")
    return checkpoint


def known_key(given: bytes | None, signer: Signer | None) -> bytes:
    """Return the key signatures are checked with: the given one, or the signer's.

    Raises:
        UsageFault: Neither is known.
    """
    if given is not None:
        return given
    if signer is not None:
        return signer.public_key_bytes
    raise UsageFault.of(
        "no-public-key",
        "No public key is known to check signatures with.",
        why="Anybody can make a key; only the hub's counts.",
        next="Open the deployment with its signing key, or give its public key.",
    )


def read_checkpoint(path: Path) -> Mapping[str, Any]:
    """Read a checkpoint file as it is, to be judged by `checkpoint_from`.

    Raises:
        Invalid: There is no such file, or it is not JSON.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise _unreadable("there is no such checkpoint file") from None
    except ValueError:
        raise _unreadable("a checkpoint file is not JSON") from None
    if not isinstance(content, dict):
        raise _unreadable("a checkpoint file is not a JSON object")
    return content


def _unreadable(what: str) -> Invalid:
    return Invalid.of(
        "checkpoint-unreadable",
        what,
        why="A checkpoint is a JSON file that the hub signed.",
        next="Give a file written by `commonweal log checkpoint`.",
    )
