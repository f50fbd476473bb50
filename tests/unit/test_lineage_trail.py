"""Trails: every column of every mart, indicator and open data file of both deployments, to its sources."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from data_sharing_agreements.errors import Invalid
from tests.lineage_support import CONFIGS, STATES
from warehouse.contracts_model import Contracts
from warehouse.core.catalog import MACHINE_COLUMNS, SPINE, CoreCatalog
from warehouse.indicators.definition import Definition as Indicator
from warehouse.lineage.laying import BIRTH_MONTH, VALUE, columns_of, lay_indicator, lay_marts, mart_place
from warehouse.lineage.operations import Operation
from warehouse.lineage.trace import Origin
from warehouse.lineage.trail import ROWS, Layer, Place, Trail
from warehouse.marts.definition import Definition, MartSpec


def published() -> Iterator[tuple[str, Definition, str]]:
    for name, state in STATES.items():
        for specs in state.marts.values():
            for spec in specs:
                yield from ((name, spec.definition, column) for column in columns_of(spec.definition))


def parts() -> Iterator[tuple[str, Indicator, str]]:
    for name, state in STATES.items():
        for definition in state.indicators:
            for part in ("numerator", "denominator", VALUE, definition.source.period, *definition.breakdowns):
                yield name, definition, part


COLUMNS = list(published())
PARTS = list(parts())


def in_contract(contracts: Contracts, place: Place) -> bool:
    """Is a place of the file layer a table or a column that its contract has?"""
    source, _, table = place.table.partition(".")
    found = contracts[source].by_name[table]
    return place.column == ROWS or place.column in found.by_name


def is_constant(core: CoreCatalog, place: Place) -> bool:
    """Is it a column of core that its SQL fills with a fixed word or with nothing, or by a machine's key?"""
    source, _, fact = place.table.partition(".")
    refs = core.selects[source, fact].lineage.columns[place.column].values
    return all(ref.schema == "current" and ref.column in MACHINE_COLUMNS for ref in refs)


def ids(cases: list) -> list[str]:
    return [f"{name}-{getattr(d, 'mart', None) or d.id}.{column}" for name, d, column in cases]


def test_both_deployments_have_marts_and_indicators() -> None:
    assert {name for name, _, _ in COLUMNS} == {name for name, _, _ in PARTS} == set(CONFIGS)


@pytest.mark.parametrize(("name", "definition", "column"), COLUMNS, ids=ids(COLUMNS))
def test_every_column_of_every_mart_goes_back_to_columns_agencies_send(
    name: str, definition: Definition, column: str
) -> None:
    state = STATES[name]
    trail = state.trails[definition.project]
    behind = trail.behind([mart_place(definition, column)])
    files = behind.places(Layer.FILE)
    assert files
    assert all(in_contract(state.contracts, place) for place in files)
    assert {place.table.partition(".")[0] for place in files} == set(behind.sources())
    ends = {step.end for step in behind.steps}
    hanging = {s.start for s in behind.steps} - ends
    rest = {place for place in hanging if place.layer not in (Layer.FILE, Layer.LINK)}
    assert {place for place in rest if not is_constant(state.core, place)} == set(), "nothing ends half-way"


@pytest.mark.parametrize(("name", "definition", "part"), PARTS, ids=ids(PARTS))
def test_every_part_of_every_indicator_does_too(name: str, definition: Indicator, part: str) -> None:
    state = STATES[name]
    laid = Trail.of([*state.trails[definition.source.project].steps, *lay_indicator(definition).steps])
    behind = laid.behind_values([Place(Layer.FIGURE, definition.id, part)])
    assert behind.places(Layer.FILE) or laid.behind([Place(Layer.FIGURE, definition.id, part)]).places(
        Layer.FILE
    )
    assert behind.steps
    assert laid.behind_rows([Place(Layer.FIGURE, definition.id, part)]).places(Layer.FILE)


def origins(trail: Trail) -> set[Origin]:
    found = set()
    for start, end in trail.origins():
        table = SPINE if start.layer is Layer.LINK else start.table.partition(".")[2]
        found.add(Origin(end.source, table, start.column, end.name))
    return found


@pytest.mark.parametrize("name", STATES)
def test_a_trail_and_the_trace_that_licenses_rest_on_agree(name: str) -> None:
    """Two ways to the same answer: the steps followed back, and the sets that decide what is licensed."""
    state = STATES[name]
    for project, specs in state.marts.items():
        for spec in specs:
            for column, trace in state.traces[spec.place].items():
                end = [mart_place(spec.definition, column)]
                assert origins(state.trails[project].behind_values(end)) == trace.values, (spec.place, column)
                assert origins(state.trails[project].behind_rows(end)) == trace.rows, (spec.place, column)


def how(name: str, definition: str, column: str) -> set[Operation]:
    state = STATES[name]
    spec = next(s for specs in state.marts.values() for s in specs if s.definition.mart == definition)
    trail = state.trails[spec.definition.project]
    end = mart_place(spec.definition, column)
    return {operation for step in trail.behind_values([end]).steps for operation in step.how}


@pytest.mark.parametrize(
    ("name", "mart", "column", "operations"),
    [
        (
            "evergreen",
            "leaver_earnings",
            "earnings_q2",
            {Operation.ADDED_UP, Operation.ROUNDED, Operation.COARSENED},
        ),
        (
            "evergreen",
            "leaver_earnings",
            "region",
            {Operation.BANDED, Operation.EMPTIED, Operation.LOOKED_UP},
        ),
        (
            "evergreen",
            "leaver_earnings",
            "age_band",
            {Operation.MONTH_ONLY, Operation.VOTED, Operation.BANDED},
        ),
        ("evergreen", "leaver_earnings", "study_id", {Operation.LINKED}),
        ("evergreen", "leaver_earnings", "homeless_before", {Operation.PRESENCE}),
        ("evergreen", "leaver_earnings", "months_on_tanf", {Operation.DURATION, Operation.LIMITED}),
        ("evergreen", "tanf_leavers", "exit_quarter", {Operation.PERIOD, Operation.TEXT}),
        ("anytown", "household_wages", "wages", {Operation.ROUNDED, Operation.COARSENED}),
    ],
)
def test_what_is_done_on_the_way_is_named(
    name: str, mart: str, column: str, operations: set[Operation]
) -> None:
    assert operations <= how(name, mart, column)


def test_a_count_is_withheld_and_rounded_before_everyone_sees_it() -> None:
    state = STATES["evergreen"]
    place = Place(Layer.MART, "results/public_program_counts", "suppressed")
    into = state.trails["results"].into(place)
    assert {step.how for step in into} == {(Operation.WITHHELD,)}


def test_no_shipped_sql_does_what_words_are_missing_for() -> None:
    used = {o for state in STATES.values() for t in state.trails.values() for s in t.steps for o in s.how}
    assert not used & {Operation.WORKED_OUT, Operation.AGGREGATED}


@pytest.mark.parametrize("operation", Operation)
def test_every_operation_has_words(operation: Operation) -> None:
    assert operation.words


def test_a_birth_month_comes_from_the_birth_date_an_agency_sent() -> None:
    trail = STATES["evergreen"].trails["tanf-leavers"]
    born = [
        step for step in trail.steps if step.end.column == BIRTH_MONTH and step.end.layer is Layer.CONTENT
    ]
    assert born
    assert all("birth" in step.start.column or "dob" in step.start.column for step in born)


def test_a_trail_that_was_kept_reads_as_it_was() -> None:
    for state in STATES.values():
        for trail in state.trails.values():
            assert Trail.from_json(trail.to_json()) == trail


def test_a_column_that_comes_from_nothing_stops_the_build() -> None:
    state = STATES["anytown"]
    (project, specs), *_ = state.marts.items()
    spec = specs[0]
    made_up = MartSpec(spec.definition, "SELECT 1 AS study_id", "marts/made_up.sql")
    with pytest.raises(Invalid) as caught:
        lay_marts(state.contracts, state.core, state.views[project], [made_up])
    assert {fault.code for fault in caught.value.details} == {"lineage-empty"}
    assert {fault.rule for fault in caught.value.details} == {"marts/made_up.sql"}
    assert len(caught.value.details) == len(spec.definition.columns)
