"""A data sharing agreement under its memorandum, its legal bases and what may never enter.

Belongs here: the terms an agreement must contain, by law or as the minimum of every
agreement, and everything in it that the law limits. Does not: a license (`checks_dul.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from data_sharing_agreements.bases import Basis, Prohibition, forbidding, row_rules
from data_sharing_agreements.documents.checks_clauses import below_floor, doubled_people
from data_sharing_agreements.documents.found import Found
from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.models import Dsa, Emou

MINIMUM_TERMS: Mapping[str, str] = {
    "rows": "Whose rows are given.",
    "period": "For which months of service.",
    "transfer": "By which method, when and in which format data are delivered.",
    "recipients": "Who at the hub may see the data, and when they were trained.",
    "row_restrictions": "Which restrictions of single persons are applied.",
    "redisclosure": "To whom the data may be disclosed further.",
    "safeguards": "How the data are protected.",
    "reidentification": "That nobody tries to find out who a record is about.",
    "prohibited_uses": "For what the data may never be used.",
    "breach": "Who is told of a breach, and within how many hours.",
    "audit": "Who may inspect, and on what notice.",
    "destruction": "By when and how the data are destroyed.",
}
"""Terms every agreement states, whatever its legal basis, and what each says."""


def agreement(
    found: Found[Dsa],
    frames: Sequence[Emou],
    bases: Mapping[str, Basis],
    prohibitions: Sequence[Prohibition],
    *,
    circular: bool,
) -> Iterator[ErrorDetail]:
    """Yield every fault of an agreement.

    Args:
        found: The agreement.
        frames: The versions of the memorandum; empty if it could not be read.
        bases: The legal bases.
        prohibitions: What may never enter.
        circular: Whether its parent is already reported as circular.
    """
    dsa = found.document
    yield from _under_frame(found, frames, circular=circular)
    for i, purpose in enumerate(dsa.linkage.purposes):
        if purpose not in dsa.purposes:
            yield found.beyond(f"linkage.purposes.{i}", "this purpose is not one of the agreement")
    yield from _derived(found)
    yield from doubled_people(found, ((f"{r.person} {r.role}", r) for r in dsa.recipients))
    yield from _notice(found)
    laws = [bases[use.code] for use in dsa.legal_basis if use.code in bases]
    for i, use in enumerate(dsa.legal_basis):
        if use.code not in bases:
            yield _no_basis(found, i, use.code, prohibitions)
    yield from _terms(found, laws)
    for law in laws:
        yield from _basis(found, law, frames)
    if len(laws) == len(dsa.legal_basis):
        yield from _rows(found, bases)
    for prohibition in prohibitions:
        yield from _prohibition(found, prohibition)


def _under_frame(found: Found[Dsa], frames: Sequence[Emou], *, circular: bool) -> Iterator[ErrorDetail]:
    if not frames:
        return
    if not circular and all(found.document.parent != frame.id for frame in frames):
        yield found.beyond("parent", "the parent is not the memorandum in this directory")
    for i, purpose in enumerate(found.document.purposes):
        if all(purpose not in frame.purposes for frame in frames):
            yield found.beyond(f"purposes.{i}", "this purpose is not one of the memorandum")
    yield from below_floor(found, frames)


def _derived(found: Found[Dsa]) -> Iterator[ErrorDetail]:
    for table, columns in found.document.derived.items():
        for name, column in columns.items():
            if column not in found.document.tables.get(table, ()):
                yield found.beyond(
                    f"derived.{table}.{name}",
                    "this is derived from a column the agreement does not license",
                )


def _notice(found: Found[Dsa]) -> Iterator[ErrorDetail]:
    if (notice := found.document.public_notice) is None:
        return
    for i, purpose in enumerate(found.document.purposes):
        if purpose not in notice.purposes:
            yield found.fault(
                "purpose-not-in-notice",
                f"purposes.{i}",
                "the public notice does not name this purpose",
                "People were told of the purposes in the notice and of no other.",
                "Post a notice that names it, or remove the purpose.",
            )


def _no_basis(found: Found[Dsa], i: int, code: str, prohibitions: Sequence[Prohibition]) -> ErrorDetail:
    barring = next((law for law in prohibitions if law.code == code), None)
    if barring is not None:
        return found.fault(
            "basis-prohibits",
            f"legal_basis.{i}.code",
            "this law forbids, and nothing can rest on it",
            f"{barring.citation}: {barring.rule}",
            "Name the law that permits the agreement.",
        )
    return found.fault(
        "basis-unknown",
        f"legal_basis.{i}.code",
        "no file describes this legal basis",
        "Without a described legal basis nothing may be taken in.",
        "Use a code of a file in bases/, or add a file that counsel has read.",
    )


def _terms(found: Found[Dsa], laws: Sequence[Basis]) -> Iterator[ErrorDetail]:
    """Each missing term once for each law that asks for it, else once as the minimum."""
    for law in laws:
        for term, asked in law.required_terms.items():
            if not getattr(found.document, term, None):
                yield _missing(found, term, "the legal basis requires this term", f"{law.citation}: {asked}")
    by_law = {term for law in laws for term in law.required_terms}
    for term, asked in MINIMUM_TERMS.items():
        if term not in by_law and not getattr(found.document, term, None):
            yield _missing(found, term, "every agreement states this term", asked)


def _missing(found: Found[Dsa], term: str, what: str, why: str) -> ErrorDetail:
    return found.fault(
        "term-required", term, what, why, "Add the term and have the parties sign the new version."
    )


def _basis(found: Found[Dsa], basis: Basis, frames: Sequence[Emou]) -> Iterator[ErrorDetail]:
    dsa = found.document
    for path, purposes in (("purposes", dsa.purposes), ("linkage.purposes", dsa.linkage.purposes)):
        gate = basis.purposes if path == "purposes" else basis.linkage_purposes
        for i, purpose in enumerate(purposes):
            if purpose not in gate:
                yield found.fault(
                    "purpose-outside-basis",
                    f"{path}.{i}",
                    f"{basis.code} does not open for this purpose",
                    f"{basis.citation}: {basis.gate}",
                    "Remove the purpose, or rest the document on another basis.",
                )
    for path, what in _freer(dsa, basis):
        yield found.fault(
            "beyond-basis",
            path,
            what,
            f"{basis.citation}: a standing limit on data under {basis.code}.",
            "Take over the limit, or set a stricter one.",
        )
    yield from _bans(found, basis, frames)
    if not basis.checked_against_text and all(s.role != "counsel" for s in dsa.signatories):
        yield found.fault(
            "counsel-not-named",
            "signatories",
            f"{basis.code} was not checked against the law's text and no counsel signs",
            f"{basis.citation}: the file of the basis says that its text was not checked.",
            "Name counsel among the signatories, with the role counsel.",
        )


def _freer(dsa: Dsa, basis: Basis) -> Iterator[tuple[str, str]]:
    """Where an agreement is freer than the standing limits of a basis."""
    limits = basis.limits
    if not limits.release_form.allows(dsa.release.form):
        yield "release.form", f"{basis.code} permits {limits.release_form} at most"
    if not limits.outputs.allows(dsa.release.outputs):
        yield "release.outputs", f"{basis.code} lets {limits.outputs} out at most"
    if limits.minimum_cell is not None and dsa.cells.minimum < limits.minimum_cell:
        yield "cells.minimum", f"{basis.code} asks for at least {limits.minimum_cell}"
    if limits.zero_is_small and not dsa.cells.zero_is_small:
        yield "cells.zero_is_small", f"{basis.code} hides counts of zero"
    if dsa.redisclosure is not None and dsa.redisclosure.to.rank > basis.redisclosure.rank:
        yield "redisclosure.to", f"{basis.code} permits {basis.redisclosure} at most"


def _bans(found: Found[Dsa], basis: Basis, frames: Sequence[Emou]) -> Iterator[ErrorDetail]:
    own = set(found.document.prohibited_uses.uses if found.document.prohibited_uses else ())
    for use in basis.prohibited_uses:
        everywhere = bool(frames) and all(use in frame.prohibited_uses.uses for frame in frames)
        if use not in own and not everywhere:
            yield found.fault(
                "ban-required",
                "prohibited_uses.uses",
                f"{basis.code} asks for a ban on {use}",
                f"{basis.citation}: a use that data under {basis.code} may never have.",
                "Add it to prohibited_uses, here or in the memorandum.",
            )


def _rows(found: Found[Dsa], bases: Mapping[str, Basis]) -> Iterator[ErrorDetail]:
    """The restrictions and the treatment of the unknown that the laws ask for are written down."""
    if (own := found.document.row_restrictions) is None:
        return
    rules = row_rules(found.document, bases)
    for kind in sorted(rules.kinds - set(own.kinds)):
        law = next(b for u in found.document.legal_basis if kind in (b := bases[u.code]).restrictions)
        yield _restriction(found, kind, f"{law.citation}: {law.gate}")
    if rules.exclude_unknown and own.unknown != "exclude":
        law = next(b for u in found.document.legal_basis if (b := bases[u.code]).unknown == "exclude")
        yield found.fault(
            "unknown-must-exclude",
            "row_restrictions.unknown",
            f"{law.code} leaves out a person of whom nothing is known",
            f"{law.citation}: {law.gate}",
            "Set unknown: exclude.",
        )


def _restriction(found: Found[Dsa], kind: str, why: str) -> ErrorDetail:
    return found.fault(
        "restriction-required",
        "row_restrictions.kinds",
        f"the restriction {kind} must be applied",
        why,
        f"Add {kind} to row_restrictions.",
    )


def _prohibition(found: Found[Dsa], law: Prohibition) -> Iterator[ErrorDetail]:
    """No column that may never enter, no address without its restriction, and the marks are there."""
    dsa = found.document
    for table, columns in dsa.tables.items():
        for i, column in enumerate(columns):
            if (barred := forbidding([law], column)) is not None:
                yield found.fault(
                    "column-prohibited",
                    f"tables.{table}.{i}",
                    f"this column would hold {barred[1].what}",
                    f"{law.citation}: {law.rule}",
                    "Remove the column, and leave it out of the delivery.",
                )
    licensed = {column for columns in dsa.tables.values() for column in columns}
    kinds = dsa.row_restrictions.kinds if dsa.row_restrictions is not None else ()
    for condition in law.conditions:
        if condition.restriction not in kinds and any(condition.means(c) for c in licensed):
            yield _restriction(found, condition.restriction, f"{law.citation}: {condition.what}.")
    codes = {use.code for use in dsa.legal_basis}
    for marker in law.markers:
        if marker.basis in codes and marker.column not in licensed:
            yield found.fault(
                "marker-missing",
                "tables",
                f"no table licenses the column {marker.column}",
                f"{law.citation}: {marker.what}.",
                "License the column, so that what may not enter can be told apart.",
            )
