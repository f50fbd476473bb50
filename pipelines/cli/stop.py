"""`commonweal stop` and `resume`: one party brings data to a halt, alone and at once.

Belongs here: options, the signed-in account, printing. Does not: who may
(data_sharing_agreements.stopping).
"""

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say


@click.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why, in general words; it is kept from the log.")
@json_option
@click.pass_obj
def stop(context: Context, name: str, reason: str, as_json: bool) -> None:
    """Stop all use of NAME, a source, a project or a document, from this moment.

    Any agency stops its own data alone, as an account that acts for it. Nobody else
    needs to agree, and only the same agency lifts it.
    """
    from data_sharing_agreements.log.kinds import check_texts
    from data_sharing_agreements.registry import AuditEvent
    from data_sharing_agreements.registry.stops import Stop
    from data_sharing_agreements.stopping import check_may_stop, document_named
    from pipelines.session import signed_in

    check_texts([reason])
    with context.hub() as hub:
        account = signed_in(hub)
        document = document_named(hub.agreements, name)
        party = check_may_stop(hub.agreements, document, account)
        audit = AuditEvent(summary={"actor": account.name}, clauses=((document.id, "parties"),))
        placed = hub.registry.stops.place(
            Stop(document.id, hub.deployment.today(), None, reason, party), audit
        )
    payload = {
        "schema": "commonweal/stop/1",
        "document": placed.document,
        "start": placed.start.isoformat(),
        "by": placed.by,
    }
    text = (
        f"{placed.document} is stopped by {placed.by}. Nothing rests on it until {placed.by} lifts the stop."
    )
    emit(payload, as_json=as_json, people=lambda: say(text))


@click.command()
@click.argument("name")
@json_option
@click.pass_obj
def resume(context: Context, name: str, as_json: bool) -> None:
    """Lift your own agency's stop of NAME. A stop of another agency stands."""
    from data_sharing_agreements.registry import AuditEvent
    from data_sharing_agreements.stopping import check_may_resume, document_named
    from pipelines.session import signed_in

    with context.hub() as hub:
        account = signed_in(hub)
        document = document_named(hub.agreements, name)
        party = check_may_resume(document, account, hub.registry.stops.standing())
        audit = AuditEvent(summary={"actor": account.name}, clauses=((document.id, "parties"),))
        hub.registry.stops.lift(document.id, party, audit=audit)
        left = sorted({stop.by for stop in hub.registry.stops.standing() if stop.document == document.id})
    payload = {
        "schema": "commonweal/resume/1",
        "document": document.id,
        "by": party,
        "still_stopped_by": left,
    }
    text = f"{party} lifted its stop of {document.id}."
    text += f" It is still stopped by {', '.join(left)}." if left else ""
    emit(payload, as_json=as_json, people=lambda: say(text))
