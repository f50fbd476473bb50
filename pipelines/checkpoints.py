"""Checkpoints of the log by themselves, between runs.

Belongs here: the job that signs one, and its schedule. Does not: the checkpoint
itself, or the one that every run leaves at its end.
"""

from typing import Any

import dagster as dg

from assets.faults import guarded
from warehouse.deployment import Deployment
from warehouse.hub import Hub

CHECKPOINT = "checkpoint"


def checkpoint_job(deployment: Deployment) -> Any:
    """Return the job that leaves a signed checkpoint beside the registry, for agencies to fetch and keep."""

    @dg.op(name="sign_checkpoint", description="Sign the size and root of the log at this moment.")
    def sign(context: dg.OpExecutionContext) -> None:
        with guarded(), Hub.open(deployment) as hub:
            size = hub.log.checkpoint(hub.deployment.checkpoints)["size"]
        context.add_output_metadata({"entries": size})

    @dg.job(
        name=CHECKPOINT,
        executor_def=dg.in_process_executor,
        config={"loggers": {"console": {}}},
        description="Leave a signed checkpoint of the log.",
    )
    def job() -> None:
        sign()

    return job


def checkpoint_schedule(deployment: Deployment) -> dg.ScheduleDefinition:
    """Return the schedule of checkpoints, as the setting says; off until switched on."""
    return dg.ScheduleDefinition(
        name="checkpoints",
        job_name=CHECKPOINT,
        cron_schedule=deployment.checkpoints_cron,
        execution_timezone="UTC",
        description="A signed checkpoint of the log, between runs.",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
