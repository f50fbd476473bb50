"""Policies of time: is a document in force on a day?

Belongs here: pure questions about one document and a date. Does not: who asks, or
what for (`rules.py`).
"""

from __future__ import annotations

from datetime import date

from data_sharing_agreements.decisions.records import Reason
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.models import Document
from data_sharing_agreements.vocabulary import Status


def why_not_in_force(document: Document, on: date) -> Reason | None:
    """Return why a document permits nothing on a day, or None if it is in force.

    The first and the last day of the term are both days in force.
    """
    if document.status is not Status.ACTIVE:
        text = f"{document.id} is {document.status}."
        return Reason(f"agreement-{document.status}", text, document.id, "status")
    if on < document.term.start:
        text = f"{document.id} starts on {document.term.start}."
        return Reason("agreement-not-started", text, document.id, "term.start")
    if on > document.term.expiry:
        text = f"{document.id} expired on {document.term.expiry}."
        return Reason("agreement-expired", text, document.id, "term.expiry")
    if (at := document.suspended_on(on)) is not None:
        text = f"{document.id} is suspended from {document.suspensions[at].start}."
        return Reason("agreement-suspended", text, document.id, f"suspensions.{at}")
    return None


def agreements_in_force(agreements: Agreements, on: date) -> frozenset[str]:
    """Sources whose agreement, and the memorandum above it, are in force on a day."""
    if why_not_in_force(agreements.emou, on) is not None:
        return frozenset()
    return frozenset(dsa.source for dsa in agreements.dsas if why_not_in_force(dsa, on) is None)
