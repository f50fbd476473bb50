"""OpenLineage's words for our lineage: transformations, column lineage, agreement clauses.

Belongs here: turning steps of a trail into facets. Does not: events of a run
(openlineage.py), or deriving lineage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attr
from openlineage.client.generated.base import DatasetFacet
from openlineage.client.generated.column_lineage_dataset import (
    ColumnLineageDatasetFacet,
    Fields,
    InputField,
    Transformation,
)
from openlineage.client.generated.schema_dataset import SchemaDatasetFacet, SchemaDatasetFacetFields

from warehouse.lineage.grounds import Grounds
from warehouse.lineage.operations import Operation, in_words, told
from warehouse.lineage.trail import ROWS, Layer, Place, Step, Trail

CLAUSES = "commonweal_agreementClauses"
"""Key of our own facet on a dataset."""

CLAUSES_SCHEMA = "docs/openlineage/AgreementClausesDatasetFacet.json#/$defs/AgreementClausesDatasetFacet"
"""Its schema, relative to the project."""

_AGGREGATING = frozenset(
    {
        Operation.ADDED_UP,
        Operation.AVERAGED,
        Operation.SMALLEST,
        Operation.LARGEST,
        Operation.AT_LATEST,
        Operation.ANY,
        Operation.EVERY,
        Operation.AGGREGATED,
        Operation.COUNTED,
    }
)
_MASKING = frozenset(
    {
        Operation.REPLACED,
        Operation.MONTH_ONLY,
        Operation.BANDED,
        Operation.ROUNDED,
        Operation.EMPTIED,
        Operation.COARSENED,
        Operation.WITHHELD,
        Operation.ROUNDED_COUNT,
    }
)
_INDIRECT = {
    Operation.FILTERED: "FILTER",
    Operation.JOINED: "JOIN",
    Operation.LINKED: "JOIN",
    Operation.GROUPED: "GROUP_BY",
    Operation.DISTINCT: "GROUP_BY",
    Operation.CHOSEN_ROW: "SORT",
    Operation.NEIGHBOURS: "WINDOW",
}


@attr.define
class Clause:
    """A clause: the document, and the path of the key inside it."""

    document: str
    clause: str


@attr.define
class AgreementClausesDatasetFacet(DatasetFacet):
    """The clauses of agreements that permit a dataset, the decision and the link version."""

    clauses: list[Clause] = attr.field(factory=list)
    """Clauses on which the decision rests."""

    decision: int | None = attr.field(default=None)
    """Index of the entry of the log that is the decision."""

    linkVersion: int | None = attr.field(default=None)  # noqa: N815 - OpenLineage's style
    """Link version that says which records are one person's."""

    @staticmethod
    def _get_schema() -> str:
        return CLAUSES_SCHEMA


def clauses_facet(grounds: Grounds, link_version: int | None) -> AgreementClausesDatasetFacet:
    """Return the clauses, decision and link version of what a build rests on."""
    clauses = [Clause(document, clause) for document, clause in grounds.clauses]
    return AgreementClausesDatasetFacet(clauses, grounds.entry, link_version)


def dataset_name(place: Place) -> str:
    """Return the name of the dataset a place belongs to."""
    if place.layer is Layer.LINK:
        return place.table
    return f"{place.layer}.{place.table}"


def column_facets(trail: Trail, namespace: str, end: Place) -> dict[str, DatasetFacet]:
    """Return schema and column lineage of the dataset to which a place belongs.

    Args:
        trail: Steps to it and before it.
        namespace: Of all datasets.
        end: Any place of the dataset.
    """
    columns = trail.columns_of(end.layer, end.table)
    fields = {}
    for column in columns:
        steps = list(_into(trail, Place(end.layer, end.table, column)))
        if steps:
            fields[column] = Fields(inputFields=[_input(step, namespace) for step in steps])
    rows = [_input(step, namespace) for step in _into(trail, Place(end.layer, end.table, ROWS))]
    return {
        "schema": SchemaDatasetFacet(fields=[SchemaDatasetFacetFields(name=name) for name in columns]),
        "columnLineage": ColumnLineageDatasetFacet(fields=fields, dataset=rows),
    }


def inputs_of(trail: Trail, end: Place) -> tuple[str, ...]:
    """Return the names of the datasets from which one is made."""
    steps = [step for step in trail.steps if (step.end.layer, step.end.table) == (end.layer, end.table)]
    places = {start for step in steps for start in (s.start for s in _into(trail, step.end))}
    return tuple(sorted({dataset_name(place) for place in places} - {dataset_name(end)}))


def _into(trail: Trail, end: Place) -> Iterator[Step]:
    """Return the steps into a place; `person` is no dataset, so what is behind it stands for it."""
    for step in trail.into(end):
        if step.start.layer is not Layer.PERSON:
            yield step
            continue
        for chosen in trail.into(step.start):
            how = told({*chosen.how, *step.how})
            yield Step(chosen.start, end, step.rows or chosen.rows, how)


def _input(step: Step, namespace: str) -> InputField:
    return InputField(
        namespace=namespace,
        name=dataset_name(step.start),
        field=step.start.column,
        transformations=list(_transformations(step)),
    )


def _transformations(step: Step) -> Iterator[Transformation]:
    masking = bool(_MASKING & set(step.how))
    words = in_words(step.how) or None
    kind = "INDIRECT" if step.rows else "DIRECT"
    for subtype in _indirect(step.how) if step.rows else (_direct(step.how),):
        yield Transformation(type=kind, subtype=subtype, description=words, masking=masking)


def _direct(how: Iterable[Operation]) -> str:
    done = set(how)
    if done & _AGGREGATING:
        return "AGGREGATION"
    return "TRANSFORMATION" if done else "IDENTITY"


def _indirect(how: Iterable[Operation]) -> tuple[str, ...]:
    return tuple(sorted({_INDIRECT.get(operation, "CONDITIONAL") for operation in how})) or ("CONDITIONAL",)
