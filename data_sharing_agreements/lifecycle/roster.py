"""The roster: who may sign for which body, with which key, from when to when.

Belongs here: the shape of a roster, reading its versions, and which of them counts.
Does not: what a signature is needed for (`requirements.py`), or pinning the roster's
digest in the log (`documents/history.py`).

Version 1 is the root of trust; its digest goes to the log on first use. A later version
counts only with `enroll` acts over its bytes by as many different people of the board
as the version before it asks for, and two at least. An entry is never changed: a new
key is a new entry, and the old one gets an `until` or a `revoked`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.lifecycle.acts import Act, Filed
from data_sharing_agreements.lifecycle.states import ActKind
from data_sharing_agreements.reading import digest, read_model
from data_sharing_agreements.terms import Clause, Slug, Text

ROSTER_ID = "ROSTER-SIGNATORIES"
"""How acts name the roster."""

SMALLEST_QUORUM = 2

PublicKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Signatory(Clause):
    """One human who may sign for one office of one party, with one key.

    Args:
        id: How acts name the signatory.
        person: One human, whatever offices that human holds.
        office, party: As the documents name them.
        public_key: Ed25519, hex.
        start: First day on which the key may sign (`from` in the file).
        until: Last day, if it has one.
        revoked: First day on which the key no longer counts.
    """

    id: Slug
    person: Slug
    office: Text
    party: Text
    public_key: PublicKey
    start: date = Field(alias="from")
    until: date | None = None
    revoked: date | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.until is not None and self.until < self.start:
            raise ValueError("the key ends before it starts")
        return self

    def may_sign_on(self, on: date) -> bool:
        """Whether the key is valid on a day."""
        if self.revoked is not None and on >= self.revoked:
            return False
        return self.start <= on and (self.until is None or on <= self.until)


class Board(Clause):
    """Whose acts admit a changed roster, and how many different people that takes."""

    party: Text
    threshold: int = Field(ge=SMALLEST_QUORUM)


class Roster(Clause):
    """Everyone who may sign, in one version.

    Args:
        notice: What a reader of the file must know, for example that its keys are worthless.
        version: Counts up with each change.
        board: Who admits the next version.
        signatories: One entry for each key.
    """

    kind: Literal["roster"]
    notice: Text | None = None
    version: int = Field(ge=1)
    board: Board
    signatories: tuple[Signatory, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        ids = [entry.id for entry in self.signatories]
        keys = [entry.public_key for entry in self.signatories]
        if len(set(ids)) < len(ids):
            raise ValueError("two signatories have one id")
        if len(set(keys)) < len(keys):
            raise ValueError("two signatories have one key")
        return self

    def find(self, signatory: str) -> Signatory | None:
        """Return the entry of a signatory, or None."""
        return next((entry for entry in self.signatories if entry.id == signatory), None)

    def by_id(self) -> Mapping[str, Signatory]:
        """Return every entry by its id."""
        return {entry.id: entry for entry in self.signatories}

    def of_office(self, party: str, office: str) -> tuple[Signatory, ...]:
        """Return who may sign for an office of a party."""
        return tuple(s for s in self.signatories if (s.party, s.office) == (party, office))


@dataclass(frozen=True)
class Rosters:
    """The chain of rosters that count, oldest first, and what is wrong with the others."""

    chain: tuple[Roster, ...]
    faults: tuple[ErrorDetail, ...] = ()

    @property
    def current(self) -> Roster | None:
        """The newest roster that counts."""
        return self.chain[-1] if self.chain else None

    def digests(self) -> tuple[str, ...]:
        """SHA-256 of each roster that counts, oldest first."""
        return tuple(digest(roster) for roster in self.chain)


def read_rosters(directory: Path, acts: Sequence[Filed]) -> tuple[Rosters, list[ErrorDetail]]:
    """Read `signatories.yaml` and `signatories@<version>.yaml`, and judge the chain.

    Returns:
        The chain of rosters that count, and faults of files that cannot be read.
    """
    found, faults = _files(directory)
    return judge_rosters(found, acts), faults


def waiting(directory: Path, version: int) -> Roster | None:
    """Return the roster of a version as it lies in a directory, admitted or not."""
    return next((roster for roster in _files(directory)[0] if roster.version == version), None)


def _files(directory: Path) -> tuple[list[Roster], list[ErrorDetail]]:
    found: list[Roster] = []
    faults: list[ErrorDetail] = []
    for path in sorted(directory.glob("signatories*.yaml")):
        if not re.fullmatch(r"signatories(@\d+)?\.yaml", path.name):
            continue
        roster, wrong = read_model(path, Roster, place=path.name)
        faults += wrong
        if roster is not None:
            found.append(roster)
    return found, faults


def judge_rosters(rosters: Iterable[Roster], acts: Iterable[Filed]) -> Rosters:
    """Return the rosters that count: the first, and each that the board before it admitted."""
    enrolling = [f.act for f in acts if f.act.act is ActKind.ENROLL and f.act.document == ROSTER_ID]
    chain: list[Roster] = []
    faults: list[ErrorDetail] = []
    for roster in sorted(rosters, key=lambda r: r.version):
        if roster.version != len(chain) + 1:
            faults.append(_fault(roster, "roster-out-of-turn", "the version before it is missing or refused"))
        elif chain and (why := _why_not_admitted(chain[-1], roster, enrolling)):
            faults.append(_fault(roster, "roster-not-admitted", why))
        else:
            chain.append(roster)
    return Rosters(tuple(chain), tuple(faults))


def admitting(before: Roster, roster: Roster, acts: Iterable[Act]) -> frozenset[str]:
    """Return the people of the board before who admitted a roster by genuine acts."""
    wanted = digest(roster)
    people = set()
    for act in acts:
        entry = before.find(act.signatory)
        if entry is None or entry.party != before.board.party:
            continue
        over_it = (act.version, act.sha256) == (roster.version, wanted)
        if over_it and entry.may_sign_on(act.moment.date()) and act.is_genuine(entry.public_key):
            people.add(entry.person)
    return frozenset(people)


def _why_not_admitted(before: Roster, roster: Roster, acts: Iterable[Act]) -> str:
    if changed := _rewritten(before, roster):
        return f"the entry {changed} was changed or removed; add an entry instead"
    missing = before.board.threshold - len(admitting(before, roster, acts))
    return f"{missing} more of the board must sign an act `enroll`" if missing > 0 else ""


def _rewritten(before: Roster, after: Roster) -> str | None:
    """Return the id of an entry whose human, office or key is not what it was."""
    kept = after.by_id()
    for entry in before.signatories:
        now = kept.get(entry.id)
        same = {"id", "person", "office", "party", "public_key", "start"}
        if now is None or now.model_dump(include=same) != entry.model_dump(include=same):
            return entry.id
    return None


def _fault(roster: Roster, code: str, what: str) -> ErrorDetail:
    return ErrorDetail(
        code,
        f"signatories, version {roster.version}: {what}",
        why="Whoever may add a key may sign for anybody, so the board admits every change.",
        next="Have the board sign the new roster with `commonweal sign --act enroll`.",
        document=ROSTER_ID,
        clause="signatories",
    )
