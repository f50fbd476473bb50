"""Signing: private keys as files, and what a signatory is shown before signing.

Belongs here: making and reading a private key file, reading whatever is to be signed,
and its summary in words. Does not: the shape of an act (`acts.py`), or the command line.
It needs nothing but the file to be signed and the key: no home, no network.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from data_sharing_agreements.errors import ErrorDetail, Invalid, UsageFault
from data_sharing_agreements.lifecycle.acts import Subject, subject_of
from data_sharing_agreements.lifecycle.roster import ROSTER_ID, Roster
from data_sharing_agreements.models import Document, Dsa, Dul, Emou
from data_sharing_agreements.reading import digest, read_model
from data_sharing_agreements.yaml_text import read_yaml

OWNER_ONLY = 0o600

_MODELS: dict[str, type[Document]] = {"emou": Emou, "dsa": Dsa, "dul": Dul}


@dataclass(frozen=True)
class ToSign:
    """What is to be signed: the subject of the act, and the document or roster itself."""

    subject: Subject
    content: Document | Roster

    @property
    def title(self) -> str:
        """Its title."""
        if isinstance(self.content, Roster):
            return f"Roster of {len(self.content.signatories)} signatories"
        return self.content.title

    @property
    def summary(self) -> str:
        """Its summary, as it gives it itself."""
        if isinstance(self.content, Roster):
            return f"Whoever is in it may sign. {self.content.board.party} admits the next one."
        return " ".join(self.content.summary.split())


def new_key(path: Path, passphrase: bytes | None) -> Ed25519PrivateKey:
    """Make a private key and write it (PEM, PKCS 8), readable by its owner alone.

    Raises:
        UsageFault: The file exists; a key is never overwritten.
    """
    key = Ed25519PrivateKey.generate()
    how = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        raise UsageFault.of(
            "key-exists",
            "There is a file of this name already.",
            why="A key that is overwritten is lost, and what it signed can no longer be taken back.",
            next="Choose another name.",
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
    return key


def read_key(path: Path, passphrase: bytes | None) -> Ed25519PrivateKey:
    """Read a private key file.

    Raises:
        UsageFault: There is no such file, the passphrase is missing or wrong, or it is
            no Ed25519 key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), passphrase)
    except OSError:
        raise _no_key("the key file cannot be read") from None
    except TypeError:
        raise _no_key("the key needs a passphrase, or has none") from None
    except ValueError:
        raise _no_key("the passphrase is wrong, or the file is no key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key("the key is not an Ed25519 key")
    return key


def needs_passphrase(path: Path) -> bool:
    """Whether a private key file is encrypted."""
    try:
        return b"ENCRYPTED" in path.read_bytes()
    except OSError:
        raise _no_key("the key file cannot be read") from None


def read_to_sign(path: Path) -> ToSign:
    """Read a document or a roster that is to be signed.

    Raises:
        Invalid: It cannot be read; with every fault.
    """
    model = _model_of(path)
    content, faults = read_model(path, model, place=path.name)
    Invalid.collect(faults)
    assert isinstance(content, Document | Roster)
    if isinstance(content, Roster):
        return ToSign(Subject(ROSTER_ID, content.version, digest(content)), content)
    return ToSign(subject_of(content), content)


def version_before(path: Path, document: Document) -> Document | None:
    """Return the newest earlier version of a document that lies beside its file."""
    found: list[Document] = []
    for other in path.parent.glob(f"{document.id}*.yaml"):
        if other == path or other.name.partition("@")[0].removesuffix(".yaml") != document.id:
            continue
        read, _ = read_model(other, type(document), place=other.name)
        if read is not None and read.version < document.version:
            found.append(read)
    return max(found, key=lambda d: d.version, default=None)


def _model_of(path: Path) -> type[Document] | type[Roster]:
    """Tell from its first words what a file is; whatever is wrong with it is said later."""
    try:
        raw = read_yaml(path.read_text(encoding="utf-8"))
    except OSError:
        raise Invalid(_unreadable("the file cannot be read")) from None
    except (UnicodeDecodeError, yaml.YAMLError):
        raise Invalid(_unreadable("the file is not YAML")) from None
    if isinstance(raw, dict) and raw.get("kind") == "roster":
        return Roster
    tier = raw.get("tier") if isinstance(raw, dict) else None
    if tier not in _MODELS:
        raise Invalid(_unreadable("the file is neither an agreement, a license nor a roster"))
    return _MODELS[tier]


def _unreadable(what: str) -> ErrorDetail:
    return ErrorDetail(
        "nothing-to-sign",
        what,
        why="A signature is over the content of a document, so that must be readable.",
        next="Give the YAML file of a document or a roster.",
    )


def _no_key(what: str) -> UsageFault:
    return UsageFault.of(
        "no-private-key",
        what,
        why="An act counts by the signature of the signatory's own key.",
        next="Give the file written by `commonweal sign new-key`, and its passphrase.",
    )
