"""What an examination finds of stops, incidents and separation of duties.

Belongs here: turning them into findings. Does not: changing any.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from data_sharing_agreements.separation import Statement
from pipelines.findings import Finding
from warehouse.hub import Hub
from warehouse.oversight.duties import duties_of
from warehouse.oversight.evidence import altered_evidence, place_of


def governance_findings(hub: Hub) -> Iterator[Finding]:
    """Yield what stands still, who must still be told, and which duties are not separated."""
    for stop in hub.registry.stops.standing():
        what = f"{stop.document} is stopped by {stop.by}"
        yield Finding("stops", ok=True, what=what, next="Only that party lifts it, with `commonweal resume`.")
    yield from _incidents(hub)
    yield from _duties(duties_of(hub))


def _duties(told: Statement) -> Iterator[Finding]:
    """Yield what every output says of it: to be looked at, and a fault where nothing permits it."""
    if not told.met:
        fault = any(one.because == "violation" for one in told.unmet)
        yield Finding(
            "duties",
            ok=False,
            what=told.words,
            next="Give one of the roles to somebody else." if fault else "",
            exit_code=3 if fault else 0,
        )


def _incidents(hub: Hub) -> Iterator[Finding]:
    now = datetime.now(UTC)
    for incident in hub.registry.incidents.all():
        place = place_of(hub, incident.id) / "evidence"
        if altered := altered_evidence(place):
            what = f"{len(altered)} files of the evidence of incident {incident.id} are not what they were"
            yield Finding("incidents", ok=False, what=what, next="Tell the board.", exit_code=6)
        late = [due for due in incident.undone if due.overdue(now)]
        if incident.state == "open":
            yield Finding(
                "incidents",
                ok=not late,
                what=f"incident {incident.id} is open: {len(incident.undone)} still to be told, "
                f"{len(late)} of them overdue",
                next=f"See `commonweal incident show {incident.id}`." if incident.undone else "",
                exit_code=3 if late else 0,
            )
