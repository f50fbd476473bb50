"""Whose acts a document needs before it counts.

Belongs here: reading the required approvals out of the documents themselves: who they
name, whose data a license uses, and what the memorandum asks. Does not: which acts
there are (`judging.py`), or their order (`states.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from data_sharing_agreements.lifecycle.states import ActKind, State, Who
from data_sharing_agreements.models import Document, Dsa, Dul, Emou
from data_sharing_agreements.terms import Party
from data_sharing_agreements.vocabulary import Tier


@dataclass(frozen=True)
class Requirement:
    """One act that a document needs.

    Args:
        act: `approve`, `counsel`, or `propose` for whoever asks for a license.
        party: The body that must do it.
        offices: Offices of the body that may; any of them is enough.
        stage: The state in which it counts.
        document, clause: Where it is asked for.
        partner: Whether the body contributes data to a license, so that its silence may
            count where the memorandum says so.
    """

    act: ActKind
    party: str
    offices: frozenset[str]
    stage: State
    document: str
    clause: str
    partner: bool = False

    @property
    def words(self) -> str:
        """The missing act as a sentence names it."""
        what = {ActKind.COUNSEL: "counsel's signature for", ActKind.PROPOSE: "the proposal of"}
        return f"{what.get(self.act, 'the approval of')} {self.party}"


@dataclass(frozen=True)
class Surroundings:
    """What a document rests on, as far as it has been approved.

    Args:
        emou: The memorandum that governs.
        dsas: For a license, the agreements it rests on: approved versions where there are
            any, else every version.
        before: The approved version that this one would replace.
    """

    emou: Emou
    dsas: tuple[Dsa, ...] = ()
    before: Document | None = None


def requirements_of(document: Document, around: Surroundings) -> tuple[Requirement, ...]:
    """Return every act a document needs, the first place that asks for each."""
    found: dict[tuple[ActKind, str, frozenset[str]], Requirement] = {}
    for requirement in _all(document, around):
        found.setdefault((requirement.act, requirement.party, requirement.offices), requirement)
    partners = {r.party for r in found.values() if r.clause != "signatories"}
    return tuple(r for r in found.values() if not _covered(r, partners, document.id))


def roles_of(document: Document, around: Surroundings) -> Mapping[str, frozenset[Who]]:
    """Return which part each body plays, by the name of the body."""
    roles: dict[str, set[Who]] = {}
    for party in _circle(document, around):
        if party.role in {*Who}:
            roles.setdefault(party.name, set()).add(Who(party.role))
    for requirement in requirements_of(document, around):
        roles.setdefault(requirement.party, set()).add(Who.REQUIRED)
    return {name: frozenset(parts) for name, parts in roles.items()}


def _all(document: Document, around: Surroundings) -> Iterator[Requirement]:
    if isinstance(document, Dul):
        yield from _contributing(document, around)
    yield from _named(document, around)
    yield from _of_the_version_before(document, around)
    if isinstance(document, Dul) and around.emou.approvals.board:
        yield from _board(around.emou)


def _covered(requirement: Requirement, elsewhere: set[str], document: str) -> bool:
    """Whether the same body's approval is already asked for by a stronger clause."""
    return (
        requirement.clause == "signatories"
        and requirement.document == document
        and requirement.act is ActKind.APPROVE
        and requirement.party in elsewhere
    )


def _named(document: Document, around: Surroundings) -> Iterator[Requirement]:
    """Whoever the document itself says must sign."""
    roles = _parts(_circle(document, around))
    for signatory in document.signatories:
        counsel = signatory.role == "counsel"
        parts = roles.get(signatory.party, frozenset())
        act = ActKind.COUNSEL if counsel else _own_act(document, parts)
        stage = _stage(document, parts, counsel=counsel)
        yield Requirement(
            act, signatory.party, frozenset({signatory.office}), stage, document.id, "signatories"
        )


def _own_act(document: Document, parts: frozenset[str]) -> ActKind:
    """A licensee signs a license by proposing it; everybody else approves."""
    asks = isinstance(document, Dul) and "licensee" in parts
    return ActKind.PROPOSE if asks else ActKind.APPROVE


def _stage(document: Document, parts: frozenset[str], *, counsel: bool) -> State:
    if not isinstance(document, Dul):
        return State.IN_REVIEW
    if "licensee" in parts and not counsel:
        return State.DRAFT
    return State.BOARD_REVIEW if "board" in parts and not counsel else State.PARTNER_REVIEW


def _of_the_version_before(document: Document, around: Surroundings) -> Iterator[Requirement]:
    """Every body bound by the version before agrees to be bound otherwise, or no longer."""
    if (before := around.before) is None:
        return
    still = {s.party for s in document.signatories if s.role == "signatory"}
    for party, offices in _offices(before).items():
        if party not in still:
            parts = _parts(before.parties).get(party, frozenset())
            stage = _stage(document, parts - {"licensee"}, counsel=False)
            yield Requirement(ActKind.APPROVE, party, offices, stage, before.id, "parties")


def _contributing(document: Dul, around: Surroundings) -> Iterator[Requirement]:
    """Each agency whose data the license uses, and each tribe with authority over them.

    A body for which no office signs is asked for all the same: then nobody can approve.
    """
    for dsa in around.dsas:
        offices = _offices(dsa)
        owners = {party.name for party in dsa.parties if party.role == "data_owner"}
        tribes = _tribes(dsa)
        agencies = owners - tribes if around.emou.approvals.each_contributing_agency else set()
        for party in sorted(agencies | tribes):
            clause = "tribal_authority" if party in tribes else "parties"
            may = offices.get(party, frozenset())
            stage = State.PARTNER_REVIEW
            yield Requirement(ActKind.APPROVE, party, may, stage, dsa.id, clause, partner=party in agencies)


def _tribes(dsa: Dsa) -> set[str]:
    """Tribal nations that approve the use of an agreement's data."""
    named = {party.name for party in dsa.parties if party.role == "tribe"}
    authority = dsa.tribal_authority
    return named if authority is None else named | set(authority.tribes)


def _board(emou: Emou) -> Iterator[Requirement]:
    boards = {party.name for party in emou.parties if party.role == "board"}
    offices = _offices(emou)
    for party in sorted(boards):
        yield Requirement(
            ActKind.APPROVE,
            party,
            offices.get(party, frozenset()),
            State.BOARD_REVIEW,
            emou.id,
            "approvals.board",
        )


def _offices(document: Document) -> Mapping[str, frozenset[str]]:
    """Offices that sign for each party, counsel apart."""
    found: dict[str, set[str]] = {}
    for signatory in document.signatories:
        if signatory.role == "signatory":
            found.setdefault(signatory.party, set()).add(signatory.office)
    return {party: frozenset(offices) for party, offices in found.items()}


def _circle(document: Document, around: Surroundings) -> Sequence[Party]:
    """Everyone with a part in the document: its parties, its data's owners, the board."""
    own = list(document.parties)
    own += [party for party in around.emou.parties if party.role == "board"]
    for dsa in around.dsas:
        own += [party for party in dsa.parties if party.role in {"data_owner", "tribe"}]
    return own


def _parts(parties: Iterable[Party]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for party in parties:
        found.setdefault(party.name, set()).add(party.role)
    return {name: frozenset(parts) for name, parts in found.items()}


def tier_of(document: Document) -> Tier:
    """Return the tier of a document."""
    if isinstance(document, Dul):
        return Tier.DUL
    return Tier.DSA if isinstance(document, Dsa) else Tier.EMOU
