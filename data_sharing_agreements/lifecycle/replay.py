"""Replay: what state a document's genuine acts and the days put it in, in order of time.

Belongs here: going through acts and days once, by the table of states, and noting each
step. Does not: whether a signature is genuine (`judging.py`), or the table (`states.py`).

An act that the table does not permit, that nobody asked for, or that somebody may not do
never counts; it is noted as a fault and changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.lifecycle.acts import Act
from data_sharing_agreements.lifecycle.requirements import Requirement
from data_sharing_agreements.lifecycle.roster import Signatory
from data_sharing_agreements.lifecycle.states import (
    REVOCABLE,
    ActKind,
    Day,
    State,
    Transition,
    When,
    Who,
    ways,
)
from data_sharing_agreements.terms import Term
from data_sharing_agreements.terms_governing import Approvals

_REVIEWS = frozenset({State.IN_REVIEW, State.PARTNER_REVIEW})


@dataclass(frozen=True)
class Signed:
    """A genuine act and who signed it; None is the hub's own key."""

    act: Act
    by: Signatory | None

    @property
    def party(self) -> str:
        """The body the signatory acts for."""
        return "" if self.by is None else self.by.party


@dataclass(frozen=True)
class Step:
    """One moment of a document's life.

    Args:
        day: When.
        state: The state from then on.
        trigger: The act or day that led here.
        by: Id of the signatory, or None for a day or the hub's own key.
        missing: What is still asked for.
        blocked: Bodies whose objection stands.
    """

    day: date
    state: State
    trigger: ActKind | Day
    by: str | None
    missing: tuple[Requirement, ...]
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dossier:
    """Everything about one version of a document that its state depends on.

    Args:
        document, version, tier, term: Of the document.
        requirements: The acts it needs.
        roles: The part each body plays.
        rules: What the memorandum says about approvals.
        askers: People who may not approve because they would use the data themselves.
        acts: Its genuine acts, in the order in which they work.
        replaced_on: First day on which a later version was in force.
    """

    document: str
    version: int
    tier: str
    term: Term
    requirements: tuple[Requirement, ...]
    roles: Mapping[str, frozenset[Who]]
    rules: Approvals
    askers: frozenset[str]
    acts: tuple[Signed, ...]
    replaced_on: date | None = None


class Replay:
    """One pass through a dossier; `steps` and `faults` are the result."""

    def __init__(self, dossier: Dossier) -> None:
        self.dossier = dossier
        self.state = State.DRAFT
        self.steps: list[Step] = []
        self.faults: list[ErrorDetail] = []
        self.objections: dict[str, Signed] = {}
        self.counted: list[Signed] = []
        self._met: dict[Requirement, Signed] = {}
        self._stops: dict[str, Signed] = {}
        self._taken_back: set[str] = set()
        self._asker: Signatory | None = None
        self._review_from: date | None = None
        for signed in dossier.acts:
            self._days(signed.act.day)
            if signed.act.digest not in self._taken_back:
                self._act(signed)
        self._days(date.max)

    @property
    def approvals(self) -> tuple[tuple[Requirement, Signed], ...]:
        """Each act that was asked for and is there."""
        return tuple(self._met.items())

    # Days

    def _days(self, until: date) -> None:
        """Let every day up to `until` take effect, the earliest first."""
        while moved := [(d, t) for d, t in self._due(until) if self._way(t, d) is not None]:
            day, trigger = min(moved)
            way = self._way(trigger, day)
            assert way is not None
            self._move(way, day, None)

    def _due(self, until: date) -> Iterable[tuple[date, Day]]:
        term, last = self.dossier.term, self.steps[-1].day if self.steps else date.min
        days = {
            Day.START: term.start,
            Day.EXPIRY: term.expiry + timedelta(days=1) if term.expiry < date.max else None,
            Day.NEXT_VERSION: self.dossier.replaced_on,
            Day.SILENCE: self._silence_ends(),
        }
        return [(max(day, last), which) for which, day in days.items() if day is not None and day <= until]

    def _silence_ends(self) -> date | None:
        rules = self.dossier.rules
        if not (rules.presumption_of_sharing and rules.silence_approves and rules.objection_days):
            return None
        if self._review_from is None:
            return None
        return self._review_from + timedelta(days=rules.objection_days)

    # Acts

    def _act(self, signed: Signed) -> None:
        act = signed.act
        if not ways(self.dossier.tier, self.state, act.act):
            self._fault(act, "act-out-of-order", f"it has no place in the state {self.state.words}")
        elif (why := self._why_not(signed)) is not None:
            self._fault(act, *why)
        else:
            self._count(signed)
            way = self._way(act.act, act.day)
            if way is not None:
                self._move(way, act.day, signed)
            self.counted.append(signed)

    def _why_not(self, signed: Signed) -> tuple[str, str] | None:
        """Return code and words of why an act may not be done by this signatory now."""
        checks = {
            ActKind.APPROVE: self._why_no_approval,
            ActKind.COUNSEL: self._why_no_approval,
            ActKind.PROPOSE: self._why_no_proposal,
            ActKind.OBJECT: self._why_no_objection,
            ActKind.RESUME: self._why_no_resumption,
            ActKind.REVOKE: self._why_no_revocation,
        }
        if not self._may(signed):
            return "act-not-theirs", "this signatory has no part in the document that permits it"
        check = checks.get(signed.act.act)
        return None if check is None else check(signed)

    def _may(self, signed: Signed) -> bool:
        who = frozenset().union(*(w.who for w in ways(self.dossier.tier, self.state, signed.act.act)))
        if Who.AUTHOR in who:
            return True
        if signed.by is None:
            return Who.HUB_KEY in who
        return bool(who & self.dossier.roles.get(signed.party, frozenset()))

    def _asked_by(self, signed: Signed) -> Requirement | None:
        assert signed.by is not None
        for requirement in self.dossier.requirements:
            asked = (requirement.act, requirement.party, requirement.stage)
            if (
                asked == (signed.act.act, signed.party, self.state)
                and signed.by.office in requirement.offices
            ):
                return requirement
        return None

    def _why_no_approval(self, signed: Signed) -> tuple[str, str] | None:
        assert signed.by is not None
        requirement = self._asked_by(signed)
        if requirement is None:
            return "act-not-asked-for", "nothing asks this office for it at this stage"
        if requirement in self._met:
            return "act-repeated", "it has been done already"
        if signed.party in self.objections:
            return "acts-contradict", "an objection of the same body stands; take it back first"
        if self._is_own(signed.by):
            return "approval-of-own", "whoever asks for a document or would use its data may not approve it"
        if self.dossier.rules.two_people and self._acted_elsewhere(signed.by):
            return "approval-by-one-person", "the same human has approved for another body or office"
        return None

    def _is_own(self, by: Signatory) -> bool:
        if by.person in self.dossier.askers:
            return True
        asker = self._asker
        own_request = self.dossier.tier == "dul" or self.dossier.rules.two_people
        return own_request and asker is not None and asker.person == by.person

    def _acted_elsewhere(self, by: Signatory) -> bool:
        return any(s.by is not None and s.by.person == by.person for s in self._met.values())

    def _why_no_proposal(self, signed: Signed) -> tuple[str, str] | None:
        wanted = [r for r in self.dossier.requirements if r.act is ActKind.PROPOSE]
        if wanted and self._asked_by(signed) is None:
            return "act-not-asked-for", "the document names another office as the one that asks"
        return None

    def _why_no_objection(self, signed: Signed) -> tuple[str, str] | None:
        rules, ground = self.dossier.rules, signed.act.ground
        if any(s.party == signed.party for s in self._met.values()):
            return "acts-contradict", "the same body has approved; take the approval back first"
        if rules.presumption_of_sharing:
            if not is_legal_ground(ground, rules.objection_grounds):
                return (
                    "objection-without-ground",
                    "sharing is presumed, so an objection names its legal ground",
                )
            assert self._review_from is not None
            assert rules.objection_days is not None
            if signed.act.day > self._review_from + timedelta(days=rules.objection_days):
                return "objection-late", "the days in which to object have passed"
        return None

    def _why_no_resumption(self, signed: Signed) -> tuple[str, str] | None:
        if signed.party not in self._stops:
            return "act-not-theirs", "only the body that suspended the document may resume it"
        return None

    def _why_no_revocation(self, signed: Signed) -> tuple[str, str] | None:
        target = self._target(signed)
        if target is None:
            return (
                "revocation-of-nothing",
                "it names no earlier act of the same signatory that may be taken back",
            )
        pending = target.act.day > signed.act.day
        if not pending and target not in (
            *self._met.values(),
            *self._stops.values(),
            *self.objections.values(),
        ):
            return "revocation-of-nothing", "the act it names has run its course"
        return None

    def _target(self, signed: Signed) -> Signed | None:
        for other in self.dossier.acts:
            act = other.act
            if act.digest == signed.act.revokes and act.signatory == signed.act.signatory:
                return other if act.act in REVOCABLE and act.at < signed.act.at else None
        return None

    def _count(self, signed: Signed) -> None:
        """Take an act that may be done into account."""
        match signed.act.act:
            case ActKind.SUBMIT | ActKind.PROPOSE:
                self._asker = signed.by
                self._meet(signed)
            case ActKind.APPROVE | ActKind.COUNSEL:
                self._meet(signed)
            case ActKind.OBJECT:
                self.objections[signed.party] = signed
            case ActKind.SUSPEND:
                self._stops.setdefault(signed.party, signed)
            case ActKind.RESUME:
                del self._stops[signed.party]
            case ActKind.REVOKE:
                self._take_back(signed)

    def _meet(self, signed: Signed) -> None:
        if (requirement := self._asked_by(signed)) is not None:
            self._met[requirement] = signed

    def _take_back(self, signed: Signed) -> None:
        target = self._target(signed)
        assert target is not None
        self._taken_back.add(target.act.digest)
        self._met = {r: s for r, s in self._met.items() if s != target}
        self._stops = {p: s for p, s in self._stops.items() if s != target}
        self.objections = {p: s for p, s in self.objections.items() if s != target}

    # The table

    def _way(self, trigger: ActKind | Day, day: date) -> Transition | None:
        """Return the first row of the table whose condition holds."""
        rows = ways(self.dossier.tier, self.state, trigger)
        return next((row for row in rows if self._holds(row.when, day)), None)

    def _holds(self, when: When, day: date) -> bool:
        complete = not self._missing(day) and not self.objections
        started = day >= self.dossier.term.start
        match when:
            case When.ALWAYS:
                return True
            case When.MISSING:
                return not complete
            case When.COMPLETE:
                return complete
            case When.PARTNERS_COMPLETE:
                left = [r for r in self._missing(day) if r.stage is not State.BOARD_REVIEW]
                return not left and not self.objections
            case When.STOPPED:
                return bool(self._stops)
            case When.STARTED:
                return complete and started
            case When.NOT_STARTED:
                return complete and not started

    def _missing(self, day: date) -> tuple[Requirement, ...]:
        ends = self._silence_ends()
        silent = ends is not None and day >= ends
        return tuple(
            r for r in self.dossier.requirements if r not in self._met and not (silent and r.partner)
        )

    def _move(self, way: Transition, day: date, signed: Signed | None) -> None:
        if way.target in _REVIEWS and self.state is not way.target:
            self._review_from = day
        self.state = way.target
        by = signed.by.id if signed is not None and signed.by is not None else None
        blocked = tuple(sorted(self.objections))
        self.steps.append(Step(day, self.state, way.trigger, by, self._missing(day), blocked))

    def _fault(self, act: Act, code: str, what: str) -> None:
        self.faults.append(act_fault(act, code, what))


_SEE = "`commonweal agreement status` tells what is missing, and whose turn it is."
_NEXT = {
    "act-repeated": f"Nothing: the earlier act stands. {_SEE}",
    "act-not-asked-for": f"Leave it: nothing waits for this office. {_SEE}",
    "act-out-of-order": f"Wait until it is due. {_SEE}",
    "act-of-no-document": "Submit that version of the document first, or correct what the act names.",
    "act-in-future": "Set the clock of the machine that signs, and sign again.",
    "acts-contradict": "Let the body take its earlier act back (`--act revoke`), then sign again.",
    "approval-by-one-person": "Let another person of the same body sign.",
    "approval-of-own": "Let somebody sign who did not write the document.",
    "objection-late": "Suspend or amend the document instead; the days for objections are in the memorandum.",
    "objection-without-ground": "Sign the objection again, with a legal ground of the memorandum's kinds.",
    "revocation-of-nothing": f"Name an act of one's own that still works. {_SEE}",
}
"""What helps, by fault; a new act helps with the others."""


def act_fault(act: Act, code: str, what: str, place: str | None = None) -> ErrorDetail:
    """Return a fault of an act; the act does not count."""
    name = place or f"{act.document}@{act.version}"
    return ErrorDetail(
        code,
        f"{name}: {act.act} by {act.signatory} of {act.at[:10]} does not count: {what}",
        why="A document counts only with genuine acts of those it needs, in the order of the states.",
        next=_NEXT.get(code, "Ask the signatory for a new act, signed over the document as it is now."),
        document=act.document,
        clause=f"acts.{act.act}",
    )


def is_legal_ground(ground: str | None, kinds: Iterable[str]) -> bool:
    """Whether a ground names its kind and a citation, for example `statute: RCW 74.04.060`."""
    kind, _, citation = (ground or "").partition(":")
    return kind.strip() in set(kinds) and re.search(r"\w.*\d|\d.*\w", citation) is not None
