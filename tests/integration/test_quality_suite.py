"""The suite of a contract on staged rows: what it counts, and why it needs an engine of its own."""

import os

import pytest

from data_sharing_agreements.errors import CommonwealError
from tests.warehouse_support import clinic_rows, make_place, text_of
from warehouse.ingest.checks import check_tables
from warehouse.ingest.discovery import discover
from warehouse.opener import Store
from warehouse.quality import engine
from warehouse.quality.library import SqlAlchemyExecutionEngine, gx
from warehouse.quality.suite import ALLOWED, run_suite
from warehouse.readers.stage import stage_delivery
from warehouse.readers.staged import DeliveryFile


@pytest.fixture
def staged(tmp_path):
    place = make_place(tmp_path)
    rows = clinic_rows(50)
    rows[1][8], rows[2][8], rows[3][6], rows[4][0], rows[5][9] = "2023-02-30", "", "9", "V00000", "-5"
    place.deliver("visits_2023Q1.csv", text_of(rows))
    (arrival,) = discover(place.hub, place.landing)
    contract = place.hub.contracts["clinic"]
    files = [DeliveryFile(0, f.path, f.name, f.pattern, f.sha256) for f in arrival.files]
    with place.hub.opener.session() as session, session.attached(Store.staging("t"), write=True):
        found = stage_delivery(session, place.hub.contracts, contract, "2023Q1", files, contract.fields)
        yield session, contract, check_tables(session, found)


def test_the_suite_and_the_row_rules_count_the_same(staged):
    session, contract, checked = staged
    results = run_suite(session, contract, checked)
    failing = {(r.rule, r.column): r.unexpected for r in results if r.unexpected}
    assert failing == {
        ("impossible-date", "visited"): 1,
        ("missing-value", "visited"): 1,
        ("unknown-code", "sex"): 1,
        ("out-of-range", "cost"): 1,
        ("duplicate-record-id", "visit_id"): 1,
    }
    own = {(c.rule, c.column): c.rows for one in checked for c in one.counts}
    assert own == failing
    assert {r.expectation for r in results} <= ALLOWED
    assert all(r.passed for r in results)


def test_the_suite_can_be_run_again_and_again(staged):
    session, contract, checked = staged
    first = run_suite(session, contract, checked)
    assert run_suite(session, contract, checked) == first
    assert session.one("SELECT count(*) FROM staging.rows.visit") == 50


def test_results_hold_no_rows(staged):
    session, _, checked = staged
    with engine.expectations_over(session, "staging.rows") as source:
        asset = source.add_table_asset("visit", table_name="visit")
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        suite = gx.ExpectationSuite(
            name="s",
            expectations=[gx.expectations.ExpectColumnValuesToBeInSet(column="sex", value_set=["1"])],
        )
        outcome = batch.validate(suite, result_format=dict(engine.NO_VALUES))
    assert outcome.results[0].result["unexpected_count"] > 0
    assert not outcome.results[0].result["partial_unexpected_list"]
    assert len(checked) == 1


def test_the_engine_of_the_library_still_needs_our_help(staged, monkeypatch):
    session, contract, checked = staged
    monkeypatch.setattr(engine.FetchingEngine, "execute_query", SqlAlchemyExecutionEngine.execute_query)
    monkeypatch.setattr(
        engine.FetchingEngine,
        "execute_query_in_transaction",
        SqlAlchemyExecutionEngine.execute_query_in_transaction,
    )
    with pytest.raises(CommonwealError, match="could not be run"):
        run_suite(session, contract, checked)


def test_no_telemetry():
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    assert gx.__version__ == "1.24.1"
