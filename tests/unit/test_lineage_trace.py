"""What a project's SQL sees: licensed columns of licensed sources, and their way down to contract columns."""

from pathlib import Path

import pytest

from data_sharing_agreements.documents import load_agreements
from data_sharing_agreements.errors import Invalid
from warehouse.contracts_loader import load_contracts
from warehouse.core.catalog import CoreCatalog, load_core
from warehouse.core.facts import FACTS
from warehouse.lineage.trace import ProjectView
from warehouse.marts.definition import load_marts
from warehouse.marts.plan import MartPlan

ROOT = Path(__file__).resolve().parents[2]
WAGES = frozenset(f"esd_wages.wage.{c}" for c in ("ui_total_wages", "reporting_period", "hours_worked"))


@pytest.fixture(scope="module")
def core() -> CoreCatalog:
    directory = ROOT / "warehouse" / "core"
    return load_core(load_contracts(ROOT / "warehouse" / "contracts", directory), directory)


def test_every_source_of_the_reference_deployment_has_core(core: CoreCatalog) -> None:
    assert {source for source, _ in core.selects} == {
        "dshs_tanf",
        "esd_wages",
        "hca_medicaid",
        "dcyf_child_welfare",
        "ospi_k12",
        "com_hmis",
    }
    assert {fact for _, fact in core.selects} == set(FACTS)


def test_without_a_license_there_is_nothing_to_see(core: CoreCatalog) -> None:
    view = ProjectView(core, frozenset())
    assert view.facts == {}
    assert view.schema == {}


def test_a_view_shows_what_is_licensed(core: CoreCatalog) -> None:
    view = ProjectView(core, WAGES)
    assert view.facts == {("esd_wages", "event"): ("event_date", "event_type", "value", "detail")}
    assert "person" not in view.schema.get("main", {})


def test_an_unlicensed_column_is_not_there(core: CoreCatalog) -> None:
    view = ProjectView(core, WAGES - {"esd_wages.wage.hours_worked"})
    assert view.facts == {("esd_wages", "event"): ("event_date", "event_type", "value")}
    with pytest.raises(Invalid, match="sql-column-unresolved"):
        view.trace("SELECT detail FROM esd_wages.event", "a.sql")


def test_an_unlicensed_row_decider_hides_the_fact(core: CoreCatalog) -> None:
    view = ProjectView(core, WAGES - {"esd_wages.wage.reporting_period"})
    assert view.facts == {}


def test_person_is_chosen_from_licensed_sources_alone(core: CoreCatalog) -> None:
    fields = {
        f"hca_medicaid.eligibility.{c}"
        for c in ("sex", "coverage_month", "county_fips", "race_ethnicity", "language")
    }
    view = ProjectView(core, frozenset(fields))
    assert view.voters["sex"] == ("hca_medicaid",)
    assert view.voters["birth_month"] == ()
    assert view.schema["main"]["person"][0] == "study_id"
    assert "birth_month" not in view.schema["main"]["person"]
    trace = view.trace("SELECT sex FROM person", "a.sql")["sex"]
    assert {o.field for o in trace.values} == {"hca_medicaid.eligibility.sex"}


def test_a_value_is_followed_to_the_column_an_agency_sent(core: CoreCatalog) -> None:
    view = ProjectView(core, WAGES)
    trace = view.trace("SELECT study_id, sum(value) AS w FROM esd_wages.event GROUP BY study_id", "a.sql")[
        "w"
    ]
    assert {(o.field, o.via) for o in trace.values} == {
        ("esd_wages.wage.ui_total_wages", "esd_wages.event.value")
    }
    assert {o.field for o in trace.rows} >= {"esd_wages.wage.reporting_period"}


@pytest.mark.parametrize("project", ["tanf-leavers", "results"])
def test_the_shipped_marts_need_no_more_than_their_license(core: CoreCatalog, project: str) -> None:
    license_ = load_agreements(ROOT / "data_sharing_agreements" / "documents").dul_for(project)
    view = ProjectView(core, license_.licensed)
    for spec in load_marts(ROOT / "warehouse" / "marts")[project]:
        mart = MartPlan(spec, view.trace(spec.sql, spec.place))
        assert mart.fields <= license_.licensed
        assert set(mart.traces) == set(spec.definition.columns)


def test_the_research_mart_rests_on_at_least_four_agencies(core: CoreCatalog) -> None:
    view = ProjectView(core, None)
    (spec,) = load_marts(ROOT / "warehouse" / "marts")["tanf-leavers"]
    fields = MartPlan(spec, view.trace(spec.sql, spec.place)).fields
    assert {f.split(".")[0] for f in fields} >= {
        "dshs_tanf",
        "esd_wages",
        "hca_medicaid",
        "com_hmis",
        "dcyf_child_welfare",
    }
