"""Column lineage as Dagster keeps it: for each asset's column, the assets and columns it comes from.

Belongs here: trails turned into asset keys and columns. Does not: deriving them
(warehouse.lineage), or Dagster's metadata keys (metadata.py).
"""

from collections.abc import Mapping

from assets.names import SPINE, content_key, core_key, mart_key
from data_sharing_agreements.registry import Mart
from warehouse.core.catalog import CoreCatalog
from warehouse.core.facts import ATTRIBUTES, FACTS, PERSON_KEY
from warehouse.indicators.definition import Definition
from warehouse.lineage.grounds import TRAIL
from warehouse.lineage.laying import lay_indicator
from warehouse.lineage.trace import core_values
from warehouse.lineage.trail import ROWS, Layer, Place, Step, Trail

Columns = Mapping[str, list[tuple[str, str]]]
"""Column → (asset, column) of everything its values come from, in order."""

PERSON = "person"


def core_columns(catalog: CoreCatalog, fact: str) -> Columns:
    """Return where a core table's columns come from: content of the sources, and the spine."""
    if fact == PERSON:
        named = {name: name for name in (PERSON_KEY, *ATTRIBUTES)}
        named |= {f"{name}_source": name for name in ATTRIBUTES}
        return {name: [(core_key("demographic"), column)] for name, column in named.items()}
    found: dict[str, list[tuple[str, str]]] = {PERSON_KEY: [(SPINE, PERSON_KEY)]}
    for column in FACTS[fact]:
        origins = {o for select in catalog.of_fact(fact) for o in core_values(select, column) if o.field}
        found[column] = sorted({(content_key(o.source), f"{o.table}.{o.column}") for o in origins})
    return found


def mart_columns(mart: Mart) -> Columns:
    """Return where a published mart's columns come from, as it was built."""
    trail = Trail.from_json(mart.codebook.get(TRAIL, []))
    table = f"{mart.project}/{mart.mart}"
    return {
        column: sorted(
            {_content(step.start) for step in _through_core(trail, Place(Layer.MART, table, column))}
        )
        for column in trail.columns_of(Layer.MART, table)
    }


def indicator_columns(definition: Definition) -> Columns:
    """Return where an indicator's parts come from: columns of its mart."""
    trail = lay_indicator(definition)
    asset = mart_key(definition.source.project, definition.source.mart)
    found = {}
    for column in trail.columns_of(Layer.FIGURE, definition.id):
        behind = trail.behind_values([Place(Layer.FIGURE, definition.id, column)])
        found[column] = sorted((asset, place.column) for place in behind.places(Layer.MART))
    return found


def _through_core(trail: Trail, end: Place) -> list[Step]:
    steps = trail.behind_values([end]).steps
    return [s for s in steps if s.end.layer is Layer.CORE and s.start.column != ROWS]


def _content(place: Place) -> tuple[str, str]:
    if place.layer is Layer.LINK:
        return SPINE, place.column
    source, _, table = place.table.partition(".")
    return content_key(source), f"{table}.{place.column}"
