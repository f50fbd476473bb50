"""The scorecard's mark: a figure whose data were destroyed says so beside its number."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

from data_sharing_agreements.ends import Scope
from data_sharing_agreements.registry import Registry
from tests.conftest import ROOT
from warehouse.indicators.compute import destroyed_on
from warehouse.indicators.definition import Definition, load_definitions
from warehouse.indicators.result import Result
from warehouse.indicators.scorecard import Scored, scorecard_html

DAY = date(2026, 3, 9)


def definition() -> Definition:
    return load_definitions(ROOT / "warehouse" / "indicators")[0]


def result(of: Definition, version: str) -> Result:
    return Result(
        id=of.id,
        period="2023Q1",
        as_of=date(2023, 3, 31),
        dimension=of.source.period,
        group="2023Q1",
        periods=1,
        numerator=40,
        denominator=80,
        value=0.5,
        low=0.39,
        high=0.61,
        suppressed=False,
        target=0.6,
        trajectory=0.55,
        position="on",
        stale=False,
        mart_version=version,
        link_version=1,
    )


def test_the_number_carries_the_day_on_which_its_data_were_destroyed() -> None:
    of = definition()
    one = [result(of, "1")]
    page = scorecard_html("State", [Scored(of, one, "", destroyed=DAY)], [], [], DAY)
    assert page.count(">data destroyed on 9 March 2026</span>") == 2, "in the summary, and beside the number"
    assert "data destroyed" not in scorecard_html("State", [Scored(of, one, "")], [], [], DAY)


def test_the_day_is_that_on_which_the_mart_version_was_taken_back(registry_url: str) -> None:
    of = definition()
    project = of.source.project
    with Registry.create(registry_url) as registry:
        for version in ("1", "2"):
            registry.marts.publish(project, of.source.mart, version, "marts", 1, None, [], {})
        ending = registry.ends.plan(
            Scope.PROJECT, project, document="DUL-1", document_version=1, clause="destruction"
        )
        registry.ends.retract_marts(ending.id, [(project, "1")])
        hub = SimpleNamespace(registry=registry)
        assert destroyed_on(hub, of, [result(of, "1")]) == datetime.now(UTC).date()
        assert destroyed_on(hub, of, [result(of, "2")]) is None
