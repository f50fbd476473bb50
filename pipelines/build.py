"""Assembly of the definitions of one deployment.

Belongs here: contracts, licenses and indicators turned into assets, and jobs,
schedule, sensor and resources beside them. Does not: asset bodies, or what a
resource does.
"""

import logging

import dagster as dg

from assets.core import core_assets
from assets.deliveries import delivery_asset
from assets.ends import ends_asset
from assets.indicators import indicator_assets
from assets.ingest import ingest_asset
from assets.link import link_asset
from assets.marts import mart_assets
from assets.restrictions import restrictions_asset
from assets.workplace import Workplace
from pipelines.checkpoints import checkpoint_job, checkpoint_schedule
from pipelines.jobs import daily_ends, jobs, monthly
from pipelines.resources import io_manager, workplace_resource
from pipelines.sensors import emptying_sensor, landing_sensor
from warehouse.contracts_loader import load_contracts
from warehouse.core.catalog import load_core
from warehouse.deployment import Deployment
from warehouse.indicators.definition import load_definitions
from warehouse.marts.definition import load_marts


def build_defs(deployment: Deployment, *, workplace: Workplace | None = None) -> dg.Definitions:
    """Return fresh definitions of a deployment.

    Args:
        deployment: Its documents say which assets there are.
        workplace: The workplace of a process that holds the home already; without
            it each run takes the home itself.

    Raises:
        Invalid: Contracts, marts or indicators have faults.
    """
    contracts = load_contracts(deployment.contracts_dir, deployment.core_dir)
    marts = load_marts(deployment.marts_dir)
    return dg.Definitions(
        assets=[
            *(delivery_asset(contract) for contract in contracts),
            *(ingest_asset(contract) for contract in contracts),
            restrictions_asset(contracts),
            link_asset(contracts),
            core_assets(load_core(contracts, deployment.core_dir)),
            *mart_assets(marts),
            *indicator_assets(load_definitions(deployment.indicators_dir)),
            ends_asset(),
        ],
        jobs=[*jobs(), checkpoint_job(deployment)],
        schedules=[monthly(), daily_ends(), checkpoint_schedule(deployment)],
        sensors=[landing_sensor(deployment), emptying_sensor(deployment)],
        resources={
            "workplace": workplace_resource(deployment, workplace),
            "io_manager": io_manager(),
        },
        executor=dg.in_process_executor,
        loggers={"console": _silent},
    )


@dg.logger
def _silent(context: dg.InitLoggerContext) -> logging.Logger:
    """Say nothing: what a run does is in its events, and progress on standard error."""
    logger = logging.getLogger("commonweal.dagster")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
    return logger
