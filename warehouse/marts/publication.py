"""Open data between the mart and the public: laid out for its reviewers, then published.

Belongs here: the files of a public mart while reviewers have their days, and moving them
to `reports/open_data/` when the gate lets them go. Does not: making the counts
(aggregate.py), or how long reviewers have (the obligations of a decision).

Each version waits by itself, so that a mart made anew each week is still published.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from data_sharing_agreements.decisions import Decision, Request
from data_sharing_agreements.decisions.rules_time import after_working_days
from data_sharing_agreements.errors import Refused
from data_sharing_agreements.publication import WAITS
from warehouse.hub import Hub
from warehouse.oversight.open_data import IN_REVIEW, OPEN_DATA
from warehouse.steps import StepResult

_DATA = (".csv", ".parquet")


def lay_out(
    hub: Hub, request: Request, decision: Decision, name: str, version: str, frame: pd.DataFrame
) -> None:
    """Write a public mart's table where its reviewers find it, with a note of what binds it.

    Args:
        hub: The hub.
        request: What was asked to prepare it; the same is asked again to publish.
        decision: The permission to prepare, with its obligations.
        name, version: Of the mart.
        frame: The protected counts.
    """
    duties, made = decision.obligations, hub.gate.today()
    place = hub.reports(IN_REVIEW, f"{name}-{version}")
    frame.to_csv(place.with_name(f"{place.name}.csv"), index=False)
    frame.to_parquet(place.with_name(f"{place.name}.parquet"), index=False)
    note = {
        "schema": "commonweal/open-data/1",
        "project": request.project,
        "mart": name,
        "version": version,
        "made": made.isoformat(),
        "may_leave_from": after_working_days(made, duties.review_days).isoformat(),
        "reviewers": list(duties.reviewers),
        "attribution": list(duties.attribution),
        "fields": sorted(request.fields),
        "obligations": duties.listed(),
    }
    place.with_name(f"{place.name}.json").write_text(json.dumps(note, indent=1), encoding="utf-8")


def publish_reviewed(hub: Hub, step: str) -> list[StepResult]:
    """Publish every table whose reviewers have had their days, the oldest version first.

    Returns:
        One result a table that was published, or that agreements no longer let go; none
        for a table that still waits.
    """
    results = []
    for place, note in _waiting(hub):
        if hub.gate.today() < date.fromisoformat(note["may_leave_from"]):
            continue
        name = f"{note['project']}/{note['mart']} (open data)"
        try:
            hub.gate.require(_request(note))
        except Refused as error:
            if {detail.code for detail in error.details} == {WAITS}:
                continue
            results.append(StepResult(step, name, status="refused", errors=error.details))
            continue
        _move(hub, place, note)
        results.append(StepResult(step, name))
    return results


def _waiting(hub: Hub) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    notes = hub.reports(IN_REVIEW, "note").parent.glob("*.json")
    gone = hub.registry.ends.retracted_marts()
    read = [(path, json.loads(path.read_text(encoding="utf-8"))) for path in notes]
    found = [(path, note) for path, note in read if (note["project"], note["version"]) not in gone]
    yield from sorted(found, key=lambda one: (one[1]["mart"], int(one[1]["version"])))


def _request(note: Mapping[str, Any]) -> Request:
    return Request(
        "export",
        project=note["project"],
        fields=frozenset(note["fields"]),
        form="aggregates",
        made=date.fromisoformat(note["made"]),
    )


def _move(hub: Hub, place: Path, note: Mapping[str, Any]) -> None:
    """Rename the tables, and the note last: it says that all are there."""
    published = {**note, "published": hub.gate.today().isoformat()}
    for suffix in _DATA:  # a killed move is finished by the next run
        if place.with_suffix(suffix).exists():
            place.with_suffix(suffix).replace(hub.reports(OPEN_DATA, f"{note['mart']}{suffix}"))
    place.write_text(json.dumps(published, indent=1), encoding="utf-8")
    place.replace(hub.reports(OPEN_DATA, f"{note['mart']}.json"))
