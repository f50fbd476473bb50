"""`commonweal impact`: what would stop or change, before anybody signs it.

Belongs here: options and the printed forecast. Does not: the forecast
(warehouse.impact). Nothing is done and nothing is logged.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say, table

if TYPE_CHECKING:
    from datetime import date

    from data_sharing_agreements.documents import Agreements
    from warehouse.hub import Hub
    from warehouse.impact import Forecast


@click.command()
@click.option("--end", metavar="DOCUMENT", help="The document ends: it permits nothing from the day on.")
@click.option("--stop", metavar="DOCUMENT", help="The document is stopped from the day on.")
@click.option(
    "--change",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file's document is in force, signed by everybody, instead of the one of its id.",
)
@click.option(
    "--roster",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file's signatories are those who may sign, admitted by the board.",
)
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day. Default: today.")
@json_option
@click.pass_obj
def impact(
    context: Context,
    end: str | None,
    stop: str | None,
    change: Path | None,
    roster: Path | None,
    on: datetime | None,
    as_json: bool,
) -> None:
    """Foretell what would stop or change if a document ended, was stopped or changed.

    The same decisions are made as a run would make, with the documents as they are and as
    they would be, on one day. Nothing is done, and nothing is written to the log.
    """
    if sum(option is not None for option in (end, stop, change, roster)) != 1:
        raise click.UsageError("Give exactly one of --end, --stop, --change and --roster.")
    with context.hub() as hub:
        found, sooner = _foretold(
            hub, end or stop, change, roster, on.date() if on else hub.deployment.today()
        )
    payload = found.to_json() | {"look_again_on": str(sooner) if sooner else None}
    emit(payload, as_json=as_json, people=lambda: _show(payload))


def _foretold(
    hub: "Hub", document: str | None, change: Path | None, roster: Path | None, on: "date"
) -> "tuple[Forecast, date | None]":
    """Return the forecast of a day, and a later day on which a changed document would have run out sooner."""
    from data_sharing_agreements.documents.loader import prohibitions_of
    from privacy.keys import load_roster
    from warehouse.impact import ending, forecast, with_document, with_roster

    before = hub.gate.current()
    if change is not None:
        forbidden = prohibitions_of(hub.deployment.agreements_dir)
        after, faults = with_document(before.on(on), change, forbidden)
        return forecast(hub, before, after, on, tuple(faults)), runs_out_sooner(before, after, on)
    if roster is not None:
        hub_key = load_roster(hub.deployment.keys_dir).signing_public
        return forecast(hub, before, with_roster(before, roster, hub_key), on), None
    assert document is not None
    return forecast(hub, before, ending(before, document, on), on), None


def runs_out_sooner(before: "Agreements", after: "Agreements", on: "date") -> "date | None":
    """Return the first day on which a document is over that is in force today as it stands."""
    last = {document.id: document.term.expiry for document in before.on(on).documents()}
    ends = [d.term.expiry for d in after.documents() if on <= d.term.expiry < last.get(d.id, d.term.expiry)]
    return min(ends) + timedelta(days=1) if ends else None


def sentences(items: list[dict[str, Any]]) -> list[str]:
    """Return what happens in sentences; what is refused for the same reasons in one."""
    together: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        key = item["why"] if item["effect"] == "refused" and not item["columns"] else item["sentence"]
        together.setdefault(key, []).append(item)
    said = []
    for key, group in together.items():
        if len(group) == 1:
            said.append(group[0]["sentence"])
        else:
            kinds = dict.fromkeys(item["kind"] for item in group)
            named = (f"{kind} {', '.join(i['name'] for i in group if i['kind'] == kind)}" for kind in kinds)
            said.append(f"{key}. It stops: {'; '.join(named)}.")
    return said


def _show(payload: dict[str, Any]) -> None:
    items = [*payload["stops"], *payload["changes"]]
    if items:
        table(["what", "name", "then"], [[i["kind"], i["name"], i["effect"]] for i in items])
        say()
        for line in sentences(items):
            say(line)
    say(
        f"On {payload['on']}, {len(payload['stops'])} uses would stop, "
        f"{len(payload['changes'])} would change, {payload['unchanged']} would go on as they are."
    )
    if payload["look_again_on"]:
        say(
            f"Only {payload['on']} was looked at, and the changed document runs out sooner than now. "
            f"Look again with `--on {payload['look_again_on']}`."
        )
    if payload["faults"]:
        say("\nThe documents would contradict one another, and nothing would run before that is mended:")
        for fault in payload["faults"]:
            say(f"  {fault['what']}")
