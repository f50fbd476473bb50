"""What a name means: a mart, a column of one, an indicator, a part of one, or an open data file.

Belongs here: finding it among a deployment's definitions. Does not: its lineage
(report.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from data_sharing_agreements.errors import CommonwealError, UsageFault
from privacy.disclosure import SUPPRESSED
from warehouse.deployment import Deployment
from warehouse.indicators.definition import Definition as Indicator
from warehouse.indicators.definition import load_definitions
from warehouse.lineage.laying import (
    DENOMINATOR,
    NUMERATOR,
    VALUE,
    columns_of,
    lay_indicator,
    lay_open_data,
    mart_place,
)
from warehouse.lineage.trail import Layer, Place, Trail
from warehouse.marts.definition import Definition, MartSpec, load_marts

Kind = Literal["mart", "column", "indicator", "open data file"]
OPEN_DATA = "open_data"
FORMATS = ("csv", "parquet")


@dataclass(frozen=True)
class Named:
    """What a name means.

    Args:
        name: As it was asked.
        kind: What sort of thing it is.
        title, description: For people.
        project, mart: The mart it rests on.
        ends: The places whose lineage is meant.
        last: Steps from the mart to the figure; none for a mart.
        meanings: Column → its description, of the mart and of the figure.
    """

    name: str
    kind: Kind
    title: str
    description: str
    project: str
    mart: str
    ends: tuple[Place, ...]
    last: Trail
    meanings: Mapping[str, str]


def find(deployment: Deployment, name: str) -> Named:
    """Return what a name means.

    Raises:
        UsageFault: Nothing bears the name, or several marts do.
        Invalid: A definition is faulty.
    """
    marts = load_marts(deployment.marts_dir)
    indicators = {d.id: d for d in load_definitions(deployment.indicators_dir)}
    found = _indicator(name, indicators) or _file(name, marts) or _mart(name, marts)
    if found is None:
        raise _unknown(indicators, marts)
    return found


def names_of(deployment: Deployment) -> tuple[str, ...]:
    """Return every name that has a lineage, but for columns and parts: indicators, marts, files."""
    marts = load_marts(deployment.marts_dir)
    indicators = [d.id for d in load_definitions(deployment.indicators_dir)]
    return tuple(sorted([*indicators, *_mart_names(marts), *_files(marts)]))


def indicator_parts(definition: Indicator) -> dict[str, str]:
    """Return the parts of an indicator that have a lineage of their own, with what each means."""
    groups = {name: f"Groups by {name.replace('_', ' ')}." for name in definition.breakdowns}
    return {
        VALUE: "The numerator divided by the denominator.",
        NUMERATOR: definition.numerator.meaning,
        DENOMINATOR: definition.denominator.meaning,
        definition.source.period: "The period.",
        **groups,
    }


def _indicator(name: str, indicators: Mapping[str, Indicator]) -> Named | None:
    key, _, part = name.partition(".")
    definition = indicators.get(key)
    if definition is None or (part and part not in indicator_parts(definition)):
        return None
    return Named(
        name,
        "indicator",
        definition.title,
        definition.definition,
        definition.source.project,
        definition.source.mart,
        (Place(Layer.FIGURE, key, part or VALUE),),
        lay_indicator(definition),
        indicator_parts(definition),
    )


def _file(name: str, marts: Mapping[str, tuple[MartSpec, ...]]) -> Named | None:
    definition = _files(marts).get(name.removeprefix(f"{OPEN_DATA}/"))
    if definition is None:
        return None
    file = name.removeprefix(f"{OPEN_DATA}/")
    ends = tuple(Place(Layer.FIGURE, file, column) for column in columns_of(definition))
    return _named(name, "open data file", definition, ends, lay_open_data(definition, file))


def _mart(name: str, marts: Mapping[str, tuple[MartSpec, ...]]) -> Named | None:
    place, _, column = name.partition(".")
    project, _, mart = place.rpartition("/")
    found = [
        spec.definition
        for owner, specs in marts.items()
        for spec in specs
        if spec.definition.mart == mart and project in ("", owner)
    ]
    if len(found) != 1 or (column and column not in columns_of(found[0])):
        return None
    columns = (column,) if column else columns_of(found[0])
    ends = tuple(mart_place(found[0], name) for name in columns)
    return _named(name, "column" if column else "mart", found[0], ends, Trail(()))


def _named(name: str, kind: Kind, definition: Definition, ends: tuple[Place, ...], last: Trail) -> Named:
    meanings = {column: about.description for column, about in definition.columns.items()}
    return Named(
        name,
        kind,
        definition.title,
        meanings.get(ends[0].column, "") if kind == "column" else definition.description,
        definition.project,
        definition.mart,
        ends,
        last,
        {**meanings, SUPPRESSED: "Whether the cell is withheld."},
    )


def _files(marts: Mapping[str, tuple[MartSpec, ...]]) -> dict[str, Definition]:
    public = [s.definition for specs in marts.values() for s in specs if s.definition.kind == "public"]
    return {f"{definition.mart}.{ending}": definition for definition in public for ending in FORMATS}


def _mart_names(marts: Mapping[str, tuple[MartSpec, ...]]) -> list[str]:
    return [f"{project}/{spec.definition.mart}" for project, specs in marts.items() for spec in specs]


def _unknown(indicators: Iterable[str], marts: Mapping[str, tuple[MartSpec, ...]]) -> CommonwealError:
    names = sorted([*indicators, *_mart_names(marts), *_files(marts)])
    return UsageFault.of(
        "lineage-unknown",
        "Nothing bears that name, or more than one thing does.",
        why="A lineage is asked of a mart, an indicator, a column or part of one, or an open data file.",
        next=f"Use one of {', '.join(names)}; for a column or a part, put .NAME behind it.",
    )
