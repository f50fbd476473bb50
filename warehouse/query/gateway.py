"""The query gateway: one checked SELECT on one locked, read-only mart.

Belongs here: permission, the locked connection, limits, the log entry. Does not: the
check itself (check.py, duckdb_tree.py), or who the actor is. This is a security
boundary; tests/attack guards it.

Free SQL is for licenses of rows, inside the enclave. It is not disclosure control:
what a licensee takes out passes output review.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from threading import Timer

import duckdb

from data_sharing_agreements.decisions import Decision, Request
from data_sharing_agreements.errors import UsageFault
from warehouse.hub import Hub
from warehouse.marts.published import Published, published
from warehouse.opener import Session
from warehouse.oversight.duties import duties_of
from warehouse.query.answer import Answer
from warehouse.query.check import CheckedQuery, check_query
from warehouse.query.duckdb_tree import SERIALIZE, check_serialized
from warehouse.query.refusals import refusals_logged

MAX_ROWS = 10_000
"""Rows one answer holds; more are cut off and said to be."""

MAX_SECONDS = 60.0
"""Time one statement may run."""

_LOCKS = (
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def query(hub: Hub, actor: str, project: str, sql: str) -> Answer:
    """Run one SELECT of a licensee on a project's marts of rows.

    Args:
        hub: The hub; its roles must open marts.
        actor: Account that signed in; never an argument of the user's.
        project: The project asked about.
        sql: What the user sent.

    Raises:
        Refused: The license does not permit rows to this account, or the statement
            writes, reads anything but the mart, or calls an unlisted function.
        UsageFault: It does not parse, names a column that is not there, computes
            what cannot be computed, or takes too long; or there is no mart yet.
    """
    decision = hub.gate.require(Request("query", project=project, actor=actor, form="rows"))
    current = published(hub, project)
    tables = current.tables("rows")
    with refusals_logged(hub, "query", project, actor, decision, sorted(tables)):
        checked = check_query(sql, tables)
        with hub.opener.session(read=[current.store]) as session:
            _lock(session)
            catalog = {row[0].lower() for row in session.execute("SELECT view_name FROM duckdb_views()")}
            serialized = session.one(SERIALIZE, {"statement": checked.sql})
            check_serialized(serialized, frozenset(tables), current.store.alias, frozenset(catalog))
            columns, rows = _run(session, checked, tables)
    _note(hub, current, actor, checked, decision)
    return Answer("query", columns, rows[:MAX_ROWS], int(len(rows) > MAX_ROWS), decision, duties_of(hub))


def _lock(session: Session) -> None:
    """Shut every way out of the mart before the user's statement is near the connection."""
    for statement in _LOCKS:
        session.execute(statement)


def _run(
    session: Session, checked: CheckedQuery, tables: Mapping[str, Collection[str]]
) -> tuple[tuple[tuple[str, str], ...], list[tuple[object, ...]]]:
    watch = Timer(MAX_SECONDS, session.raw.interrupt)
    watch.start()
    try:
        result = session.raw.execute(checked.sql)
        rows = result.fetchmany(MAX_ROWS + 1)
        described = tuple((str(c[0]), str(c[1])) for c in result.description or ())
    except duckdb.Error as error:
        raise _fault(error, {t: tables[t] for t in sorted(checked.tables)}) from None
    finally:
        watch.cancel()
    return described, rows


def _fault(error: duckdb.Error, tables: Mapping[str, Collection[str]]) -> UsageFault:
    """Return what to tell of an error of the statement. DuckDB's words may quote values."""
    why = "The engine's own words are withheld, because they may quote a value."
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
        what = "The query names a column that is not there, or mixes types."
        next_step = " ".join(f"{name} has {', '.join(columns)}." for name, columns in tables.items())
        code = "query-unresolved"
    elif isinstance(error, duckdb.InterruptException):
        what, next_step = f"The query ran longer than {MAX_SECONDS:.0f} seconds.", "Ask for less at once."
        code = "query-too-long"
    else:
        what, next_step = (
            "The query computes something that cannot be computed.",
            "Check casts and divisions.",
        )
        code = "query-failed"
    fault = UsageFault.of(code, what, why=why, next=next_step, rule="query-gateway")
    fault.__suppress_context__ = True
    assert isinstance(fault, UsageFault)
    return fault


def _note(hub: Hub, current: Published, actor: str, checked: CheckedQuery, decision: Decision) -> None:
    """Write the question to the log: what was read, never its literals or answer."""
    hub.log.append(
        "query",
        {
            "project": current.project,
            "version": current.version,
            "actor": actor,
            "tables": sorted(checked.tables),
            "columns": sorted(checked.columns),
        },
        [(c.document, c.clause) for c in decision.clauses],
    )
