"""Acts: signed statements of what a signatory does to one version of a document.

Belongs here: the shape of an act, the bytes its signature covers, signing, reading
and writing its file. Does not: whether it counts (`judging.py`, `replay.py`).

An act names the SHA-256 of the document's canonical bytes, so that it says nothing
about a document that was edited afterwards, or about another one. The signature is
Ed25519 over the canonical JSON of everything but itself.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, StringConstraints, ValidationError, field_validator

from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.lifecycle.states import ActKind
from data_sharing_agreements.models import Document
from data_sharing_agreements.reading import digest
from data_sharing_agreements.store.clock import text_of
from data_sharing_agreements.terms import Clause, Identifier, Slug, Text

SCHEMA: Literal["commonweal/act/1"] = "commonweal/act/1"

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Sealed = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]


class Act(Clause):
    """One act, as its file holds it.

    Args:
        act: What is done.
        document, version: To what.
        sha256: Digest of the document's canonical bytes, as the signatory saw them.
        signatory: Id in the roster of whoever does it.
        at: When it was signed.
        effective: First day on which it works, if later (suspend, resume, terminate, close).
        ground: Why, in words; an objection names its legal ground here.
        revokes: Digest of the signatory's own earlier act that this one takes back.
        public_key, signature: Ed25519, hex.
    """

    schema_: Literal["commonweal/act/1"] = Field(default=SCHEMA, alias="schema")
    act: ActKind
    document: Identifier
    version: int = Field(ge=1)
    sha256: Hash
    signatory: Slug
    at: str
    effective: date | None = None
    ground: Text | None = None
    revokes: Hash | None = None
    public_key: Hash
    signature: Sealed | Literal[""] = ""

    @field_validator("at")
    @classmethod
    def _is_a_moment(cls, at: str) -> str:
        if text_of(datetime.fromisoformat(at)) != at:
            raise ValueError("this is not a moment as the registry writes them")
        return at

    @property
    def signed_bytes(self) -> bytes:
        """What the signature covers."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"signature"})
        return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the signed bytes: how a revocation and the log name the act."""
        return hashlib.sha256(self.signed_bytes).hexdigest()

    @property
    def moment(self) -> datetime:
        """When it was signed."""
        return datetime.fromisoformat(self.at)

    @property
    def day(self) -> date:
        """First day on which it works: never before the day it was signed."""
        signed = self.moment.date()
        return signed if self.effective is None else max(signed, self.effective)

    def is_genuine(self, public_key: str) -> bool:
        """Whether the signature is by that key (hex) and over these values."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
            key.verify(bytes.fromhex(self.signature), self.signed_bytes)
        except (InvalidSignature, ValueError):
            return False
        return True

    def to_text(self) -> str:
        """Return the act as its file holds it."""
        content = self.model_dump(mode="json", by_alias=True)
        return json.dumps(content, indent=2, sort_keys=True) + "\n"

    def file_name(self, number: int) -> str:
        """Return the name of its file; the number only keeps a folder in order."""
        return f"{number}-{self.act}-{self.signatory}.json"


@dataclass(frozen=True)
class Filed:
    """An act and where it lies: `place` names the file, `folder` is `<ID>@<version>`."""

    act: Act
    place: str
    folder: str


class Subject(NamedTuple):
    """What an act is about: a document or a roster, its version, and its digest."""

    id: str
    version: int
    sha256: str


def subject_of(document: Document) -> Subject:
    """Return a document as the subject of an act."""
    return Subject(document.id, document.version, digest(document))


def new_act(
    subject: Subject,
    kind: ActKind,
    signatory: str,
    key: Ed25519PrivateKey,
    at: datetime,
    *,
    effective: date | None = None,
    ground: str | None = None,
    revokes: str | None = None,
) -> Act:
    """Make and sign an act over a document."""
    unsigned = Act(
        act=kind,
        document=subject.id,
        version=subject.version,
        sha256=subject.sha256,
        signatory=signatory,
        at=text_of(at),
        effective=effective,
        ground=ground,
        revokes=revokes,
        public_key=public_hex(key),
    )
    return signed_act(unsigned, key)


def signed_act(act: Act, key: Ed25519PrivateKey) -> Act:
    """Return an act with its signature."""
    return act.model_copy(update={"signature": key.sign(act.signed_bytes).hex()})


def public_hex(key: Ed25519PrivateKey) -> str:
    """Return the public key of a private one, hex."""
    return key.public_key().public_bytes_raw().hex()


def parse_act(text: str, place: str) -> tuple[Act | None, list[ErrorDetail]]:
    """Read an act; None with the fault if it is not one."""
    try:
        return Act.model_validate_json(text), []
    except ValidationError as error:
        where = sorted({".".join(map(str, e["loc"])) or "act" for e in error.errors(include_input=False)})
        return None, [_unreadable(place, ", ".join(where))]


def read_acts(directory: Path) -> tuple[list[Filed], list[ErrorDetail]]:
    """Read every act of a deployment: `<directory>/<ID>@<version>/*.json`.

    A file that is no act is a fault, not an error: what cannot be read cannot count.
    """
    filed: list[Filed] = []
    faults: list[ErrorDetail] = []
    for path in act_files(directory):
        place = f"{directory.name}/{path.parent.name}/{path.name}"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            faults.append(_unreadable(place, "act"))
            continue
        act, wrong = parse_act(text, place)
        faults += wrong
        if act is not None:
            filed.append(Filed(act, place, path.parent.name))
    return filed, faults


def act_files(directory: Path) -> list[Path]:
    """Return the files of all acts, in the order of folder and number."""
    return sorted(directory.glob("*/*.json"), key=lambda path: (path.parent.name, _number(path.name)))


def place_act(directory: Path, act: Act) -> Path:
    """Write an act into its folder under the next free number, and return the file."""
    folder = directory / f"{act.document}@{act.version}"
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [_number(path.name)[0] for path in folder.glob("*.json")]
    path = folder / act.file_name(max(numbers, default=0) + 1)
    temporary = path.with_suffix(".new")
    temporary.write_text(act.to_text(), encoding="utf-8")
    temporary.replace(path)
    return path


def in_order(acts: Iterable[Act]) -> list[Act]:
    """Return acts in the order in which they work."""
    return sorted(acts, key=lambda act: (act.day, act.at, act.digest))


def _number(name: str) -> tuple[int, str]:
    found = re.match(r"\d+", name)
    return (int(found.group()) if found else 0, name)


def _unreadable(place: str, where: str) -> ErrorDetail:
    return ErrorDetail(
        "act-unreadable",
        f"{place}:{where}: this is not an act",
        why="An act counts only if it can be read whole.",
        next="Ask the signatory to sign again with `commonweal sign`.",
    )
