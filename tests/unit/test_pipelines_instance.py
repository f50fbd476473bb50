"""Dagster's instance in the home: settings, and runs whose process is gone."""

from pathlib import Path

import dagster as dg
import pytest

from pipelines.dagster_home import prepare_dagster
from pipelines.instance import fail_dead_runs, open_instance


@dg.op
def nothing() -> None:
    """Do nothing."""


@dg.job
def idle() -> None:
    """Do nothing."""
    nothing()


def with_status(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> str:
    return instance.create_run_for_job(job_def=idle, status=status).run_id


def test_telemetry_is_off_and_output_is_not_kept(tmp_path: Path) -> None:
    with open_instance(tmp_path / "dagster") as instance:
        assert instance.telemetry_enabled is False
        assert type(instance.compute_log_manager).__name__ == "NoOpComputeLogManager"
        pools = instance.get_concurrency_config().pool_config
    assert pools.pool_granularity.value == "run"
    assert pools.default_pool_limit == 1


def test_settings_that_are_there_stay(tmp_path: Path) -> None:
    prepare_dagster(tmp_path)
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n# ours\n")
    prepare_dagster(tmp_path)
    assert "# ours" in (tmp_path / "dagster.yaml").read_text()


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
def test_runs_that_nobody_runs_are_failed(status: dg.DagsterRunStatus, tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        dead, own = with_status(instance, status), with_status(instance, dg.DagsterRunStatus.STARTED)
        assert fail_dead_runs(instance, own_run=own) == 1
        assert instance.get_run_by_id(dead).status == dg.DagsterRunStatus.FAILURE
        assert instance.get_run_by_id(own).status == dg.DagsterRunStatus.STARTED
        assert fail_dead_runs(instance, own_run=own) == 0


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.STARTING])
def test_runs_that_ended_or_were_just_launched_stay(status: dg.DagsterRunStatus, tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        run = with_status(instance, status)
        assert fail_dead_runs(instance) == 0
        assert instance.get_run_by_id(run).status == status
