"""The lineage of one name, whole: steps, deliveries, link version, decision, clauses.

Belongs here: putting it together, of a version that was published or of what a build
would rest on today. Does not: the steps themselves (laying.py), what a name means
(naming.py), or how it is shown (text.py, picture.py, page.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from data_sharing_agreements.decisions import Request, decide
from data_sharing_agreements.errors import CommonwealError, UsageFault
from data_sharing_agreements.registry import LinkVersion, Mart
from warehouse.core.catalog import SPINE, load_core
from warehouse.hub import Hub
from warehouse.lineage.grounds import GROUNDS, TRAIL, Grounds, grounds_of
from warehouse.lineage.laying import lay_marts
from warehouse.lineage.naming import Named, find
from warehouse.lineage.trace import Origin, ProjectView
from warehouse.lineage.trail import Layer, Trail
from warehouse.marts.definition import load_marts


@dataclass(frozen=True)
class Lineage:
    """Where a name comes from.

    Args:
        named: What was asked.
        values, rows: Steps behind its values, and steps that decide which rows there are.
        grounds: What it rests on, narrowed to its sources.
        link: The link version; None if there is none yet.
        version: Version of the mart that was published; None for what a build would
            rest on today.
        destroyed: The day on which that version was taken back and destroyed, if it was.
    """

    named: Named
    values: Trail
    rows: Trail
    grounds: Grounds
    link: LinkVersion | None
    version: str | None
    destroyed: date | None = None

    @property
    def whole(self) -> Trail:
        """Every step, of values and of rows."""
        return Trail.of([*self.values.steps, *self.rows.steps])

    def to_json(self) -> dict[str, Any]:
        """Return the object of `commonweal/lineage/1`."""
        grounds = self.grounds.to_json()
        return {
            "schema": "commonweal/lineage/1",
            "name": self.named.name,
            "kind": self.named.kind,
            "title": self.named.title,
            "mart": f"{self.named.project}/{self.named.mart}",
            "mart_version": self.version,
            "destroyed": self.destroyed.isoformat() if self.destroyed else None,
            "value_from": _origins_json(self.values),
            "rows_from": _origins_json(self.rows),
            "steps": self.whole.to_json(),
            "deliveries": [
                told | {"files": [{"name": name, "sha256": sha256} for name, sha256 in arrival.files]}
                for told, arrival in zip(grounds["deliveries"], self.grounds.deliveries, strict=True)
            ],
            "link_version": self.link.version if self.link else None,
            "link": _link_json(self.link),
            "day": grounds["day"],
            "decision": grounds["decision"],
            "permitted": grounds["permitted"],
            "reasons": grounds["reasons"],
            "clauses": grounds["clauses"],
            "documents": grounds["documents"],
        }


def lineage_of(hub: Hub, name: str, *, version: str | None = None, today: bool = False) -> Lineage:
    """Return the lineage of a mart, a column of one, an indicator, a part of one, or an open data file.

    Of a version that was published: from what was taken down when it was built, whatever
    SQL and agreements say now. Nothing is run and no store is opened.

    Args:
        hub: The hub.
        name: `mart`, `project/mart`, `mart.column`, an indicator's id or `id.part`, or
            the name of an open data file.
        version: Version of the mart; by default the one an indicator's latest results
            were counted in, else the current one.
        today: What a build would rest on today instead.

    Raises:
        UsageFault: Nothing bears that name, there is no such version, or it was
            published before lineages were kept.
        Invalid: The lineage of the SQL cannot be derived.
        Refused: No license covers the project, and none of its marts was published.
    """
    named = find(hub.deployment, name)
    made = None if today else _version(hub, named, version)
    trail, grounds = _of_today(hub, named) if made is None else _kept(made)
    laid = Trail.of([*trail.steps, *named.last.steps])
    values, rows = laid.behind_values(named.ends), laid.behind_rows(named.ends)
    sources = Trail.of([*values.steps, *rows.steps]).sources()
    link = _link(hub, made)
    told = grounds.narrowed(sources).with_files(_files(hub))
    if made is None:
        return Lineage(named, values, rows, told, link, None)
    destroyed = hub.registry.ends.retraction_days().get((made.project, made.version))
    return Lineage(named, values, rows, told, link, made.version, destroyed)


def _files(hub: Hub) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the name and SHA-256 of each file that was sent, by delivery."""
    return {d.id: tuple((f.name, f.sha256) for f in d.files) for d in hub.registry.deliveries.all()}


def _version(hub: Hub, named: Named, asked: str | None) -> Mart | None:
    made = {m.version: m for m in hub.registry.marts.history(named.project) if m.mart == named.mart}
    wanted = asked or _counted_in(hub, named) or max(made, key=int, default=None)
    if wanted is None:
        return None
    if wanted not in made:
        raise UsageFault.of(
            "lineage-no-version",
            "No such version of the mart was published.",
            why="A version is published once, and counted up.",
            next="Leave --version out for the current one, or use --today.",
        )
    return made[wanted]


def _counted_in(hub: Hub, named: Named) -> str | None:
    """Return the mart version an indicator's latest results were counted in, if it has any."""
    if named.kind != "indicator":
        return None
    results = hub.registry.indicator_results.latest(named.ends[0].table)
    return str(results[0].result["mart_version"]) if results else None


def _kept(made: Mart) -> tuple[Trail, Grounds]:
    if TRAIL not in made.codebook or GROUNDS not in made.codebook:
        raise _not_kept()
    return Trail.from_json(made.codebook[TRAIL]), Grounds.from_json(made.codebook[GROUNDS])


def _not_kept() -> CommonwealError:
    return UsageFault.of(
        "lineage-not-kept",
        "This version was published before marts kept their lineage.",
        why="What a version was built from is taken down when it is built, and not guessed later.",
        next="Run `commonweal run`, which publishes anew, or use --today.",
    )


def _of_today(hub: Hub, named: Named) -> tuple[Trail, Grounds]:
    """Lay the trail anew, and decide as a build would today, without asking the gate: nothing is done."""
    license_ = hub.agreements.dul_for(named.project)
    core = load_core(hub.contracts, hub.deployment.core_dir)
    view = ProjectView(core, license_.licensed)
    specs = load_marts(hub.deployment.marts_dir)[named.project]
    spec = next(spec for spec in specs if spec.definition.mart == named.mart)
    trail = lay_marts(hub.contracts, core, view, [spec])
    traces = view.trace(spec.sql, spec.place)
    fields = frozenset[str]().union(*(trace.fields for trace in traces.values()))
    form = "rows" if spec.definition.kind == "rows" else "aggregates"
    request = Request("build", purpose=license_.purpose, fields=fields, project=named.project, form=form)
    decision = decide(request, hub.agreements, hub.deployment.today())
    return trail, grounds_of(hub, decision, named.project, trail.sources())


def _link(hub: Hub, made: Mart | None) -> LinkVersion | None:
    if made is None:
        return hub.registry.link_versions.latest()
    return next((v for v in hub.registry.link_versions.all() if v.version == made.link_version), None)


def _link_json(link: LinkVersion | None) -> dict[str, Any] | None:
    if link is None:
        return None
    return {
        "version": link.version,
        "created_at": link.created_at,
        "model": link.model,
        "thresholds": dict(link.thresholds),
        "input_hash": link.input_hash,
    }


def origins_of(trail: Trail) -> list[Origin]:
    """Return where a trail begins: content columns and the spine, each with its core column."""
    found = set()
    for start, end in trail.origins():
        table = SPINE if start.layer is Layer.LINK else start.table.partition(".")[2]
        found.add(Origin(end.source, table, start.column, end.name))
    return sorted(found)


def _origins_json(trail: Trail) -> list[Mapping[str, str]]:
    return [{"source": o.source, "column": f"{o.table}.{o.column}", "via": o.via} for o in origins_of(trail)]
