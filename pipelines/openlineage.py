"""Events of lineage, for catalogs that read OpenLineage: one file a run, and no network.

Belongs here: what a run's steps read and made, as events, in
`reports/openlineage/<run>.jsonl`. Does not: facets (openlineage_facets.py), or
sending anything anywhere; whoever runs a catalog carries the file there.

No event holds a row count or any value: names of columns, words for what is done to
them, and clauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from uuid import NAMESPACE_URL, uuid5

from openlineage.client.event_v2 import (
    DatasetEvent,
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    StaticDataset,
    set_producer,
)
from openlineage.client.generated.base import DatasetFacet, JobFacet, RunFacet
from openlineage.client.generated.datasource_dataset import DatasourceDatasetFacet
from openlineage.client.generated.documentation_dataset import DocumentationDatasetFacet
from openlineage.client.generated.error_message_run import ErrorMessageRunFacet
from openlineage.client.generated.job_type_job import JobTypeJobFacet
from openlineage.client.generated.ownership_dataset import Owner, OwnershipDatasetFacet
from openlineage.client.generated.parent_run import Job as ParentJob
from openlineage.client.generated.parent_run import ParentRunFacet
from openlineage.client.generated.parent_run import Run as ParentRun
from openlineage.client.serde import Serde

from assets.workplace import Workplace
from data_sharing_agreements.errors import CommonwealError, Invalid
from pipelines.openlineage_facets import CLAUSES, clauses_facet, column_facets, dataset_name, inputs_of
from warehouse.core.catalog import SPINE, CoreCatalog, load_core
from warehouse.hub import Hub
from warehouse.indicators.definition import load_definitions
from warehouse.lineage.grounds import GROUNDS, TRAIL, Grounds
from warehouse.lineage.laying import lay_content, lay_core, lay_indicator
from warehouse.lineage.report import Lineage
from warehouse.lineage.trail import ROWS, Layer, Place, Trail
from warehouse.steps import StepResult

PRODUCER = "urn:commonweal"
DIRECTORY = "openlineage"
OFFICE = "team:data-office"


def write_events(workplace: Workplace, *, failed: bool) -> None:
    """Write the events of a run: START and COMPLETE or FAIL for it and for each step that did something.

    Args:
        workplace: The run that has just ended.
        failed: Whether it ended otherwise than well.
    """
    set_producer(PRODUCER)
    path = workplace.hub.reports(DIRECTORY, f"{workplace.run_id}.jsonl")
    events = _Events(workplace, failed).all()
    text = "".join(f"{Serde.to_json(event)}\n" for event in events)
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def figure_event(hub: Hub, found: Lineage) -> str:
    """Return the lineage of one name as OpenLineage: one line a dataset, from content to figure."""
    set_producer(PRODUCER)
    catalog = _Catalog(hub, found.whole)
    at = datetime.now(UTC).isoformat()
    ends = {dataset_name(s.end): s.end for s in found.whole.steps if s.end.layer is not Layer.PERSON}
    link_version = found.link.version if found.link else None
    clauses = {CLAUSES: clauses_facet(found.grounds, link_version)}
    lines = []
    for end in sorted(ends.values()):
        facets = catalog.facets(end) | (clauses if end.layer in (Layer.MART, Layer.FIGURE) else {})
        dataset = StaticDataset(namespace=catalog.namespace, name=dataset_name(end), facets=facets)
        event = DatasetEvent(eventTime=at, dataset=dataset, producer=PRODUCER)
        lines.append(Serde.to_json(event))
    return "\n".join(lines)


@dataclass(frozen=True)
class _Catalog:
    """Datasets of a deployment and their facets.

    Args:
        hub: The hub.
        trail: Steps of everything that is told.
    """

    hub: Hub
    trail: Trail

    @property
    def namespace(self) -> str:
        """Namespace of datasets and jobs: the deployment."""
        return f"commonweal://{self.hub.deployment.name}"

    def facets(self, end: Place) -> dict[str, DatasetFacet]:
        """Return the facets of the dataset to which a place belongs."""
        owner = self._owner(end)
        return {
            **column_facets(self.trail, self.namespace, end),
            "dataSource": DatasourceDatasetFacet(name=self.hub.deployment.name, uri=self.namespace),
            "documentation": DocumentationDatasetFacet(description=self._about(end)),
            "ownership": OwnershipDatasetFacet(owners=[Owner(name=owner, type="OWNER")]),
        }

    def inputs(self, end: Place) -> list[InputDataset]:
        """Return the datasets from which one is made."""
        names = inputs_of(self.trail, end)
        return [InputDataset(namespace=self.namespace, name=name) for name in names]

    def output(self, end: Place, more: Mapping[str, DatasetFacet]) -> OutputDataset:
        """Return a dataset as what a job made."""
        facets = {**self.facets(end), **more}
        return OutputDataset(namespace=self.namespace, name=dataset_name(end), facets=facets)

    def _owner(self, end: Place) -> str:
        contract = self.hub.contracts.by_source.get(end.source)
        return f"team:{contract.agency}" if contract and end.layer is not Layer.CORE else OFFICE

    def _about(self, end: Place) -> str:
        contract = self.hub.contracts.by_source.get(end.source)
        if contract is None:
            return {
                Layer.LINK: "Which records are one person's.",
                Layer.MART: "A project's table, after disclosure control.",
                Layer.FIGURE: "A figure that is shown.",
            }.get(end.layer, "A table.")
        return f"{contract.title}: {contract.description}"


class _Events:
    """The events of one run, in the order in which its steps ended."""

    def __init__(self, workplace: Workplace, failed: bool) -> None:
        self._workplace = workplace
        self._failed = failed
        self._hub = workplace.hub
        self._run = self._id("run")
        self._catalog = _Catalog(self._hub, self._trail())

    def all(self) -> Iterator[RunEvent]:
        """Return every event."""
        done = [
            (step, at)
            for step, at in zip(self._workplace.steps, self._workplace.ended, strict=True)
            if step.status != "skipped"
        ]
        first, first_end = done[0]
        name = "run"
        start = first_end - timedelta(seconds=first.seconds)
        yield self._event(RunState.START, name, self._run, start)
        for step, at in done:
            yield from self._step(step, at)
        state = RunState.FAIL if self._failed else RunState.COMPLETE
        facets = _message(self._workplace.failures) if self._failed else {}
        yield self._event(state, name, self._run, max(at for _, at in done), facets)

    def _step(self, step: StepResult, at: datetime) -> Iterator[RunEvent]:
        name = ".".join(part for part in (step.step, step.source) if part)
        run = self._id(name, step.period)
        ends = self._made(step)
        inputs = {dataset.name: dataset for end in ends for dataset in self._catalog.inputs(end)}
        if step.step == "link":
            inputs = {dataset.name: dataset for dataset in self._identifiers()}
        parent = ParentRunFacet(
            run=ParentRun(runId=self._run), job=ParentJob(namespace=self._catalog.namespace, name="run")
        )
        facets: dict[str, RunFacet] = {"parent": parent}
        start = at - timedelta(seconds=step.seconds)
        yield self._event(RunState.START, name, run, start, facets, list(inputs.values()))
        if step.status == "done":
            outputs = [self._catalog.output(end, self._clauses(end)) for end in ends]
            yield self._event(RunState.COMPLETE, name, run, at, facets, list(inputs.values()), outputs)
        else:
            errors = [f"{error.what} ({error.code})" for error in step.errors] or [
                f"The step was {step.status}."
            ]
            facets["errorMessage"] = ErrorMessageRunFacet(message=" ".join(errors), programmingLanguage="SQL")
            yield self._event(RunState.FAIL, name, run, at, facets, list(inputs.values()))

    def _made(self, step: StepResult) -> list[Place]:
        """Return a place of each dataset a step makes."""
        ends = {dataset_name(s.end): s.end for s in self._catalog.trail.steps}
        if step.step == "ingest":
            return [end for end in ends.values() if end.layer is Layer.CONTENT and end.source == step.source]
        if step.step == "core":
            return [end for end in ends.values() if end.layer is Layer.CORE and end.source == step.source]
        if step.step == "mart":
            return [end for end in ends.values() if end.layer is Layer.MART and end.table == step.source]
        if step.step == "indicators":
            return [end for end in ends.values() if end.layer is Layer.FIGURE and end.table == step.source]
        return [Place(Layer.LINK, SPINE, "person_key")] if step.step == "link" else []

    def _identifiers(self) -> list[InputDataset]:
        """Return the files whose identifiers the linkage reads."""
        contracts = self._hub.contracts
        wanted = self._hub.deployment.link_sources or contracts.sources
        return [
            InputDataset(
                namespace=self._catalog.namespace,
                name=dataset_name(Place(Layer.FILE, f"{source}.{table.name}", ROWS)),
            )
            for source in wanted
            for table in contracts[source].tables
            if table.role_columns
        ]

    def _clauses(self, end: Place) -> dict[str, DatasetFacet]:
        kept = self._kept.get(end.table)
        return {CLAUSES: clauses_facet(*kept)} if kept and end.layer is Layer.MART else {}

    @cached_property
    def _kept(self) -> dict[str, tuple[Grounds, int | None]]:
        marts = [mart for mart in self._hub.registry.marts.all() if GROUNDS in mart.codebook]
        return {
            f"{mart.project}/{mart.mart}": (Grounds.from_json(mart.codebook[GROUNDS]), mart.link_version)
            for mart in marts
        }

    def _trail(self) -> Trail:
        """Return every step there is; none where documents are faulty and the run failed of that."""
        try:
            return self._laid()
        except Invalid:
            if not self._failed:
                raise
            return Trail(())

    def _laid(self) -> Trail:
        """Return the steps of core as it stands, and of every mart as it was published."""
        hub = self._hub
        core: CoreCatalog = load_core(hub.contracts, hub.deployment.core_dir)
        steps = [*lay_content(hub.contracts).steps, *lay_core(hub.contracts, core).steps]
        for mart in hub.registry.marts.all():
            steps += Trail.from_json(mart.codebook.get(TRAIL, [])).steps
        for definition in load_definitions(hub.deployment.indicators_dir):
            steps += lay_indicator(definition).steps
        return Trail.of(steps)

    def _event(
        self,
        state: RunState,
        name: str,
        run: str,
        at: datetime,
        facets: Mapping[str, RunFacet] | None = None,
        inputs: list[InputDataset] | None = None,
        outputs: list[OutputDataset] | None = None,
    ) -> RunEvent:
        kind: dict[str, JobFacet] = {
            "jobType": JobTypeJobFacet(
                processingType="BATCH", integration="COMMONWEAL", jobType="TASK" if name != "run" else "JOB"
            )
        }
        return RunEvent(
            eventTime=at.isoformat(),
            eventType=state,
            run=Run(runId=run, facets=dict(facets or {})),
            job=Job(namespace=self._catalog.namespace, name=name, facets=kind),
            inputs=inputs or [],
            outputs=outputs or [],
            producer=PRODUCER,
        )

    def _id(self, *parts: str) -> str:
        """Return the id of a run or step: the same whenever the same run is told of."""
        began = self._workplace.run_id
        place = f"commonweal://{self._hub.deployment.name}/{self._hub.log.root_at(1)}/{began}"
        return str(uuid5(NAMESPACE_URL, "/".join([place, *parts])))


def _message(failures: list[CommonwealError]) -> dict[str, RunFacet]:
    said = [f"{detail.what} ({detail.code})" for failure in failures for detail in failure.details]
    text = " ".join(said) or "A step was held or refused."
    return {"errorMessage": ErrorMessageRunFacet(message=text, programmingLanguage="Python")}
