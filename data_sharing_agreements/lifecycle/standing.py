"""Standing: where one version of a document stands, on any day.

Belongs here: the questions others ask of a replay. Does not: the replay (`replay.py`),
which acts are genuine (`judging.py`), or stops set by incidents (`registry/stops.py`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TypeVar

from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.lifecycle.acts import Act
from data_sharing_agreements.lifecycle.replay import Dossier, Replay, Signed, Step
from data_sharing_agreements.lifecycle.requirements import Requirement
from data_sharing_agreements.lifecycle.states import State
from data_sharing_agreements.models import Document
from data_sharing_agreements.reasons import Reason

AnyDocument = TypeVar("AnyDocument", bound=Document)


@dataclass(frozen=True)
class Approval:
    """An act that was asked for and is there."""

    requirement: Requirement
    signatory: str
    person: str
    act: Act


@dataclass(frozen=True)
class Objection:
    """An objection that counts, and whether it still stands."""

    document: str
    version: int
    party: str
    office: str
    day: date
    ground: str | None


@dataclass(frozen=True)
class Standing:
    """Where one version of a document stands.

    Args:
        dossier: What it depends on.
        refused: What is wrong with acts that are not genuine.
    """

    dossier: Dossier
    refused: tuple[ErrorDetail, ...] = ()
    _replay: Replay = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_replay", Replay(self.dossier))

    @property
    def document(self) -> str:
        """Id of the document."""
        return self.dossier.document

    @property
    def version(self) -> int:
        """Version of the document."""
        return self.dossier.version

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step of its life, past and to come, in order of time."""
        return tuple(self._replay.steps)

    @property
    def faults(self) -> tuple[ErrorDetail, ...]:
        """Acts that do not count, and why."""
        return (*self.refused, *self._replay.faults)

    @property
    def approvals(self) -> tuple[Approval, ...]:
        """The acts that were asked for and are there."""
        return tuple(_approval(requirement, signed) for requirement, signed in self._replay.approvals)

    @property
    def missing(self) -> tuple[Requirement, ...]:
        """The acts that are asked for and are not there, as of the last known act."""
        return self.missing_on(date.max)

    @property
    def objections(self) -> tuple[Objection, ...]:
        """Objections that count and were not taken back."""
        return tuple(
            Objection(
                self.document, self.version, signed.party, signed.by.office, signed.act.day, signed.act.ground
            )
            for signed in self._replay.objections.values()
            if signed.by is not None
        )

    @cached_property
    def _days(self) -> list[date]:
        return [step.day for step in self._replay.steps]

    def _last(self, on: date) -> Step | None:
        at = bisect_right(self._days, on)
        return self._replay.steps[at - 1] if at else None

    def state(self, on: date) -> State:
        """Return the state on a day."""
        last = self._last(on)
        return State.DRAFT if last is None else last.state

    def missing_on(self, on: date) -> tuple[Requirement, ...]:
        """Return the acts that are asked for and are not there on a day."""
        last = self._last(on)
        return self.dossier.requirements if last is None else last.missing

    def first_day(self, state: State) -> date | None:
        """Return the first day in a state, or None if it never is."""
        return next((step.day for step in self._replay.steps if step.state is state), None)

    def next_change(self, on: date) -> Step | None:
        """Return the next step after a day, acts to come and days, that changes the state."""
        now = self.state(on)
        return next((step for step in self._replay.steps if step.day > on and step.state is not now), None)

    def why_not(self, on: date) -> Reason | None:
        """Return why the document permits nothing on a day, or None if it is in force."""
        state = self.state(on)
        if state is State.ACTIVE:
            return None
        code, said, clause = _SAID.get(state, ("agreement-not-approved", "", "signatories"))
        if code == "agreement-not-approved":
            return self._not_approved(state, on)
        step = self._last(on)
        assert step is not None
        text = said.format(
            id=self.document,
            version=self.version,
            start=self.dossier.term.start,
            expiry=self.dossier.term.expiry,
            since=step.day,
        )
        return Reason(code, text, self.document, clause)

    def _not_approved(self, state: State, on: date) -> Reason:
        """Name what is missing: objections first, then acts, then the next step."""
        last = self._last(on)
        wanting = [f"{party} objects" for party in (last.blocked if last is not None else ())]
        missing = self.missing_on(on)
        if missing:
            named = list(dict.fromkeys(r.words for r in missing))
            wanting.append(f"missing: {', '.join(named)}")
        because = f" ({'; '.join(wanting)})" if wanting else ""
        text = f"{self.document} is not approved: it is {_A.get(state, state.words)}{because}."
        clause = missing[0].clause if missing and missing[0].document == self.document else "signatories"
        return Reason("agreement-not-approved", text, self.document, clause)


def _approval(requirement: Requirement, signed: Signed) -> Approval:
    assert signed.by is not None
    return Approval(requirement, signed.by.id, signed.by.person, signed.act)


_A = {State.DRAFT: "a draft", State.FIT: "found fit", State.DESIGN: "being designed"}
"""States that a sentence names otherwise."""

_SAID = {
    State.APPROVED: ("agreement-not-started", "{id} starts on {start}.", "term.start"),
    State.EXPIRED: ("agreement-expired", "{id} expired on {expiry}.", "term.expiry"),
    State.SUSPENDED: ("agreement-suspended", "{id} is suspended from {since}.", "acts.suspend"),
    State.TERMINATED: ("agreement-terminated", "{id} was terminated on {since}.", "acts.terminate"),
    State.SUPERSEDED: (
        "agreement-superseded",
        "{id} version {version} was replaced on {since}.",
        "version",
    ),
    State.CLOSING: ("agreement-closing", "{id} is being closed since {since}.", "acts.close"),
    State.DESTROYED: (
        "agreement-destroyed",
        "What {id} licensed was destroyed on {since}.",
        "acts.destroyed",
    ),
}
"""Code, sentence and clause for each state that permits nothing though it was approved."""

_RANK = {
    State.DRAFT: 0,
    State.PROPOSED: 0,
    State.FIT: 0,
    State.DESIGN: 0,
    State.IN_REVIEW: 0,
    State.PARTNER_REVIEW: 0,
    State.BOARD_REVIEW: 0,
    State.SUPERSEDED: 1,
    State.APPROVED: 2,
    State.DESTROYED: 3,
    State.CLOSING: 3,
    State.TERMINATED: 3,
    State.EXPIRED: 3,
    State.SUSPENDED: 4,
    State.ACTIVE: 5,
}
"""Which version speaks for a document: the one furthest on, then the newest."""


def governing(
    versions: Iterable[AnyDocument], standing: Mapping[tuple[str, int], Standing], on: date
) -> AnyDocument:
    """Return the version that speaks for a document on a day: the one in force, if any."""

    def rank(document: AnyDocument) -> tuple[int, int]:
        found = standing.get((document.id, document.version))
        return (0 if found is None else _RANK[found.state(on)], document.version)

    return max(versions, key=rank)
