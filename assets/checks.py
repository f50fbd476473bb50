"""Quality as Dagster shows it: asset checks on each source's content.

Belongs here: which checks a source has, and their results from what ingestion
said and kept. Does not: checking; ingestion has done it and failed closed before
a result gets here.

Checks are the second lock. What blocks looks at what stands in the warehouse, not
at what arrived: a held delivery leaves the one before it standing, and what stands
may go on to linkage and marts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from assets.names import content_key
from data_sharing_agreements.registry import Delivery
from warehouse.contracts_model import Contract, OnInvalid, Table
from warehouse.steps import StepResult

STANDING = "what_stands_is_accounted_for"
ACCEPTED = "deliveries_meet_the_contract"
PERMITTED = "agreement_permits_ingestion"
TOLERANCE = "quarantine_within_tolerance"

Kept = Mapping[str, Any]
"""Kept results of one delivery: `delivery`, `rules`, `checks`; see `warehouse.quality.page`."""


@dataclass(frozen=True)
class Evidence:
    """What the results of a source's checks are drawn from.

    Args:
        steps: What ingestion did with its deliveries in this run.
        standing: The registry's record of the deliveries that stand.
        kept: Results of the suite, by delivery id, of those that stand.
    """

    steps: Sequence[StepResult]
    standing: Sequence[Delivery]
    kept: Mapping[str, Kept] = field(default_factory=dict)

    def with_status(self, status: str) -> list[StepResult]:
        """Return the steps of this run that ended so."""
        return [step for step in self.steps if step.status == status]


def suite_check(table: Table) -> str:
    """Return the name of the check that shows a table's Great Expectations suite."""
    return f"suite_of_{table.name}"


def check_specs(contract: Contract) -> list[dg.AssetCheckSpec]:
    """Return the checks of a source's content.

    A table's suite blocks where its contract holds a delivery for a value.
    """
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
        *(
            dg.AssetCheckSpec(
                suite_check(table),
                asset=asset,
                blocking=any(column.on_invalid is OnInvalid.HOLD for column in table.columns),
                description=f"Great Expectations' suite of {table.name}, made from the contract, passed on "
                "every delivery that stands.",
            )
            for table in contract.tables
        ),
    ]


def check_results(contract: Contract, evidence: Evidence) -> Iterator[dg.AssetCheckResult]:
    """Return the result of each check. Counts and rule names are all it holds."""
    yield _standing(evidence)
    yield _accepted(evidence)
    yield _tolerance(contract, evidence)
    yield _permitted(evidence)
    for table in contract.tables:
        yield _suite(table, evidence)


def _standing(evidence: Evidence) -> dg.AssetCheckResult:
    wrong = [d for d in evidence.standing if d.rows_in != d.rows_out + d.rows_quarantined]
    return dg.AssetCheckResult(
        check_name=STANDING,
        passed=not wrong,
        metadata={"deliveries": len(evidence.standing), "unaccounted": len(wrong)},
    )


def _accepted(evidence: Evidence) -> dg.AssetCheckResult:
    held = evidence.with_status("held")
    rules = {f"{step.period} {rule}": rows for step in held for rule, rows in step.rules}
    return dg.AssetCheckResult(check_name=ACCEPTED, passed=not held, metadata=rules)


def _tolerance(contract: Contract, evidence: Evidence) -> dg.AssetCheckResult:
    over = [s for s in evidence.steps if s.rows_quarantined > contract.rules.tolerance * s.rows_in]
    return dg.AssetCheckResult(
        check_name=TOLERANCE,
        passed=not over,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"quarantined": sum(step.rows_quarantined for step in evidence.steps)},
    )


def _permitted(evidence: Evidence) -> dg.AssetCheckResult:
    refused = evidence.with_status("refused")
    reasons = {f"{e.document} {e.clause}": e.what for step in refused for e in step.errors}
    return dg.AssetCheckResult(check_name=PERMITTED, passed=not refused, metadata=reasons)


def _suite(table: Table, evidence: Evidence) -> dg.AssetCheckResult:
    kept = [evidence.kept[d.id] for d in evidence.standing if d.id in evidence.kept]
    checks = [check for one in kept for check in one["checks"] if check["table"] == table.name]
    failed = [check for check in checks if not check["passed"]]
    unexpected: dict[str, int] = {}
    for check in checks:
        if check["unexpected"]:
            name = f"{check['column']} {check['rule']}".strip()
            unexpected[name] = unexpected.get(name, 0) + int(check["unexpected"])
    complete = len(kept) == len(evidence.standing)
    return dg.AssetCheckResult(
        check_name=suite_check(table),
        passed=complete and not failed,
        severity=dg.AssetCheckSeverity.ERROR if failed else dg.AssetCheckSeverity.WARN,
        metadata={
            "expectations": len(checks),
            "failed": len(failed),
            "deliveries_without_results": len(evidence.standing) - len(kept),
            **{f"unexpected {name}": rows for name, rows in unexpected.items()},
        },
    )
