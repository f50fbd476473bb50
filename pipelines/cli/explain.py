"""`commonweal explain`: a decision in a few sentences, each with its clause.

Belongs here: which decision is meant, options, printing. Does not: the words
(data_sharing_agreements.explain), or deciding. Nothing is done and nothing is logged.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say

if TYPE_CHECKING:
    from datetime import date

    from data_sharing_agreements.decisions import Request
    from data_sharing_agreements.explain import Explanation
    from warehouse.hub import Hub

on_option = click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), help="The day it would be done. Default: today."
)


@click.group(invoke_without_command=True)
@click.option("--entry", type=click.IntRange(min=0), help="Explain the decision in this entry of the log.")
@json_option
@click.pass_context
def explain(context: click.Context, entry: int | None, as_json: bool) -> None:
    """Say in plain words why something is permitted or refused, and by which clause.

    With --entry, a decision that was made; with a word behind it, one that would be.
    """
    if context.invoked_subcommand is not None:
        return
    if entry is None:
        raise click.UsageError("Name an entry of the log with --entry, or what to explain.", context)
    with context.obj.hub() as hub:
        _emit(_logged(hub, entry), as_json)


@explain.command()
@click.option("--project", required=True, help="The licensed project.")
@click.option("--as", "supposed", required=True, metavar="ACCOUNT", help="The account that would ask.")
@click.option("--form", required=True, type=click.Choice(["rows", "aggregates"]), help="What it would get.")
@click.option("--purpose", help="Another purpose than the license's own.")
@click.option("--use", help="What would be done with the answer, where a document may ban it.")
@on_option
@json_option
@click.pass_obj
def query(
    context: Context,
    project: str,
    supposed: str,
    form: str,
    purpose: str | None,
    use: str | None,
    on: datetime | None,
    as_json: bool,
) -> None:
    """May ACCOUNT ask for rows or aggregates of a project?"""
    from data_sharing_agreements.decisions import Request
    from warehouse.query.projects import check_project

    with context.hub() as hub:
        check_project(hub, project)
        asked = Request("query", purpose=purpose, project=project, actor=supposed, form=form, use=use)
        _emit(_decided(hub, asked, _day(hub, on)), as_json)


@explain.command()
@click.argument("name")
@on_option
@json_option
@click.pass_obj
def mart(context: Context, name: str, on: datetime | None, as_json: bool) -> None:
    """May the mart NAME be built? NAME is `mart` or `project/mart`."""
    _explain_use(context, "mart", name, on, as_json)


@explain.command()
@click.argument("name")
@on_option
@json_option
@click.pass_obj
def indicator(context: Context, name: str, on: datetime | None, as_json: bool) -> None:
    """May the indicator NAME be computed?"""
    _explain_use(context, "indicator", name, on, as_json)


@explain.command()
@click.argument("name")
@on_option
@json_option
@click.pass_obj
def source(context: Context, name: str, on: datetime | None, as_json: bool) -> None:
    """May the source NAME be taken in?"""
    _explain_use(context, "source", name, on, as_json)


@explain.command()
@click.argument("name")
@on_option
@json_option
@click.pass_obj
def link(context: Context, name: str, on: datetime | None, as_json: bool) -> None:
    """May the source NAME be linked into the spine?"""
    _explain_use(context, "linked source", name, on, as_json)


def _explain_use(context: Context, kind: str, name: str, on: datetime | None, as_json: bool) -> None:
    from data_sharing_agreements.errors import UsageFault
    from warehouse.impact.uses import Uses

    with context.hub() as hub:
        day = _day(hub, on)
        uses = Uses(hub).under(hub.gate.current(), day)
        names = sorted(known for of, known in uses if of == kind)
        meant = [known for known in names if name in (known, known.partition("/")[2])]
        if len(meant) != 1:
            raise UsageFault.of(
                "explain-unknown",
                f"There is no {kind} of that name, or there are several.",
                why="What is explained is something the deployment makes.",
                next=f"Use one of {', '.join(names) or 'none: there is none yet'}.",
            )
        use = uses[kind, meant[0]]
        _emit(_told(use.request, use.decision, day), as_json)


def _day(hub: "Hub", on: datetime | None) -> "date":
    return on.date() if on else hub.deployment.today()


def _decided(hub: "Hub", request: "Request", on: "date") -> "Explanation":
    from data_sharing_agreements.decisions import decide

    return _told(request, decide(request, hub.gate.current(), on), on)


def _told(request: "Request", decision: Any, on: "date") -> "Explanation":
    from data_sharing_agreements.explain import explain as tell
    from data_sharing_agreements.gate import NEXT_STEPS

    return tell(request, decision, on, NEXT_STEPS)


def _logged(hub: "Hub", entry: int) -> "Explanation":
    """Return a decision of the log as it was made then, whatever the documents say now."""
    from datetime import date

    from data_sharing_agreements.decisions import Decision, Request
    from data_sharing_agreements.errors import UsageFault
    from data_sharing_agreements.gate import DECISION

    size = hub.log.size
    found = hub.log.show(size - entry) if entry < size else []
    if not found or found[0]["kind"] != DECISION or found[0]["summary"] is None:
        raise UsageFault.of(
            "entry-no-decision",
            f"Entry {entry} of the log is not a decision, or its body was erased.",
            why="Only decisions are explained.",
            next="Find one with `commonweal log show`.",
        )
    body, clauses = found[0]["summary"], [(c["document"], c["clause"]) for c in found[0]["clauses"]]
    decision = Decision.from_json(body, clauses)
    return _told(Request.from_json(body["request"]), decision, date.fromisoformat(body["on"]))


def _emit(told: "Explanation", as_json: bool) -> None:
    emit(told.to_json(), as_json=as_json, people=lambda: say("\n".join(told.sentences)))
