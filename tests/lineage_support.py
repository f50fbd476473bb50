"""Both deployments' documents and the trails of their marts, read once for all tests of lineage.

Belongs here: reading. Does not: assertions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from data_sharing_agreements.documents import Agreements, load_agreements
from warehouse.contracts_loader import load_contracts
from warehouse.contracts_model import Contracts
from warehouse.core.catalog import CoreCatalog, load_core
from warehouse.deployment import Deployment
from warehouse.indicators.definition import Definition as Indicator
from warehouse.indicators.definition import load_definitions
from warehouse.lineage.laying import lay_marts
from warehouse.lineage.trace import ProjectView, Trace
from warehouse.lineage.trail import Trail
from warehouse.marts.definition import MartSpec, load_marts

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = {
    "evergreen": ROOT / "commonweal.toml",
    "anytown": ROOT / "examples" / "anytown" / "commonweal.toml",
}


@dataclass(frozen=True)
class State:
    """One deployment's documents, and the trail of each of its projects."""

    deployment: Deployment
    agreements: Agreements
    contracts: Contracts
    core: CoreCatalog
    marts: dict[str, tuple[MartSpec, ...]]
    views: dict[str, ProjectView]
    indicators: tuple[Indicator, ...]
    trails: dict[str, Trail]
    traces: dict[str, dict[str, Trace]]
    """Place of a mart's SQL → its columns' traces."""


@cache
def read(name: str) -> State:
    deployment = Deployment.load(CONFIGS[name], ROOT / "unused")
    contracts = load_contracts(deployment.contracts_dir, deployment.core_dir)
    core = load_core(contracts, deployment.core_dir)
    agreements = load_agreements(deployment.agreements_dir)
    marts = dict(load_marts(deployment.marts_dir))
    views = {project: ProjectView(core, agreements.dul_for(project).licensed) for project in marts}
    traces = {
        spec.place: dict(views[project].trace(spec.sql, spec.place))
        for project, specs in marts.items()
        for spec in specs
    }
    trails = {p: lay_marts(contracts, core, views[p], specs) for p, specs in marts.items()}
    indicators = load_definitions(deployment.indicators_dir)
    return State(deployment, agreements, contracts, core, marts, views, indicators, trails, traces)


STATES = {name: read(name) for name in CONFIGS}
