"""Core: facts in one shape, whatever the source.

Belongs here: one asset a fact, made together, and what each says of itself.
Does not: the SELECTs, or building (warehouse.core).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from assets.fairness import make_fairness
from assets.lineage import PERSON, core_columns
from assets.metadata import column_lineage, plain_schema, row_count
from assets.names import CORE, POOL, RESTRICTED, SPINE, content_key, core_key
from assets.workplace import Workplace
from warehouse.core.builder import build
from warehouse.core.catalog import CoreCatalog
from warehouse.core.facts import ATTRIBUTES, FACTS, ORIGIN, PERSON_KEY
from warehouse.hub import Hub
from warehouse.opener import Store

_MEANING: Mapping[str, str] = {
    PERSON: "One row a person: best values of their demographics, and the source of each.",
    "demographic": "What each record says of its person, as of a day.",
    "service_month": "A person served by a program in a month.",
    "spell": "An unbroken time of a person in a program.",
    "event": "Something that happened to a person on a day.",
}


def core_assets(catalog: CoreCatalog) -> dg.AssetsDefinition:
    """Return the core tables, made by one step.

    Args:
        catalog: Every core SELECT, for lineage and dependencies.
    """
    facts = [fact for fact in FACTS if catalog.of_fact(fact)]

    @dg.multi_asset(
        name="core",
        specs=[_spec(catalog, fact) for fact in [*facts, PERSON]],
        pool=POOL,
    )
    def core(workplace: dg.ResourceParam[Workplace]) -> Iterator[dg.MaterializeResult[None]]:
        with workplace.working("core"):
            make_core(workplace)
            make_fairness(workplace)
            counts = count_rows(workplace.hub, [*facts, PERSON])
        for fact in [*facts, PERSON]:
            yield dg.MaterializeResult(
                asset_key=core_key(fact), metadata=row_count(counts[fact]) | _columns(catalog, fact)
            )

    return core


def make_core(workplace: Workplace) -> None:
    """Bring core up to date and write down what was done for each source, or that it was refused.

    Raises:
        Refused: The sources that are left may not be linked for the deployment's purpose.
    """
    for step in build(workplace.hub, workplace.progress):
        workplace.record(step)


def count_rows(hub: Hub, facts: list[str]) -> dict[str, int]:
    """Return the number of rows of each core table that exists; 0 for one that does not."""
    if not hub.opener.exists(Store.warehouse()):
        return dict.fromkeys(facts, 0)
    hub.gate.keep()
    with hub.opener.session(read=[Store.warehouse()]) as session:
        made = session.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_catalog = 'warehouse' AND table_schema = 'core'"
        )
        there = {name for (name,) in made}
        return {
            fact: int(session.one(f"SELECT count(*) FROM warehouse.core.{fact}")) if fact in there else 0
            for fact in facts
        }


def _spec(catalog: CoreCatalog, fact: str) -> dg.AssetSpec:
    feeding = catalog.of_fact("demographic" if fact == PERSON else fact)
    contents = [content_key(source) for source in sorted({select.source for select in feeding})]
    return dg.AssetSpec(
        key=core_key(fact),
        deps=[core_key("demographic")] if fact == PERSON else [RESTRICTED, SPINE, *contents],
        group_name=CORE,
        description=_MEANING[fact],
        owners=["team:data-office"],
        kinds={"duckdb", "sql"},
        tags={"sensitivity": "sensitive"},
        metadata=_columns(catalog, fact),
    )


def _columns(catalog: CoreCatalog, fact: str) -> dict[str, Any]:
    return plain_schema(_schema(fact)) | column_lineage(core_columns(catalog, fact))


def _schema(fact: str) -> list[tuple[str, str, str]]:
    if fact == PERSON:
        types = FACTS["demographic"]
        chosen = [(name, types[name], "") for name in ATTRIBUTES]
        said = [(f"{name}_source", "VARCHAR", f"Source of `{name}`") for name in ATTRIBUTES]
        return [(PERSON_KEY, "BIGINT", ""), *chosen, *said]
    columns = {**ORIGIN, PERSON_KEY: "BIGINT", **FACTS[fact]}
    return [(name, kind, "") for name, kind in columns.items()]
