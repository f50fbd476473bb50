"""Ingest: one asset a contract, from pending deliveries to content in the warehouse.

Belongs here: the asset and what it says of itself. Does not: reading, checking,
splitting (warehouse.ingest), or which checks there are (checks.py).
"""

import dagster as dg

from assets.checks import check_results, check_specs, unaccounted
from assets.deliveries import report_deliveries
from assets.metadata import contract_schema, row_count, sensitivity
from assets.names import INGEST, POOL, content_key, delivery_key
from assets.workplace import Workplace
from data_sharing_agreements.errors import CommonwealError, IntegrityFault
from warehouse.contracts_model import Contract
from warehouse.ingest import ingest_pending
from warehouse.steps import StepResult


def ingest_asset(contract: Contract) -> dg.AssetsDefinition:
    """Return the asset of one source's content.

    It is not partitioned: it takes every pending delivery, so that a job over all
    layers needs no partition, and many periods are not many processes.
    """
    source = contract.source

    @dg.asset(
        name=content_key(source),
        deps=[delivery_key(source)],
        group_name=INGEST,
        description=f"{contract.title}. {contract.description}\n\nContent by record key; identifiers are in "
        "the vault, rows that broke a rule in quarantine.",
        owners=[f"team:{contract.agency}"],
        kinds={"duckdb"},
        tags={"agency": contract.agency, "sensitivity": sensitivity(contract)},
        metadata=contract_schema(contract) | {"contract_version": contract.version},
        check_specs=check_specs(contract),
        pool=POOL,
    )
    def content(
        context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]
    ) -> dg.MaterializeResult:  # type: ignore[type-arg] # Dagster reads the plain class
        steps = ingest(workplace, source)
        report_deliveries(context, source, steps)
        standing = workplace.hub.registry.deliveries.current(source)
        if wrong := unaccounted(standing):
            workplace.failures.append(_not_accounted(source, len(wrong)))
        return dg.MaterializeResult(
            metadata=row_count(sum(delivery.rows_out for delivery in standing))
            | contract_schema(contract)
            | {"deliveries": len(standing)},
            check_results=list(check_results(contract, steps, standing)),
        )

    return content


def ingest(workplace: Workplace, source: str) -> list[StepResult]:
    """Take a source's pending deliveries and write down what became of each."""
    with workplace.working("ingest", source):
        workplace.register_arrivals()
        steps = list(ingest_pending(workplace.hub, source, workplace.progress))
        for step in steps:
            workplace.record(step)
    return steps


def _not_accounted(source: str, deliveries: int) -> CommonwealError:
    return IntegrityFault.of(
        "rows-not-accounted",
        f"{deliveries} deliveries of {source} stand although their rows do not add up.",
        why="Accepted and quarantined rows are all the rows of a delivery, or it is held.",
        next="Keep the home as it is, run `commonweal log verify`, and compare with a backup.",
        source=source,
    )
