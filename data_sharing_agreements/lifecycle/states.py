"""The states of a document and the one table of how it passes between them.

Belongs here: `State`, the acts and days that move a document, and `TRANSITIONS`, from
which the checks, the diagram and its page are made. Does not: whether a signature is
genuine (`judging.py`), or what a given document's state is (`replay.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from data_sharing_agreements.vocabulary import Tier


class State(StrEnum):
    """Where a document stands. Only `active` permits anything."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    FIT = "fit"
    DESIGN = "design"
    IN_REVIEW = "in_review"
    PARTNER_REVIEW = "partner_review"
    BOARD_REVIEW = "board_review"
    APPROVED = "approved"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    SUPERSEDED = "superseded"
    CLOSING = "closing"
    DESTROYED = "destroyed"

    @property
    def words(self) -> str:
        """The state as a sentence says it."""
        return self.value.replace("_", " ")


class ActKind(StrEnum):
    """What a signatory may do to a document, by a signed statement."""

    SUBMIT = "submit"
    APPROVE = "approve"
    COUNSEL = "counsel"
    OBJECT = "object"
    SUSPEND = "suspend"
    RESUME = "resume"
    TERMINATE = "terminate"
    REVOKE = "revoke"
    PROPOSE = "propose"
    FIT = "fit"
    DESIGN = "design"
    PARTNER_REVIEW = "partner_review"
    BOARD_REVIEW = "board_review"
    CLOSE = "close"
    DESTROYED = "destroyed"
    ENROLL = "enroll"


class Day(StrEnum):
    """Days that move a document by themselves."""

    START = "start"
    EXPIRY = "expiry"
    NEXT_VERSION = "next_version"
    SILENCE = "silence"


class Who(StrEnum):
    """Who may move a document, by the part their body plays in it."""

    DATA_OWNER = "data_owner"
    TRIBE = "tribe"
    HUB = "hub"
    BOARD = "board"
    LICENSEE = "licensee"
    REQUIRED = "required"
    """Whoever's approval or counsel the document needs."""
    AUTHOR = "author"
    """Whoever signed the act that is taken back."""
    HUB_KEY = "hub_key"
    """The hub's own signing key, for what the program itself has done."""


class When(StrEnum):
    """What must hold besides, once the act itself is counted."""

    ALWAYS = "always"
    MISSING = "an approval is missing, or an objection stands"
    PARTNERS_COMPLETE = "every partner has approved and nobody objects"
    COMPLETE = "every approval is there and nobody objects"
    STOPPED = "another stop is open"
    STARTED = "every approval is there, and the term has begun"
    NOT_STARTED = "every approval is there, and the term has not begun"


@dataclass(frozen=True)
class Transition:
    """One row: in `source`, on `trigger` by one of `who`, if `when` holds, to `target`.

    Of several rows for one state and trigger, the first whose condition holds is taken.
    """

    tiers: frozenset[Tier]
    source: State
    trigger: ActKind | Day
    target: State
    who: frozenset[Who] = frozenset()
    when: When = When.ALWAYS


AGREEMENTS = frozenset({Tier.EMOU, Tier.DSA})
PROJECTS = frozenset({Tier.DUL})
ALL = AGREEMENTS | PROJECTS

_PARTIES = frozenset({Who.DATA_OWNER, Who.TRIBE, Who.HUB, Who.BOARD, Who.LICENSEE})
_NEEDED = frozenset({Who.REQUIRED})
_HUB = frozenset({Who.HUB})
_AUTHOR = frozenset({Who.AUTHOR})
_STOPPERS = frozenset({Who.DATA_OWNER, Who.TRIBE, Who.HUB, Who.BOARD})
_FRAME_STOPPERS = frozenset({Who.HUB, Who.BOARD})
_CLOSERS = frozenset({Who.HUB, Who.BOARD, Who.LICENSEE})


def _rows() -> Sequence[Transition]:
    return (*_review(), *_project(), *_approved(), *_stops(), *_taken_back(), *_ends())


def _review() -> list[Transition]:
    review, approved = State.IN_REVIEW, State.APPROVED
    rows = [Transition(AGREEMENTS, State.DRAFT, ActKind.SUBMIT, review, _PARTIES)]
    for act in (ActKind.APPROVE, ActKind.COUNSEL):
        rows.append(Transition(AGREEMENTS, review, act, review, _NEEDED, When.MISSING))
        rows.append(Transition(AGREEMENTS, review, act, approved, _NEEDED, When.COMPLETE))
    rows.append(Transition(AGREEMENTS, review, ActKind.OBJECT, review, _NEEDED))
    return rows


def _project() -> list[Transition]:
    partners, board, approved = State.PARTNER_REVIEW, State.BOARD_REVIEW, State.APPROVED
    proposers = frozenset({Who.LICENSEE, Who.HUB, Who.DATA_OWNER})
    return [
        Transition(PROJECTS, State.DRAFT, ActKind.PROPOSE, State.PROPOSED, proposers),
        Transition(PROJECTS, State.PROPOSED, ActKind.FIT, State.FIT, _HUB),
        Transition(PROJECTS, State.FIT, ActKind.DESIGN, State.DESIGN, _HUB),
        Transition(PROJECTS, State.DESIGN, ActKind.PARTNER_REVIEW, partners, _HUB),
        Transition(PROJECTS, partners, ActKind.APPROVE, partners, _NEEDED, When.MISSING),
        Transition(PROJECTS, partners, ActKind.APPROVE, approved, _NEEDED, When.COMPLETE),
        Transition(PROJECTS, partners, ActKind.COUNSEL, partners, _NEEDED, When.MISSING),
        Transition(PROJECTS, partners, ActKind.COUNSEL, approved, _NEEDED, When.COMPLETE),
        Transition(PROJECTS, partners, Day.SILENCE, approved, when=When.COMPLETE),
        Transition(PROJECTS, partners, ActKind.OBJECT, partners, _NEEDED),
        Transition(PROJECTS, partners, ActKind.BOARD_REVIEW, board, _HUB, When.PARTNERS_COMPLETE),
        Transition(PROJECTS, board, ActKind.APPROVE, board, _NEEDED, When.MISSING),
        Transition(PROJECTS, board, ActKind.APPROVE, approved, _NEEDED, When.COMPLETE),
        Transition(PROJECTS, board, ActKind.OBJECT, board, _NEEDED),
    ]


def _approved() -> list[Transition]:
    rows = [Transition(ALL, State.APPROVED, Day.START, State.ACTIVE)]
    for source in (State.APPROVED, State.ACTIVE, State.SUSPENDED):
        rows.append(Transition(ALL, source, Day.EXPIRY, State.EXPIRED))
        rows.append(Transition(ALL, source, Day.NEXT_VERSION, State.SUPERSEDED))
    return rows


def _stops() -> list[Transition]:
    suspend, suspended = ActKind.SUSPEND, State.SUSPENDED
    frame, rest = frozenset({Tier.EMOU}), frozenset({Tier.DSA, Tier.DUL})
    rows = [
        Transition(tiers, source, suspend, suspended, who)
        for tiers, who in ((frame, _FRAME_STOPPERS), (rest, _STOPPERS))
        for source in (State.APPROVED, State.ACTIVE, State.SUSPENDED)
    ]
    for tiers, review in ((AGREEMENTS, State.IN_REVIEW), (PROJECTS, State.PARTNER_REVIEW)):
        after = (
            (suspended, When.STOPPED),
            (review, When.MISSING),
            (State.ACTIVE, When.STARTED),
            (State.APPROVED, When.NOT_STARTED),
        )
        rows += [Transition(tiers, suspended, ActKind.RESUME, to, _STOPPERS, when) for to, when in after]
        rows += [Transition(tiers, suspended, ActKind.REVOKE, to, _AUTHOR, when) for to, when in after]
    return rows


def _taken_back() -> list[Transition]:
    """An approval or objection taken back; an approval that is gone reopens the review."""
    revoke = ActKind.REVOKE
    rows = [Transition(AGREEMENTS, State.IN_REVIEW, revoke, State.IN_REVIEW, _AUTHOR, When.MISSING)]
    rows.append(Transition(AGREEMENTS, State.IN_REVIEW, revoke, State.APPROVED, _AUTHOR, When.COMPLETE))
    for stage in (State.PARTNER_REVIEW, State.BOARD_REVIEW):
        rows.append(Transition(PROJECTS, stage, revoke, stage, _AUTHOR, When.MISSING))
        rows.append(Transition(PROJECTS, stage, revoke, State.APPROVED, _AUTHOR, When.COMPLETE))
    for source in (State.APPROVED, State.ACTIVE):
        rows.append(Transition(AGREEMENTS, source, revoke, State.IN_REVIEW, _AUTHOR, When.MISSING))
        rows.append(Transition(PROJECTS, source, revoke, State.PARTNER_REVIEW, _AUTHOR, When.MISSING))
    return rows


def _ends() -> list[Transition]:
    before = (State.IN_REVIEW, State.PARTNER_REVIEW, State.BOARD_REVIEW)
    running = (State.APPROVED, State.ACTIVE, State.SUSPENDED)
    rows = [
        Transition(
            PROJECTS if source in before[1:] else AGREEMENTS if source in before else ALL,
            source,
            ActKind.TERMINATE,
            State.TERMINATED,
            _NEEDED,
        )
        for source in (*before, *running)
    ]
    over = (State.APPROVED, State.ACTIVE, State.SUSPENDED, State.EXPIRED, State.TERMINATED)
    rows += [Transition(PROJECTS, source, ActKind.CLOSE, State.CLOSING, _CLOSERS) for source in over]
    destroyers = frozenset({Who.HUB_KEY})
    gone = (State.EXPIRED, State.TERMINATED, State.CLOSING)
    rows += [Transition(PROJECTS, s, ActKind.DESTROYED, State.DESTROYED, destroyers) for s in gone]
    return rows


TRANSITIONS: tuple[Transition, ...] = tuple(_rows())
"""Every way from one state to the next; what is not here cannot happen."""

REVOCABLE = frozenset(
    {ActKind.APPROVE, ActKind.COUNSEL, ActKind.OBJECT, ActKind.SUSPEND, ActKind.TERMINATE, ActKind.CLOSE}
)
"""Acts that whoever signed them may take back; the last two only before they take effect."""

DATED = frozenset({ActKind.SUSPEND, ActKind.RESUME, ActKind.TERMINATE, ActKind.CLOSE})
"""Acts that may take effect on a later day than the one they were signed on."""

FINAL = frozenset({State.SUPERSEDED, State.DESTROYED})
"""States nothing leads out of."""


@cache
def ways(tier: str, source: State, trigger: ActKind | Day) -> tuple[Transition, ...]:
    """Return the rows for a tier, a state and what happens, in order."""
    return tuple(t for t in TRANSITIONS if tier in t.tiers and t.source is source and t.trigger is trigger)
