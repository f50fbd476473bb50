"""What must hold inside one contract.

Belongs here: checks that need several parts of one contract together.
Does not: reading YAML (`contracts_loader`), or anything about data.
"""

from __future__ import annotations

import re

from data_sharing_agreements.bases import forbidding, standing_prohibitions
from privacy.vault import IDENTIFIER_ROLES
from warehouse.contracts_model import (
    Column,
    ColumnType,
    Contract,
    Disclosure,
    FileKind,
    OnInvalid,
    Table,
)
from warehouse.contracts_properties import Faults

CADENCES = ("monthly", "quarterly", "annual", "once")
PERIOD_GROUPS = frozenset({"period", "year", "quarter", "month"})
RESERVED = frozenset({"record_key", "delivery_id", "row_number", "birth_month"})
"""Names of columns that content tables have of their own."""
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def check_contract(contract: Contract, faults: Faults) -> None:
    """Collect everything that contradicts itself in a contract."""
    _names(contract, faults)
    _files(contract, faults)
    _format(contract, faults)
    for table in contract.tables:
        _table(contract, table, faults)
        for column in table.columns:
            _column(contract, column, f"schema.{table.name}.{column.name}", faults)
            _prohibited(column, f"schema.{table.name}.{column.name}", faults)


def _names(contract: Contract, faults: Faults) -> None:
    named = [("id", contract.source), ("domain", contract.agency), ("dataProduct", contract.program)]
    named += [(f"schema.{t.name}", t.name) for t in contract.tables]
    named += [(f"schema.{t.name}.{c.name}", c.name) for t in contract.tables for c in t.columns]
    for place, name in named:
        if not _IDENTIFIER.fullmatch(name):
            faults.add(place, "is not a name in snake case", "use a-z, 0-9 and _, a letter first")
    _twice([t.name for t in contract.tables], "schema", faults)
    if contract.cadence not in CADENCES:
        faults.add("cadence", f"must be one of {', '.join(CADENCES)}", "correct it")
    if contract.extra_columns not in ("ignore", "hold"):
        faults.add("extra_columns", "must be ignore or hold", "correct it")
    if not contract.tables:
        faults.add("schema", "has no table", "describe at least one table")


def _twice(names: list[str], place: str, faults: Faults) -> None:
    for name in sorted({n for n in names if names.count(n) > 1}):
        faults.add(f"{place}.{name}", "is there twice", "give it a name of its own")


def _files(contract: Contract, faults: Faults) -> None:
    if not contract.files:
        faults.add("files", "is missing", "say which files hold which tables")
    covered: list[str] = []
    for index, pattern in enumerate(contract.files):
        place = f"files[{index}]"
        covered += pattern.tables
        try:
            groups = set(re.compile(pattern.pattern).groupindex)
        except re.error:
            faults.add(f"{place}.pattern", "is not a regular expression", "correct it")
            continue
        if unknown := sorted(groups - PERIOD_GROUPS):
            faults.add(
                f"{place}.pattern", f"has unknown groups {unknown}", "use period, year, quarter, month"
            )
        if missing := sorted(set(pattern.tables) - set(contract.by_name)):
            faults.add(f"{place}.tables", f"names no table of the schema: {', '.join(missing)}", "correct it")
        if contract.format.kind is not FileKind.FIXED_WIDTH and len(pattern.tables) != 1:
            faults.add(f"{place}.tables", "must be one table", "only fixed-width files hold several")
    for table in contract.tables:
        if table.name not in covered:
            faults.add(f"schema.{table.name}", "is in no file", "add a pattern under files")


def _format(contract: Contract, faults: Faults) -> None:
    form = contract.format
    if form.kind is FileKind.DELIMITED:
        for name, value, empty in (
            ("delimiter", form.delimiter, False),
            ("quote", form.quote, True),
            ("escape", form.escape, True),
        ):
            if not (len(value) == 1 or (empty and not value)):
                faults.add(f"format.{name}", "must be one character", "correct it")
    if form.kind is not FileKind.FIXED_WIDTH:
        return
    types = [t.record_type for t in contract.tables] + list(form.ignored_records)
    types += [r.record_type for r in (form.header_record, form.trailer_record) if r]
    if len(types) > 1 and "" in types:
        faults.add("format", "a record type is empty", "say what each record's lines start with")
    for one in types:
        for other in types:
            if one and other != one and other.startswith(one):
                faults.add("format", f"record type {one} is the start of {other}", "make them distinct")


def _table(contract: Contract, table: Table, faults: Faults) -> None:
    place = f"schema.{table.name}"
    if not table.columns:
        faults.add(place, "has no columns", "describe its columns")
    _twice([c.name for c in table.columns], place, faults)
    _twice([c.physical_name.casefold() for c in table.columns], place, faults)
    _table_references(table, place, faults)
    if table.role_columns and not table.record_id:
        faults.add(place, "has identifiers and no record_id", "say which columns are its record id")
    if contract.format.kind is FileKind.FIXED_WIDTH:
        for column in table.columns:
            if column.place is None:
                faults.add(f"{place}.{column.name}", "has no place in the line", "give start and length")
    if table.repeat and (table.repeat.count < 2 or table.repeat.step < 1):
        faults.add(f"{place}.repeat", "needs count of 2 or more and step of 1 or more", "correct it")


def _table_references(table: Table, place: str, faults: Faults) -> None:
    period = (table.period_column,) if table.period_column else ()
    for name in (*table.record_id, *table.row_key, *period):
        if name not in table.by_name:
            faults.add(place, f"refers to {name}, which is no column of it", "correct the name")
        elif name in period and table.by_name[name].type not in (ColumnType.DATE, ColumnType.TIMESTAMP):
            faults.add(f"{place}.period_column", "is not a date", "name a date column")


def _column(contract: Contract, column: Column, place: str, faults: Faults) -> None:
    dated = column.type in (ColumnType.DATE, ColumnType.TIMESTAMP)
    if column.name in RESERVED:
        faults.add(place, "is a name content tables use themselves", "give it another name")
    if dated and not column.date_format:
        faults.add(place, "has no date format", "give logicalTypeOptions.format")
    if column.role and column.role not in IDENTIFIER_ROLES:
        faults.add(f"{place}.role", "is not a role", f"use one of {', '.join(IDENTIFIER_ROLES)}")
    _roles(column, place, faults)
    if column.pseudonym and not column.pseudonym.startswith(f"{contract.source}."):
        faults.add(f"{place}.pseudonym", "must start with the source", f"use {contract.source}.<name>")
    if column.on_invalid is OnInvalid.KEEP and column.type is not ColumnType.STRING:
        faults.add(f"{place}.on_invalid", "keep is for text only", "use null, quarantine or hold")
    if any(len(k) != 1 or len(v) != 1 for k, v in column.cipher.items()):
        faults.add(f"{place}.cipher", "must map one character to one character", "correct it")
    if column.implied_decimals and column.type is not ColumnType.NUMBER:
        faults.add(f"{place}.implied_decimals", "is for numbers only", "set logicalType to number")
    shape = _DATE if dated else _NUMBER
    for name, bound in (("minimum", column.minimum), ("maximum", column.maximum)):
        if bound is not None and (column.type is ColumnType.STRING or not shape.fullmatch(bound)):
            faults.add(f"{place}.{name}", "does not fit the type", "a number, or a date as 'yyyy-MM-dd'")


def _roles(column: Column, place: str, faults: Faults) -> None:
    if column.role in ("birth_date", "date_of_death") and column.type is not ColumnType.DATE:
        faults.add(f"{place}.role", "needs logicalType date", "correct it")
    if column.role in ("employer", "household") and not column.pseudonym:
        faults.add(f"{place}.role", "needs a pseudonym", "give the namespace of its keys")
    if column.role == "sex" and not set(column.recode.values() or column.codes or {"M"}) <= {"M", "F"}:
        faults.add(f"{place}.recode", "must lead to M or F", "recode the delivered values to M and F")
    unclassified = column.role not in (None, "sex") and column.disclosure is Disclosure.ORDINARY
    if unclassified and not column.pseudonym:
        faults.add(f"{place}.classification", "an identifier is not ordinary", "classify it as direct")


def _prohibited(column: Column, place: str, faults: Faults) -> None:
    """No contract describes what a law keeps out of the hub, whatever an agreement says."""
    if (barred := forbidding(standing_prohibitions(), column.name)) is not None:
        law, never = barred
        faults.add(place, f"would hold {never.what}: {law.citation}", "leave it out of the contract")
