"""`commonweal spine`: versions of who is who, what each changed and why, and undoing a change.

Belongs here: options, the signed-in account, printing. Does not: history or undoing
(pipelines.spines).
"""

from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say, table

_HIDDEN = "few"


@click.group()
def spine() -> None:
    """Versions of who is who: what each changed and why, and undoing a change."""


@spine.command("list")
@json_option
@click.pass_obj
def list_(context: Context, as_json: bool) -> None:
    """List every version of the spine, oldest first."""
    from pipelines import spines

    with context.held_hub("spine list") as hub:
        found = spines.listed(hub)
    payload = {"schema": "commonweal/spine list/1", "versions": found}
    columns = ("version", "created_at", "mode", "reason", "records", "persons")
    rows = [[*(_count(one, name) for name in columns)] for one in found]
    for row in rows:
        row[1] = _minute(row[1])
    emit(payload, as_json=as_json, people=lambda: table([c.replace("_", " ") for c in columns], rows))


@spine.command()
@click.argument("version", type=click.IntRange(min=1), required=False)
@json_option
@click.pass_obj
def show(context: Context, version: int | None, as_json: bool) -> None:
    """Show what VERSION was made from and what it changed; the standing one by default."""
    from pipelines import spines

    with context.held_hub("spine show") as hub:
        payload = {"schema": "commonweal/spine show/1", **spines.shown(hub, version)}
    emit(payload, as_json=as_json, people=lambda: _show(payload))


@spine.command()
@click.argument("first", type=click.IntRange(min=1))
@click.argument("second", type=click.IntRange(min=1))
@json_option
@click.pass_obj
def diff(context: Context, first: int, second: int, as_json: bool) -> None:
    """Count the records that differ between versions FIRST and SECOND."""
    from pipelines import spines

    with context.held_hub("spine diff") as hub:
        payload = {"schema": "commonweal/spine diff/1", **spines.difference(hub, first, second)}
    meaning = {
        "came": "came",
        "went": "went",
        "other_person": "have another person key",
        "other_company": "are together with other records",
    }
    rows = [[text, _count(payload, name)] for name, text in meaning.items()]
    emit(payload, as_json=as_json, people=lambda: table(["records that", "count"], rows))


@spine.command()
@click.argument("version", type=click.IntRange(min=1), required=False)
@json_option
@click.pass_obj
def changes(context: Context, version: int | None, as_json: bool) -> None:
    """List the merges, splits and moves of VERSION by number, with their cause. For reviewers."""
    from pipelines import spines
    from pipelines.session import signed_in

    with context.held_hub("spine changes") as hub:
        found = spines.changes(hub, signed_in(hub), version)
    payload = {"schema": "commonweal/spine changes/1", "changes": found}
    rows = [[one["change"], ", ".join(one["kinds"]), one["cause"]] for one in found]
    emit(
        payload,
        as_json=as_json,
        people=lambda: table(["change", "kind", "cause"], rows) if rows else say("No change."),
    )


@spine.command()
@click.argument("change")
@click.option("--yes", is_flag=True, help="Do it; without, only what would be done is said.")
@json_option
@click.pass_obj
def undo(context: Context, change: str, yes: bool, as_json: bool) -> None:
    """Put the records of CHANGE (VERSION.NUMBER) back as they were before it, for good. For reviewers.

    No later link takes it back. A decision can be withdrawn with `commonweal spine withdraw`.
    """
    from data_sharing_agreements.errors import UsageFault
    from linkage.history import read_reference
    from pipelines import spines
    from pipelines.session import signed_in

    read_reference(change)
    if not yes:
        raise UsageFault.of(
            "not-confirmed",
            f"Undoing change {change} decides for all later links how its records are grouped.",
            why="Records that were one person before it stay together, persons it joined stay apart.",
            next="Add --yes to do it.",
        )
    with context.held_hub("spine undo") as hub:
        payload = {"schema": "commonweal/spine undo/1", **spines.undone(hub, signed_in(hub), change)}
    text = f"Undid change {change} in version {payload['version']}. Next: `commonweal run`."
    emit(payload, as_json=as_json, people=lambda: say(text))


@spine.command()
@json_option
@click.pass_obj
def constraints(context: Context, as_json: bool) -> None:
    """List the decisions about pairs of records that stand, by number. For reviewers."""
    from pipelines import spines
    from pipelines.session import signed_in

    with context.held_hub("spine constraints") as hub:
        found = spines.decisions(hub, signed_in(hub))
    payload = {"schema": "commonweal/spine constraints/1", "constraints": found}
    columns = ["number", "kind", "cause", "decided_at", "entry"]
    rows = [
        [one["number"], one["kind"], one["cause"], _minute(one["decided_at"]), one["entry"]] for one in found
    ]

    def people() -> None:
        if not rows:
            say("No decision stands.")
        table([c.replace("_", " ") for c in columns], rows, apart=False)

    emit(payload, as_json=as_json, people=people)


@spine.command()
@click.argument("number", type=click.IntRange(min=1))
@json_option
@click.pass_obj
def withdraw(context: Context, number: int, as_json: bool) -> None:
    """Let decision NUMBER count no more, from the next link on. For reviewers."""
    from pipelines import spines
    from pipelines.session import signed_in

    with context.held_hub("spine withdraw") as hub:
        payload = {"schema": "commonweal/spine withdraw/1", **spines.withdrawn(hub, signed_in(hub), number)}
    emit(payload, as_json=as_json, people=lambda: say(f"Decision {number} counts no more."))


def _count(payload: dict[str, Any], name: str) -> Any:
    """Return what is shown of a count: one too small to be told is only called so."""
    value = payload[name]
    if value is None and name in ("records", "persons", "came", "went", "other_person", "other_company"):
        return _HIDDEN
    return "" if value is None else value


def _in_words(payload: dict[str, Any], name: str) -> str:
    value = _count(payload, name)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _minute(at: str) -> str:
    """Return a time without what is below a minute; all times are UTC."""
    return at[:16]


def _show(payload: dict[str, Any]) -> None:
    from linkage.increment.due import REASONS

    mode, reason = payload["mode"] or "full", payload["reason"]
    why = f", because {REASONS[reason]}" if reason in REASONS else f" of change {reason}" if reason else ""
    say(f"Version {payload['version']} of {_minute(payload['created_at'])}: {mode}{why}.")
    say(
        f"Records {_in_words(payload, 'records')}, persons {_in_words(payload, 'persons')}, "
        f"model {payload['model']}."
    )
    if payload["drift"] is not None:
        say(f"Its likely pairs agree otherwise than the model expects by {payload['drift']:.3f} at most.")
    rows = [[one["kind"], one["cause"], _count(one, "records")] for one in payload["changed"]]
    if rows:
        table(["kind", "cause", "records"], rows)
