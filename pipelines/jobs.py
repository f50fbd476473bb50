"""The jobs, and when they run by themselves.

Belongs here: which layers a job takes, the monthly schedule. Does not: the
sensor on the landing directory (sensors.py), assets.
"""

from typing import Any

import dagster as dg

from assets.names import CORE, ENDS, INDICATORS, INGEST, LINK, MARTS, RESTRICTIONS

EVERYTHING = "everything"

_LAYERS: dict[str, tuple[str, ...]] = {
    "ingest": (INGEST, RESTRICTIONS),
    "link": (RESTRICTIONS, LINK),
    "publish": (RESTRICTIONS, CORE, MARTS, INDICATORS),
    EVERYTHING: (INGEST, RESTRICTIONS, LINK, CORE, MARTS, INDICATORS),
    ENDS: (ENDS,),
}

_MEANING = {
    "ingest": "Take every pending delivery through its contract to vault and warehouse.",
    "link": "Link the records that stand into a new version of the spine.",
    "publish": "Build core tables, publish marts, compute indicators.",
    EVERYTHING: "From deliveries to indicators.",
    ENDS: "Destroy what has ended and is overdue, if the deployment allows it.",
}

_QUIET: dict[str, Any] = {"loggers": {"console": {}}}
"""What a run does is in its events, and progress goes to standard error."""


def jobs() -> list[Any]:
    """Return the jobs, to be resolved against the assets. Each runs in one process."""
    return [
        dg.define_asset_job(
            name,
            selection=dg.AssetSelection.groups(*layers),
            executor_def=dg.in_process_executor,
            config=_QUIET,
            description=_MEANING[name],
        )
        for name, layers in _LAYERS.items()
    ]


def daily_ends() -> dg.ScheduleDefinition:
    """Return the daily look for what is overdue; off until switched on."""
    return dg.ScheduleDefinition(
        name="ends",
        job_name=ENDS,
        cron_schedule="0 2 * * *",
        execution_timezone="UTC",
        description="What has ended and should be destroyed by now, each night.",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )


def monthly() -> dg.ScheduleDefinition:
    """Return the monthly run of everything, in the night of the second day; off until switched on."""
    return dg.ScheduleDefinition(
        name="monthly",
        job_name=EVERYTHING,
        cron_schedule="0 3 2 * *",
        execution_timezone="UTC",
        description="Everything, each month, whether or not the sensor saw a delivery.",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
