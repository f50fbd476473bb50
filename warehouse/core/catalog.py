"""What core is made of: each source's SELECTs, parsed, with their lineage.

Belongs here: reading the SQL files that contracts name, and checking that each gives
its fact's columns from its own source's tables. Does not: running them (builder.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data_sharing_agreements.errors import CommonwealError, ErrorDetail, Invalid
from warehouse.contracts_model import Contract, Contracts, Table
from warehouse.core.facts import FACTS, columns_of
from warehouse.core.reference import Reference, load_reference
from warehouse.lineage.select import REFERENCE, Schema, SelectLineage, analyse

SPINE = "spine"
"""Name under which a core SELECT reads the spine: `spine(record_key, person_key)`."""

MACHINE_COLUMNS: tuple[str, ...] = ("record_key", "delivery_id", "row_number")
"""Columns of content tables that the pipeline adds; they carry nothing an agency sent."""


@dataclass(frozen=True)
class CoreSelect:
    """One SELECT of one source: its text, its lineage, and the table it fills.

    `agency` and `program` are its contract's.
    """

    source: str
    agency: str
    program: str
    fact: str
    place: str
    sql: str
    lineage: SelectLineage

    @property
    def table(self) -> str:
        """Table of the schema `core` that holds its rows."""
        return f"{self.source}__{self.fact}"


@dataclass(frozen=True)
class CoreCatalog:
    """Every core SELECT of a deployment, by (source, fact), and the lists they read."""

    selects: Mapping[tuple[str, str], CoreSelect]
    reference: Reference

    def of_fact(self, fact: str) -> tuple[CoreSelect, ...]:
        """The SELECTs of one fact, in order of source."""
        return tuple(s for (_, f), s in sorted(self.selects.items()) if f == fact)

    def of_source(self, source: str) -> tuple[CoreSelect, ...]:
        """The SELECTs of one source, in order of fact."""
        return tuple(s for (o, _), s in sorted(self.selects.items()) if o == source)


def content_columns(table: Table) -> tuple[str, ...]:
    """Return the columns `current.<source>__<table>` has, the pipeline's own included."""
    born = ("birth_month",) if table.has_birth_month else ()
    return (*MACHINE_COLUMNS, *(c.name for c in table.content_columns), *born)


def source_schema(contract: Contract, reference: Reference) -> Schema:
    """Return the tables a source's core SELECTs may read: its own, the spine, reference lists."""
    tables = {f"{contract.source}__{table.name}": content_columns(table) for table in contract.tables}
    return {"current": tables, "main": {SPINE: ("record_key", "person_key")}, REFERENCE: reference.columns}


def load_core(contracts: Contracts, core_dir: Path) -> CoreCatalog:
    """Read and check every core SELECT.

    Args:
        contracts: Contracts, whose `core` mappings name a fact and a file.
        core_dir: Directory that holds `reference/`.

    Raises:
        Invalid: All faults at once: an unknown fact, a missing file, SQL whose lineage
            cannot be derived, columns that are not the fact's.
    """
    reference = load_reference(core_dir / REFERENCE)
    selects: dict[tuple[str, str], CoreSelect] = {}
    faults: list[ErrorDetail] = []
    for contract in contracts:
        for mapping in contract.core:
            try:
                select = _read(contract, mapping.fact, mapping.sql, reference)
            except CommonwealError as error:
                faults += error.details
            else:
                selects[contract.source, mapping.fact] = select
    Invalid.collect(faults)
    return CoreCatalog(selects, reference)


def _read(contract: Contract, fact: str, path: Path, reference: Reference) -> CoreSelect:
    place = f"core/{contract.source}/{path.name}"
    if fact not in FACTS:
        raise Invalid.of(
            "core-fact-unknown",
            f"{contract.source} maps to a fact {fact} that there is not.",
            next=f"Use one of {', '.join(FACTS)}.",
            source=contract.source,
        )
    if not path.is_file():
        raise Invalid.of(
            "core-sql-missing",
            f"{contract.source} names {place}, which is not there.",
            next="Write the SELECT, or remove the mapping from the contract.",
            source=contract.source,
        )
    sql = path.read_text(encoding="utf-8")
    lineage = analyse(sql, source_schema(contract, reference), place)
    if set(lineage.columns) != set(columns_of(fact)):
        raise Invalid.of(
            "core-columns",
            f"{place} gives other columns than those of {fact}.",
            why="A fact has one shape whatever the source.",
            next=f"Select {', '.join(columns_of(fact))}.",
            source=contract.source,
        )
    return CoreSelect(contract.source, contract.agency, contract.program, fact, place, sql, lineage)
