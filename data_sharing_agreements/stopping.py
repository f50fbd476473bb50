"""Who may stop what, and who may let it go on.

Belongs here: finding the document a stop concerns, and the one rule of who may place
and lift it. Does not: storing stops (`registry/stops.py`), or what a stop forbids
(`decisions/standing.py`).

Any one party may stop at once and alone; nobody can be outvoted into going on. So a
stop is lifted only by the party that placed it.
"""

from __future__ import annotations

from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.errors import Refused, UsageFault
from data_sharing_agreements.models import Document, Dsa, Dul
from data_sharing_agreements.registry.accounts import Account
from data_sharing_agreements.registry.stops import Stop

STOPPING_ROLES = frozenset({"data_owner", "tribe", "hub", "board"})
"""Parts a party may play in a document that let it stop the document."""


def document_named(agreements: Agreements, name: str) -> Document:
    """Return the document of an id, a source or a project.

    Raises:
        UsageFault: Nothing bears that name.
    """
    found: dict[str, Document] = {document.id: document for document in agreements.documents()}
    found |= {**agreements.by_project, **agreements.by_source}
    if name not in found:
        raise UsageFault.of(
            "document-unknown",
            "No document, source or project bears that name.",
            why="A stop and an incident concern documents.",
            next=f"Use one of {', '.join(sorted(found))}.",
        )
    return found[name]


def sources_of(agreements: Agreements, document: Document) -> tuple[str, ...]:
    """Return the sources whose data a document is about, in order of name."""
    if isinstance(document, Dsa):
        return (document.source,)
    if isinstance(document, Dul):
        return tuple(sorted(document.sources))
    return agreements.sources()


def parties_that_may_stop(agreements: Agreements, document: Document) -> frozenset[str]:
    """Return the names of the parties any of which may stop a document alone.

    They are those of the document itself, those of the agreements a license rests on,
    and the hub and the board of the memorandum.
    """
    above: list[Document] = [document]
    if isinstance(document, Dul):
        above += [dsa for dsa in agreements.dsas if dsa.id in document.agreements]
    named = {party.name for one in above for party in one.parties if party.role in STOPPING_ROLES}
    return frozenset(named | {p.name for p in agreements.emou.parties if p.role in {"hub", "board"}})


def check_may_stop(agreements: Agreements, document: Document, account: Account) -> str:
    """Return the party for which an account may stop a document.

    Raises:
        Refused: The account acts for no party that may.
    """
    if account.party is None or account.party not in parties_that_may_stop(agreements, document):
        raise Refused.of(
            "not-a-party",
            f"Your account acts for no party that may stop {document.id}.",
            why="An agency stops its own data; the hub and the board may stop any.",
            next="Sign in with an account of a party, or ask an administrator to say for whom you act.",
            document=document.id,
            clause="parties",
        )
    return account.party


def check_may_resume(document: Document, account: Account, standing: tuple[Stop, ...]) -> str:
    """Return the party for which an account may lift a document's stop.

    Args:
        document: The stopped document.
        account: Who asks.
        standing: Stops nobody has lifted.

    Raises:
        UsageFault: The document is not stopped.
        Refused: Another party stopped it, or an incident did and is still open.
    """
    stops = [stop for stop in standing if stop.document == document.id]
    if not stops:
        raise UsageFault.of(
            "not-stopped",
            f"{document.id} is not stopped.",
            why="Only a stop can be lifted.",
            next="See `commonweal status`.",
        )
    own = [stop for stop in stops if stop.by == account.party]
    if any(stop.incident is None for stop in own):
        return str(account.party)
    if own:
        raise Refused.of(
            "incident-open",
            f"{document.id} is stopped by incident {own[0].incident}.",
            why="What an incident stopped goes on when the incident is closed.",
            next=f"Close it with `commonweal incident close {own[0].incident}`.",
            document=document.id,
            clause="parties",
        )
    raise Refused.of(
        "stopped-by-another",
        f"{document.id} was stopped by {', '.join(sorted({stop.by for stop in stops}))}.",
        why="Only the party that stopped it may let it go on.",
        next="Ask that party.",
        document=document.id,
        clause="parties",
    )
