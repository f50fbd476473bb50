"""Parse declared SQL and refuse what lineage cannot follow.

Belongs here: one SELECT in, one syntax tree out, or the faults with their
reasons. Does not: SQL that users send (query/check.py is stricter still).
"""

from __future__ import annotations

from collections.abc import Callable

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from data_sharing_agreements.errors import ErrorDetail, Invalid

_NEXT = "Write the same result with plain SELECT, JOIN, WHERE, GROUP BY and CASE."


def _has_columns_expression(tree: exp.Expression) -> bool:
    calls = tree.find_all(exp.Columns, exp.Anonymous)
    return any(isinstance(c, exp.Columns) or c.name.lower() == "columns" for c in calls)


def _has_table_function(tree: exp.Expression) -> bool:
    tables = tree.find_all(exp.Table)
    return any(not isinstance(t.this, exp.Identifier) for t in tables) or any(
        isinstance(node.parent, (exp.From, exp.Join)) for node in tree.find_all(exp.Unnest, exp.Values)
    )


def _is_recursive(tree: exp.Expression) -> bool:
    return any(w.args.get("recursive") for w in tree.find_all(exp.With))


_REFUSED: tuple[tuple[str, str, Callable[[exp.Expression], bool]], ...] = (
    ("pivot", "PIVOT and UNPIVOT make columns out of rows", lambda t: t.find(exp.Pivot) is not None),
    ("columns-expression", "COLUMNS() chooses columns when it runs", _has_columns_expression),
    ("table-function", "a function or VALUES list stands where a table should", _has_table_function),
    ("lateral", "LATERAL hides which rows meet", lambda t: t.find(exp.Lateral) is not None),
    ("recursive", "WITH RECURSIVE has no finite path to its columns", _is_recursive),
    ("sample", "a sample gives other rows each time", lambda t: t.find(exp.TableSample) is not None),
)


def parse_select(sql: str, place: str) -> exp.Query:
    """Return the tree of the one SELECT in `sql`.

    Args:
        sql: DuckDB SQL: exactly one SELECT, set operations and CTEs included.
        place: The file it stands in, for the error.

    Raises:
        Invalid: It does not parse, is not one SELECT, or uses a construct whose
            lineage cannot be derived (PIVOT, COLUMNS(), table functions,
            LATERAL, WITH RECURSIVE, SAMPLE). All faults at once.
    """
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="duckdb") if tree is not None]
    except (ParseError, TokenError):
        raise Invalid.of(
            "sql-syntax", f"{place} is not SQL that can be parsed.", next="Correct its syntax.", rule=place
        ) from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise Invalid.of("sql-not-one-select", f"{place} must hold exactly one SELECT.", rule=place)
    tree = trees[0]
    Invalid.collect(
        ErrorDetail(
            f"sql-{code}",
            f"{place}: {what}, so its lineage cannot be derived.",
            why="Every published column must be traceable to licensed source columns.",
            next=_NEXT,
            rule=place,
        )
        for code, what, found in _REFUSED
        if found(tree)
    )
    return tree
