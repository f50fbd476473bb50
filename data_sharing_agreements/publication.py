"""Publication waits for witnesses, where the memorandum says so.

Belongs here: who the witnesses are on a day, and whether what a project would publish
lies in the part of the log they vouched for. Does not: cosignatures themselves
(`log/witnesses.py`), or any other condition of a release (`decisions/`).
"""

from __future__ import annotations

from datetime import date

from data_sharing_agreements.decisions.records import Reason, Request
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.log import Log
from data_sharing_agreements.log.witnesses import Witness
from data_sharing_agreements.vocabulary import Verb

WAITS = "publication-waits-for-witnesses"
"""Code of the refusal."""

PUBLISHING = frozenset({Verb.RELEASE, Verb.EXPORT})


def witnesses_of(agreements: Agreements, on: date) -> tuple[Witness, ...]:
    """Return the signatories whose cosignatures count: of a party named, with a key nobody revoked."""
    named, roster = agreements.emou.witnesses, agreements.rosters.current
    if named is None or roster is None:
        return ()
    return tuple(
        Witness(entry.id, entry.party, entry.public_key)
        for entry in roster.signatories
        if entry.party in named.names and entry.start <= on and (entry.revoked is None or on < entry.revoked)
    )


def witnessed_size(agreements: Agreements, log: Log, on: date) -> int | None:
    """Return how many of the first entries the witnesses vouch for; None if there are no witnesses."""
    named = agreements.emou.witnesses
    return None if named is None else log.witnessed_size(named.required, witnesses_of(agreements, on))


def why_publication_waits(request: Request, agreements: Agreements, log: Log, on: date) -> Reason | None:
    """Return why something may not be published yet, or None.

    What a project publishes rests on its newest mart: the entry of that mart must lie
    in the part of the log that the witnesses vouched for.
    """
    named = agreements.emou.witnesses
    if request.verb not in PUBLISHING or named is None or not named.publication_waits:
        return None
    rests_on = log.newest("mart", "project", request.project) if request.project else None
    size = witnessed_size(agreements, log, on) or 0
    if size > (rests_on or 0):
        return None
    text = (
        f"Nothing is published before {named.required} of the witnesses have cosigned the log with the mart "
        f"in it; they vouch for its first {size:,} entries."
    )
    return Reason(WAITS, text, agreements.emou.id, "witnesses.publication_waits")
