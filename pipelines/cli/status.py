"""`commonweal status`: where a deployment stands.

Belongs here: reading the registry, printing. Does not: opening any store.
"""

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say, table
from pipelines.cli.run import unknown_files

if TYPE_CHECKING:
    from data_sharing_agreements.registry import Delivery, Run
    from warehouse.hub import Hub


@click.command()
@json_option
@click.pass_obj
def status(context: Context, as_json: bool) -> None:
    """Show what is going on: the run, deliveries by source, link version, marts, log."""
    with context.hub() as hub:
        payload = standing(hub)
    emit(payload, as_json=as_json, people=lambda: _show(payload))


def standing(hub: "Hub") -> dict[str, Any]:
    """Return where a deployment stands, as `commonweal/status/1`."""
    from pipelines.ends_told import told
    from pipelines.incidents import told_of
    from pipelines.lock import holder_of
    from pipelines.products import current_link, current_marts
    from warehouse.ingest.discovery import unmatched_files
    from warehouse.oversight.duties import duties_of

    duties = duties_of(hub)
    holder = holder_of(hub.deployment.lock_path)
    last = hub.registry.runs.last()
    deliveries = hub.registry.deliveries.all()
    return {
        "schema": "commonweal/status/1",
        "name": hub.deployment.name,
        "home": str(hub.deployment.home),
        "running": asdict(holder) if holder else None,
        "last_run": _run(last) if last else None,
        "sources": [_source(source, deliveries) for source in hub.contracts.sources],
        "link": current_link(hub),
        "marts": current_marts(hub),
        "unknown_files": unmatched_files(hub.contracts, hub.deployment.landing),
        "log": {"size": hub.log.size, "root": hub.log.root},
        "stops": [
            {"document": s.document, "by": s.by, "since": s.start.isoformat(), "incident": s.incident}
            for s in hub.registry.stops.standing()
        ],
        "incidents": [told_of(hub, one) for one in hub.registry.incidents.all() if one.state == "open"],
        "ends": told(hub),
        "separation_of_duties": duties.to_json() | {"words": duties.words},
    }


def _run(run: "Run") -> dict[str, Any]:
    return {
        "run_id": str(run.id),
        "kind": run.kind,
        "status": run.status,
        "exit_code": run.exit_code,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }


def _source(source: str, deliveries: "list[Delivery]") -> dict[str, Any]:
    own = [delivery for delivery in deliveries if delivery.source == source]
    standing = [delivery for delivery in own if delivery.state == "accepted"]
    counts = Counter(str(delivery.state) for delivery in own)
    return {
        "source": source,
        "standing": len(standing),
        "latest_period": max((delivery.period for delivery in standing), default=None),
        "rows": sum(delivery.rows_out for delivery in standing),
        "pending": counts["pending"],
        "held": counts["held"],
        "refused": counts["refused"],
    }


def _show(payload: dict[str, Any]) -> None:
    say(f"{payload['name']}: {payload['home']}")
    running, last = payload["running"], payload["last_run"]
    if running:
        say(f"Going on: `{running['kind']}`, process {running['pid']}, since {running['since']}")
    if last:
        ended = f", ended {str(last['finished_at'])[:19]}" if last["finished_at"] else ""
        say(f"Last run: {last['run_id']} {last['status']}{ended}")
    columns = ("source", "standing", "latest_period", "rows", "pending", "held", "refused")
    table([c.replace("_", " ") for c in columns], [[s[c] for c in columns] for s in payload["sources"]])
    if payload["link"]:
        link = payload["link"]
        say(f"Link version {link['version']}: {link['records']:,} records of {link['persons']:,} persons")
    marts = [
        [m["project"], m["mart"], m["version"], m["rows"], m["stopped"] or "yes"] for m in payload["marts"]
    ]
    table(["project", "mart", "version", "rows", "may be used"], marts)
    if payload["unknown_files"]:
        say(unknown_files(payload["unknown_files"]))
    for stop in payload["stops"]:
        cause = f", incident {stop['incident']}" if stop["incident"] else ""
        say(f"Stopped: {stop['document']} by {stop['by']} since {stop['since']}{cause}")
    for one in payload["incidents"]:
        late = f", {one['overdue']} OVERDUE" if one["overdue"] else ""
        what = one["kind"].replace("_", " ")
        say(f"Incident {one['incident']}: {what}; {one['due']} still to be told{late}")
    if payload["separation_of_duties"]["words"]:
        say(payload["separation_of_duties"]["words"])
    _show_ends(payload["ends"])
    say(f"Log: {payload['log']['size']:,} entries, root {str(payload['log']['root'])[:16]}…")


def _show_ends(ends: dict[str, Any]) -> None:
    for one in ends["unfinished"]:
        say(f"Unfinished: the end of {one['subject']}, which is {one['state']}. The next run finishes it.")
    for one in ends["due"]:
        say(f"Overdue: {one['subject']} ended and was to be destroyed by {one['by']}: `commonweal end`.")
    for one in ends["holds"]:
        say(f"Legal hold {one['id']} ({one['reason']}) on the {one['kind']} {one['subject']}.")
