"""Build core: run each source's SELECTs and choose each person's best values.

Belongs here: which facts are out of date, and replacing each source's in one
transaction. Does not: the SELECTs (files), their check (catalog.py), or marts.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from data_sharing_agreements.decisions import Request
from data_sharing_agreements.errors import Refused
from data_sharing_agreements.restrictions import own_spine_sources
from warehouse.core.catalog import CoreCatalog, CoreSelect, load_core
from warehouse.core.facts import ATTRIBUTES, FACTS, ORIGIN
from warehouse.core.period import Days, inside_sql
from warehouse.core.person import person_sql
from warehouse.hub import Hub
from warehouse.opener import Session, Store
from warehouse.restrictions.relations import as_written, restrict, spine_use
from warehouse.steps import StepResult

STEP = "core"
_FORMAT = 1
"""Counted up when the builder itself makes other tables from the same SQL."""

CORE_DDL = """
CREATE SCHEMA IF NOT EXISTS warehouse.core;
CREATE TABLE IF NOT EXISTS warehouse.core.build (
    source VARCHAR NOT NULL, input_hash VARCHAR NOT NULL, link_version BIGINT,
    rows_in BIGINT NOT NULL, rows_out BIGINT NOT NULL
);
"""
"""`build`: for each source, and for `person`, from what its core tables were last made."""

_PERSON = "person"


@dataclass(frozen=True)
class _Plan:
    """What is to be made: the SELECTs, and the input hash of each permitted source and `person`.

    `restricted` is a digest of the records left out, `days` are the licensed days of
    service of each source.
    """

    catalog: CoreCatalog
    hashes: Mapping[str, str]
    restricted: str
    link_version: int | None
    days: Mapping[str, Days]

    def of_fact(self, fact: str) -> list[CoreSelect]:
        """SELECTs of one fact of the permitted sources."""
        return [s for s in self.catalog.of_fact(fact) if s.source in self.hashes]


def build(hub: Hub, progress: Callable[[str], None] | None = None) -> list[StepResult]:
    """Bring core up to date with the deliveries that stand and the spine.

    A source is made anew when its deliveries, its SQL, the link version or the records
    that may not be read changed; else it is skipped. A source that no lasting spine may
    hold is no part of core.

    Args:
        hub: The hub; its roles must open the warehouse.
        progress: Told the name of each source as it begins.

    Returns:
        One result a source, and one for `person`. A source that may not be linked for
        the deployment's purpose is refused and left as it is; the others go on.

    Raises:
        Refused: The sources that are left may not be linked with one another.
    """
    catalog = load_core(hub.contracts, hub.deployment.core_dir)
    sources = sorted({source for source, _ in catalog.selects} - own_spine_sources(hub.agreements))
    if not sources or not hub.opener.exists(Store.warehouse()):
        return []
    refused = _refused(hub, sources)
    permitted = [source for source in sources if source not in {step.source for step in refused}]
    decision = hub.gate.require(Request("link", hub.deployment.link_purpose, frozenset(permitted)))
    days = {source: decision.obligations.period(source) for source in permitted}
    plan, done = _plan(hub, catalog, days)
    if plan.hashes.items() <= done.items():
        return [*refused, *(StepResult(STEP, name, status="skipped") for name in plan.hashes)]
    with hub.opener.session(write=[Store.warehouse()]) as session:
        session.execute(CORE_DDL)
        if not _exists(session, "spine", "current"):
            return refused
        catalog.reference.make(session)
        restrict(session, hub, spine_use(hub))
        with as_written(session, hub):
            return [*refused, *(_make(session, plan, name, progress) for name in plan.hashes)]


def input_hash(parts: Iterable[object]) -> str:
    """Return the hash by which a step knows that it has nothing new to do."""
    return hashlib.sha256(json.dumps(list(parts), sort_keys=True, default=str).encode()).hexdigest()


def _refused(hub: Hub, sources: list[str]) -> list[StepResult]:
    found = []
    for source in sources:
        try:
            hub.gate.require(Request("link", hub.deployment.link_purpose, frozenset({source})))
        except Refused as error:
            found.append(StepResult(STEP, source, status="refused", errors=error.details))
    return found


def _plan(hub: Hub, catalog: CoreCatalog, days: Mapping[str, Days]) -> tuple[_Plan, dict[str, str]]:
    """Return what is to be made under today's restrictions, and the hashes of what stands."""
    latest = hub.registry.link_versions.latest()
    link = (latest.version, latest.input_hash) if latest else None
    with hub.opener.session(read=[Store.warehouse()]) as session:
        restricted = restrict(session, hub, spine_use(hub))
        done = built_hashes(session)
    hashes = {
        source: input_hash(
            [
                _FORMAT,
                link,
                sorted((d.id, d.sha256) for d in hub.registry.deliveries.current(source)),
                [(s.fact, s.sql) for s in catalog.of_source(source)],
                catalog.reference.content(),
                days[source],
                restricted,
            ]
        )
        for source in days
    }
    hashes[_PERSON] = input_hash([_FORMAT, hashes])
    return _Plan(catalog, hashes, restricted, link[0] if link else None, days), done


def built_hashes(session: Session) -> dict[str, str]:
    """Return, for each source and `person`, the hash of what its core tables were made from."""
    if not _exists(session, "core", "build"):
        return {}
    return dict(session.execute("SELECT source, input_hash FROM warehouse.core.build"))


def _make(session: Session, plan: _Plan, name: str, progress: Callable[[str], None] | None) -> StepResult:
    if built_hashes(session).get(name) == plan.hashes[name]:
        return StepResult(STEP, name, status="skipped")
    if progress:
        progress(name)
    start = time.perf_counter()
    with session.transaction("warehouse"):
        rows_in, rows_out = (
            _make_person(session, plan) if name == _PERSON else _make_source(session, plan, name)
        )
        session.execute("DELETE FROM warehouse.core.build WHERE source = ?", [name])
        session.execute(
            "INSERT INTO warehouse.core.build VALUES (?, ?, ?, ?, ?)",
            [name, plan.hashes[name], plan.link_version, rows_in, rows_out],
        )
        session.execute("DELETE FROM warehouse.restriction.applied WHERE source = ?", [name])
        session.execute("INSERT INTO warehouse.restriction.applied VALUES (?, ?)", [name, plan.restricted])
    return StepResult(STEP, name, rows_in=rows_in, rows_out=rows_out, seconds=time.perf_counter() - start)


def _make_source(session: Session, plan: _Plan, source: str) -> tuple[int, int]:
    selects = [s for s in plan.catalog.of_source(source) if _delivered(session, s)]
    read = {ref.table for s in selects for ref in s.lineage.rows if ref.schema == "current"}
    rows_in = sum(session.one(f'SELECT count(*) FROM memory.current."{table}"') for table in sorted(read))
    return rows_in, sum(_make_fact(session, select, plan.days[source]) for select in selects)


def _delivered(session: Session, select: CoreSelect) -> bool:
    read = {ref.table for ref in select.lineage.rows if ref.schema == "current"}
    return all(_exists(session, "current", table) for table in read)


def _make_fact(session: Session, select: CoreSelect, days: Days) -> int:
    table = f'warehouse.core."{select.table}"'
    session.execute(f"CREATE OR REPLACE TABLE {table} AS {fact_sql(select, days)}", rule=select.place)
    return int(session.one(f"SELECT count(*) FROM {table}"))


def fact_sql(select: CoreSelect, days: Days) -> str:
    """Return the SELECT of a fact: its columns in order and in their types, known persons, licensed days."""
    columns = ", ".join(f"CAST({c} AS {t}) AS {c}" for c, t in FACTS[select.fact].items())
    inside = inside_sql(f"({select.sql})", select.fact, days)
    return f"SELECT person_key, {columns} FROM {inside} WHERE person_key IS NOT NULL"


def _make_person(session: Session, plan: _Plan) -> tuple[int, int]:
    for fact in FACTS:
        _make_view(session, plan, fact)
    made = [s for s in plan.of_fact("demographic") if _exists(session, "core", s.table)]
    relations = {s.source: f'warehouse.core."{s.table}"' for s in made}
    if not relations:
        return 0, 0
    sql = person_sql(relations, {attribute: list(relations) for attribute in ATTRIBUTES})
    session.execute(f"CREATE OR REPLACE TABLE warehouse.core.person AS {sql}")
    rows_in = session.one(f"SELECT {' + '.join(f'(SELECT count(*) FROM {r})' for r in relations.values())}")
    return int(rows_in), int(session.one("SELECT count(*) FROM warehouse.core.person"))


def _make_view(session: Session, plan: _Plan, fact: str) -> None:
    """Make `core.<fact>`: every source's rows, with source, agency and program."""
    made = [s for s in plan.of_fact(fact) if _exists(session, "core", s.table)]
    if made:
        parts = " UNION ALL ".join(f'SELECT {origin_sql(s)}, * FROM warehouse.core."{s.table}"' for s in made)
        session.execute(f"CREATE OR REPLACE VIEW warehouse.core.{fact} AS {parts}")


def origin_sql(select: CoreSelect) -> str:
    """Return the constants source, agency and program of a source's rows."""
    values = (select.source, select.agency, select.program)
    return ", ".join(f"'{v}'::{t} AS {c}" for v, (c, t) in zip(values, ORIGIN.items(), strict=True))


def _exists(session: Session, schema: str, name: str) -> bool:
    return bool(
        session.execute(
            "SELECT 1 FROM information_schema.tables WHERE table_catalog = 'warehouse' "
            "AND table_schema = ? AND table_name = ?",
            [schema, name],
        )
    )
