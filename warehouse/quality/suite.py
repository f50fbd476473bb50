"""The Great Expectations suite of a contract, run on staged rows where they lie.

Belongs here: one expectation for each rule, from an allow-list of kinds whose
results hold counts alone. Does not: the rules' SQL (`ingest.values`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from data_sharing_agreements.errors import CommonwealError
from warehouse.contracts_model import Contract
from warehouse.ingest.checks import DUPLICATE, Checked, allowed_share, unique_keys
from warehouse.ingest.values import ValueRule
from warehouse.opener import Session
from warehouse.quality.engine import NO_VALUES, expectations_over
from warehouse.quality.library import gx, gxe
from warehouse.quality.results import CheckResult
from warehouse.readers.staged import quoted

ROWS = "empty-file"
ALLOWED = frozenset(
    {
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_be_in_set",
        "expect_table_row_count_to_be_between",
        "unexpected_rows_expectation",
    }
)
"""Kinds of expectations in use. Others (minimum, maximum, distinct values) show values."""


def run_suite(session: Session, contract: Contract, checked: Sequence[Checked]) -> list[CheckResult]:
    """Run a contract's suite on a staged delivery.

    Raises:
        CommonwealError: A check could not be run at all.
    """
    results: list[CheckResult] = []
    with session.guard(rule="quality-suite"), expectations_over(session, "staging.rows") as source:
        for one in checked:
            results += _run_table(source, contract, one)
    return results


def suite_of(contract: Contract, one: Checked) -> Any:
    """Return the suite of one table, with the licensed columns only."""
    return gx.ExpectationSuite(
        name=f"{contract.source}.{one.name}", expectations=list(_expectations(contract, one))
    )


def _expectations(contract: Contract, one: Checked) -> Iterator[Any]:
    table = one.staged.table
    yield gxe.ExpectTableRowCountToBeBetween(
        min_value=0 if table.may_be_empty else 1, meta=_meta(ROWS, "", 0.0)
    )
    for rule in one.rules:
        yield _expectation(one, rule, allowed_share(contract, one.staged, rule.column, rule.action))
    for key in unique_keys(one.staged):
        columns = ", ".join(quoted(name) for name in key)
        yield gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=f"SELECT 1 AS broken FROM (SELECT count(*) AS n FROM {{batch}} "
            f"WHERE {' OR '.join(f'{quoted(name)} IS NOT NULL' for name in key)} "
            f"GROUP BY hash({columns}) HAVING n > 1)",
            description=DUPLICATE,
            meta=_meta(DUPLICATE, "+".join(key), contract.rules.tolerance),
        )


def _expectation(one: Checked, rule: ValueRule, allowed: float) -> Any:
    meta = _meta(rule.rule, rule.column, allowed)
    mostly = max(0.0, 1.0 - allowed)
    if rule.rule == "missing-value":
        return gxe.ExpectColumnValuesToNotBeNull(column=rule.column, mostly=mostly, meta=meta)
    if rule.rule == "unknown-code":
        codes = list(one.staged.table.by_name[rule.column].codes)
        return gxe.ExpectColumnValuesToBeInSet(column=rule.column, value_set=codes, mostly=mostly, meta=meta)
    broken = rule.broken.replace("{", "{{").replace("}", "}}")
    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=f"SELECT 1 AS broken FROM {{batch}} WHERE {broken}",
        description=rule.rule,
        meta=meta,
    )


def _meta(rule: str, column: str, allowed: float) -> dict[str, Any]:
    return {"rule": rule, "column": column, "allowed": allowed}


def _run_table(source: Any, contract: Contract, one: Checked) -> list[CheckResult]:
    asset = source.add_table_asset(one.name, table_name=one.name)
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    outcome = batch.validate(suite_of(contract, one), result_format=dict(NO_VALUES))
    return [_result(one, result) for result in outcome.results]


def _result(one: Checked, result: Any) -> CheckResult:
    config, found = result.expectation_config, result.result or {}
    meta, rows = config.meta, one.staged.rows
    counted = found.get("unexpected_count", found.get("observed_value")) if rows else 0
    if _raised(result.exception_info or {}) or counted is None or config.type not in ALLOWED:
        raise CommonwealError.of(
            "check-not-run",
            f"a check of {one.name} could not be run ({config.type})",
            why="a check that does not run is not passed",
            next="report it; the delivery stays pending",
        )
    unexpected = 0 if meta["rule"] == ROWS else int(counted)
    passed = bool(result.success) if meta["rule"] == ROWS else unexpected <= meta["allowed"] * rows
    return CheckResult(
        one.name, meta["column"], meta["rule"], config.type, rows, unexpected, meta["allowed"], passed
    )


def _raised(info: Mapping[str, Any]) -> bool:
    """Whether a check failed to run; the library tells it of the check, or of each of its metrics."""
    nested = [value for value in info.values() if isinstance(value, dict)]
    return any(bool(told.get("raised_exception")) for told in (info, *nested))
