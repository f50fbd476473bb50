"""What a question gets back: columns, rows, what was withheld, and what binds it.

Belongs here: the record and its JSON form. Does not: making it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from data_sharing_agreements.decisions import Decision
from data_sharing_agreements.separation import Statement


@dataclass(frozen=True)
class Answer:
    """The answer to a query or a table.

    Args:
        verb: `query` or `table`.
        columns: (name, DuckDB type) in order.
        rows: Values in order of the columns; a withheld number is None, and the column
            `suppressed` of that row true.
        withheld: Cells hidden from a table, or whether a query's rows were cut off (1).
        decision: The permission, with the obligations that bind the answer.
        duties: What is said of separation of duties where the answer was made.
    """

    verb: Literal["query", "table"]
    columns: tuple[tuple[str, str], ...]
    rows: Sequence[tuple[Any, ...]]
    withheld: int
    decision: Decision
    duties: Statement

    def to_json(self) -> dict[str, Any]:
        """Return the object of `commonweal/query/1` or `commonweal/table/1`."""
        return {
            "schema": f"commonweal/{self.verb}/1",
            "columns": [{"name": name, "type": kind} for name, kind in self.columns],
            "rows": [[plain(value) for value in row] for row in self.rows],
            "withheld": self.withheld,
            "obligations": self.decision.obligations.listed(),
            "decision": self.decision.to_json(),
            "separation_of_duties": self.duties.to_json(),
        }


def plain(value: Any) -> Any:
    """Return a value as JSON has it: dates as ISO text, decimals as numbers, NaN as null."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value == value else None
    return str(value)
