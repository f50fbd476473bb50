"""What a run did, as the command line and programs are told.

Belongs here: the record and its JSON. Does not: printing (cli), or any work.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from assets.workplace import Workplace
from data_sharing_agreements.errors import CommonwealError, ErrorDetail
from data_sharing_agreements.separation import Statement
from pipelines.occupation import Outcome
from pipelines.products import current_link, current_marts, reports
from warehouse.ingest.discovery import unmatched_files
from warehouse.oversight.duties import duties_of
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
        duties: What is said of separation of duties.
        failures: What went wrong, ready to show.
        unknown_files: Files of the landing directory that no contract knows, by their place in it.
    """

    run_id: str
    ended: Outcome
    seconds: float
    steps: tuple[StepResult, ...]
    link: dict[str, Any] | None
    marts: tuple[dict[str, Any], ...]
    reports: tuple[dict[str, str], ...]
    log: dict[str, Any]
    duties: Statement
    failures: tuple[CommonwealError, ...] = field(default=())
    unknown_files: tuple[str, ...] = ()

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
            "refused": self._refused_json(),
            "link": self.link,
            "marts": list(self.marts),
            "reports": list(self.reports),
            "unknown_files": list(self.unknown_files),
            "log": self.log,
            "separation_of_duties": self.duties.to_json() | {"words": self.duties.words},
        }
        if self.errors:
            payload["errors"] = [asdict(error) for error in self.errors]
        return payload

    def _refused_json(self) -> list[dict[str, Any]]:
        """Return each refusal once, with the names of what it stops in that step."""
        found: dict[tuple[str, str | None, str | None, str], list[str]] = {}
        for step in self.steps:
            for error in step.errors if step.status == "refused" else ():
                names = found.setdefault((step.step, error.document, error.clause, error.what), [])
                if step.source and step.source not in names:
                    names.append(step.source)
        return [
            {"verb": verb, "document": document, "clause": clause, "reason": reason, "names": names}
            for (verb, document, clause, reason), names in found.items()
        ]


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
        duties=duties_of(hub),
        unknown_files=tuple(unmatched_files(hub.contracts, workplace.landing)),
        failures=tuple(workplace.failures),
    )


def _step_json(step: StepResult) -> dict[str, Any]:
    names = ("step", "source", "period", "rows_in", "rows_out", "rows_quarantined", "seconds", "status")
    found = {name: getattr(step, name) for name in names}
    return found | {"seconds": round(step.seconds, 3)}


def _held_json(step: StepResult) -> dict[str, Any]:
    rules = [{"rule": rule, "rows": rows} for rule, rows in step.rules]
    return {"source": step.source, "period": step.period, "rules": rules}
