"""Opening and closing an incident, as a person at the keyboard does.

Belongs here: the order of asking, writing, preserving and drafting. Does not: kinds and
clocks (data_sharing_agreements.incidents), or printing.
"""

from datetime import UTC, datetime
from typing import Any

from data_sharing_agreements.cells import smallest_cell, withheld
from data_sharing_agreements.errors import Refused, UsageFault
from data_sharing_agreements.incidents import KINDS, duties_of
from data_sharing_agreements.registry import Account, AuditEvent
from data_sharing_agreements.registry.incidents import Incident, Opening
from data_sharing_agreements.separation import check_two_humans
from data_sharing_agreements.stopping import check_may_stop, document_named, sources_of
from warehouse.hub import Hub
from warehouse.oversight.evidence import preserve


def begin(
    hub: Hub, account: Account, name: str, kind: str, summary: str, known_at: str | None = None
) -> Incident:
    """Open an incident: stop what it concerns, start the clocks, preserve the evidence.

    Args:
        hub: The hub.
        account: Who opens it; acts for a party that may stop the document.
        name: A source, a project or a document.
        kind: One of `KINDS`.
        summary: What is known, in general words.
        known_at: When it became known; now by default.

    Raises:
        Refused: The account acts for no party that may stop the document.
        UsageFault: Nothing bears the name, or the time cannot be read or lies ahead.
    """
    document = document_named(hub.agreements, name)
    party = check_may_stop(hub.agreements, document, account)
    what, sources = KINDS[kind], sources_of(hub.agreements, document)
    opening = Opening(
        kind=kind,
        summary=summary,
        known_at=_moment(known_at),
        opened_by=account.name,
        party=party,
        documents=(document.id,),
        sources=sources,
        duties=duties_of(hub.agreements, what, sources),
        stops=what.stops,
    )
    audit = AuditEvent(summary={"actor": account.name}, clauses=((document.id, "parties"),))
    opened = hub.registry.incidents.open(opening, audit)
    preserve(hub, opened)
    return opened


def end(hub: Hub, account: Account, number: int) -> Incident:
    """Close an incident and lift its stops.

    Raises:
        Refused: The account's human opened it, acts for no party concerned, or somebody
            who must be told has not been.
    """
    incident = hub.registry.incidents.get(number)
    document = document_named(hub.agreements, incident.documents[0])
    check_may_stop(hub.agreements, document, account)
    opener = hub.registry.accounts.get(incident.opened_by)
    check_two_humans(opener, account, "open an incident and close it", hub.agreements.emou)
    if undone := incident.undone:
        raise Refused.of(
            "duties-open",
            f"{len(undone)} who must be told have not been: {', '.join(due.duty.tell for due in undone)}.",
            why=f"{undone[0].duty.document}, clause {undone[0].duty.clause}.",
            next=f"Tell them, and note it with `commonweal incident told {number} DUTY`.",
            document=undone[0].duty.document,
            clause=undone[0].duty.clause,
        )
    audit = AuditEvent(summary={"actor": account.name}, clauses=((document.id, "parties"),))
    return hub.registry.incidents.close(number, account.name, audit)


def told_of(hub: Hub, incident: Incident) -> dict[str, Any]:
    """Return an incident as programs are told of it: counts of people by the cell rule."""
    now, smallest = datetime.now(UTC), smallest_cell(hub.agreements)
    return {
        "incident": incident.id,
        "kind": incident.kind,
        "state": incident.state,
        "summary": incident.summary,
        "known_at": incident.known_at,
        "opened_at": incident.opened_at,
        "closed_at": incident.closed_at,
        "by": incident.party,
        "documents": list(incident.documents),
        "sources": list(incident.sources),
        "people": [
            {"source": source, **_counted(count, smallest)} for source, count in incident.people.items()
        ],
        "due": len(incident.undone),
        "overdue": sum(due.overdue(now) for due in incident.duties),
        "duties": [
            {
                "duty": due.number,
                "tell": due.duty.tell,
                "hours": due.duty.hours,
                "due_at": due.due_at,
                "done_at": due.done_at,
                "overdue": due.overdue(now),
                "document": due.duty.document,
                "clause": due.duty.clause,
                "checked": due.duty.checked,
            }
            for due in incident.duties
        ],
        "notes": [{"at": note.at, "by": note.by, "text": note.text} for note in incident.notes],
    }


def _counted(count: int | None, smallest: int) -> dict[str, Any]:
    shown = withheld(count, smallest)
    if count is None:
        return {"people": None, "suppressed": False, "words": "not known: nothing is linked"}
    words = f"from 1 to {smallest - 1}" if shown is None else f"{shown:,}"
    return {"people": shown, "suppressed": shown is None, "words": words}


def _moment(text: str | None) -> datetime:
    """Return the moment a text means; one without a time zone is in UTC.

    Raises:
        UsageFault: It cannot be read, or lies ahead.
    """
    now = datetime.now(UTC)
    if text is None:
        return now
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    found = found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found
    if found is None or found > now:
        raise UsageFault.of(
            "moment-invalid",
            "The time at which it became known cannot be read, or lies ahead.",
            why="The clocks of the law run from that moment.",
            next="Write it as 2026-03-14T09:30.",
        )
    return found
