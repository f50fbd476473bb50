"""No path moves data without a decision: every reader and writer of every store, and what covers it.

Belongs here: the list of sites, held against the code (by parsing it) and against a whole run
(by watching it). Does not: whether a decision is right (tests of `decide`).

A *site* is a function that opens, destroys or publishes a store. It must be listed below with
the words of the decisions that cover it and the function that asks the gate; a site that is not
listed, or whose asker does not ask or does not lead to it, fails here.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from data_sharing_agreements.vocabulary import Verb
from tests.decisions_recorder import PACKAGES, recording
from warehouse.deployment import Deployment
from warehouse.hub import Hub

ROOT = Path(__file__).resolve().parents[2]
OPENER = "warehouse/opener.py"
OPENING = frozenset({"session", "destroy", "remove", "publish"})


class Cover(NamedTuple):
    """What covers a site: the verbs, any of which is enough, and the function that asks."""

    verbs: frozenset[str]
    asker: str


def by(asker: str, *verbs: str) -> Cover:
    assert set(verbs) <= set(Verb)
    return Cover(frozenset(verbs), asker)


INGEST, FLOW = "warehouse/ingest/flow.py:_ingest_delivery", "warehouse/ingest/flow.py"
MARTS, BUILDER = "warehouse/marts/plan.py:plan_project", "warehouse/marts/builder.py"
ENDING, ENDS = "warehouse/ends/steps.py:carry_out", "warehouse/ends"
SETTLE = "warehouse/restrictions/settle.py"

SITES: dict[str, Cover] = {
    f"{FLOW}:_ingest_source": by(f"{FLOW}:ingest_pending", "keep"),
    f"{FLOW}:_sweep": by(f"{FLOW}:ingest_pending", "keep"),
    f"{FLOW}:_take": by(INGEST, "ingest"),
    "warehouse/ingest/standing.py:stores_agree": by(f"{FLOW}:ingest_pending", "keep"),
    "warehouse/ingest/quarantine.py:quarantine_report": by(
        "warehouse/ingest/quarantine.py:quarantine_report", "report"
    ),
    "assets/link.py:make_spine": by("assets/link.py:permitted_sources", "link"),
    "assets/fairness.py:_is_missing": by("assets/fairness.py:_is_missing", "keep"),
    "assets/fairness.py:tell_fairness": by("warehouse/core/builder.py:build", "link"),
    "assets/core.py:count_rows": by("assets/core.py:count_rows", "keep"),
    "warehouse/core/builder.py:_plan": by("warehouse/core/builder.py:build", "link"),
    "warehouse/core/builder.py:build": by("warehouse/core/builder.py:build", "link"),
    f"{BUILDER}:publish": by(f"{BUILDER}:publish", "keep"),
    f"{BUILDER}:_make": by(MARTS, "build"),
    f"{BUILDER}:_publish_project": by(MARTS, "build"),
    "warehouse/marts/own_core.py:restricted_digest": by(MARTS, "build"),
    "warehouse/indicators/compute.py:_compute": by("warehouse/indicators/compute.py:_permission", "build"),
    "warehouse/query/gateway.py:query": by("warehouse/query/gateway.py:query", "query"),
    "warehouse/query/table.py:table": by("warehouse/query/table.py:table", "query"),
    "pipelines/measurement.py:measure": by("pipelines/measurement.py:measure", "evaluate"),
    "pipelines/reviews.py:_opened": by("pipelines/reviews.py:_permitted", "review"),
    "pipelines/spines.py:_opened": by("pipelines/spines.py:_opened", "keep"),
    "pipelines/stores.py:faults_of_stores": by("pipelines/stores.py:faults_of_stores", "keep"),
    "warehouse/oversight/people.py:people_by_source": by(
        "warehouse/oversight/people.py:people_by_source", "keep"
    ),
    "warehouse/restrictions/intake.py:_apply": by(
        "warehouse/restrictions/intake.py:_why_refused", "restrict"
    ),
    f"{SETTLE}:settle": by(f"{SETTLE}:_ask", "restrict", "keep"),
    f"{SETTLE}:_empty_quarantine": by(f"{SETTLE}:_ask", "restrict", "keep"),
    "warehouse/restrictions/status.py:restriction_status": by(
        "warehouse/restrictions/status.py:restriction_status", "restrict"
    ),
    "warehouse/restrictions/own_spine.py:linking": by(
        "warehouse/restrictions/own_spine.py:ask_for_spine", "build"
    ),
    "warehouse/restrictions/own_spine.py:destroy_own_spine": by(ENDING, "destroy"),
    f"{ENDS}/records.py:records_of_notice": by(f"{ENDS}/records.py:records_of_notice", "destroy"),
    f"{ENDS}/listing.py:ask_for": by(f"{ENDS}/records.py:records_of_notice", "destroy"),
    **{
        f"{ENDS}/{site}": by(ENDING, "destroy")
        for site in (
            "again.py:seal_records",
            "files.py:search_files",
            "listing.py:_study_ids",
            "listing.py:list_what_goes",
            "listing.py:was_asked",
            "purge.py:_bury",
            "purge.py:_excuse",
            "purge.py:rewrite_one",
            "retract.py:destroy_project",
            "retract.py:retract",
            "rewrite.py:copy_kept",
            "rewrite.py:put_in_place",
            "search.py:search_stores",
            "steps.py:carry_out",
        )
    },
}
"""Every site, and what covers it."""

BESIDE = {
    f"{ENDS}/listing.py:ask_for",
    "warehouse/restrictions/own_spine.py:linking",
    "assets/fairness.py:tell_fairness",
}
"""Sites whose asker does not lead to them, but is called before them by whoever calls both."""

OUTSIDE = {"warehouse/encoded/scratch.py:scratch"}
"""Sites at an agency, on its own files: there is no home, and nobody but the agency to ask."""

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Assign | ast.AnnAssign
"""A function, or a table at the top of a module, whose functions whoever names it may call."""


@cache
def functions() -> dict[str, Function]:
    """Every function of the house outside the opener, as `path:name`."""
    found: dict[str, Function] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            if place == OPENER:
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    found[f"{place}:{node.name}"] = node
            for table in tree.body:
                if isinstance(table, ast.Assign | ast.AnnAssign):
                    target = table.targets[0] if isinstance(table, ast.Assign) else table.target
                    found[f"{place}:{ast.unparse(target)}"] = table
    return found


def calls(function: Function) -> Iterator[ast.Call]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Call))


def opens(function: Function) -> bool:
    """Whether a function asks the opener for a store, or a session for one more."""
    for call in calls(function):
        if isinstance(call.func, ast.Attribute):
            owner = ast.unparse(call.func.value).rpartition(".")[2].lstrip("_")
            if call.func.attr == "attached" or (call.func.attr in OPENING and owner == "opener"):
                return True
    return False


def asks(function: Function) -> bool:
    """Whether a function asks the gate."""
    return any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr in ("ask", "require", "keep")
        and ast.unparse(call.func.value).endswith("gate")
        for call in calls(function)
    )


@cache
def named(function: str) -> frozenset[str]:
    """Names a function speaks of: what it calls, and what it hands on to be called."""
    nodes = ast.walk(functions()[function])
    return frozenset(
        node.id if isinstance(node, ast.Name) else node.attr
        for node in nodes
        if isinstance(node, ast.Name | ast.Attribute)
    )


def leads(start: str, goal: str, most: int = 8) -> bool:
    """Whether a function is, calls, or is called beside another, by names alone."""
    by_name: dict[str, list[str]] = {}
    for place in functions():
        by_name.setdefault(place.partition(":")[2], []).append(place)
    seen, edge = {start}, {start}
    for _ in range(most):
        edge = {p for place in edge for name in named(place) for p in by_name.get(name, ())} - seen
        seen |= edge
    return goal in seen


SITES_FOUND = sorted(place for place, function in functions().items() if opens(function))


def test_every_reader_and_writer_of_every_store_is_listed() -> None:
    assert set(SITES_FOUND) == set(SITES) | OUTSIDE


@pytest.mark.parametrize("site", sorted(SITES))
def test_what_covers_a_site_asks_the_gate(site: str) -> None:
    asker = SITES[site].asker
    assert asker in functions(), f"{asker} is gone"
    assert asks(functions()[asker]), f"{asker} does not ask the gate"


def callers(place: str) -> set[str]:
    name = place.partition(":")[2]
    return {place} | {other for other in functions() if name in named(other)}


@pytest.mark.parametrize("site", sorted(set(SITES) - BESIDE))
def test_what_covers_a_site_leads_to_it(site: str) -> None:
    """The asker, or a function that calls the asker, leads to the site."""
    asker = SITES[site].asker
    assert any(leads(start, site) for start in callers(asker)), f"{asker} does not lead to {site}"


def uncovered(events: list[dict]) -> list[str]:
    """Sites that were opened without a decision of their verbs, permitted, before."""
    found, permitted = [], {}
    for event in events:
        if "decided" in event:
            permitted[event["decided"]] = event["permitted"]
        elif (site := event["site"]) not in SITES:
            found.append(f"{site} is not listed")
        elif not any(permitted.get(verb) for verb in SITES[site].verbs):
            found.append(f"{site} opened {event['stores']} without {sorted(SITES[site].verbs)}")
    return sorted(set(found))


RUN = {
    *(f"{FLOW}:{name}" for name in ("_ingest_source", "_take")),
    *(f"{BUILDER}:{name}" for name in ("publish", "_make", "_publish_project")),
    "assets/link.py:make_spine",
    "warehouse/core/builder.py:build",
    "warehouse/indicators/compute.py:_compute",
    f"{SETTLE}:settle",
}
"""Sites that a whole run passes."""


def test_in_a_whole_run_no_store_is_opened_before_it_was_decided(
    finished: tuple[Path, dict], shared: Path
) -> None:
    events = json.loads((shared / "decisions.json").read_text(encoding="utf-8"))
    assert not uncovered(events)
    assert {event["site"] for event in events if "site" in event} >= RUN


def test_nor_when_somebody_asks(home: Path, evergreen: Path) -> None:
    from pipelines.measurement import measure
    from warehouse.ingest.quarantine import quarantine_report
    from warehouse.oversight.people import people_by_source
    from warehouse.query import query, table

    with Hub.open(Deployment.load(ROOT / "commonweal.toml", home)) as hub, recording() as events:
        query(hub, "researcher", "tanf-leavers", "SELECT count(*) FROM leaver_earnings")
        table(hub, "results", ["sex"], [], "leavers", "analyst")
        quarantine_report(hub, "esd_wages")
        people_by_source(hub, ["esd_wages"])
        measure(hub, evergreen / "truth" / "records.csv")
    assert not uncovered(events)
    opened = {event["site"].partition(":")[2] for event in events if "site" in event}
    assert opened >= {"query", "table", "quarantine_report", "people_by_source", "measure"}


def test_a_session_nobody_decided_on_is_found() -> None:
    """The watch itself: no decision, one that was refused, one of another kind, an unknown site."""
    site = "warehouse/query/table.py:table"
    opened = {"site": site, "how": "session", "stores": ["mart"]}
    yes, no = {"decided": "query", "permitted": True}, {"decided": "query", "permitted": False}
    assert not uncovered([yes, opened])
    assert uncovered([opened])
    assert uncovered([no, opened])
    assert uncovered([yes, no, opened])
    assert uncovered([{"decided": "build", "permitted": True}, opened])
    assert uncovered([yes, {**opened, "site": "warehouse/new.py:peek"}])
