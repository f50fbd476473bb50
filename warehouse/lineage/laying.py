"""Laying a trail: the steps that contracts, core SQL, the person rule and marts make.

Belongs here: turning what each of them does into steps, and raising where a column
comes from nothing. Does not: following a trail (trail.py), or what an agreement
permits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from data_sharing_agreements.errors import ErrorDetail, Invalid
from privacy.disclosure import SUPPRESSED
from warehouse.contracts_model import Column, Contracts, Table
from warehouse.core.catalog import MACHINE_COLUMNS, SPINE, CoreCatalog, CoreSelect, content_columns
from warehouse.core.facts import ATTRIBUTES, ORIGIN, PERSON_KEY
from warehouse.lineage.operations import Operation, told
from warehouse.lineage.select import How, Ref, analyse
from warehouse.lineage.trace import PERSON, STUDY_ID, ProjectView
from warehouse.lineage.trail import ROWS, Layer, Place, Step, Trail

if TYPE_CHECKING:
    from warehouse.indicators.definition import Definition as Indicator
    from warehouse.marts.definition import Definition, MartSpec

BIRTH_MONTH = "birth_month"
VALUE, NUMERATOR, DENOMINATOR = "value", "numerator", "denominator"


def mart_place(definition: Definition, column: str = ROWS) -> Place:
    """Return the place of a mart's column, or of its rows."""
    return Place(Layer.MART, f"{definition.project}/{definition.mart}", column)


def columns_of(definition: Definition) -> tuple[str, ...]:
    """Return the columns a published mart has: those declared, and what marks a withheld cell."""
    more = (SUPPRESSED,) if definition.kind == "public" else ()
    return (*definition.columns, *more)


def lay_core(contracts: Contracts, core: CoreCatalog) -> Trail:
    """Return the steps from agencies' files to every core column of a deployment."""
    steps = [step for select in core.selects.values() for step in _core_steps(select)]
    content = {step.start for step in steps if step.start.layer is Layer.CONTENT}
    return Trail.of([*steps, *(_content_step(contracts, place) for place in content)])


def lay_content(contracts: Contracts) -> Trail:
    """Return the steps from agencies' files to every column that the warehouse holds of them."""
    places = [
        Place(Layer.CONTENT, f"{contract.source}.{table.name}", column)
        for contract in contracts
        for table in contract.tables
        for column in (ROWS, *content_columns(table))
        if column not in MACHINE_COLUMNS
    ]
    return Trail.of(_content_step(contracts, place) for place in places)


def lay_marts(contracts: Contracts, core: CoreCatalog, view: ProjectView, specs: Sequence[MartSpec]) -> Trail:
    """Return the trail of a project's marts, from agencies' files to every published column.

    Raises:
        Invalid: The lineage of a mart cannot be derived, or a column of one comes from
            nothing an agency sent; all such columns at once.
    """
    steps = [step for spec in specs for step in _mart_steps(view, spec)]
    people = (
        s for project in {spec.definition.project for spec in specs} for s in _person_steps(view, project)
    )
    laid = Trail.of([*lay_core(contracts, core).steps, *people, *steps])
    ends = [mart_place(spec.definition, column) for spec in specs for column in columns_of(spec.definition)]
    places = {mart_place(spec.definition).table: spec.place for spec in specs}
    Invalid.collect(_from_nothing(end, places[end.table]) for end in ends if not laid.behind([end]).sources())
    return laid.behind(ends)


def lay_indicator(definition: Indicator) -> Trail:
    """Return the steps from a mart's columns to an indicator's numerator, denominator, value and groups."""
    source = definition.source

    def mart(column: str) -> Place:
        return Place(Layer.MART, f"{source.project}/{source.mart}", column)

    def figure(column: str) -> Place:
        return Place(Layer.FIGURE, definition.id, column)

    shown = (Operation.COUNTED, Operation.WITHHELD, Operation.ROUNDED_COUNT)
    counted = {NUMERATOR: definition.numerator.column, DENOMINATOR: definition.denominator.column}
    groups = (source.period, *definition.breakdowns)
    return Trail.of(
        [
            *(Step(mart(column), figure(part), rows=False, how=shown) for part, column in counted.items()),
            *(Step(figure(part), figure(VALUE), rows=False, how=(Operation.SHARE,)) for part in counted),
            *(Step(mart(name), figure(name), rows=False) for name in groups),
            *(Step(mart(name), figure(ROWS), rows=True, how=(Operation.GROUPED,)) for name in groups),
            Step(mart(definition.denominator.column), figure(ROWS), rows=True, how=(Operation.FILTERED,)),
            Step(mart(ROWS), figure(ROWS), rows=True),
        ]
    )


def lay_open_data(definition: Definition, name: str) -> Trail:
    """Return the steps from a public mart to a file of open data: the same table."""
    return Trail.of(
        Step(mart_place(definition, column), Place(Layer.FIGURE, name, column), rows=column == ROWS)
        for column in (*columns_of(definition), ROWS)
    )


def _core_steps(select: CoreSelect) -> Iterator[Step]:
    table = f"{select.source}.{select.fact}"
    for name, column in select.lineage.columns.items():
        yield from _content_refs(select, column.value_how, Place(Layer.CORE, table, name), rows=False)
    yield from _content_refs(select, select.lineage.row_how, Place(Layer.CORE, table, ROWS), rows=True)


def _content_refs(select: CoreSelect, how: How, end: Place, *, rows: bool) -> Iterator[Step]:
    for ref, operations in how.items():
        if ref.schema == "current" and ref.column not in MACHINE_COLUMNS:
            table = f"{select.source}.{ref.table.removeprefix(f'{select.source}__')}"
            yield Step(Place(Layer.CONTENT, table, ref.column), end, rows, told(operations))
        elif ref.table == SPINE and ref.column == PERSON_KEY:
            done = told(operations | {Operation.LINKED})
            yield Step(Place(Layer.LINK, SPINE, ref.column), end, rows, done)


def _content_step(contracts: Contracts, end: Place) -> Step:
    """Return the step of one column from the file to content, as its contract says."""
    source, _, name = end.table.partition(".")
    table = contracts[source].by_name[name]
    if end.column == ROWS:
        return Step(Place(Layer.FILE, end.table, ROWS), end, rows=True)
    if end.column == BIRTH_MONTH and table.has_birth_month:
        born = next(column.name for column in table.columns if column.role == "birth_date")
        return Step(Place(Layer.FILE, end.table, born), end, rows=False, how=(Operation.MONTH_ONLY,))
    return Step(Place(Layer.FILE, end.table, end.column), end, rows=False, how=_read_how(table, end.column))


def _read_how(table: Table, name: str) -> tuple[Operation, ...]:
    column: Column = table.by_name[name]
    return told(
        operation
        for done, operation in (
            (column.pseudonym, Operation.REPLACED),
            (column.recode or column.cipher, Operation.RECODED),
            (column.implied_decimals, Operation.SCALED),
            (column.free_text, Operation.SCANNED),
        )
        if done
    )


def _person(project: str, column: str) -> Place:
    return Place(Layer.PERSON, f"{project}/{PERSON}", column)


def _person_steps(view: ProjectView, project: str) -> Iterator[Step]:
    """Return how a project's `person` is chosen from the demographics it may see."""
    demographics = [source for source, fact in view.facts if fact == "demographic"]
    for source in demographics:
        core = f"{source}.demographic"
        yield Step(Place(Layer.CORE, core, ROWS), _person(project, ROWS), rows=True)
        yield Step(Place(Layer.CORE, core, PERSON_KEY), _person(project, STUDY_ID), rows=False)
    for attribute in ATTRIBUTES:
        for name in (attribute, f"{attribute}_source"):
            end = _person(project, name)
            for source in view.voters[attribute]:
                core = f"{source}.demographic"
                yield Step(Place(Layer.CORE, core, attribute), end, rows=False, how=(Operation.VOTED,))
                yield Step(Place(Layer.CORE, core, "as_of"), end, rows=True, how=(Operation.VOTED,))


def _mart_steps(view: ProjectView, spec: MartSpec) -> Iterator[Step]:
    lineage = analyse(spec.sql, view.schema, spec.place)
    definition = spec.definition
    for name, column in lineage.columns.items():
        control = _control(definition, name)
        if not column.value_how:
            yield Step(mart_place(definition), mart_place(definition, name), rows=True, how=told(control))
        for ref, operations in column.value_how.items():
            for start in _core_places(ref, definition.project):
                yield Step(start, mart_place(definition, name), rows=False, how=told(operations | control))
    if definition.aggregates is not None:
        marked = mart_place(definition, SUPPRESSED)
        for name in (*definition.aggregates.dimensions, definition.aggregates.count):
            yield Step(mart_place(definition, name), marked, rows=False, how=(Operation.WITHHELD,))
    for ref, operations in lineage.row_how.items():
        for start in _core_places(ref, definition.project):
            yield Step(start, mart_place(definition), rows=True, how=told(operations))


def _core_places(ref: Ref, project: str) -> Iterable[Place]:
    if ref.schema == "main":
        return [_person(project, ref.column)]
    if ref.column in ORIGIN:
        return []
    column = PERSON_KEY if ref.column == STUDY_ID else ref.column
    return [Place(Layer.CORE, f"{ref.schema}.{ref.table}", column)]


def _control(definition: Definition, column: str) -> frozenset[Operation]:
    """Return what disclosure control does to a column of a mart before it is published."""
    found = set()
    if definition.kind == "rows" and column in definition.quasi:
        found.add(Operation.EMPTIED)
    if definition.kind == "rows" and definition.trajectory and column in definition.trajectory.columns:
        found.add(Operation.COARSENED)
    if definition.aggregates is not None and column == definition.aggregates.count:
        found |= {Operation.COUNTED, Operation.WITHHELD, Operation.ROUNDED_COUNT}
    return frozenset(found)


def _from_nothing(end: Place, place: str) -> ErrorDetail:
    return ErrorDetail(
        "lineage-empty",
        f"The column {end.column} of {place} comes from nothing an agency sent.",
        "Every published column must be traceable to columns of sources.",
        "Select it from a fact, or leave it out.",
        rule=place,
    )
