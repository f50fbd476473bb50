"""Lineage of one SELECT: which columns of its tables give values and decide rows.

Belongs here: the walk through scopes (CTEs, derived tables, subqueries, set
operations, windows, QUALIFY). Does not: chains of SELECTs (trace.py).

A value looked up in a reference list comes from the columns it is looked up by, and a
test for NULL (`h.id IS NOT NULL` after an outer join) from what decides the other side's
rows. A column decides rows if it stands in WHERE, a join condition, GROUP BY, HAVING,
QUALIFY, DISTINCT, an UNNEST, ORDER BY under a LIMIT, or in a subquery there. Every
table read decides rows too, by which rows it has: that is written as column `*`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import OptimizeError, SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope, walk_in_scope

from data_sharing_agreements.errors import Invalid
from warehouse.lineage.operations import Operation, done_to
from warehouse.lineage.parse import parse_select

REFERENCE = "reference"
"""Schema of public lists, whose columns come from no agency."""

Schema = Mapping[str, Mapping[str, Iterable[str]]]
"""Schema name → table name → column names. Unqualified tables are in `main`."""


@dataclass(frozen=True, order=True)
class Ref:
    """A column of a table the SELECT reads; column `*` means the table's rows."""

    schema: str
    table: str
    column: str


How = Mapping[Ref, frozenset[Operation]]
"""Columns something comes from, each with what is done to it on the way."""


@dataclass(frozen=True)
class ColumnLineage:
    """Where one output column comes from.

    Args:
        value_how: Columns whose values enter the column's values, and what is done to them.
        row_how: Columns (and tables, as `*`) that decide which rows there are, and how.
    """

    value_how: How
    row_how: How

    @property
    def values(self) -> frozenset[Ref]:
        """Columns whose values enter the column's values."""
        return frozenset(self.value_how)

    @property
    def rows(self) -> frozenset[Ref]:
        """Columns (and tables, as `*`) that decide which rows there are."""
        return frozenset(self.row_how)


@dataclass(frozen=True)
class SelectLineage:
    """Lineage of every output column of one SELECT, in order, and of its rows."""

    columns: Mapping[str, ColumnLineage]
    row_how: How

    @property
    def rows(self) -> frozenset[Ref]:
        """Columns and tables that decide which rows there are."""
        return frozenset(self.row_how)


def analyse(sql: str, schema: Schema, place: str) -> SelectLineage:
    """Derive the lineage of a SELECT.

    Args:
        sql: One SELECT in DuckDB's dialect.
        schema: Every table it may read. A table or column outside it is an error.
        place: File name, for errors.

    Raises:
        Invalid: The SQL cannot be parsed or resolved, or uses what parse.py refuses.
    """
    tree = parse_select(sql, place)
    resolved = resolve(tree, schema, place)
    scope = build_scope(resolved)
    if scope is None:
        raise _unresolved(place)
    columns, rows = _Walk(place).outputs(scope)
    return SelectLineage(columns, rows)


def resolve(tree: exp.Query, schema: Schema, place: str) -> exp.Query:
    """Return the tree with stars expanded and every column qualified.

    Raises:
        Invalid: A table or column is not in `schema`.
    """
    _check_tables(tree, schema, place)
    types = {
        db: {table: dict.fromkeys(columns, "VARCHAR") for table, columns in tables.items()}
        for db, tables in schema.items()
    }
    try:
        return qualify(tree.copy(), dialect="duckdb", db="main", schema=types)
    except (OptimizeError, SqlglotError):
        raise _unresolved(place) from None


def _check_tables(tree: exp.Query, schema: Schema, place: str) -> None:
    names = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not table.db and table.name.lower() in names:
            continue
        known = schema.get(table.db.lower() or "main", {})
        if table.catalog or table.name.lower() not in known:
            raise Invalid.of(
                "sql-table-not-licensed",
                f"{place} reads {table.db or 'main'}.{table.name}, which is not there for it.",
                why="SQL sees only the tables of its own layer and its licensed sources.",
                next="Read a table of a licensed source, or amend the license.",
                rule=place,
            )


def _unresolved(place: str) -> Invalid:
    error = Invalid.of(
        "sql-column-unresolved",
        f"A column in {place} cannot be resolved to a column of the tables it reads.",
        why="A lineage that cannot be derived is an error: an unlicensed column is not there at all.",
        next="Check column names against `commonweal lineage` and the license's field list.",
        rule=place,
    )
    assert isinstance(error, Invalid)
    return error


class _Walk:
    """The walk over the scopes of one resolved SELECT; each scope is done once."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._done: dict[int, tuple[dict[str, ColumnLineage], How]] = {}

    def outputs(self, scope: Scope) -> tuple[dict[str, ColumnLineage], How]:
        """Return the output columns of a scope and the columns deciding its rows."""
        if id(scope) not in self._done:
            is_set = isinstance(scope.expression, exp.SetOperation)
            self._done[id(scope)] = self._set_operation(scope) if is_set else self._select(scope)
        return self._done[id(scope)]

    def _set_operation(self, scope: Scope) -> tuple[dict[str, ColumnLineage], How]:
        (left, left_rows), (right, right_rows) = (self.outputs(part) for part in scope.set_operation_scopes)
        rows = _merged(left_rows, right_rows)
        keeps_all = isinstance(scope.expression, exp.Union) and not scope.expression.args.get("distinct")
        if not keeps_all:
            parts = (column.value_how for column in (*left.values(), *right.values()))
            rows = _merged(rows, *(_marked(part, Operation.DISTINCT) for part in parts))
        if len(left) != len(right):
            raise _unresolved(self._place)
        pairs = zip(left.items(), right.values(), strict=True)
        return {name: ColumnLineage(_merged(a.value_how, b.value_how), rows) for (name, a), b in pairs}, rows

    def _select(self, scope: Scope) -> tuple[dict[str, ColumnLineage], How]:
        select = scope.expression
        if not isinstance(select, exp.Select):
            raise _unresolved(self._place)
        read = [
            self.outputs(source)[1] if isinstance(source, Scope) else {_table_ref(source): frozenset()}
            for source in _read(scope)
        ]
        decided = [_marked(self._refs(node, scope), how) for how, node in _row_clauses(select)]
        values = {column.alias_or_name: self._refs(column, scope) for column in select.expressions}
        if select.args.get("distinct"):
            decided += [_marked(part, Operation.DISTINCT) for part in values.values()]
        rows = _merged(*read, *decided)
        return {name: ColumnLineage(refs, rows) for name, refs in values.items()}, rows

    def _refs(self, node: exp.Expression, scope: Scope) -> How:
        """Return every base column an expression depends on, subqueries included."""
        found: list[How] = []
        for part in walk_in_scope(node):
            if isinstance(part, exp.TableColumn):
                raise _unresolved(self._place)
            if isinstance(part, exp.Column):
                looked_up = _marked(self._looked_up_by(part, scope), Operation.LOOKED_UP)
                found.append(_marked(_merged(self._column(part, scope), looked_up), *done_to(part, node)))
            if isinstance(part, exp.Is):
                columns_tested = part.find_all(exp.Column)
                found += [_only(self._presence(c, scope), Operation.PRESENCE) for c in columns_tested]
        for inner in scope.subquery_scopes:
            if _contains(node, inner.expression):
                columns, rows = self.outputs(inner)
                found.append(_only(rows, Operation.ELSEWHERE))
                found += [_marked(c.value_how, Operation.ELSEWHERE) for c in columns.values()]
        return _merged(*found)

    def _presence(self, column: exp.Column, scope: Scope) -> How:
        """Return what decides whether the subquery a column comes from has a row."""
        source = self._source(column, scope) if column.table else None
        return self.outputs(source)[1] if isinstance(source, Scope) else {}

    def _source(self, column: exp.Column, scope: Scope) -> exp.Table | Scope:
        holder: Scope | None = scope
        while holder is not None and column.table not in holder.sources:
            holder = holder.parent
        if holder is None:
            raise _unresolved(self._place)
        source: exp.Table | Scope = holder.sources[column.table]
        return source

    def _column(self, column: exp.Column, scope: Scope) -> How:
        if not column.table:
            return self._alias(column, scope)
        source = self._source(column, scope)
        if not isinstance(source, Scope):
            return {Ref(source.db, source.name, column.name): frozenset()}
        columns, _ = self.outputs(source)
        if column.name not in columns:
            raise _unresolved(self._place)
        return columns[column.name].value_how

    def _alias(self, column: exp.Column, scope: Scope) -> How:
        """Resolve a bare name, which after qualifying can only be an output's alias."""
        for output in scope.expression.expressions:
            if output.alias_or_name == column.name and output is not column:
                return self._refs(output, scope)
        raise _unresolved(self._place)

    def _looked_up_by(self, column: exp.Column, scope: Scope) -> How:
        """Return the columns by which a value of a reference list is looked up."""
        source = scope.sources.get(column.table)
        if not isinstance(source, exp.Table) or source.db != REFERENCE:
            return {}
        joins = [j for j in scope.expression.args.get("joins") or [] if j.alias_or_name == column.table]
        keys = [key for j in joins if j.args.get("on") for key in j.args["on"].find_all(exp.Column)]
        return _merged(*(self._column(key, scope) for key in keys if key.table != column.table))


def _merged(*parts: How) -> How:
    found: dict[Ref, frozenset[Operation]] = {}
    for part in parts:
        for ref, operations in part.items():
            found[ref] = found.get(ref, frozenset()) | operations
    return found


def _only(how: How, operation: Operation) -> How:
    """Say of columns that decide rows what asking for those rows does, and no more."""
    return {ref: frozenset({operation}) for ref in how}


def _marked(how: How, *operations: Operation) -> How:
    return {ref: done | frozenset(operations) for ref, done in how.items()} if operations else how


def _read(scope: Scope) -> list[exp.Table | Scope]:
    """Return every source a SELECT reads, the right side of SEMI and ANTI joins included."""
    names = dict.fromkeys(scope.selected_sources)
    names.update(dict.fromkeys(join.alias_or_name for join in scope.expression.args.get("joins") or []))
    return [scope.sources[name] for name in names if name in scope.sources]


_CLAUSES: Mapping[str, Operation] = {
    "where": Operation.FILTERED,
    "group": Operation.GROUPED,
    "having": Operation.FILTERED,
    "qualify": Operation.CHOSEN_ROW,
}


def _table_ref(table: exp.Table) -> Ref:
    return Ref(table.db, table.name, "*")


def _contains(node: exp.Expression, inner: exp.Expression) -> bool:
    parent: exp.Expression | None = inner
    while parent is not None and parent is not node:
        parent = parent.parent
    return parent is node


def _row_clauses(select: exp.Select) -> list[tuple[Operation, exp.Expression]]:
    """Return the parts of a SELECT whose columns decide its rows, and how they do."""
    parts = [(how, select.args[key]) for key, how in _CLAUSES.items() if select.args.get(key)]
    if "group" in select.args and select.args["group"].args.get("all"):
        keys = [column for column in select.expressions if not column.find(exp.AggFunc)]
        parts += [(Operation.GROUPED, column) for column in keys]
    joins = select.args.get("joins") or []
    parts += [(Operation.JOINED, join.args["on"]) for join in joins if join.args.get("on")]
    distinct = select.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        parts.append((Operation.DISTINCT, distinct.args["on"]))
    if select.args.get("limit") and select.args.get("order"):
        parts.append((Operation.CHOSEN_ROW, select.args["order"]))
    spread = [node for column in select.expressions for node in column.find_all(exp.Explode, exp.Unnest)]
    return parts + [(Operation.SPREAD, node) for node in spread]
