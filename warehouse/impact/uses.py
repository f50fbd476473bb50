"""Everything in a deployment that rests on agreements, each asked as a run would ask it.

Belongs here: the uses, and the request each step makes. Does not: comparing two sets of
agreements (forecast.py). Nothing is done with data: SQL is parsed, not run, and
decisions are made without the gate, so that the log says only what happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from data_sharing_agreements.decisions import Decision, Request, decide
from data_sharing_agreements.documents import Agreements
from data_sharing_agreements.errors import Refused
from data_sharing_agreements.restrictions import own_spine_sources
from warehouse.core.catalog import CoreCatalog, load_core
from warehouse.hub import Hub
from warehouse.indicators.compute import indicator_request
from warehouse.indicators.definition import Definition, load_definitions
from warehouse.indicators.shown import show_request
from warehouse.ingest.flow import ingest_fields, ingest_request
from warehouse.lineage.trace import ProjectView
from warehouse.marts.definition import MartSpec, load_marts
from warehouse.marts.plan import MartPlan, build_request, plan_marts, prepare_request

SOURCE, LINK, VERSION = "source", "linked source", "link version"
MART, OPEN_DATA, INDICATOR = "mart", "open data", "indicator"
SCORECARD, ACCOUNT = "results shown", "account"

KINDS = (SOURCE, LINK, VERSION, MART, OPEN_DATA, INDICATOR, SCORECARD, ACCOUNT)
"""Kinds of use, in the order of the pipeline."""


@dataclass(frozen=True)
class Use:
    """One use, and whether it is permitted.

    Args:
        kind, name: What it is.
        request: What is asked; None where only a part of it is asked elsewhere.
        decision: The answer.
        rests_on: Other uses without which this one is not made anew.
        columns: Column → fields behind it, of a mart or an indicator.
        members: What it is made of, where that is no field: sources of a link version.
    """

    kind: str
    name: str
    request: Request
    decision: Decision
    rests_on: tuple[tuple[str, str], ...] = ()
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    members: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name."""
        return self.kind, self.name

    @property
    def permitted(self) -> bool:
        """Whether it may be done."""
        return self.decision.permitted


class Uses:
    """Every use of a deployment; what does not depend on agreements is read once.

    Args:
        hub: The hub; no store of it is opened.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._core: CoreCatalog = load_core(hub.contracts, hub.deployment.core_dir)
        self._marts = load_marts(hub.deployment.marts_dir)
        self._indicators = load_definitions(hub.deployment.indicators_dir)
        self._plans: dict[frozenset[str], tuple[MartPlan, ...]] = {}

    def under(self, agreements: Agreements, on: date) -> dict[tuple[str, str], Use]:
        """Return every use under some agreements on a day, in the order of the pipeline.

        Raises:
            Invalid: The SQL of a mart reads what its license does not cover.
        """
        asking = _Asking(agreements.on(on), on)
        found: list[Use] = [*self._sources(asking), *self._links(asking)]
        for project, specs in self._marts.items():
            found += self._project(asking, project, specs)
        return {use.key: use for use in found}

    def _sources(self, asking: _Asking) -> Iterator[Use]:
        for contract in self._hub.contracts:
            fields = ingest_fields(contract, asking.agreements)
            yield asking.use(SOURCE, contract.source, ingest_request(contract, fields))

    def _links(self, asking: _Asking) -> Iterator[Use]:
        """Sources of the statewide spine; what may stand in no lasting one is a matter of its projects."""
        apart = own_spine_sources(asking.agreements)
        named = self._hub.deployment.link_sources or self._hub.contracts.sources
        wanted = tuple(source for source in named if source not in apart)
        each = [asking.use(LINK, source, self._link((source,))) for source in wanted]
        joint = self._link(wanted)
        left = tuple(wanted) if asking.decide(joint).permitted else tuple(u.name for u in each if u.permitted)
        yield from each
        whole = asking.use(VERSION, "spine", self._link(left))
        yield Use(VERSION, "spine", whole.request, whole.decision, members=left)

    def _link(self, sources: Sequence[str]) -> Request:
        return Request("link", self._hub.deployment.link_purpose, frozenset(sources))

    def _project(self, asking: _Asking, project: str, specs: tuple[MartSpec, ...]) -> Iterator[Use]:
        marts = self._planned(asking, project, specs)
        if marts is None:
            yield from self._unlicensed(asking, project, specs)
            return
        refused = [asking.decide(prepare_request(project, mart)) for mart in marts if _public(mart.spec)]
        for mart in marts:
            made = asking.use(MART, f"{project}/{mart.name}", build_request(project, marts))
            decision = next((d for d in (made.decision, *refused) if not d.permitted), made.decision)
            columns = {name: trace.fields for name, trace in mart.traces.items()}
            yield Use(MART, made.name, made.request, decision, ((VERSION, "spine"),), columns)
            if _public(mart.spec):
                request = prepare_request(project, mart)
                yield Use(OPEN_DATA, mart.name, request, asking.decide(request), (made.key,), columns)
        for definition in self._of(project):
            yield self._indicator(asking, definition, {mart.name: mart for mart in marts})
        yield from self._people(asking, project)

    def _planned(
        self, asking: _Asking, project: str, specs: tuple[MartSpec, ...]
    ) -> tuple[MartPlan, ...] | None:
        """Return a project's marts with their lineage, or None if it has no license."""
        try:
            licensed = asking.agreements.dul_for(project).licensed
        except Refused:
            return None
        key = licensed | {project}
        if key not in self._plans:
            self._plans[key] = plan_marts(ProjectView(self._core, licensed), specs)
        return self._plans[key]

    def _unlicensed(self, asking: _Asking, project: str, specs: Iterable[MartSpec]) -> Iterator[Use]:
        request = Request("build", project=project)
        for spec in specs:
            yield asking.use(MART, f"{project}/{spec.definition.mart}", request)
        for definition in self._of(project):
            yield asking.use(INDICATOR, definition.id, request)

    def _indicator(self, asking: _Asking, definition: Definition, marts: Mapping[str, MartPlan]) -> Use:
        mart = marts[definition.source.mart]
        columns = {name: mart.traces[name].fields for _, name in definition.uses}
        request = indicator_request(definition, frozenset[str]().union(*columns.values()))
        rests = ((MART, f"{definition.source.project}/{mart.name}"),)
        return Use(INDICATOR, definition.id, request, asking.decide(request), rests, columns)

    def _people(self, asking: _Asking, project: str) -> Iterator[Use]:
        if any(True for _ in self._of(project)):
            yield asking.use(SCORECARD, project, show_request(project))
        license_ = asking.agreements.dul_for(project)
        for recipient in license_.recipients:
            request = Request(
                "query", project=project, actor=recipient.account, form=str(license_.release.form)
            )
            yield asking.use(ACCOUNT, f"{recipient.account} in {project}", request)

    def _of(self, project: str) -> Iterator[Definition]:
        return (definition for definition in self._indicators if definition.source.project == project)


@dataclass(frozen=True)
class _Asking:
    """Some agreements and a day, for asking one thing after another."""

    agreements: Agreements
    on: date

    def decide(self, request: Request) -> Decision:
        return decide(request, self.agreements, self.on)

    def use(self, kind: str, name: str, request: Request) -> Use:
        return Use(kind, name, request, self.decide(request))


def _public(spec: MartSpec) -> bool:
    return spec.definition.kind == "public"
