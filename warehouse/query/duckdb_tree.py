"""The second lock: DuckDB's own reading of a statement, against the same lists.

Belongs here: walking the JSON that `json_serialize_sql` gives for the statement
that is about to run. Does not: sqlglot (check.py), or running anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from data_sharing_agreements.errors import UsageFault
from warehouse.query.check import allowed_functions, refuse

SERIALIZE = "SELECT json_serialize_sql($statement)"
"""Parses its argument without planning or running it."""

_SOURCES = frozenset(
    {"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST", "SELECT_NODE", "SET_OPERATION_NODE"}
)
"""What a FROM clause, a join's side or a set operation's side may be."""


def check_serialized(serialized: str, tables: frozenset[str], store: str, catalog: frozenset[str]) -> None:
    """Raise unless DuckDB sees one SELECT over the mart's tables and listed functions.

    Args:
        serialized: Result of `SERIALIZE`.
        tables: The mart's tables, lower case.
        store: Alias of the mart's file.
        catalog: Names DuckDB would find without a store (its own views); no CTE
            may bear one, so a bare name can only mean a CTE.

    Raises:
        UsageFault: DuckDB cannot parse the statement.
        Refused: It is anything else than allowed.
    """
    tree = json.loads(serialized)
    if tree.get("error"):
        if tree.get("error_type") == "parser":
            raise UsageFault.of(
                "query-syntax",
                "The query is not SQL that DuckDB can parse.",
                next="Correct its syntax; the dialect is DuckDB's.",
                rule="query-gateway",
            )
        raise refuse("The statement is not a SELECT.", "A mart is read only.", "Write one SELECT.")
    if len(tree["statements"]) != 1:
        raise refuse(
            "The text holds several statements.", "One SELECT is run at a time.", "Send them one by one."
        )
    nodes = list(_walk(tree))
    names = {str(name).lower() for node in nodes for name in _cte_names(node)}
    if names & catalog:
        raise refuse("A WITH name is one of the database's own.", "It could hide what is read.", "Rename it.")
    for node in nodes:
        _check_table(node, tables, store, names)
        _check_function(node)


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value)


def _cte_names(node: dict[str, Any]) -> list[str]:
    ctes = node.get("cte_map")
    return [entry["key"] for entry in ctes["map"]] if isinstance(ctes, dict) else []


def _check_table(node: dict[str, Any], tables: frozenset[str], store: str, ctes: set[str]) -> None:
    for key in ("from_table", "left", "right", "source"):
        source = node.get(key)
        is_source = isinstance(source, dict) and "class" not in source and "type" in source
        if is_source and node[key]["type"] not in _SOURCES:
            raise refuse(
                "The query reads something that is not a table.", "Only tables are read.", "Name a table."
            )
    if node.get("type") == "RECURSIVE_CTE_NODE":
        raise refuse("The query is recursive.", "It may never end.", "Write it without WITH RECURSIVE.")
    if node.get("type") != "BASE_TABLE":
        return
    name, place = node["table_name"].lower(), (node.get("catalog_name", ""), node.get("schema_name", ""))
    if not (place == (store, "main") and name in tables) and not (place == ("", "") and name in ctes):
        raise refuse(
            "The query reads a table outside the mart.", "A license opens its own mart.", "Name its tables."
        )


def _check_function(node: dict[str, Any]) -> None:
    if node.get("class") == "PARAMETER":
        raise refuse("The query contains a parameter.", "Nothing is bound to it.", "Write the value.")
    if (
        node.get("class") in ("FUNCTION", "WINDOW")
        and node["function_name"].lower() not in allowed_functions()
    ):
        raise refuse(
            "The query calls a function that is not in the list.",
            "Listed functions compute from their arguments alone.",
            "docs/marts.md lists the functions; write the query with those.",
        )
