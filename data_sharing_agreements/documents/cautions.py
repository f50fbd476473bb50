"""What is worth knowing about documents and is no fault: they load, and permit less than they say.

Belongs here: a document that outlives what it rests on, a license of which the newest
version of an agreement no longer gives everything, training that ends before the license.
Does not: faults (`checks.py`). A decision of the day refuses what these would permit, so
an agency can end or narrow its agreement without every license below it failing to load.
"""

from __future__ import annotations

from collections.abc import Iterator

from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.documents.checks_dul import license_
from data_sharing_agreements.documents.found import Found
from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.models import Document, Dsa, Dul, Emou


def cautions(agreements: Agreements) -> list[ErrorDetail]:
    """Return everything worth knowing about the newest version of each document."""
    by_id = {dsa.id: dsa for dsa in agreements.dsas}
    told: list[ErrorDetail] = []
    for dsa in agreements.dsas:
        told += _outlives(dsa, agreements.emou)
    for dul in agreements.duls:
        under = [by_id[name] for name in dul.agreements if name in by_id]
        for parent in (agreements.emou, *under):
            told += _outlives(dul, parent)
        told += _training(dul)
        told += _narrower(dul, agreements.emou, under)
    return list(dict.fromkeys(told))


def _outlives(document: Document, parent: Document) -> Iterator[ErrorDetail]:
    if document.term.expiry > parent.term.expiry:
        yield _caution(
            document,
            "outlives-parent",
            "term.expiry",
            f"ends on {document.term.expiry}, after {parent.id} on {parent.term.expiry}",
            f"From the day after {parent.term.expiry} what rests on {parent.id} is refused.",
            f"Renew {parent.id}, or let this document end with it.",
        )


def _training(dul: Dul) -> Iterator[ErrorDetail]:
    for i, recipient in enumerate(dul.recipients):
        if recipient.valid_until < dul.term.expiry:
            yield _caution(
                dul,
                "training-ends-early",
                f"recipients.{i}.valid_until",
                f"the training of a recipient ends on {recipient.valid_until}",
                "From the day after this account is refused.",
                "Renew the training, and have the license amended.",
            )


def _narrower(dul: Dul, emou: Emou, under: list[Dsa]) -> Iterator[ErrorDetail]:
    """What the license asks and the newest version of an agreement does not give."""
    newest = {dsa.id: (dsa,) for dsa in under}
    for fault in license_(Found(dul.id, dul.id, dul), (emou,), newest, whole=False, circular=False):
        yield _caution(
            dul,
            "license-beyond-version",
            fault.clause or "",
            fault.what.partition(": ")[2],
            "An earlier version gave it; from the start of the newest this part is refused.",
            "Amend the license, or ask the agency to amend its agreement.",
        )


def _caution(document: Document, code: str, clause: str, what: str, why: str, step: str) -> ErrorDetail:
    said = f"{document.id}, {clause}: {what}"
    return ErrorDetail(code, said, why=why, next=step, document=document.id, clause=clause)
