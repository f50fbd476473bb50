"""Column lineage in Dagster's metadata, against the traces that licenses rest on."""

from __future__ import annotations

import dagster as dg
import pytest

from assets.core import core_assets
from assets.indicators import indicator_assets
from assets.lineage import mart_columns
from assets.marts import _published
from assets.names import content_key, mart_key
from data_sharing_agreements.registry import Mart
from tests.lineage_support import STATES, State
from warehouse.core.catalog import SPINE
from warehouse.core.facts import FACTS
from warehouse.lineage.grounds import TRAIL
from warehouse.lineage.trace import Origin, core_values
from warehouse.marts.definition import MartSpec

LINEAGE = "dagster/column_lineage"


def deps(metadata: dict) -> dict[str, set[tuple[str, str]]]:
    """Column → (asset, column) as Dagster has it."""
    found = metadata[LINEAGE]
    assert isinstance(found, dg.TableColumnLineage)
    return {
        name: {(dep.asset_key.to_user_string(), dep.column_name) for dep in listed}
        for name, listed in found.deps_by_column.items()
    }


def sent(origins: frozenset[Origin]) -> set[tuple[str, str]]:
    """Origins that are columns, as assets and columns."""
    spine = {(SPINE, o.column) for o in origins if o.table == SPINE}
    return spine | {(content_key(o.source), f"{o.table}.{o.column}") for o in origins if o.field}


def published(state: State, spec: MartSpec) -> Mart:
    definition = spec.definition
    codebook = {TRAIL: state.trails[definition.project].to_json()}
    return Mart(definition.project, definition.mart, "1", "", 0, 1, "", [], codebook)


@pytest.mark.parametrize("name", STATES)
def test_marts_say_what_their_traces_say(name: str) -> None:
    state = STATES[name]
    for specs in state.marts.values():
        for spec in specs:
            mart = published(state, spec)
            traces = state.traces[spec.place]
            found = deps(_published(mart))
            assert {column: found[column] for column in traces} == {
                column: sent(trace.values) for column, trace in traces.items()
            }
            assert set(mart_columns(mart)) >= set(traces)


@pytest.mark.parametrize("name", STATES)
def test_core_says_what_its_sql_says(name: str) -> None:
    core = STATES[name].core
    specs = {spec.key.to_user_string(): spec.metadata for spec in core_assets(core).specs}
    for fact, columns in FACTS.items():
        if not core.of_fact(fact):
            continue
        found = deps(dict(specs[f"core_{fact}"]))
        for column in columns:
            traced = [core_values(select, column) for select in core.of_fact(fact)]
            assert found[column] == {pair for t in traced for pair in sent(t) if pair[0] != SPINE}, column
    chosen = deps(dict(specs["core_person"]))
    assert chosen["county"] == chosen["county_source"] == {("core_demographic", "county")}


@pytest.mark.parametrize("name", STATES)
def test_indicators_say_which_columns_of_their_mart_they_count(name: str) -> None:
    definitions = {d.id: d for d in STATES[name].indicators}
    (assets,) = indicator_assets(tuple(definitions.values()))
    for spec in assets.specs:
        definition = definitions[spec.key.to_user_string().removeprefix("indicator_")]
        asset = mart_key(definition.source.project, definition.source.mart)
        found = deps(dict(spec.metadata))
        assert found["numerator"] == {(asset, definition.numerator.column)}
        assert found["denominator"] == {(asset, definition.denominator.column)}
        assert found["value"] == found["numerator"] | found["denominator"]
        assert all(found[group] == {(asset, group)} for group in definition.breakdowns)
