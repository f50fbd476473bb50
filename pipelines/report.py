"""What a run did, as the command line and programs are told.

Belongs here: the record and its JSON. Does not: printing (cli), or any work.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from assets.workplace import Workplace
from data_sharing_agreements.errors import CommonwealError, ErrorDetail
from pipelines.occupation import Outcome
from warehouse.hub import Hub
from warehouse.steps import StepResult

SCHEMA = "commonweal/run/1"


@dataclass(frozen=True)
class RunReport:
    """One run.

    Args:
        run_id: The registry's id.
        ended: Exit code and status.
        seconds: Wall time, without the start of Python.
        steps: Every step in the order it was done.
        link: Version, records and persons of the current link version, if any.
        marts: Current marts: project, version, path, rows.
        reports: Pages written so far: kind and path.
        log: Size and root of the log.
        failures: What went wrong, ready to show.
    """

    run_id: str
    ended: Outcome
    seconds: float
    steps: tuple[StepResult, ...]
    link: dict[str, Any] | None
    marts: tuple[dict[str, Any], ...]
    reports: tuple[dict[str, str], ...]
    log: dict[str, Any]
    failures: tuple[CommonwealError, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """The exit code of the command that made the run."""
        return self.ended.exit_code

    @property
    def errors(self) -> tuple[ErrorDetail, ...]:
        """Everything to tell the user, each once."""
        said = [detail for failure in self.failures for detail in failure.details]
        said += [detail for step in self.steps for detail in step.errors]
        return tuple(dict.fromkeys(said))

    def to_json(self) -> dict[str, Any]:
        """Return the object of `commonweal/run/1`; `errors` is there when there are any."""
        payload: dict[str, Any] = {
            "schema": SCHEMA,
            "run_id": self.run_id,
            "status": self.ended.status,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "steps": [_step_json(step) for step in self.steps],
            "held": [_held_json(step) for step in self.steps if step.status == "held"],
            "refused": [_refused_json(step, error) for step, error in self._refusals()],
            "link": self.link,
            "marts": list(self.marts),
            "reports": list(self.reports),
            "log": self.log,
        }
        if self.errors:
            payload["errors"] = [asdict(error) for error in self.errors]
        return payload

    def _refusals(self) -> list[tuple[StepResult, ErrorDetail]]:
        return [(step, error) for step in self.steps if step.status == "refused" for error in step.errors]


def report_of(workplace: Workplace, ended: Outcome, seconds: float) -> RunReport:
    """Return the report of a run that has just ended, its hub still open."""
    hub = workplace.hub
    return RunReport(
        run_id=str(workplace.run_id),
        ended=ended,
        seconds=seconds,
        steps=tuple(workplace.steps),
        link=current_link(hub),
        marts=tuple(current_marts(hub)),
        reports=tuple(reports(hub)),
        log={"size": hub.log.size, "root": hub.log.root},
        failures=tuple(workplace.failures),
    )


def current_link(hub: Hub) -> dict[str, Any] | None:
    """Return version, records and persons of the latest link version."""
    latest = hub.registry.link_versions.latest()
    if latest is None:
        return None
    return {"version": latest.version, "records": latest.records, "persons": latest.persons}


def current_marts(hub: Hub) -> list[dict[str, Any]]:
    """Return each project's current mart: version, file below the home, rows."""
    return [
        {
            "project": mart.project,
            "mart": mart.mart,
            "version": mart.version,
            "path": mart.path,
            "rows": mart.rows,
        }
        for mart in hub.registry.marts.all()
    ]


def reports(hub: Hub) -> list[dict[str, str]]:
    """Return the pages in the home's reports: their kind (directory or name) and path."""
    root = hub.deployment.reports
    pages = sorted(root.rglob("*.html"))
    return [
        {"kind": page.parent.name if page.parent != root else page.stem, "path": str(page)} for page in pages
    ]


def _step_json(step: StepResult) -> dict[str, Any]:
    names = ("step", "source", "period", "rows_in", "rows_out", "rows_quarantined", "seconds", "status")
    found = {name: getattr(step, name) for name in names}
    return found | {"seconds": round(step.seconds, 3)}


def _held_json(step: StepResult) -> dict[str, Any]:
    rules = [{"rule": rule, "rows": rows} for rule, rows in step.rules]
    return {"source": step.source, "period": step.period, "rules": rules}


def _refused_json(step: StepResult, error: ErrorDetail) -> dict[str, Any]:
    return {"verb": step.step, "document": error.document, "clause": error.clause, "reason": error.what}
