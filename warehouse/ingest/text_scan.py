"""Identifiers in columns that are not for them.

Belongs here: which columns of a delivery are scanned, and with what names they are
compared. Does not: the scan itself (`privacy.identifier_scan`).
"""

from __future__ import annotations

from collections.abc import Sequence

from privacy.identifier_scan import scan_text_columns
from warehouse.contracts_model import Column, ColumnType, OnInvalid
from warehouse.ingest.checks import Checked
from warehouse.opener import Session
from warehouse.readers.staged import Fault, listed, quoted

NAMES = ("given_name", "middle_name", "surname", "full_name")


def scanned(column: Column) -> bool:
    """Whether a column goes to the warehouse as text that no code list limits."""
    limited = bool(column.codes) and column.on_invalid is not OnInvalid.KEEP
    return column.in_content and not column.pseudonym and column.type is ColumnType.STRING and not limited


def _text_sql(column: Column) -> str:
    """SQL of the text to scan: without declared codes, some of which are surnames (White)."""
    name = quoted(column.name)
    if not column.codes:
        return name
    return f"CASE WHEN {name} IN ({listed(list(column.codes))}) THEN NULL ELSE {name} END AS {name}"


def identifiers_in_text(session: Session, checked: Sequence[Checked]) -> list[Fault]:
    """Return columns bound for the warehouse in which the scan finds identifiers."""
    names = _names_query(checked)
    faults = []
    for one in checked:
        columns = [column for column in one.staged.columns if scanned(column)]
        if not columns or not one.accepted:
            continue
        with session.guard(rule="names-in-text"):
            texts = f"(SELECT {', '.join(_text_sql(c) for c in columns)} FROM {one.accepted_sql()})"
            found = scan_text_columns(session.raw, texts, [c.name for c in columns], names)
        rows = {finding.column: round(finding.share * one.accepted) for finding in found}
        faults += [Fault("names-in-text", count, one.name, column) for column, count in sorted(rows.items())]
    return faults


def _names_query(checked: Sequence[Checked]) -> str:
    """SQL of the names that occur in the delivery, one column."""
    queries = [
        f"SELECT DISTINCT {quoted(column.name)} AS name FROM {one.accepted_sql()}"
        for one in checked
        for column in one.staged.columns
        if column.role in NAMES
    ]
    return " UNION ALL ".join(queries) or "SELECT NULL::VARCHAR AS name WHERE false"
