"""Quality as Dagster shows it: asset checks on each source's content.

Belongs here: which checks a source has, and their results from what ingestion
said. Does not: checking; ingestion has done it and failed closed before a
result gets here.

Checks are the second lock. The blocking one looks at what stands in the
warehouse, not at what arrived: a held delivery leaves the one before it
standing, and what stands may go on to linkage and marts.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from assets.names import content_key
from data_sharing_agreements.registry import Delivery
from warehouse.contracts_model import Contract
from warehouse.steps import StepResult

STANDING = "what_stands_is_accounted_for"
ACCEPTED = "deliveries_meet_the_contract"
PERMITTED = "agreement_permits_ingestion"
TOLERANCE = "quarantine_within_tolerance"


def check_specs(contract: Contract) -> list[dg.AssetCheckSpec]:
    """Return the checks of a source's content."""
    asset = content_key(contract.source)
    return [
        dg.AssetCheckSpec(
            STANDING,
            asset=asset,
            blocking=True,
            description="Every delivery that stands was accepted, and its accepted and quarantined rows "
            "are all the rows it had.",
        ),
        dg.AssetCheckSpec(
            ACCEPTED,
            asset=asset,
            description="No delivery of this run was held by a rule of its contract. "
            "A held one leaves the delivery before it standing.",
        ),
        dg.AssetCheckSpec(
            TOLERANCE,
            asset=asset,
            description=f"At most {contract.rules.tolerance:.1%} of a delivery's rows went to quarantine.",
        ),
        dg.AssetCheckSpec(
            PERMITTED,
            asset=asset,
            description="A data sharing agreement in force permits to ingest this source.",
        ),
    ]


def check_results(
    contract: Contract, steps: Sequence[StepResult], standing: Sequence[Delivery]
) -> Iterator[dg.AssetCheckResult]:
    """Return the result of each check.

    Args:
        contract: The source's contract.
        steps: What ingestion did with its deliveries in this run.
        standing: The registry's record of the deliveries that stand.
    """
    held = [step for step in steps if step.status == "held"]
    refused = [step for step in steps if step.status == "refused"]
    over = [step for step in steps if step.rows_quarantined > contract.rules.tolerance * step.rows_in]
    yield dg.AssetCheckResult(
        check_name=STANDING,
        passed=not unaccounted(standing),
        metadata={"deliveries": len(standing), "unaccounted": len(unaccounted(standing))},
    )
    yield dg.AssetCheckResult(check_name=ACCEPTED, passed=not held, metadata=_rules(held))
    yield dg.AssetCheckResult(
        check_name=TOLERANCE,
        passed=not over,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"quarantined": sum(step.rows_quarantined for step in steps)},
    )
    yield dg.AssetCheckResult(
        check_name=PERMITTED,
        passed=not refused,
        metadata={
            f"{error.document} {error.clause}": error.what for step in refused for error in step.errors
        },
    )


def unaccounted(standing: Sequence[Delivery]) -> list[Delivery]:
    """Return the deliveries that stand although their rows do not add up."""
    return [d for d in standing if d.rows_in != d.rows_out + d.rows_quarantined]


def _rules(held: Sequence[StepResult]) -> dict[str, int]:
    found: dict[str, int] = {}
    for step in held:
        for rule, rows in step.rules:
            found[f"{step.period} {rule}"] = rows
    return found
