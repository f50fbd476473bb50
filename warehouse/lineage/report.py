"""The answer to `commonweal lineage NAME`: columns, deliveries, link version, clauses.

Belongs here: finding what a name means, and putting its path together. Does not: the
path itself (trace.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from data_sharing_agreements.decisions import Decision, Request, decide
from data_sharing_agreements.errors import UsageFault
from warehouse.core.catalog import load_core
from warehouse.hub import Hub
from warehouse.indicators.definition import Definition, load_definitions
from warehouse.lineage.trace import Origin, ProjectView, Trace
from warehouse.marts.definition import MartSpec, load_marts
from warehouse.marts.published import find_published


@dataclass(frozen=True)
class Lineage:
    """Where a mart, an indicator or a column of one comes from.

    Args:
        name: What was asked.
        value_from, rows_from: Origins of its values, and of which rows there are.
        deliveries: (id, sha256, period, source) of the deliveries that stand for its sources.
        link_version: Of the published mart; None if none is.
        clauses: (document, clause) on which building it rests today.
    """

    name: str
    value_from: tuple[Origin, ...]
    rows_from: tuple[Origin, ...]
    deliveries: tuple[tuple[str, str, str, str], ...]
    link_version: int | None
    clauses: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the object of `commonweal/lineage/1`."""
        return {
            "schema": "commonweal/lineage/1",
            "name": self.name,
            "value_from": [_origin_json(o) for o in self.value_from],
            "rows_from": [_origin_json(o) for o in self.rows_from],
            "deliveries": [
                {"id": i, "sha256": s, "period": p, "source": o} for i, s, p, o in self.deliveries
            ],
            "link_version": self.link_version,
            "clauses": [{"document": d, "clause": c} for d, c in self.clauses],
        }


@dataclass(frozen=True)
class _Meant:
    """What a name means: columns of one mart whose values it shows or counts by."""

    spec: MartSpec
    values: tuple[str, ...]
    rows: tuple[str, ...] = ()


def lineage_of(hub: Hub, name: str) -> Lineage:
    """Return the lineage of a mart (`mart`, `project/mart`), an indicator, or a column (`mart.column`).

    Derived from the SQL as it stands; nothing is run and no store is opened.

    Raises:
        UsageFault: Nothing bears that name, or several marts do.
        Invalid: The lineage of the SQL cannot be derived.
        Refused: No license covers the project.
    """
    meant = _meaning(hub, name)
    project = meant.spec.definition.project
    license_ = hub.agreements.dul_for(project)
    view = ProjectView(load_core(hub.contracts, hub.deployment.core_dir), license_.licensed)
    traces = view.trace(meant.spec.sql, meant.spec.place)
    values = frozenset[Origin]().union(*(traces[c].values for c in meant.values))
    rows = frozenset[Origin]().union(
        *(traces[c].rows for c in meant.values), *(traces[c].values | traces[c].rows for c in meant.rows)
    )
    decision = _decision(hub, project, Trace(values, rows))
    current = find_published(hub, project)
    return Lineage(
        name,
        tuple(sorted(values)),
        tuple(sorted(rows)),
        _deliveries(hub, values | rows),
        current.link_version if current else None,
        tuple((c.document, c.clause) for c in decision.clauses),
    )


def _meaning(hub: Hub, name: str) -> _Meant:
    indicators = {d.id: d for d in load_definitions(hub.deployment.indicators_dir)}
    marts = load_marts(hub.deployment.marts_dir)
    if name in indicators:
        return _indicator(indicators[name], marts)
    place, _, column = name.partition(".")
    project, _, mart = place.rpartition("/")
    found = [
        spec
        for owner, specs in marts.items()
        for spec in specs
        if spec.definition.mart == mart and project in ("", owner)
    ]
    if len(found) != 1 or (column and column not in found[0].definition.columns):
        raise _unknown(indicators, marts)
    return _Meant(found[0], (column,) if column else tuple(found[0].definition.columns))


def _indicator(definition: Definition, marts: Mapping[str, tuple[MartSpec, ...]]) -> _Meant:
    source = definition.source
    spec = next((s for s in marts.get(source.project, ()) if s.definition.mart == source.mart), None)
    if spec is None:
        raise _unknown({}, marts)
    return _Meant(spec, (definition.numerator.column,), (definition.denominator.column, source.period))


def _unknown(indicators: Iterable[str], marts: Mapping[str, tuple[MartSpec, ...]]) -> UsageFault:
    names = sorted([*indicators, *(f"{p}/{s.definition.mart}" for p, specs in marts.items() for s in specs)])
    fault = UsageFault.of(
        "lineage-unknown",
        "Nothing bears that name, or more than one thing does.",
        why="A lineage is asked of a mart, an indicator, or a column of a mart.",
        next=f"Use one of {', '.join(names)}, or mart.column.",
    )
    assert isinstance(fault, UsageFault)
    return fault


def _decision(hub: Hub, project: str, trace: Trace) -> Decision:
    """Decide as a build would today, without asking the gate: nothing is done with data."""
    form = hub.agreements.dul_for(project).release.form
    request = Request("build", fields=trace.fields, project=project, form=str(form))
    return decide(request, hub.agreements, hub.deployment.today())


def _deliveries(hub: Hub, origins: frozenset[Origin]) -> tuple[tuple[str, str, str, str], ...]:
    sources = sorted({origin.source for origin in origins})
    return tuple(
        (d.id, d.sha256, d.period, source)
        for source in sources
        for d in sorted(hub.registry.deliveries.current(source), key=lambda d: d.period)
    )


def _origin_json(origin: Origin) -> dict[str, str]:
    return {"source": origin.source, "column": f"{origin.table}.{origin.column}", "via": origin.via}
