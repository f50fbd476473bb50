"""What ends within a number of days: agreements, trainings, exceptions, data to be destroyed.

Belongs here: reading the ends out of the documents. Does not: ending anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from data_sharing_agreements.documents.agreements import Agreements

DAYS = 90


def expiring(agreements: Agreements, on: date, days: int = DAYS) -> list[dict[str, Any]]:
    """Return what ends from a day on within so many days, the soonest first.

    Returns:
        `on`, `what` (in words), `document`, `clause`.
    """
    last = on + timedelta(days=days)
    found = [one for one in _ends(agreements.on(on)) if on <= one[0] <= last]
    return [
        {"on": day.isoformat(), "what": what, "document": document, "clause": clause}
        for day, what, document, clause in sorted(set(found))
    ]


def _ends(agreements: Agreements) -> Iterator[tuple[date, str, str, str]]:
    emou = agreements.emou
    for document in agreements.documents():
        yield document.term.expiry, f"{document.title} ends", document.id, "term.expiry"
    for at, excepted in enumerate(emou.separation.exceptions):
        roles = " and ".join(excepted.roles)
        what = f"The exception that lets one person be {roles} ends"
        yield excepted.until, what.replace("_", " "), emou.id, f"separation.exceptions.{at}"
    for dsa in agreements.dsas:
        if dsa.destruction is not None:
            yield dsa.destruction.by, f"All data of {dsa.source} are destroyed", dsa.id, "destruction.by"
        for at, handler in enumerate(dsa.recipients):
            clause = f"recipients.{at}.valid_until"
            yield handler.valid_until, f"Training ends: {handler.office}", dsa.id, clause
    for dul in agreements.duls:
        yield dul.destruction.by, f"All data of {dul.project} are destroyed", dul.id, "destruction.by"
        for at, recipient in enumerate(dul.recipients):
            clause = f"recipients.{at}.valid_until"
            yield recipient.valid_until, f"Training ends: {recipient.office}", dul.id, clause
