"""`commonweal incident`: what happened, what was stopped, whom to tell by when.

Belongs here: options, the signed-in account, printing. Does not: kinds and clocks
(data_sharing_agreements.incidents), evidence (warehouse.oversight).
"""

from typing import TYPE_CHECKING, Any

import click

from data_sharing_agreements.incidents.kinds import KINDS
from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, note, say, table

if TYPE_CHECKING:
    from data_sharing_agreements.registry.incidents import Incident
    from warehouse.hub import Hub


@click.group()
def incident() -> None:
    """Breaches, compelled demands, requests of people about their own record."""


@incident.command("open")
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(list(KINDS)), help="What happened.")
@click.option("--summary", required=True, help="What is known, in general words; it is kept from the log.")
@click.option("--known-at", default=None, help="When it became known, ISO 8601 in UTC; now by default.")
@json_option
@click.pass_obj
def open_(context: Context, name: str, kind: str, summary: str, known_at: str | None, as_json: bool) -> None:
    """Open an incident about NAME, a source, a project or a document.

    Stops its use, preserves evidence, counts the people concerned, starts the clocks
    of the documents and the law, and drafts the notices.
    """
    from data_sharing_agreements.errors import Busy
    from data_sharing_agreements.log.kinds import check_texts
    from pipelines.incidents import begin
    from pipelines.lock import hold
    from pipelines.session import signed_in
    from warehouse.oversight.people import people_by_source

    check_texts([summary])
    with context.hub() as hub:
        opened = begin(hub, signed_in(hub), name, kind, summary, known_at)
        try:
            with hold(hub.deployment.lock_path, "incident"):
                hub.registry.incidents.count(opened.id, people_by_source(hub, opened.sources))
        except Busy:
            note("A run holds the home: count the people concerned later, with `commonweal incident count`.")
        payload = _told(hub, opened.id) | {"schema": "commonweal/incident-open/1"}
    emit(payload, as_json=as_json, people=lambda: _show(payload))


@incident.command("note")
@click.argument("number", type=int)
@click.argument("text")
@json_option
@click.pass_obj
def note_(context: Context, number: int, text: str, as_json: bool) -> None:
    """Write TEXT down about incident NUMBER, in general words."""
    from data_sharing_agreements.log.kinds import check_texts
    from pipelines.session import signed_in

    check_texts([text])
    with context.hub() as hub:
        hub.registry.incidents.note(number, signed_in(hub).name, text)
    payload = {"schema": "commonweal/incident-note/1", "incident": number}
    emit(payload, as_json=as_json, people=lambda: say(f"Noted of incident {number}."))


@incident.command()
@click.argument("number", type=int)
@click.argument("duty", type=int)
@json_option
@click.pass_obj
def told(context: Context, number: int, duty: int, as_json: bool) -> None:
    """Note that the body of duty DUTY of incident NUMBER was told."""
    from pipelines.session import signed_in

    with context.hub() as hub:
        hub.registry.incidents.done(number, duty, signed_in(hub).name)
        payload = _told(hub, number) | {"schema": "commonweal/incident-told/1"}
    emit(payload, as_json=as_json, people=lambda: _show(payload))


@incident.command()
@click.argument("number", type=int)
@json_option
@click.pass_obj
def count(context: Context, number: int, as_json: bool) -> None:
    """Count the people incident NUMBER concerns, by source, and draft the notices anew."""
    from pipelines.session import signed_in
    from warehouse.oversight.people import people_by_source

    with context.held_hub("incident") as hub:
        signed_in(hub)
        found = hub.registry.incidents.get(number)
        hub.registry.incidents.count(number, people_by_source(hub, found.sources))
        payload = _told(hub, number) | {"schema": "commonweal/incident-count/1"}
    emit(payload, as_json=as_json, people=lambda: _show(payload))


@incident.command()
@click.argument("number", type=int)
@json_option
@click.pass_obj
def show(context: Context, number: int, as_json: bool) -> None:
    """Show incident NUMBER: what it concerns, what is due, what was noted."""
    from pipelines.session import signed_in

    with context.hub() as hub:
        signed_in(hub)
        payload = _told(hub, number) | {"schema": "commonweal/incident-show/1"}
    emit(payload, as_json=as_json, people=lambda: _show(payload))


@incident.command("list")
@json_option
@click.pass_obj
def list_(context: Context, as_json: bool) -> None:
    """List every incident, open ones first."""
    from pipelines.incidents import told_of
    from pipelines.session import signed_in

    with context.hub() as hub:
        signed_in(hub)
        found = sorted(hub.registry.incidents.all(), key=lambda one: (one.state != "open", one.id))
        payload = {"schema": "commonweal/incident-list/1", "incidents": [told_of(hub, one) for one in found]}
    rows = [
        [i["incident"], i["kind"], i["state"], i["documents"], i["due"], i["overdue"]] for i in _all(payload)
    ]
    columns = ["number", "kind", "state", "documents", "to tell", "overdue"]
    emit(payload, as_json=as_json, people=lambda: table(columns, rows) if rows else say("No incident."))


@incident.command()
@click.argument("number", type=int)
@json_option
@click.pass_obj
def close(context: Context, number: int, as_json: bool) -> None:
    """Close incident NUMBER and let what it stopped go on.

    Not by whoever opened it, and not before everybody was told who must be.
    """
    from pipelines.incidents import end
    from pipelines.session import signed_in

    with context.hub() as hub:
        end(hub, signed_in(hub), number)
        payload = _told(hub, number) | {"schema": "commonweal/incident-close/1"}
    emit(payload, as_json=as_json, people=lambda: say(f"Closed incident {number}; its stops are lifted."))


def _all(payload: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = payload["incidents"]
    return found


def _told(hub: "Hub", number: int) -> dict[str, Any]:
    """Draft what is still to be said, and return the incident as programs are told."""
    from pipelines.incidents import told_of
    from warehouse.oversight.evidence import draft_notices, place_of

    found: Incident = hub.registry.incidents.get(number)
    draft_notices(hub, found)
    return told_of(hub, found) | {"directory": str(place_of(hub, number))}


def _show(payload: dict[str, Any]) -> None:
    say(f"Incident {payload['incident']}: {payload['kind'].replace('_', ' ')}, {payload['state']}")
    say(f"Concerns {', '.join(payload['documents'])}; known since {payload['known_at'][:16]} UTC")
    for source in payload["people"]:
        say(f"People in {source['source']}: {source['words']}")
    columns = ["duty", "tell", "due", "done", "law read", "rests on"]
    rows = [
        [
            duty["duty"],
            duty["tell"],
            duty["due_at"][:16] + (" OVERDUE" if duty["overdue"] else ""),
            (duty["done_at"] or "")[:16],
            "yes" if duty["checked"] else "not checked",
            f"{duty['document']}, {duty['clause']}",
        ]
        for duty in payload["duties"]
    ]
    table(columns, rows)
    for written in payload["notes"]:
        say(f"{written['at'][:16]} {written['text']}")
    say(f"Evidence and drafts of notices: {payload['directory']}")
