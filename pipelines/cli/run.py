"""`commonweal run`: everything, from deliveries to indicators.

Belongs here: options and the printed report. Does not: the run.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from data_sharing_agreements.errors import CommonwealError, Held, Refused
from pipelines.cli.context import Context
from pipelines.cli.output import emit, error_text, json_option, note, say, table

if TYPE_CHECKING:
    from pipelines.report import RunReport

MOST_FILES = 5
"""Names of unknown files that are printed; programs are given all."""


@click.command()
@click.option(
    "--landing",
    type=click.Path(path_type=Path),
    help="Read deliveries from this directory instead of the home's own. It is never written to.",
)
@click.option(
    "--full-link",
    is_flag=True,
    help="Link everything again, even if an increment would do or nothing is new.",
)
@json_option
@click.pass_obj
def run(context: Context, landing: Path | None, full_link: bool, as_json: bool) -> int:
    """Take every delivery that has arrived to marts and indicators.

    Starts where the last run ended, however it ended. With nothing new it is over
    in seconds.
    """
    from pipelines.cli.progress import watch
    from pipelines.runner import run_everything

    deployment = context.deployment()
    with watch() as progress:
        report = run_everything(deployment, landing, progress, full_link=full_link)
    payload = report.to_json()
    emit(payload, as_json=as_json, people=lambda: _show(payload))
    if not as_json:
        for problem in problems(report):
            note(error_text(problem))
    return report.exit_code


def problems(report: "RunReport") -> list[CommonwealError]:
    """Return what went wrong, each fault once: failures, then what was held and refused."""
    told = {detail for failure in report.failures for detail in failure.details}
    found = list(report.failures)
    for kind, status in ((Held, "held"), (Refused, "refused")):
        details = [d for step in report.steps if step.status == status for d in step.errors]
        if left := tuple(dict.fromkeys(d for d in details if d not in told)):
            found.append(kind(*left))
    return found


def _show(payload: dict[str, Any]) -> None:
    columns = ("step", "source", "period", "rows_in", "rows_out", "rows_quarantined", "seconds", "status")
    table([c.replace("_", " ") for c in columns], [[step[c] for c in columns] for step in payload["steps"]])
    for held in payload["held"]:
        rules = ", ".join(f"{rule['rule']} ({rule['rows']:,} rows)" for rule in held["rules"])
        say(f"Held: {held['source']} {held['period']}: {rules}. The delivery before it stands.")
    for line in refusals(payload["refused"]):
        say(line)
    if payload["unknown_files"]:
        say(unknown_files(payload["unknown_files"]))
    say()
    _show_results(payload)
    say(f"Run {payload['run_id']} {payload['status']} in {payload['seconds']:.1f} s.")


def unknown_files(names: list[str]) -> str:
    """Say which files were left lying because no contract knows them."""
    shown = ", ".join(names[:MOST_FILES]) + (" and others" if len(names) > MOST_FILES else "")
    return (
        f"Left lying, for no contract knows them: {len(names)} files ({shown}). Whoever looks after the "
        "landing directory takes them away: what no contract knows is governed by none."
    )


def refusals(refused: list[dict[str, Any]]) -> list[str]:
    """Return one line for each reason, with everything it stops."""
    stops: dict[str, list[str]] = {}
    for one in refused:
        reason = f"{one['reason']} ({one['document']}, {one['clause']})"
        stops.setdefault(reason, []).append(" ".join([one["verb"], ", ".join(one["names"])]).strip())
    return [f"Refused: {reason} It stops: {'; '.join(names)}." for reason, names in stops.items()]


def _show_results(payload: dict[str, Any]) -> None:
    if payload["link"]:
        link = payload["link"]
        say(f"Link version {link['version']}: {link['records']:,} records of {link['persons']:,} persons.")
    for mart in payload["marts"]:
        name = f"{mart['project']}/{mart['mart']}"
        stopped = f" It may not be used: {mart['stopped']}" if mart["stopped"] else ""
        say(f"Mart {name} version {mart['version']}: {mart['rows']:,} rows, {mart['path']}.{stopped}")
    for report in payload["reports"]:
        say(f"Report {report['kind']}: {report['path']}")
    if payload["separation_of_duties"]["words"]:
        say(payload["separation_of_duties"]["words"])
    log = payload["log"]
    say(f"Log: {log['size']:,} entries, root {str(log['root'])[:16]}…")
