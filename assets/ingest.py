"""Ingest: one asset a contract, from pending deliveries to content in the warehouse.

Belongs here: the asset and what it says of itself. Does not: reading, checking,
splitting (warehouse.ingest), or which checks there are (checks.py).
"""

import dagster as dg

from assets.checks import Evidence, check_results, check_specs
from assets.deliveries import report_deliveries
from assets.metadata import contract_schema, row_count, sensitivity
from assets.names import INGEST, POOL, content_key, delivery_key
from assets.workplace import Workplace
from data_sharing_agreements.errors import CommonwealError, IntegrityFault
from warehouse.contracts_model import Contract
from warehouse.hub import Hub
from warehouse.ingest import ingest_pending
from warehouse.quality.page import load_results
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
        with workplace.working("ingest", source):
            steps = ingest(workplace, source)
            report_deliveries(context, source, steps)
            evidence = evidence_of(workplace.hub, source, steps)
            checks = list(check_results(contract, evidence))
        workplace.failures += blocking_faults(contract, checks)
        return dg.MaterializeResult(
            metadata=row_count(sum(delivery.rows_out for delivery in evidence.standing))
            | contract_schema(contract)
            | {"deliveries": len(evidence.standing)},
            check_results=checks,
        )

    return content


def ingest(workplace: Workplace, source: str) -> list[StepResult]:
    """Take a source's pending deliveries and write down what became of each."""
    workplace.register_arrivals()
    steps = list(ingest_pending(workplace.hub, source, workplace.progress))
    for step in steps:
        workplace.record(step)
    return steps


def evidence_of(hub: Hub, source: str, steps: list[StepResult]) -> Evidence:
    """Return what a source's checks are drawn from: this run, the registry, the kept results."""
    kept = load_results(hub.reports("quality", source, "results").parent)
    return Evidence(
        steps,
        hub.registry.deliveries.current(source),
        {result["delivery"]["id"]: result for result in kept},
    )


def blocking_faults(contract: Contract, checks: list[dg.AssetCheckResult]) -> list[CommonwealError]:
    """Return an error for each check that stops the run: registry and gates disagree."""
    blocking = {spec.name for spec in check_specs(contract) if spec.blocking}
    return [
        IntegrityFault.of(
            "standing-data-faulty",
            f"The check {check.check_name} of {contract.source} failed on deliveries that stand.",
            why="Ingestion lets nothing stand that fails it, so registry and results disagree.",
            next="Keep the home as it is, run `commonweal log verify`, and compare with a backup.",
            source=contract.source,
            rule=check.check_name,
        )
        for check in checks
        if check.check_name in blocking and not check.passed and check.severity is dg.AssetCheckSeverity.ERROR
    ]
