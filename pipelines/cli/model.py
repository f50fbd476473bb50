"""`commonweal model`: the linkage models there are, what they are, and letting one be used.

Belongs here: options, the signed-in account, printing. Does not: training or judging a
model (linkage, assets), who may approve (data_sharing_agreements.modelling).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, note, say, table

if TYPE_CHECKING:
    from data_sharing_agreements.registry.models import LinkModel, ModelState

_SHORT = 12


@click.group()
def model() -> None:
    """Linkage models: what was trained, how far it moved, and whether it may be used."""


@model.command("list")
@json_option
@click.pass_obj
def list_verb(context: Context, as_json: bool) -> None:
    """Show every model that was trained, oldest first."""
    with context.hub() as hub:
        found = [_short(one) for one in hub.registry.link_models.all()]
    payload = {"schema": "commonweal/model list/1", "models": found}
    names = ["digest", "name", "made", "version", "drift", "state"]

    def people() -> None:
        if not found:
            say("No model has been trained yet. Next: `commonweal run`.")
        table(names, [[*(_cell(one[name]) for name in names)] for one in found])

    emit(payload, as_json=as_json, people=people)


@model.command()
@click.argument("digest", required=False)
@json_option
@click.pass_obj
def show(context: Context, digest: str | None, as_json: bool) -> None:
    """Show a model's card: what it is for, trained on what, its numbers, how far it moved.

    Without DIGEST, the newest. The first eight letters of a digest are enough.
    """
    with context.hub() as hub:
        models = hub.registry.link_models
        found = models.find(digest) if digest else _newest(models.all())
    payload = {
        "schema": "commonweal/model show/1",
        **_short(found),
        "digest": found.digest,
        "settings": found.settings,
        "decided_by": found.decided_by,
        "decided_at": found.decided_at,
        "card": found.card,
    }
    emit(payload, as_json=as_json, people=lambda: _show(found))


@model.command()
@click.argument("older")
@click.argument("newer", required=False)
@json_option
@click.pass_obj
def compare(context: Context, older: str, newer: str | None, as_json: bool) -> None:
    """Say how far one model has moved from another, comparison by comparison.

    Without NEWER, the newest there is.
    """
    from linkage.cards import model_of, records_of
    from linkage.drift import drift

    with context.hub() as hub:
        models = hub.registry.link_models
        before = models.find(older)
        after = models.find(newer) if newer else _newest(models.all())
        limit = hub.deployment.max_drift
    moved = drift(
        model_of(before.card), model_of(after.card), (records_of(before.card), records_of(after.card))
    )
    payload = {
        "schema": "commonweal/model compare/1",
        "older": before.digest,
        "newer": after.digest,
        **moved.to_json(),
        "limit": limit,
        "within": moved.bits <= limit,
    }

    def people() -> None:
        verdict = "within the limit" if moved.bits <= limit else "beyond the limit"
        names = f"{before.digest[:_SHORT]} to {after.digest[:_SHORT]}"
        say(f"{names}: {moved.bits:.2f} bits, {verdict} of {limit}.")
        say()
        order = sorted(moved.by_comparison.items(), key=lambda item: -item[1])
        table(["comparison", "bits"], [[name.replace("_", " "), f"{bits:.2f}"] for name, bits in order])
        if moved.changed:
            note(f"Not compared, because their levels differ: {', '.join(moved.changed)}.")

    emit(payload, as_json=as_json, people=people)


@model.command()
@click.argument("digest")
@click.option("--reason", required=True, help="What was looked at, in general words; it stands in the log.")
@json_option
@click.pass_obj
def approve(context: Context, digest: str, reason: str, as_json: bool) -> None:
    """Let a model be used, after looking at its card. For the board.

    Later models of the same settings are compared with this one.
    """
    _decide(context, digest, "approved", reason, as_json)


@model.command()
@click.argument("digest")
@click.option("--reason", required=True, help="Why, in general words; it stands in the log.")
@json_option
@click.pass_obj
def withdraw(context: Context, digest: str, reason: str, as_json: bool) -> None:
    """Take a model's approval back. For the board. Versions it made stand, and say so."""
    _decide(context, digest, "withdrawn", reason, as_json)


def _decide(context: Context, digest: str, state: ModelState, reason: str, as_json: bool) -> None:
    from data_sharing_agreements.log.kinds import check_reason
    from data_sharing_agreements.modelling import check_may_approve
    from data_sharing_agreements.registry import AuditEvent
    from pipelines.session import signed_in

    check_reason(reason)
    with context.hub() as hub:
        account = signed_in(hub)
        check_may_approve(hub.agreements.emou, account, hub.registry.accounts.all())
        audit = AuditEvent(summary={"why": reason}, clauses=((hub.agreements.emou.id, "separation"),))
        found = hub.registry.link_models.decide(digest, state, account.name, audit)
    verb = "approve" if state == "approved" else "withdraw"
    payload = {"schema": f"commonweal/model {verb}/1", **_short(found), "digest": found.digest}
    text = f"Model {found.digest[:_SHORT]} is {state}."
    text += (
        " The next run may use it."
        if state == "approved"
        else " A version it made stands until the next, and pages say so after the next run."
    )
    emit(payload, as_json=as_json, people=lambda: say(text))


def _newest(models: list[LinkModel]) -> LinkModel:
    from data_sharing_agreements.errors import UsageFault

    if models:
        return models[-1]
    raise UsageFault.of(
        "model-unknown",
        "No linkage model has been trained yet.",
        why="A model is written down when the first link is made.",
        next="Run `commonweal run`.",
    )


def _short(found: LinkModel) -> dict[str, Any]:
    return {
        "digest": found.digest[:_SHORT],
        "name": found.name,
        "made": found.made_at[:10],
        "version": found.version,
        "drift": found.drift,
        "state": found.state,
    }


def _show(found: LinkModel) -> None:
    from data_sharing_agreements.registry.models import state_words

    card = found.card
    say(f"{card['name']}, {found.digest[:_SHORT]}: {found.state}. {state_words(found.state)}")
    if found.decided_by:
        say(f"Decided by {found.decided_by} on {str(found.decided_at)[:10]}.")
    say()
    say(card["purpose"])
    say(card["not_for"])
    say()
    trained = card["trained_on"]["sources"]
    table(
        ["source", "records", "deliveries", "from", "until"],
        [[one[name] for name in ("source", "records", "deliveries", "from", "until")] for one in trained],
        title=f"Trained on {card['trained_on']['on']}",
    )
    _show_drift(card)
    rows = [
        [
            row["comparison"],
            row["level"],
            *(f"{row[name]:.2g}" for name in ("m", "u", "kin")),
            f"{row['weight']:.1f}",
        ]
        for row in card["levels"]
    ]
    table(["comparison", "level", "m", "u", "kin", "bits"], rows)
    for limit in card["limits"]:
        note(limit)


def _show_drift(card: dict[str, Any]) -> None:
    moved = card.get("drift")
    if moved is None:
        say("It is the first of its settings: later ones are compared with it.")
        return
    say(
        f"It moved by {moved['bits']:.2f} bits from {str(moved['reference'])[:_SHORT]}, {card['verdict']} of "
        f"{card['limit']}; most in {moved['comparison'].replace('_', ' ')}."
    )


def _cell(value: object) -> object:
    return "–" if value is None else value
