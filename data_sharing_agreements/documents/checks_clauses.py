"""What all documents say alike: signatories, parties, the Four Questions, dates.

Belongs here: checks inside one document that need several of its clauses. Does not: what
it rests on (`checks_dsa.py`, `checks_dul.py`), or who has in fact signed (`lifecycle/`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from data_sharing_agreements.documents.found import Found
from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.models import Document, Dsa, Dul, Emou
from data_sharing_agreements.terms import Cells, FourQuestions, Trained


def clauses(found: Found[Document]) -> Iterator[ErrorDetail]:
    """Yield the faults of a document taken by itself."""
    yield from _signatories(found)
    document = found.document
    if isinstance(document, Emou):
        yield from _memorandum(found, document)
    if isinstance(document, Emou | Dsa) and document.tribal_authority is not None:
        yield from _named(found, "tribal_authority.tribes", document.tribal_authority.tribes, {"tribe"})
    if isinstance(document, Emou | Dsa | Dul) and document.four_questions is not None:
        yield from _questions(found, document.four_questions)
    if isinstance(document, Dsa | Dul):
        yield from _dates(found, document)


def below_floor(found: Found[Dsa] | Found[Dul], frames: Iterable[Emou]) -> Iterator[ErrorDetail]:
    """Yield each part of the cell rule that is weaker than the memorandum's, in every version of it."""
    frames = tuple(frames)
    for part, what in _CELL_PARTS.items():
        if frames and all(_weaker(part, found.document.cells, frame.cells) for frame in frames):
            yield found.fault(
                "below-floor",
                f"cells.{part}",
                what,
                "The cell rule of the memorandum is the floor below which no document may go.",
                "Take over the memorandum's rule, or set a stricter one.",
            )


def doubled_people(found: Found[Document], people: Iterable[tuple[str, Trained]]) -> Iterator[ErrorDetail]:
    """Yield a fault for each recipient whose account, or part, stands there twice."""
    listed = list(people)
    keys = [key for key, _ in listed]
    for i, key in enumerate(keys):
        if keys.count(key) > 1:
            yield found.fault(
                "recipient-doubled",
                f"recipients.{i}.account" if isinstance(found.document, Dul) else f"recipients.{i}.person",
                "another recipient is the same",
                "One account must have one training record.",
                "Keep one entry.",
            )


_CELL_PARTS = {
    "minimum": "the smallest count that may be shown lies below the memorandum's",
    "zero_is_small": "the memorandum hides counts of zero and this does not",
    "rounding": "counts are rounded less than in the memorandum",
}


def _weaker(part: str, cells: Cells, floor: Cells) -> bool:
    return bool(getattr(cells, part) < getattr(floor, part))


def _signatories(found: Found[Document]) -> Iterator[ErrorDetail]:
    """Every party must sign, and nobody signs for someone who is not a party."""
    parties = {party.name for party in found.document.parties}
    signing = {s.party for s in found.document.signatories if s.role == "signatory"}
    if missing := len(parties - signing):
        yield found.fault(
            "signatory-missing",
            "signatories",
            f"{missing} of the parties have no signatory",
            "An agreement binds those who sign it.",
            "Name an office that signs for each party.",
        )
    for i, signatory in enumerate(found.document.signatories):
        if signatory.party not in parties:
            yield found.fault(
                "signatory-of-stranger",
                f"signatories.{i}.party",
                "this signatory is not of a party of the document",
                "An agreement binds its parties.",
                "Name the party, or remove the signatory.",
            )


def _memorandum(found: Found[Document], emou: Emou) -> Iterator[ErrorDetail]:
    roles: set[str] = {party.role for party in emou.parties}
    for role in ("hub", *(["board"] if emou.approvals.board else [])):
        if role not in roles:
            yield _without_part(found, role)
    if emou.witnesses is not None:
        yield from _named(found, "witnesses.names", emou.witnesses.names, roles)
    apart = [set(pair) for pair in emou.separation.forbidden_pairs]
    for i, exception in enumerate(emou.separation.exceptions):
        if not any(pair <= set(exception.roles) for pair in apart):
            yield found.fault(
                "exception-needless",
                f"separation.exceptions.{i}.roles",
                "these roles are not kept apart",
                "An exception that excepts nothing hides what was meant.",
                "Name a pair of forbidden_pairs, or remove the exception.",
            )


def _without_part(found: Found[Document], role: str) -> ErrorDetail:
    return found.fault(
        "party-missing",
        "parties",
        f"no party has the role {role}",
        "Somebody must do what the document leaves to that role.",
        "Name the party.",
    )


def _named(found: Found[Document], path: str, names: Iterable[str], roles: set[str]) -> Iterator[ErrorDetail]:
    parties = {party.name for party in found.document.parties if party.role in roles}
    for i, name in enumerate(names):
        if name not in parties:
            yield found.fault(
                "party-unknown",
                f"{path}.{i}",
                "this body is not a party of the document in that role",
                "Only a party is bound, and only a party can sign.",
                "Name it among the parties, or remove it here.",
            )


def _questions(found: Found[Document], questions: FourQuestions) -> Iterator[ErrorDetail]:
    """Each answer has a decider who is a party, and was given before the document starts."""
    parties = {party.name for party in found.document.parties}
    for name in FourQuestions.model_fields:
        answer = getattr(questions, name)
        if answer.decided_by not in parties:
            yield found.fault(
                "party-unknown",
                f"four_questions.{name}.decided_by",
                "whoever decided this is not a party of the document",
                "Each of the Four Questions has a named decider who answers for it.",
                "Let a party decide.",
            )
        if answer.decided > found.document.term.start:
            yield found.reversed(
                f"four_questions.{name}.decided", "the question was answered after the document starts"
            )


def _dates(found: Found[Document], document: Dsa | Dul) -> Iterator[ErrorDetail]:
    roles = {party.role for party in document.parties}
    for role in ("data_owner", "hub") if isinstance(document, Dsa) else ("licensee",):
        if role not in roles:
            yield _without_part(found, role)
    if document.destruction is not None and document.destruction.by < document.term.start:
        yield found.reversed("destruction.by", "the data are to be destroyed before the document starts")
    if document.period is not None and document.period.start > document.term.expiry:
        yield found.reversed("period.start", "the months of service begin after the document ends")
