"""Dagster's instance, kept in the home directory, and the clearing of dead runs.

Belongs here: `dagster.yaml`, opening the instance, failing runs that nobody runs
any more. Does not: jobs or assets.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

_LAUNCH_SECONDS = 300

_SETTINGS = """\
# Written by commonweal when it is missing; yours to change.
telemetry:
  enabled: false
nux:
  enabled: false
# What a run prints is not kept: its events are.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
# One run at a time on a home directory, and a run that died frees its place.
concurrency:
  pools:
    granularity: run
    default_limit: 1
run_monitoring:
  enabled: true
  free_slots_after_run_end_seconds: 60
retention:
  sensor:
    purge_after_days:
      skipped: 1
"""


def prepare(directory: Path) -> Path:
    """Make Dagster's directory and its `dagster.yaml`, if they are not there.

    Returns:
        The directory, for `DAGSTER_HOME`.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = directory / "dagster.yaml"
    if not settings.exists():
        settings.write_text(_SETTINGS, encoding="utf-8")
    return directory


@contextmanager
def open_instance(directory: Path) -> Iterator[dg.DagsterInstance]:
    """Open the instance of a home directory, which `dagster dev` shows as well."""
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    with dg.DagsterInstance.from_config(str(prepare(directory))) as instance:
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
