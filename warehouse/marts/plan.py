"""The plan of a project: what its SQL may see, where its columns come from, what binds it.

Belongs here: lineage of every mart of a project, the decision it needs, and the hash
that says whether there is anything new to do. Does not: running SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data_sharing_agreements.decisions import Decision, Request
from data_sharing_agreements.errors import ErrorDetail, Invalid
from warehouse.core.builder import input_hash
from warehouse.core.catalog import CoreCatalog
from warehouse.core.period import Days
from warehouse.hub import Hub
from warehouse.lineage.laying import columns_of, lay_marts, mart_place
from warehouse.lineage.trace import STUDY_ID, ProjectView, Trace
from warehouse.lineage.trail import Trail
from warehouse.marts.definition import MartSpec

_FORMAT = 2
"""Counted up when the builder makes other marts from the same inputs."""


@dataclass(frozen=True)
class MartPlan:
    """One mart: its definition and SQL, and each column's origins."""

    spec: MartSpec
    traces: Mapping[str, Trace]

    @property
    def name(self) -> str:
        """Name of the mart, and of its table."""
        return self.spec.definition.mart

    @property
    def fields(self) -> frozenset[str]:
        """Fields a license must name."""
        return frozenset().union(*(trace.fields for trace in self.traces.values()))


@dataclass(frozen=True)
class ProjectPlan:
    """All marts of a project, made together into one file.

    Args:
        project: The project.
        core: The deployment's core SELECTs.
        view: What the project's SQL sees.
        marts: Its marts, in order of name.
        decision: The permission to build, with its obligations.
        trail: Every step from agencies' files to the marts' columns.
        agreements: Ids of the agreements its license rests on.
    """

    project: str
    core: CoreCatalog
    view: ProjectView
    marts: tuple[MartPlan, ...]
    decision: Decision
    trail: Trail
    agreements: tuple[str, ...]

    def trail_of(self, mart: MartPlan) -> Trail:
        """Return the steps behind one mart."""
        definition = mart.spec.definition
        return self.trail.behind(mart_place(definition, column) for column in columns_of(definition))

    def days(self, source: str) -> Days:
        """Return the days of service of a source that license and agreement name."""
        return self.decision.obligations.period(source)

    def input_hash(self, hub: Hub, core_hashes: Mapping[str, str], restricted: str) -> str:
        """Return the hash of everything the marts depend on.

        Args:
            hub: The hub.
            core_hashes: What core was made from, by source.
            restricted: Digest of the records the project may not see, and of its spine.
        """
        sources = sorted({source for source, _ in self.view.facts})
        return input_hash(
            [
                _FORMAT,
                restricted,
                {source: core_hashes.get(source) for source in sources},
                self._digests(hub),
                self.decision.obligations.listed(),
                [(m.name, m.spec.sql, m.spec.definition.model_dump(mode="json")) for m in self.marts],
            ]
        )

    def _digests(self, hub: Hub) -> Mapping[str, str]:
        """Return the digests of the documents concerned, as they govern today."""
        current = hub.agreements.on(hub.gate.today())
        concerned = {current.emou.id, current.dul_for(self.project).id, *self.agreements}
        return {name: sha256 for name, sha256 in current.digests().items() if name in concerned}


def plan_project(hub: Hub, core: CoreCatalog, project: str, specs: Sequence[MartSpec]) -> ProjectPlan:
    """Derive a project's lineage and ask for permission to build.

    Raises:
        Refused: No license covers the project, or not all its SQL needs.
        Invalid: The lineage of a mart cannot be derived, or its columns are not those
            its definition declares.
    """
    license_ = hub.agreements.on(hub.gate.today()).dul_for(project)
    view = ProjectView(core, license_.licensed)
    marts = plan_marts(view, specs)
    trail = lay_marts(hub.contracts, core, view, specs)
    decision = hub.gate.require(build_request(project, marts))
    return ProjectPlan(project, core, view, marts, decision, trail, tuple(license_.agreements))


def plan_marts(view: ProjectView, specs: Sequence[MartSpec]) -> tuple[MartPlan, ...]:
    """Follow every column of a project's marts back to what agencies sent.

    Raises:
        Invalid: The lineage of a mart cannot be derived, or its columns are not those
            its definition declares.
    """
    marts = tuple(MartPlan(spec, view.trace(spec.sql, spec.place)) for spec in specs)
    Invalid.collect(fault for mart in marts for fault in _column_faults(mart))
    return marts


def build_request(project: str, marts: Sequence[MartPlan]) -> Request:
    """Ask to build a project's marts together, for the purpose of its license."""
    fields = frozenset[str]().union(*(mart.fields for mart in marts))
    rows = any(mart.spec.definition.kind == "rows" for mart in marts)
    return Request("build", fields=fields, project=project, form="rows" if rows else "aggregates")


def prepare_request(project: str, mart: MartPlan) -> Request:
    """Ask to prepare one mart of counts for its reviewers."""
    return Request("prepare", fields=mart.fields, project=project, form="aggregates")


def _column_faults(mart: MartPlan) -> list[ErrorDetail]:
    declared, selected = set(mart.spec.definition.columns), set(mart.traces)
    if declared == selected and (STUDY_ID in selected or mart.spec.definition.kind == "public"):
        return []
    differing = ", ".join(sorted(declared ^ selected)) or STUDY_ID
    return [
        ErrorDetail(
            "mart-columns",
            f"{mart.spec.place} and its definition differ in {differing}.",
            "Every column of a mart is declared, and persons are known by their study id alone.",
            "Declare each selected column, and select each declared one.",
        )
    ]
