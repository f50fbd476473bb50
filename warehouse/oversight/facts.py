"""What happened in a period, from the registry and the log: deliveries, links, outputs, ends, log.

Belongs here: one function a section of the board's report. Does not: rendering, or a
count of people below the cell rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from data_sharing_agreements.cells import smallest_cell, withheld
from data_sharing_agreements.register import OpenState
from data_sharing_agreements.registry.products import Mart
from warehouse.hub import Hub
from warehouse.oversight.decided import entries_of
from warehouse.oversight.linkage import last_known_quality
from warehouse.oversight.open_data import Key, open_data_of
from warehouse.oversight.period import Period


def deliveries(hub: Hub, period: Period) -> list[dict[str, Any]]:
    """Return, by source, what arrived in the period, what was held, and what share was refused."""
    found = [d for d in hub.registry.deliveries.all() if period.holds(d.received_at)]
    return [_source(source, [d for d in found if d.source == source]) for source in hub.contracts.sources]


def _source(source: str, own: list[Any]) -> dict[str, Any]:
    states = Counter(str(d.state) for d in own)
    rows, refused = sum(d.rows_in for d in own), sum(d.rows_quarantined for d in own)
    return {
        "source": source,
        "arrived": len(own),
        "accepted": states["accepted"] + states["superseded"],
        "held": states["held"],
        "refused": states["refused"],
        "rows": rows,
        "quarantined_share": refused / rows if rows else None,
        "latest": max((d.period for d in own if str(d.state) == "accepted"), default=None),
        "rules": sorted({rule["rule"] for d in own for rule in d.held_rules}),
    }


def links(hub: Hub, period: Period) -> dict[str, Any]:
    """Return the link versions made in the period, and the errors of the newest whose errors are known."""
    smallest = smallest_cell(hub.agreements)
    return {
        "versions": [
            {
                "version": one.version,
                "made": one.created_at[:10],
                "model": one.model,
                "records": withheld(one.records, smallest),
                "persons": withheld(one.persons, smallest),
            }
            for one in hub.registry.link_versions.all()
            if period.holds(one.created_at)
        ],
        "quality": dict(last_known_quality(hub)),
    }


def outputs(hub: Hub, period: Period) -> dict[str, Any]:
    """Return what was made and released in the period, also what was destroyed since.

    Of what is for the public, `published` says whether it left, and `in_review_until` the
    first day it may, while it waits.
    """
    gone = hub.registry.ends.retracted_marts()
    projects = {mart.project for mart in hub.registry.marts.all()} | {project for project, _ in gone}
    states, out = open_data_of(hub), _exported(hub)
    published = [
        {
            "project": one.project,
            "mart": one.mart,
            "title": one.codebook.get("title", one.mart),
            "version": one.version,
            "on": one.published_at[:10],
            "public": one.codebook.get("kind") == "public",
            "destroyed": (one.project, one.version) in gone,
            "published": _is_out(one, states, out),
            "in_review_until": _review_ends(one, states),
        }
        for project in sorted(projects)
        for one in hub.registry.marts.history(project)
        if period.holds(one.published_at)
    ]
    kinds = ("query", "table", "release")
    return {"published": published, "asked": {k: len(entries_of(hub, period, k)) for k in kinds}}


def _review_ends(mart: Mart, states: Mapping[Key, OpenState]) -> str | None:
    state = states.get((mart.project, mart.mart, mart.version))
    return None if state is None else state.in_review_until


def _is_out(mart: Mart, states: Mapping[Key, OpenState], out: Mapping[str, str]) -> bool:
    """Return whether a public table left: by its note, or, if that is gone, by what the log permitted."""
    if mart.codebook.get("kind") != "public":
        return False
    state = states.get((mart.project, mart.mart, mart.version))
    if state is not None:
        return state.published is not None
    return mart.published_at[:10] <= out.get(mart.project, "")


def _exported(hub: Hub) -> Mapping[str, str]:
    """Return, by project, the day the newest table was made of those that agreements let go."""
    found: dict[str, str] = {}
    for entry in hub.log.show(None, kind="decision"):
        told = entry["summary"]
        if told is not None and told["permitted"] and told["request"]["verb"] == "export":
            asked = told["request"]
            found[asked["project"]] = max(found.get(asked["project"], ""), asked["made"])
    return found


def restrictions(hub: Hub, period: Period) -> list[dict[str, Any]]:
    """Return, by source, how many signed notices of restrictions arrived, withheld where few.

    A notice may be about one person, so its count is treated like a count of persons.
    """
    smallest = smallest_cell(hub.agreements)
    counted = Counter(
        str(e["summary"]["source"]) for e in entries_of(hub, period, "restriction") if e["summary"]
    )
    return [{"source": s, "notices": withheld(n, smallest)} for s, n in sorted(counted.items())]


def ends(hub: Hub, period: Period) -> dict[str, Any]:
    """Return endings, legal holds and backups: what was destroyed, what was kept from it."""
    journal = hub.registry.ends
    return {
        "endings": [
            {
                "certificate": one.id,
                "what": str(one.kind),
                "subject": one.subject if one.kind in ("dsa", "project") else one.source,
                "document": one.document,
                "state": str(one.state),
                "on": (one.ended_at or one.begun_at)[:10],
            }
            for one in journal.all()
            if period.holds(one.ended_at or one.begun_at) or one.ended_at is None
        ],
        "holds": [
            {"what": str(one.kind), "reason": str(one.reason).replace("_", " "), "since": one.set_at[:10]}
            for one in journal.holds()
        ],
        "backups": [
            {"taken": one.taken_at[:10], "kept_until": one.kept_until, "with_keys": one.with_keys}
            for one in hub.registry.copies.backups()
        ],
    }


def log_facts(hub: Hub, period: Period) -> dict[str, Any]:
    """Return how the log grew, its last checkpoint, and who vouches for it outside the hub."""
    marks = sorted(path.stem for path in hub.deployment.checkpoints.glob("*.json"))
    witnesses = hub.agreements.emou.witnesses
    return {
        "size": hub.log.size,
        "root": hub.log.root,
        "entries": sum(period.holds(e["at"]) for e in hub.log.show(None, since=period.start.isoformat())),
        "checkpoints": len(marks),
        "last_checkpoint": int(marks[-1]) if marks and marks[-1].isdigit() else None,
        "witnesses": list(witnesses.names) if witnesses else [],
        "required": witnesses.required if witnesses else 0,
        "cosigned": [
            {"witness": e["summary"]["witness"], "size": e["summary"]["size"], "on": e["at"][:10]}
            for e in entries_of(hub, period, "witness")
            if e["summary"]
        ],
    }
