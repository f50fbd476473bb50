"""Ends, as pure rules: what may end, in which steps, and what a certificate is.

Belongs here: kinds of endings, the order of their steps, reasons of legal holds,
signing and checking a certificate, and what no certificate can prove. Does not: any
row of data (`warehouse/ends/`), or the journal's tables (`registry/ends.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data_sharing_agreements.log.checkpoints import Signer
from data_sharing_agreements.log.entries import canonical

CERTIFICATE = "commonweal/certificate/1"


class Scope(StrEnum):
    """What an ending takes away."""

    DSA = "dsa"
    PROJECT = "project"
    DELIVERY = "delivery"
    RECORDS = "records"


class Step(StrEnum):
    """How far an ending has come; each is written down when it is done."""

    PLANNED = "planned"
    LISTED = "listed"
    REWRITTEN = "rewritten"
    RETRACTED = "retracted"
    REMADE = "remade"
    SEARCHED = "searched"
    CERTIFIED = "certified"
    WITHDRAWN = "withdrawn"


ORDER: tuple[Step, ...] = (
    Step.PLANNED,
    Step.LISTED,
    Step.REWRITTEN,
    Step.RETRACTED,
    Step.REMADE,
    Step.SEARCHED,
    Step.CERTIFIED,
)
"""The steps of every ending. From `listed` on something is destroyed, so nothing stops it any more.

An ending that was only planned may be withdrawn: a legal hold does that.
"""

OVER: frozenset[Step] = frozenset({Step.CERTIFIED, Step.WITHDRAWN})
"""Steps after which an ending needs nothing more."""


BEFORE: frozenset[Step] = frozenset({Step.PLANNED, Step.WITHDRAWN})
"""Steps at which nothing was destroyed."""


def follows(before: Step, after: Step) -> bool:
    """Whether a step may be written down after another."""
    if after is Step.WITHDRAWN:
        return before is Step.PLANNED
    return before in ORDER[:-1] and ORDER[ORDER.index(before) + 1] is after


class HoldReason(StrEnum):
    """Why nothing may be destroyed for now. A code, so that no reason points at a person."""

    LITIGATION = "litigation"
    INVESTIGATION = "investigation"
    AUDIT = "audit"
    RECORDS_REQUEST = "records-request"
    INCIDENT = "incident"
    OTHER = "other"


class HoldKind(StrEnum):
    """What a legal hold lies on."""

    DOCUMENT = "document"
    SOURCE = "source"
    PROJECT = "project"


CANNOT_PROVE: tuple[str, ...] = (
    "That no old block remains on the disk. Its key was overwritten and removed; some disks keep old blocks.",
    "That nobody with administrator's rights on the host copied a file, a key or memory before.",
    "That nobody outside the hub kept a copy. What recipients attested is listed; it was not inspected.",
    "That nobody can be recognised by content in what was released before. What was published stays so.",
    "That older copies of the key directory were destroyed. Data backups of their time open with them.",
)
"""What a certificate says of itself."""


def signed_certificate(body: Mapping[str, Any], signer: Signer) -> dict[str, Any]:
    """Return a certificate with the hub's key and signature.

    Args:
        body: What it says, without schema, key and signature.
        signer: The hub's.

    The signature (Ed25519) covers the canonical JSON of everything but itself.
    """
    content = {"schema": CERTIFICATE, **body, "public_key": signer.public_key_bytes.hex()}
    return {**content, "signature": signer.sign(canonical(content).encode()).hex()}


def is_genuine(certificate: Mapping[str, Any], public_key: bytes) -> bool:
    """Whether a certificate was signed by that key, over exactly what it says."""
    content = {name: value for name, value in certificate.items() if name != "signature"}
    if content.get("schema") != CERTIFICATE or content.get("public_key") != public_key.hex():
        return False
    try:
        signature = bytes.fromhex(str(certificate.get("signature", "")))
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, canonical(content).encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def shown(count: int, minimum: int) -> dict[str, Any]:
    """Return a count of rows as a certificate may have it: withheld where it is small.

    Args:
        count: Rows.
        minimum: The memorandum's smallest cell.
    """
    small = 0 < count < minimum
    return {"rows": None if small else count, "suppressed": small}
