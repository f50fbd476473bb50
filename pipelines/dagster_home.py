"""Dagster's directory in the home, and its settings.

Belongs here: `dagster.yaml`. Does not: opening the instance (instance.py), or
importing Dagster: a home is made without it.
"""

from pathlib import Path

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


def prepare_dagster(directory: Path) -> Path:
    """Make Dagster's directory and its `dagster.yaml`, if they are not there.

    Returns:
        The directory, for `DAGSTER_HOME`.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = directory / "dagster.yaml"
    if not settings.exists():
        settings.write_text(_SETTINGS, encoding="utf-8")
    return directory
