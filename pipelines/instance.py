"""Dagster's instance, kept in the home directory, and the clearing of dead runs.

Belongs here: opening the instance, failing runs that nobody runs any more. Does
not: its settings (dagster_home.py), jobs or assets.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from pipelines.dagster_home import prepare_dagster

_LAUNCH_SECONDS = 300


@contextmanager
def open_instance(directory: Path) -> Iterator[dg.DagsterInstance]:
    """Open the instance of a home directory, which `dagster dev` shows as well."""
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    with dg.DagsterInstance.from_config(str(prepare_dagster(directory))) as instance:
        yield instance


def fail_dead_runs(instance: dg.DagsterInstance, *, own_run: str | None = None) -> int:
    """Fail the runs that are marked as going although nobody runs them.

    Call it while holding the home's lock: whoever else is marked as started is
    then dead, or is about to be refused because the home is busy.

    Args:
        instance: The instance whose runs are looked at.
        own_run: Dagster's id of the caller's own run, which is alive.

    Returns:
        How many were failed.
    """
    going = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.STARTING]
    dead = [
        record
        for record in instance.get_run_records(dg.RunsFilter(statuses=going))
        if record.dagster_run.run_id != own_run and not _just_launched(record)
    ]
    for record in dead:
        instance.report_run_failed(
            record.dagster_run, "The process of this run is gone; the next run continues its work."
        )
    return len(dead)


def _just_launched(record: dg.RunRecord) -> bool:
    launching = record.dagster_run.status == dg.DagsterRunStatus.STARTING
    return launching and time.time() - record.update_timestamp.timestamp() < _LAUNCH_SECONDS
