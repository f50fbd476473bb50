"""Policies of time: is a document in force on a day?

Belongs here: pure questions about one document and a date: where its acts leave it, and
whether it is stopped. Does not: who asks, or what for (`rules.py`), or how acts are
judged (`lifecycle/`).
"""

from __future__ import annotations

from datetime import date

from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.models import Document
from data_sharing_agreements.reasons import Reason


def why_not_in_force(agreements: Agreements, document: Document, on: date) -> Reason | None:
    """Return why a document permits nothing on a day, or None if it is in force.

    It is in force if the acts its parents require are there, its term runs (the first
    and the last day are both days in force), nobody suspended, ended or replaced it, and
    no stop covers the day.
    """
    standing = agreements.standing_of(document)
    if standing is None:
        text = f"{document.id} is not approved: nobody has signed it."
        return Reason("agreement-not-approved", text, document.id, "signatories")
    if (reason := standing.why_not(on)) is not None:
        return reason
    for stop in agreements.stops:
        if stop.document == document.id and stop.covers(on):
            text = f"{document.id} is stopped from {stop.start}."
            return Reason("agreement-stopped", text, document.id, "stop")
    return None


def agreements_in_force(agreements: Agreements, on: date) -> frozenset[str]:
    """Sources whose agreement, and the memorandum above it, are in force on a day."""
    current = agreements.on(on)
    if why_not_in_force(current, current.emou, on) is not None:
        return frozenset()
    return frozenset(dsa.source for dsa in current.dsas if why_not_in_force(current, dsa, on) is None)
