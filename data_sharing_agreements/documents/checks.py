"""How documents must agree with one another and with the law.

Belongs here: pure checks over documents that are each well formed, every one
returning all its faults. Does not: dates against today (an agreement that has
expired is valid, it permits nothing), or reading files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from data_sharing_agreements.bases import Basis
from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.models import Document, Dsa, Dul, Emou

AnyDocument = TypeVar("AnyDocument", bound=Document, covariant=True)


@dataclass(frozen=True)
class Found(Generic[AnyDocument]):
    """A document and the file it came from."""

    place: str
    stem: str
    document: AnyDocument

    def fault(self, code: str, path: str, what: str, why: str, next_step: str) -> ErrorDetail:
        """Return a fault of this document at `path`."""
        return ErrorDetail(
            code,
            f"{self.place}:{path}: {what}",
            why=why,
            next=next_step,
            document=self.document.id,
            clause=path,
        )


def check_all(
    emous: Sequence[Found[Emou]],
    dsas: Sequence[Found[Dsa]],
    duls: Sequence[Found[Dul]],
    bases: Mapping[str, Basis],
    *,
    whole: bool,
) -> list[ErrorDetail]:
    """Return every fault of the documents together.

    Args:
        emous, dsas, duls: The documents that could be read.
        bases: The legal bases.
        whole: Whether all files could be read; if not, a parent that seems to be
            missing may only be unreadable, and is not reported twice.
    """
    faults = [*_identity([*emous, *dsas, *duls]), *_signed([*emous, *dsas, *duls])]
    if whole and len(emous) != 1:
        faults.append(_one_frame(len(emous)))
    frame = emous[0].document if len(emous) == 1 else None
    agreements = {found.document.id: found.document for found in dsas}
    for dsa in dsas:
        faults += _dsa(dsa, frame, bases)
    faults += _doubled(dsas, "source", lambda found: found.document.source)
    for dul in duls:
        faults += _dul(dul, frame, agreements, whole=whole)
    faults += _doubled(duls, "project", lambda found: found.document.project)
    return faults


def _one_frame(count: int) -> ErrorDetail:
    return ErrorDetail(
        "frame-not-one",
        f"emou: there must be exactly one enterprise memorandum, {count} were found",
        why="Every agreement rests on one frame.",
        next="Keep one document in the folder emou.",
    )


def _identity(documents: Sequence[Found[Document]]) -> Iterator[ErrorDetail]:
    for found in documents:
        if found.document.id != found.stem:
            yield found.fault(
                "document-misnamed",
                "id",
                "the id is not the name of the file",
                "A clause is cited by the id of its document.",
                "Give the file the name of its id.",
            )
    yield from _doubled(documents, "id", lambda found: found.document.id)


def _doubled(
    documents: Sequence[Found[AnyDocument]], key: str, of: Callable[[Found[AnyDocument]], str]
) -> Iterator[ErrorDetail]:
    counts = Counter(of(found) for found in documents)
    for found in documents:
        if counts[of(found)] > 1:
            yield found.fault(
                "document-doubled",
                key,
                f"another document has the same {key}",
                f"Two documents for one {key} could contradict each other.",
                "Amend one document under a new version instead of adding another.",
            )


def _signed(documents: Sequence[Found[Document]]) -> Iterator[ErrorDetail]:
    """Every party signs, and nobody signs for someone who is not a party."""
    for found in documents:
        parties = {party.name for party in found.document.parties}
        signing = {s.party for s in found.document.signatures if s.role == "signatory"}
        if missing := len(parties - signing):
            yield found.fault(
                "signature-missing",
                "signatures",
                f"{missing} of the parties have not signed",
                "An agreement binds those who signed it.",
                "Obtain the signatures before the document is used.",
            )
        for i, signature in enumerate(found.document.signatures):
            if signature.party not in parties:
                yield found.fault(
                    "signature-of-stranger",
                    f"signatures.{i}.party",
                    "this signature is not for a party of the document",
                    "An agreement binds its parties.",
                    "Name the party, or remove the signature.",
                )


def _dsa(found: Found[Dsa], frame: Emou | None, bases: Mapping[str, Basis]) -> Iterator[ErrorDetail]:
    dsa = found.document
    if frame is not None:
        yield from _under_frame(found, dsa.parent, frame)
        for i, purpose in enumerate(dsa.purposes):
            if purpose not in frame.purposes:
                yield _beyond(found, f"purposes.{i}", "this purpose is not one of the memorandum")
    for i, purpose in enumerate(dsa.linkage.purposes):
        if purpose not in dsa.purposes:
            yield _beyond(found, f"linkage.purposes.{i}", "this purpose is not one of the agreement")
    yield from _derived(found)
    for i, use in enumerate(dsa.legal_basis):
        basis = bases.get(use.code)
        if basis is None:
            yield found.fault(
                "basis-unknown",
                f"legal_basis.{i}.code",
                "no file describes this legal basis",
                "Without a described legal basis nothing may be taken in.",
                "Use a code of a file in bases/, or add a file that counsel has read.",
            )
        else:
            yield from _basis(found, basis)


def _derived(found: Found[Dsa]) -> Iterator[ErrorDetail]:
    for table, columns in found.document.derived.items():
        for name, column in columns.items():
            if column not in found.document.tables.get(table, ()):
                yield _beyond(
                    found,
                    f"derived.{table}.{name}",
                    "this is derived from a column the agreement does not license",
                )


def _basis(found: Found[Dsa], basis: Basis) -> Iterator[ErrorDetail]:
    dsa = found.document
    for term, asked in basis.required_terms.items():
        if not getattr(dsa, term, None):
            yield found.fault(
                "term-required",
                term,
                "the legal basis requires this term",
                f"{basis.citation}: {asked}",
                "Add the term and have the parties sign the new version.",
            )
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
    if not basis.checked_against_text and all(s.role != "counsel" for s in dsa.signatures):
        yield found.fault(
            "counsel-not-signed",
            "signatures",
            f"{basis.code} was not checked against the law's text and counsel has not signed",
            f"{basis.citation}: the file of the basis says that its text was not checked.",
            "Have counsel read the law and sign.",
        )


def _dul(
    found: Found[Dul], frame: Emou | None, agreements: Mapping[str, Dsa], *, whole: bool
) -> Iterator[ErrorDetail]:
    dul = found.document
    if frame is not None:
        yield from _under_frame(found, dul.parent, frame)
    under: dict[str, Dsa] = {}
    for i, name in enumerate(dul.agreements):
        if (dsa := agreements.get(name)) is not None:
            under[dsa.source] = dsa
            if dul.purpose not in dsa.purposes:
                yield _beyond(found, "purpose", f"{dsa.id} does not permit this purpose")
        elif whole:
            yield _beyond(found, f"agreements.{i}", "there is no such agreement")
    for source, tables in dul.fields.items():
        if source in under:
            yield from _dul_fields(found, source, tables, under[source])
        elif whole:
            yield _beyond(found, f"fields.{source}", "no agreement the license names covers this source")
    yield from _recipients(found)


def _recipients(found: Found[Dul]) -> Iterator[ErrorDetail]:
    accounts = Counter(recipient.account for recipient in found.document.recipients)
    for i, recipient in enumerate(found.document.recipients):
        if accounts[recipient.account] > 1:
            yield found.fault(
                "recipient-doubled",
                f"recipients.{i}.account",
                "another recipient has the same account",
                "One account must have one training record.",
                "Keep one entry.",
            )


def _dul_fields(
    found: Found[Dul], source: str, tables: Mapping[str, tuple[str, ...]], dsa: Dsa
) -> Iterator[ErrorDetail]:
    for table, columns in tables.items():
        for column in columns:
            if f"{source}.{table}.{column}" not in dsa.licensable:
                yield _beyond(
                    found, f"fields.{source}.{table}.{column}", f"{dsa.id} does not license this field"
                )


def _under_frame(found: Found[AnyDocument], parent: str, frame: Emou) -> Iterator[ErrorDetail]:
    if parent != frame.id:
        yield _beyond(found, "parent", "the parent is not the memorandum in this directory")


def _beyond(found: Found[AnyDocument], path: str, what: str) -> ErrorDetail:
    return found.fault(
        "beyond-parent",
        path,
        what,
        "A document can give no more than the one it rests on.",
        "Amend the parent first, or remove this.",
    )
