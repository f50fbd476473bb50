"""What a check found: counts, never values.

Belongs here: the record of one check. Does not: Great Expectations, which is slow
to import.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CheckResult:
    """One expectation's result.

    Args:
        table, column: Logical names; no column for a check of the table.
        rule: Rule of the contract it tests.
        expectation: Great Expectations' name of the check.
        rows: Rows it looked at.
        unexpected: Rows that failed it.
        allowed: Share of rows that may fail.
        passed: Whether no more did.
    """

    table: str
    column: str
    rule: str
    expectation: str
    rows: int
    unexpected: int
    allowed: float
    passed: bool
