"""What stands: link version, marts, pages.

Belongs here: reading the registry and the reports directory, as objects of the
interface. Does not: making any of it, or opening a store.
"""

from typing import Any

from data_sharing_agreements.decisions import Request, decide
from warehouse.hub import Hub


def current_link(hub: Hub) -> dict[str, Any] | None:
    """Return version, records and persons of the latest link version."""
    latest = hub.registry.link_versions.latest()
    if latest is None:
        return None
    return {"version": latest.version, "records": latest.records, "persons": latest.persons}


def current_marts(hub: Hub) -> list[dict[str, Any]]:
    """Return each project's current mart: version, file below the home, rows, and why it may not be used.

    `stopped` is None where the license and all it rests on permit to use it today.
    """
    marts = hub.registry.marts.all()
    stopped = {project: why_stopped(hub, project) for project in {mart.project for mart in marts}}
    return [
        {
            "project": mart.project,
            "mart": mart.mart,
            "version": mart.version,
            "path": mart.path,
            "rows": mart.rows,
            "stopped": stopped[mart.project],
        }
        for mart in marts
    ]


def why_stopped(hub: Hub, project: str) -> str | None:
    """Return the first reason why a project's marts may not be used today, or None. Nothing is logged."""
    request = Request("show", project=project, form="aggregates")
    decision = decide(request, hub.gate.current(), hub.gate.today())
    return None if decision.permitted else decision.reasons[0].text


def reports(hub: Hub) -> list[dict[str, str]]:
    """Return the pages in the home's reports: their kind (directory, or name) and path."""
    root = hub.deployment.reports
    pages = sorted(root.rglob("*.html"))
    return [{"kind": page.relative_to(root).with_suffix("").parts[0], "path": str(page)} for page in pages]
