"""One run from deliveries to indicators, in this process.

Belongs here: whether there is anything to do, and the job that does it. Does
not: what a run does before and after (occupation.py), assets, printing.
"""

import time
from pathlib import Path
from typing import Any

from assets.faults import Unexpected
from assets.workplace import Progress, Workplace
from data_sharing_agreements.errors import CommonwealError
from pipelines.fingerprint import remember, steps_if_nothing_new
from pipelines.interrupts import interruptible
from pipelines.occupation import finish, occupy
from pipelines.report import RunReport, report_of
from warehouse.deployment import Deployment
from warehouse.steps import StepResult

JOB = "everything"


def run_everything(
    deployment: Deployment,
    landing: Path | None = None,
    progress: Progress | None = None,
    *,
    full_link: bool = False,
) -> RunReport:
    """Take everything that has arrived to marts and indicators.

    A run that was killed is continued: each step is idempotent, and what it had
    finished is not done again. With nothing new since the last run that finished,
    the steps are reported as skipped.

    Args:
        deployment: What to run.
        landing: A landing directory to read instead of the home's own; never written to.
        progress: Whoever watches.
        full_link: Whether everything is linked again, whatever changed.

    Raises:
        Busy: Another run holds the home.
        IntegrityFault: Log, registry or a store are not what they should be.
        Invalid: A contract or agreement has faults.
        OutOfSpace: Too little disk is left to begin.
        KeyboardInterrupt: The run was interrupted; the next one continues it.
    """
    start = time.perf_counter()
    with interruptible() as interruption, occupy(deployment, "run", landing, progress) as workplace:
        workplace.full_link = full_link
        workplace.register_arrivals()
        kept = None if full_link else steps_if_nothing_new(workplace.hub)
        if kept is None:
            _run_job(workplace)
            interruption.check()
        else:
            _skip(workplace, kept)
        ended = finish(workplace)
        report = report_of(workplace, ended, time.perf_counter() - start)
        if kept is None and ended.exit_code == 0:
            remember(workplace.hub, report.to_json()["steps"])
    return report


def _skip(workplace: Workplace, kept: list[dict[str, Any]]) -> None:
    for step in kept:
        workplace.record(StepResult(step["step"], step["source"], step["period"], status="skipped"))


def _run_job(workplace: Workplace) -> None:
    from pipelines.build import build_defs
    from pipelines.instance import fail_dead_runs, open_instance
    from warehouse.indicators.crosscheck import check_against_marts

    deployment = workplace.hub.deployment
    check_against_marts(deployment.indicators_dir, deployment.marts_dir)
    with open_instance(deployment.dagster_home) as instance:
        fail_dead_runs(instance)
        job = build_defs(deployment, workplace=workplace).resolve_job_def(JOB)
        result = job.execute_in_process(instance=instance, raise_on_error=False)
    failed = {event.step_key for event in result.all_events if event.is_step_failure}
    if not result.success and (not failed or len(failed) > len(workplace.failures)):
        workplace.failures.append(_failed_outside(sorted(str(step) for step in failed)))


def _failed_outside(steps: list[str]) -> CommonwealError:
    return Unexpected.of(
        "run-failed",
        f"Dagster ended the run, or one of its steps ({', '.join(steps) or 'none'}), by itself.",
        why="Not every step that failed reported a fault of its own.",
        next="This is a bug: open the run in Dagster's pages and report it. Run again to continue.",
    )
