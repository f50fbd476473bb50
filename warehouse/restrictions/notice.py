"""Notices: what a source's agency says about single records, and its signature.

Belongs here: the shape of a notice, the bytes its signature covers, signing one
offline, reading one with all its faults. Does not: whether it may be applied
(intake.py). A notice names people, so no fault says more than a place in it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, StringConstraints, ValidationError, model_validator

from data_sharing_agreements.errors import ErrorDetail, Invalid, UsageFault
from data_sharing_agreements.restrictions import BARRABLE, RULES, Act, Entry, Kind, Scope
from data_sharing_agreements.store.clock import moment_of
from data_sharing_agreements.terms import Clause, Name, Slug, Text
from warehouse.contracts_model import Contract

SCHEMA: Final = "commonweal/restriction-notice/1"

_OPTIONAL = ("kind", "act", "scope", "from", "until", "bars", "basis")
_MOST_FAULTS = 20


class NoticeEntry(Clause):
    """One act about one record.

    Args:
        record_id: The values of the record's id, in the order of the contract.
        kind, act, scope: What is said, and how far it reaches.
        start, until: First and last day (`from` in the file).
        bars: Purposes and verbs it bars, where the kind may be narrowed.
        basis: What it rests on: a statute, an order, a form.
    """

    record_id: tuple[Text, ...] = Field(min_length=1)
    kind: Kind
    act: Act
    scope: Scope = Scope.RECORD
    start: date = Field(alias="from")
    until: date | None = None
    bars: tuple[Text, ...] = ()
    basis: Text | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.until is not None and self.until < self.start:
            raise ValueError("the entry ends before it starts")
        if unknown := set(self.bars) - BARRABLE:
            raise ValueError(f"{len(unknown)} of the uses it bars are neither a purpose nor a verb")
        if self.bars and not RULES[self.kind].narrows:
            raise ValueError("this kind bars what it bars, and is not narrowed")
        if self.act is Act.REVOKE and (self.bars or self.until):
            raise ValueError("a revocation has neither an end nor uses")
        return self

    def source_id(self) -> str:
        """Return the id as ingestion composes it."""
        return "|".join(self.record_id)

    def entry(self, order: tuple[int, int]) -> Entry:
        """Return the entry for the pure reading."""
        return Entry(self.kind, self.act, self.start, self.until, frozenset(self.bars), order)


class Notice(Clause):
    """A signed list of entries about one source's records.

    Args:
        source: The source.
        notice_id: How the agency calls the notice.
        sequence: Counts up with each notice of the source.
        signatory: Id in the roster of whoever signed.
        at: When it was signed, UTC.
        entries: In the order in which they work.
        public_key, signature: Ed25519, hex.
    """

    schema_: Literal["commonweal/restriction-notice/1"] = Field(default=SCHEMA, alias="schema")
    source: Name
    notice_id: Slug
    sequence: int = Field(ge=1)
    signatory: Slug
    at: str
    entries: tuple[NoticeEntry, ...] = Field(min_length=1)
    public_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    signature: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{128})?$")] = ""

    @model_validator(mode="after")
    def _at_is_a_moment(self) -> Self:
        moment_of(self.at)
        return self

    @property
    def signed_bytes(self) -> bytes:
        """What the signature covers: the canonical JSON of everything but itself."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"signature"})
        return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds it holds, in order."""
        return tuple(sorted({str(entry.kind) for entry in self.entries}))

    def is_genuine(self, public_key: str) -> bool:
        """Whether the signature is by that key (hex) and over these values."""
        if self.public_key != public_key or not self.signature:
            return False
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
            key.verify(bytes.fromhex(self.signature), self.signed_bytes)
        except (InvalidSignature, ValueError):
            return False
        return True

    def signed(self, key: Ed25519PrivateKey) -> Notice:
        """Return the notice with its signature."""
        return self.model_copy(update={"signature": key.sign(self.signed_bytes).hex()})

    def to_text(self) -> str:
        """Return the notice as its file holds it."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1, sort_keys=True) + "\n"


def parse_notice(text: str, place: str) -> tuple[Notice | None, list[ErrorDetail]]:
    """Read a notice; None with every fault, each with its place, if it is not one."""
    try:
        return Notice.model_validate_json(text), []
    except ValidationError as error:
        places = [".".join(map(str, e["loc"])) or "notice" for e in error.errors(include_input=False)]
        # A list with a faulty item is also called too short; only the item is told.
        told = [p for p in dict.fromkeys(places) if not any(other.startswith(f"{p}.") for other in places)]
        return None, [_unreadable(place, where) for where in told[:_MOST_FAULTS]]


def new_notice(
    source: str,
    entries: Sequence[dict[str, Any]],
    key: Ed25519PrivateKey,
    *,
    signatory: str,
    sequence: int,
    at: str,
    notice_id: str = "",
) -> Notice:
    """Make and sign a notice.

    Args:
        source: The source.
        entries: Objects as the file holds them.
        key: The signatory's.
        signatory: Id in the roster.
        sequence: Greater than that of the notice before.
        at: The moment, as `store.clock.text_of` writes it.
        notice_id: By default source and sequence.

    Raises:
        Invalid: An entry is faulty; all faults at once.
    """
    content = {
        "source": source,
        "notice_id": notice_id or f"{source.replace('_', '-')}-{sequence}",
        "sequence": sequence,
        "signatory": signatory,
        "at": at,
        "entries": list(entries),
        "public_key": key.public_key().public_bytes_raw().hex(),
    }
    notice, faults = parse_notice(json.dumps(content, default=str), "notice")
    Invalid.collect(faults)
    assert notice is not None
    return notice.signed(key)


def read_list(path: Path, contract: Contract) -> list[dict[str, Any]]:
    """Read a CSV of entries: the columns of the source's record id, then kind, act, scope, from, until.

    Columns but the id's and `kind` may be missing: the act is then `set`, the scope
    `record`, the first day today; `bars` holds words with spaces between.

    Raises:
        UsageFault: The file lacks the columns of a record id, or `kind`.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        names = reader.fieldnames or ()
        columns = _id_columns(contract, names)
        if columns is None or "kind" not in names:
            raise _no_columns(contract)
        return [_object(row, columns) for row in reader]


def _object(row: dict[str, str], columns: Sequence[str]) -> dict[str, Any]:
    said: dict[str, Any] = {"record_id": [(row[name] or "").strip() for name in columns]}
    said |= {name: row[name].strip() for name in _OPTIONAL if (row.get(name) or "").strip()}
    if "bars" in said:
        said["bars"] = said["bars"].split()
    return {"act": str(Act.SET), "from": date.today().isoformat()} | said  # noqa: DTZ011 - the agency's day


def _id_columns(contract: Contract, names: Sequence[str]) -> tuple[str, ...] | None:
    known = dict.fromkeys(table.record_id for table in contract.tables if table.record_id)
    return next((columns for columns in known if set(columns) <= set(names)), None)


def _no_columns(contract: Contract) -> UsageFault:
    wanted = " or ".join(
        dict.fromkeys(" + ".join(table.record_id) for table in contract.tables if table.record_id)
    )
    return UsageFault.of(
        "restriction-columns",
        f"The list needs the columns {wanted}, and kind.",
        why="A record is named by the id its source gives it, as the contract declares it.",
        next="Name the columns so; act, scope, from, until, bars and basis may follow.",
        source=contract.source,
    )


def _unreadable(place: str, where: str) -> ErrorDetail:
    return ErrorDetail(
        "restriction-notice-unreadable",
        f"{place}:{where}: this is not a notice of restrictions",
        why="A notice counts whole or not at all.",
        next="Make it with `commonweal restrict sign`, and send it again.",
    )
