"""External assets: the deliveries of agencies, one asset a source, partitioned by period.

Belongs here: their declaration, and reporting that a delivery was taken.
Does not: taking it (ingest.py).
"""

import dagster as dg

from assets.names import DELIVERIES, delivery_key
from warehouse.contracts_model import Contract
from warehouse.steps import StepResult


def delivery_partitions(source: str) -> dg.DynamicPartitionsDefinition:
    """Return the periods of a source's deliveries, which grow as they arrive."""
    return dg.DynamicPartitionsDefinition(name=delivery_key(source))


def delivery_asset(contract: Contract) -> dg.AssetSpec:
    """Return the external asset of one source: nothing here makes it, an agency does."""
    return dg.AssetSpec(
        key=delivery_key(contract.source),
        group_name=DELIVERIES,
        description=f"{contract.title}: what {contract.agency} delivers, {contract.cadence}.",
        partitions_def=delivery_partitions(contract.source),
        owners=[f"team:{contract.agency}"],
        kinds={"file", contract.format.kind.value.split("_")[0]},
        tags={"agency": contract.agency},
    )


def report_deliveries(context: dg.AssetExecutionContext, source: str, steps: list[StepResult]) -> None:
    """Report each delivery a run has looked at as a materialisation of its period.

    Skipped deliveries were reported when they were taken.
    """
    taken = [step for step in steps if step.period and step.status in {"done", "held"}]
    if not taken:
        return
    periods = sorted({step.period for step in taken})
    context.instance.add_dynamic_partitions(delivery_key(source), periods)
    for step in taken:
        context.instance.report_runless_asset_event(
            dg.AssetMaterialization(
                asset_key=delivery_key(source),
                partition=step.period,
                metadata={
                    "status": step.status,
                    "rows_in": step.rows_in,
                    "rows_quarantined": step.rows_quarantined,
                },
            )
        )
