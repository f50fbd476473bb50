"""Publish marts: one encrypted file a project and version, with codebooks and a record.

Belongs here: the order of the work, from permission to publication. Does not: lineage
(plan.py), the project's window (views.py), disclosure control (control.py,
aggregate.py), or who may read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from data_sharing_agreements.cells import smallest_cell
from data_sharing_agreements.decisions import Decision, Request
from data_sharing_agreements.errors import Refused
from data_sharing_agreements.registry import AuditEvent
from privacy.cell_rules import CellRules
from privacy.keys import Role
from warehouse.core.builder import built_hashes
from warehouse.core.catalog import load_core
from warehouse.hub import Hub
from warehouse.lineage import write_lineage
from warehouse.lineage.grounds import GROUNDS, TRAIL, grounds_of
from warehouse.lineage.trace import STUDY_ID
from warehouse.marts.aggregate import publish_counts
from warehouse.marts.bookshelf import write_codebook
from warehouse.marts.codebook import Facts, codebook
from warehouse.marts.control import protect_rows
from warehouse.marts.definition import load_marts
from warehouse.marts.linkerror import link_facts
from warehouse.marts.own_core import restricted_digest, spine_house, stores_of
from warehouse.marts.plan import MartPlan, ProjectPlan, plan_project, prepare_request
from warehouse.marts.publication import lay_out, publish_reviewed
from warehouse.marts.published import find_published
from warehouse.marts.views import make_views
from warehouse.opener import Session, Store
from warehouse.steps import StepResult

STEP = "mart"


@dataclass(frozen=True)
class _Public:
    """Counts for the public: the table, what was asked to prepare it, and the answer."""

    frame: pd.DataFrame
    request: Request
    decision: Decision


@dataclass(frozen=True)
class _Made:
    """A mart as made: rows before and after control, types, coverage, findings, duration in seconds."""

    rows_in: int
    rows: int
    types: Mapping[str, str]
    complete: Mapping[str, float]
    disclosure: Mapping[str, Any]
    public: _Public | None = None
    seconds: float = 0.0


def publish(hub: Hub, progress: Callable[[str], None] | None = None) -> list[StepResult]:
    """Make and publish every project's marts that are out of date.

    Args:
        hub: The hub; its roles must open warehouse, study ids and marts.
        progress: Told the name of each project as it begins.

    Returns:
        One result a mart: skipped where nothing it depends on changed, refused where no
        license in force permits it, or the mart would pass its license's limits; the
        other projects go on.

    Raises:
        Invalid: A definition is faulty or the lineage of its SQL cannot be derived.
    """
    if not hub.opener.exists(Store.warehouse()):
        return []
    core = load_core(hub.contracts, hub.deployment.core_dir)
    hub.gate.keep()
    with hub.opener.session(read=[Store.warehouse()]) as session:
        hashes = built_hashes(session)
    steps = []
    for project, specs in load_marts(hub.deployment.marts_dir).items() if hashes else ():
        try:
            plan = plan_project(hub, core, project, specs)
            made_from = plan.input_hash(hub, hashes, restricted_digest(hub, plan))
            steps += _publish_project(hub, plan, made_from, progress)
        except Refused as error:
            steps.append(StepResult(STEP, project, status="refused", errors=error.details))
    return [*steps, *publish_reviewed(hub, STEP)]


def _publish_project(
    hub: Hub, plan: ProjectPlan, made_from: str, progress: Callable[[str], None] | None
) -> list[StepResult]:
    current = find_published(hub, plan.project)
    names = {mart.name for mart in plan.marts}
    if current and names == current.codebooks.keys() and current.input_hash == made_from:
        return [StepResult(STEP, f"{plan.project}/{mart.name}", status="skipped") for mart in plan.marts]
    if progress:
        progress(plan.project)
    version = str(1 + max((int(m.version) for m in hub.registry.marts.history(plan.project)), default=0))
    store = Store.mart(plan.project, version)
    made, link = _make(hub, plan, store)
    hub.opener.publish(store.building(), store)
    hub.keys.ensure_store_key(f"project/{plan.project}", {Role.BUILDER, Role.PORTAL})
    steps = []
    for mart in plan.marts:
        facts = _facts(hub, version, made[mart.name], made_from, link)
        _record(hub, plan, mart, facts, made[mart.name])
        done = made[mart.name]
        name = f"{plan.project}/{mart.name}"
        steps.append(StepResult(STEP, name, rows_in=done.rows_in, rows_out=done.rows, seconds=done.seconds))
    write_lineage(hub, plan.project)
    return steps


def _make(hub: Hub, plan: ProjectPlan, store: Store) -> tuple[dict[str, _Made], dict[str, Any]]:
    """Make every mart of a project in a file under a temporary name; return them and the link error."""
    building = store.building()
    hub.opener.remove(building)
    made: dict[str, _Made] = {}
    study_ids = Store.study_ids(plan.project)
    with hub.opener.session(read=stores_of(hub, plan), write=[building, study_ids]) as session:
        make_views(session, hub, plan)
        for mart in plan.marts:
            start = time.perf_counter()
            done = _make_mart(hub, session, plan, mart)
            made[mart.name] = replace(done, seconds=time.perf_counter() - start)
        return made, link_facts(
            session,
            spine_house(hub, plan),
            max_gap=hub.deployment.max_gap,
            smallest=smallest_cell(hub.agreements),
        )


def _make_mart(hub: Hub, session: Session, plan: ProjectPlan, mart: MartPlan) -> _Made:
    kind = mart.spec.definition.kind
    if kind == "persons":
        session.execute(_create_sql(mart, f"({mart.spec.sql})"), rule=mart.spec.place)
        rows = int(session.one(f"SELECT count(*) FROM mart.{mart.name}"))
        return _described(session, mart, rows, {})
    frame = session.frame(mart.spec.sql)
    if kind == "rows":
        shown, report = protect_rows(frame, mart.spec.definition, plan.decision.obligations)
        return _written(session, mart, len(frame), shown, report)
    request = prepare_request(plan.project, mart)
    decision = hub.gate.require(request)
    rules = CellRules.from_obligations(decision.obligations)
    aggregates = mart.spec.definition.aggregates
    assert aggregates is not None
    table = publish_counts(frame, aggregates, rules)
    report = {
        "cells": len(table.frame),
        "cells_withheld": table.withheld,
        "minimum_cell": rules.min_cell,
        "rounding": rules.rounding,
    }
    made = _written(session, mart, len(frame), table.frame, report)
    return replace(made, public=_Public(table.frame, request, decision))


def _written(
    session: Session, mart: MartPlan, rows_in: int, frame: pd.DataFrame, report: Mapping[str, Any]
) -> _Made:
    session.register("_shown", frame)
    session.execute(_create_sql(mart, "_shown"), rule=mart.spec.place)
    session.unregister("_shown")
    return _described(session, mart, rows_in, report)


def _create_sql(mart: MartPlan, relation: str) -> str:
    """Order rows by study id: it is random, so their order says nothing."""
    order = f"ORDER BY {STUDY_ID}" if mart.spec.definition.kind != "public" else ""
    return f"CREATE TABLE mart.{mart.name} AS SELECT * FROM {relation} {order}"


def _described(session: Session, mart: MartPlan, rows_in: int, report: Mapping[str, Any]) -> _Made:
    described = session.execute(f"DESCRIBE mart.{mart.name}")
    types = {row[0]: row[1] for row in described}
    shares = ", ".join(f'coalesce(count("{name}") / nullif(count(*), 0), 0)::DOUBLE' for name in types)
    row = session.execute(f"SELECT count(*), {shares} FROM mart.{mart.name}")[0]
    complete = dict(zip(types, (float(share) for share in row[1:]), strict=True))
    return _Made(rows_in, int(row[0]), types, complete, report)


def _facts(hub: Hub, version: str, made: _Made, made_from: str, link: Mapping[str, Any]) -> Facts:
    return Facts(
        version=version,
        built=hub.deployment.today(),
        rows=made.rows,
        types=made.types,
        complete=made.complete,
        disclosure=made.disclosure,
        link=link,
        sources=_coverage(hub),
        input_hash=made_from,
    )


def _coverage(hub: Hub) -> list[dict[str, Any]]:
    found = []
    for source in hub.contracts.sources:
        periods = sorted(d.period for d in hub.registry.deliveries.current(source))
        if periods:
            found.append(
                {"source": source, "deliveries": len(periods), "first": periods[0], "last": periods[-1]}
            )
    return found


def _record(hub: Hub, plan: ProjectPlan, mart: MartPlan, facts: Facts, made: _Made) -> None:
    """Write codebook, open data for its reviewers, and the registry's entry, which makes the mart current."""
    trail = plan.trail_of(mart)
    grounds = grounds_of(hub, plan.decision, plan.project, trail.sources())
    book = codebook(plan, mart, facts) | {TRAIL: trail.to_json(), GROUNDS: grounds.to_json()}
    write_codebook(hub, book)
    if made.public is not None:
        lay_out(hub, made.public.request, made.public.decision, mart.name, facts.version, made.public.frame)
    hub.registry.marts.publish(
        plan.project,
        mart.name,
        facts.version,
        Store.mart(plan.project, facts.version).path.as_posix(),
        made.rows,
        facts.link.get("version"),
        plan.decision.obligations.listed(),
        book,
        audit=AuditEvent(clauses=tuple((c.document, c.clause) for c in plan.decision.clauses)),
    )
