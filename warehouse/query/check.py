"""Check a query before it runs: one SELECT over a mart's tables, listed functions only.

Belongs here: parsing, the lists, and the statement that is then executed, which is
written anew from the checked tree so that what runs is what was checked. Does not:
the connection (gateway.py). This is a security boundary; tests/attack guards it.

Two parsers must agree: sqlglot checks the text as sent, and DuckDB's own parser
(duckdb_tree.py) checks the statement as it will run.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import sqlglot
import yaml
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.scope import traverse_scope

from data_sharing_agreements.errors import Refused, UsageFault

MAX_LENGTH = 20_000
"""Characters of the longest statement read."""

_RULE = "query-gateway"
_STATEMENTS = frozenset(
    {"alter", "analyze", "attach", "begin", "call", "checkpoint", "comment", "commit", "copy", "create"}
    | {"deallocate", "delete", "detach", "drop", "execute", "explain", "export", "force", "import", "insert"}
    | {"install", "load", "merge", "pragma", "prepare", "reset", "rollback", "set", "truncate", "update"}
    | {"use", "vacuum"}
)
_REFUSED_NODES: tuple[tuple[type[exp.Expression], str], ...] = (
    (exp.Parameter, "a parameter"),
    (exp.SessionParameter, "a setting"),
    (exp.Placeholder, "a placeholder"),
    (exp.Pivot, "PIVOT or UNPIVOT"),
    (exp.Columns, "COLUMNS()"),
    (exp.Lateral, "LATERAL"),
    (exp.Into, "INTO"),
    (exp.Lock, "a lock"),
    (exp.Command, "a command"),
    (exp.DDL, "a statement that changes data"),
    (exp.DML, "a statement that changes data"),
)


@dataclass(frozen=True)
class CheckedQuery:
    """A statement that may run.

    Args:
        sql: The statement to execute: every table written with its store.
        tables: The mart's tables it reads.
        columns: The mart's columns it names, as `table.column` of any table it
            reads; with `tables` all the log says of it, for aliases and literals
            are the user's own text.
    """

    sql: str
    tables: frozenset[str]
    columns: frozenset[str]


@cache
def allowed_functions() -> frozenset[str]:
    """Return the names of functions.yaml, lower case."""
    text = resources.files("warehouse.query").joinpath("functions.yaml").read_text(encoding="utf-8")
    groups: dict[str, list[str]] = yaml.safe_load(text)
    return frozenset(name.lower() for names in groups.values() for name in names)


def check_query(sql: str, tables: Mapping[str, Collection[str]], store: str = "mart") -> CheckedQuery:
    """Check a statement and return what may run in its place.

    Args:
        sql: What the user sent.
        tables: The mart's tables and their columns, lower case.
        store: Alias under which the mart's file is attached.

    Raises:
        UsageFault: It is empty, too long or does not parse.
        Refused: It is not one SELECT, or leaves the mart: another table, a function
            not in the list, a table function, a parameter, a recursive CTE.
    """
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # its warnings quote the statement
    tree = _parse(sql)
    _check_nodes(tree)
    qualified = _qualify(tree, frozenset(tables), store)
    read = frozenset(t.name.lower() for t in qualified.find_all(exp.Table) if t.catalog)
    named = {column.name.lower() for column in qualified.find_all(exp.Column)}
    stars = qualified.find_all(exp.Star)
    everything = any(not isinstance(star.parent, exp.Count) for star in stars)
    columns = {f"{t}.{c}" for t in read for c in tables[t] if everything or c in named}
    return CheckedQuery(qualified.sql(dialect="duckdb", comments=False), read, frozenset(columns))


def refuse(what: str, why: str, next_step: str) -> Refused:
    """Build the refusal of a statement. Never quotes the statement."""
    error = Refused.of("query-refused", what, why=why, next=next_step, rule=_RULE)
    assert isinstance(error, Refused)
    return error


def _parse(sql: str) -> exp.Query:
    if not sql.strip() or len(sql) > MAX_LENGTH or "\x00" in sql:
        raise UsageFault.of(
            "query-empty-or-long",
            f"A query has between 1 and {MAX_LENGTH} characters and no NUL byte.",
            rule=_RULE,
        )
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="duckdb") if tree is not None]
    except (ParseError, TokenError, RecursionError) as error:
        if _first_word(sql) in _STATEMENTS:
            raise _not_select() from None
        raise _syntax(_place(error)) from None
    if len(trees) != 1:
        raise refuse(
            f"The text holds {len(trees)} statements.",
            "One SELECT is run at a time.",
            "Send them one by one.",
        )
    tree = trees[0]
    if isinstance(tree, exp.Query):
        return tree
    if isinstance(tree, exp.Condition | exp.Alias) and _first_word(sql) not in _STATEMENTS:
        raise _syntax()  # a misspelt SELECT reads as an expression
    raise _not_select()


def _syntax(place: str = "") -> UsageFault:
    fault = UsageFault.of(
        "query-syntax",
        f"The query is not SQL that can be parsed{place}.",
        next="Correct its syntax; the dialect is DuckDB's.",
        rule=_RULE,
    )
    assert isinstance(fault, UsageFault)
    return fault


def _not_select() -> Refused:
    return refuse(
        "The statement is not a SELECT.",
        "A mart is read only: a query may not write, attach, copy, set or load anything.",
        "Write one SELECT over the mart's tables.",
    )


def _first_word(sql: str) -> str:
    words = re.findall(r"[a-z]+", re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.DOTALL).lower())
    return words[0] if words else ""


def _place(error: Exception) -> str:
    details = error.errors if isinstance(error, ParseError) else []
    return f" (line {details[0]['line']}, column {details[0]['col']})" if details else ""


def _check_nodes(tree: exp.Query) -> None:
    for kind, words in _REFUSED_NODES:
        if tree.find(kind) is not None:
            raise refuse(
                f"The query contains {words}.", "Only a plain SELECT can be checked.", "Write it without."
            )
    if any(w.args.get("recursive") for w in tree.find_all(exp.With)):
        raise refuse("The query is recursive.", "It may never end.", "Write it without WITH RECURSIVE.")
    allowed = allowed_functions()
    for call in tree.find_all(exp.Func):
        if not any(name in allowed for name in _names(call)):
            raise refuse(
                "The query calls a function that is not in the list.",
                "Listed functions compute from their arguments alone.",
                "docs/marts.md lists the functions; write the query with those.",
            )


def _names(call: exp.Func) -> Iterator[str]:
    if isinstance(call, exp.Anonymous | exp.AnonymousAggFunc):
        yield call.name.lower()
        return
    yield call.key.lower()
    yield from (name.lower() for name in call.sql_names())


def _qualify(tree: exp.Query, tables: frozenset[str], store: str) -> exp.Query:
    """Write every table with its store; refuse any that is not the mart's.

    A name is taken for a CTE only where that CTE is in scope.
    """
    copy = tree.copy()
    for table in copy.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or table.args.get("version") or table.args.get("when"):
            raise _leaves()
        if (table.catalog.lower() or store) != store or (table.db.lower() or "main") != "main":
            raise _leaves()
    try:
        qualify_tables(copy, db="main", catalog=store, dialect="duckdb")
        scopes = traverse_scope(copy)
    except (SqlglotError, RecursionError):
        raise refuse(
            "The query's tables cannot be told apart.", "It cannot be checked.", "Write it plainer."
        ) from None
    ctes = {id(node) for scope in scopes for node, _ in _cte_tables(scope)}
    for table in copy.find_all(exp.Table):
        if id(table) in ctes and not table.db:
            continue
        if table.catalog != store or table.db != "main" or table.name.lower() not in tables:
            raise _leaves()
    return copy


def _cte_tables(scope: object) -> Iterator[tuple[exp.Table, object]]:
    for node, source in scope.selected_sources.values():  # type: ignore[attr-defined]
        if isinstance(node, exp.Table) and not isinstance(source, exp.Table):
            yield node, source


def _leaves() -> Refused:
    return refuse(
        "The query reads something that is not a table of this mart.",
        "A license opens its own mart's tables and nothing else: no file, catalog or function.",
        "Read the tables named in the mart's codebook.",
    )
