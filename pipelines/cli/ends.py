"""`commonweal end …` and `purge`: what ends takes its data with it.

Belongs here: options, asking once more, and what is printed. Does not: planning or
doing it (`pipelines.ends`, `warehouse.ends`), legal holds and certificates
(`ends_holds.py`).
"""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say, table

if TYPE_CHECKING:
    from data_sharing_agreements.ends import Scope
    from data_sharing_agreements.registry.ends import Ending
    from warehouse.ends.plan import Plan

_DAY = click.DateTime(["%Y-%m-%d"])
_on = click.option("--on", type=_DAY, help="Judge what has ended as of this day, instead of today.")
_dry = click.option("--dry-run", is_flag=True, help="Say what would go, and touch nothing.")
_yes = click.option("--yes", is_flag=True, help="Do not ask once more.")


@click.group()
def end() -> None:
    """End an agreement or a project: its data go, and a certificate says what was done."""


@end.command("dsa")
@click.argument("document")
@_on
@_dry
@_yes
@json_option
@click.pass_obj
def end_dsa(
    context: Context, document: str, on: datetime | None, dry_run: bool, yes: bool, as_json: bool
) -> int:
    """Purge the source of a data sharing agreement that has ended, and what rests on it."""
    return _end(context, _scope("dsa"), document, on, dry_run=dry_run, yes=yes, as_json=as_json)


@end.command("project")
@click.argument("project")
@_on
@_dry
@_yes
@json_option
@click.pass_obj
def end_project(
    context: Context, project: str, on: datetime | None, dry_run: bool, yes: bool, as_json: bool
) -> int:
    """Destroy the keys, marts and study ids of a project that has ended."""
    return _end(context, _scope("project"), project, on, dry_run=dry_run, yes=yes, as_json=as_json)


@end.command("resume")
@json_option
@click.pass_obj
def end_resume(context: Context, as_json: bool) -> int:
    """Finish what was interrupted. Every run does so first; this does nothing else."""
    from pipelines.cli.progress import watch
    from pipelines.occupation import occupy

    with context.hub() as hub:
        waiting = [ending.id for ending in hub.registry.ends.unfinished()]
    with watch() as progress, occupy(context.existing(), "end", progress=progress) as workplace:
        endings = [workplace.hub.registry.ends.get(one) for one in waiting]
    payload = {"schema": "commonweal/end/1", "endings": [_told(ending) for ending in endings]}
    emit(payload, as_json=as_json, people=lambda: _show_endings(payload))
    return _code(endings)


@end.command("attest")
@click.argument("project")
@click.option("--by", required=True, help="Office and organisation that attests.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The signed statement; its digest is kept, and its first line.",
)
@json_option
@click.pass_obj
def end_attest(context: Context, project: str, by: str, file: Path, as_json: bool) -> None:
    """Record what a recipient of a project's data attests about its copies."""
    from data_sharing_agreements.errors import UsageFault
    from data_sharing_agreements.holding import check_may_hold
    from pipelines.session import signed_in

    content = file.read_bytes()
    statement = content.decode("utf-8", "replace").strip().split("\n", 1)[0][:200]
    with context.hub() as hub:
        if project not in hub.agreements.projects():
            raise UsageFault.of(
                "no-such-subject",
                "There is no project of this name.",
                why="Recipients attest about the data of one project.",
                next=f"Name one of {', '.join(hub.agreements.projects())}.",
            )
        digest, account = hashlib.sha256(content).hexdigest(), signed_in(hub)
        check_may_hold(hub.agreements, project, account)
        made = hub.registry.copies.attest(project, by, statement, digest, account.name)
    payload = {"schema": "commonweal/end/1", "project": project, "by": made.attested_by, "sha256": digest}
    emit(payload, as_json=as_json, people=lambda: say(f"Recorded what {by} attested for {project}."))


@click.command()
@click.option("--delivery", help="Purge one delivery, by its id.")
@click.option("--record-notice", help="Purge the records a restriction notice names, by the notice's id.")
@click.option("--source", help="The source of the notice.")
@_dry
@_yes
@json_option
@click.pass_obj
def purge(
    context: Context,
    delivery: str | None,
    record_notice: str | None,
    source: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Purge one delivery, or the records an agency's notice seals, expunges or withdraws consent for."""
    if delivery and not record_notice:
        return _end(context, _scope("delivery"), delivery, None, dry_run=dry_run, yes=yes, as_json=as_json)
    if not record_notice or not source or delivery:
        raise click.UsageError("Give --delivery, or --record-notice with --source.")
    return _purge_notice(context, source, record_notice, dry_run=dry_run, yes=yes, as_json=as_json)


def _scope(name: str) -> "Scope":
    from data_sharing_agreements.ends import Scope

    return Scope(name)


def _end(
    context: Context,
    scope: "Scope",
    subject: str,
    on: datetime | None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    from pipelines.cli.progress import watch
    from pipelines.ends import end as carry_out
    from pipelines.ends import planner_of

    deployment = context.existing()
    day = on.date() if on else deployment.today()
    if day > deployment.today() and not dry_run:
        raise click.UsageError("A later day can only be tried with --dry-run.")
    planner = planner_of(scope, subject, day)
    with context.hub() as hub:
        plan = planner(hub)
    if dry_run:
        return _show_plan(plan, as_json)
    _ask(plan, yes=yes or bool(plan.faults))
    with watch() as progress:
        ending = carry_out(deployment, planner, progress=progress)
    return _finish(ending, as_json)


def _purge_notice(
    context: Context, source: str, notice: str, *, dry_run: bool, yes: bool, as_json: bool
) -> int:
    from pipelines.cli.progress import watch
    from pipelines.ends import end_notice
    from warehouse.ends.plan import plan_records
    from warehouse.ends.records import records_of_notice

    deployment = context.existing()
    with context.held_hub("purge") as hub:
        _, kinds = records_of_notice(hub, source, notice)
        plan = plan_records(hub, source, notice, "+".join(kinds), deployment.today())
    if dry_run:
        return _show_plan(plan, as_json)
    _ask(plan, yes=yes or bool(plan.faults))
    with watch() as progress:
        ending = end_notice(deployment, source, notice, deployment.today(), progress)
    return _finish(ending, as_json)


def _ask(plan: "Plan", *, yes: bool) -> None:
    if not yes:
        marts = len(plan.marts)
        click.confirm(
            f"This destroys the data of {plan.subject} for good and retracts {marts} mart versions. Go on?",
            abort=True,
            err=True,
        )


def _show_plan(plan: "Plan", as_json: bool) -> int:
    from dataclasses import asdict

    faults = [asdict(fault) for fault in plan.faults]
    payload = {"schema": "commonweal/end/1", "dry_run": True, **plan.to_json(), "errors": faults}
    emit(payload, as_json=as_json, people=lambda: _say_plan(plan))
    return 3 if plan.faults else 0


def _say_plan(plan: "Plan") -> None:
    say(f"{plan.document} version {plan.version}, clause {plan.clause}: {plan.reason}.")
    say(f"Deliveries that would be purged: {len(plan.deliveries):,}")
    say("Mart versions that would be retracted, and made anew where a license permits it:")
    table(["project", "version"], [list(mart) for mart in plan.marts])
    for fault in plan.faults:
        say(f"It may not be done: {fault.what} {fault.next}")
    if not plan.faults:
        say("Nothing was touched. Without --dry-run it is done, and cannot be undone.")


def _told(ending: "Ending") -> dict[str, Any]:
    facts = ending.facts
    searched = facts.get("searched") or {}
    found = [*searched.get("found", ()), *searched.get("files", {}).get("found", ())]
    return {
        "id": ending.id,
        "scope": ending.kind,
        "subject": ending.subject,
        "document": ending.document,
        "state": ending.state,
        "keys_destroyed": sorted({*facts.get("rewritten", {}), *facts.get("keys", {})}),
        "marts_retracted": [{"project": p, "version": v} for p, v in facts.get("marts", ())],
        "marts_made_anew": facts.get("marts_made_anew", []),
        "indicators_marked": facts.get("indicators", []),
        "found": found,
        "certificate": facts.get("certificate"),
        "log_entry": facts.get("log_entry"),
    }


def _finish(ending: "Ending", as_json: bool) -> int:
    payload = {"schema": "commonweal/end/1", "endings": [_told(ending)]}
    emit(payload, as_json=as_json, people=lambda: _show_endings(payload))
    return _code([ending])


def _code(endings: "list[Ending]") -> int:
    """Something that ended is still found in a file: integrity."""
    return 6 if any(_told(ending)["found"] for ending in endings) else 0


def _show_endings(payload: dict[str, Any]) -> None:
    if not payload["endings"]:
        say("Nothing was left unfinished.")
    for one in payload["endings"]:
        say(f"{one['subject']} ended ({one['scope']}): {one['state']}.")
        say(f"Keys destroyed: {', '.join(one['keys_destroyed']) or 'none'}")
        made = [f"{mart['project']} version {mart['version']}" for mart in one["marts_made_anew"]]
        say(f"Marts retracted: {len(one['marts_retracted']):,}; made anew: {', '.join(made) or 'none'}")
        if one["indicators_marked"]:
            say(f"Figures that rest on destroyed data, and say so: {', '.join(one['indicators_marked'])}")
        if one["found"]:
            say(f"STILL FOUND in {', '.join(one['found'])}. The certificate says so.")
        else:
            say("Searched afterwards: nothing was found.")
        say(f"Certificate {one['certificate']}: `commonweal certificate show {one['certificate']}`")
