"""What `impact` foretells is what the next run does: the same uses stop, the same are made anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_sharing_agreements.registry.stops import Stop
from tests.integration.test_marts_flow import PEOPLE, fill
from warehouse.core import build
from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.impact import Forecast, ending, forecast, stopping
from warehouse.impact.uses import INDICATOR, LINK, MART, SCORECARD, SOURCE, VERSION
from warehouse.indicators import compute
from warehouse.marts import publish
from warehouse.opener import Store
from warehouse.restrictions.settle import settle

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


def projects(names: frozenset[str]) -> set[str]:
    return {name.split("/")[0] for name in names}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A home whose warehouse is filled directly, with core, marts and indicators made."""
    deployment = Deployment.load(ROOT / "commonweal.toml", tmp_path_factory.mktemp("impact") / "home")
    Hub.init(deployment)
    with Hub.open(deployment) as hub:
        with hub.opener.session(write=[Store.warehouse()]) as session:
            fill(session, hub)
        settle(hub)
        hub.registry.link_versions.add(1, "m", {}, "h1", PEOPLE, PEOPLE, {})
        for made in (build(hub), publish(hub), compute(hub)):
            assert {step.status for step in made} <= {"done", "skipped"}
        yield hub


@pytest.mark.parametrize("document", ["DSA-OSPI-K12", "DUL-2026-001"])
def test_a_document_that_ends_stops_exactly_what_was_foretold(filled: Hub, document: str) -> None:
    today, size = filled.gate.today(), filled.log.size
    before = filled.gate.current()
    told = forecast(filled, before, ending(before, document, today), today)
    assert filled.log.size == size, "a forecast is no decision"
    with stopped(filled, document), linked_anew(filled, document, told):
        compare_core(told, {step.source: step.status for step in build(filled)})
        marts = {step.source: step.status for step in publish(filled)}
        compare(
            told, MART, {name: marts.get(name, marts.get(name.split("/")[0])) for name in mart_names(told)}
        )
        compare(told, INDICATOR, {step.source: step.status for step in compute(filled)})
    for step in (*build(filled), *publish(filled), *compute(filled)):
        assert step.status in ("done", "skipped")


@contextmanager
def stopped(hub: Hub, document: str) -> Iterator[None]:
    """Nobody may use the document inside."""
    hub.registry.stops.place(Stop(document, hub.gate.today(), None, "a test", "Evergreen Data Hub"))
    yield
    assert hub.registry.stops.lift(document, "Evergreen Data Hub") == 1


@contextmanager
def linked_anew(hub: Hub, document: str, told: Forecast) -> Iterator[None]:
    """There is another link version inside and after it, if that was foretold."""
    if told.names(VERSION, "made anew"):
        version = hub.registry.link_versions.latest().version + 1
        hub.registry.link_versions.add(version, "m", {}, f"without {document}", PEOPLE, PEOPLE, {})
    yield


def mart_names(told: Forecast) -> set[str]:
    return {item.name for item in (*told.stops, *told.changes) if item.kind == MART}


def compare_core(told: Forecast, statuses: dict[str, str]) -> None:
    refused = {name for name, status in statuses.items() if status == "refused"}
    assert refused == told.names(LINK, "refused")
    made_anew = bool(told.names(VERSION, "made anew"))
    rest = {status for name, status in statuses.items() if name not in refused}
    assert rest == {"done" if made_anew else "skipped"}


def compare(told: Forecast, kind: str, statuses: dict[str, str]) -> None:
    """Refused is refused, standing still is skipped, made anew is done or has nobody to count."""
    assert {n for n, status in statuses.items() if status == "refused"} == told.names(kind, "refused")
    assert {statuses[n] for n in told.names(kind, "stands still")} <= {"skipped"}
    assert {statuses[n] for n in told.names(kind, "made anew")} <= {"done", "skipped"}
    done = {n for n, status in statuses.items() if status == "done"}
    assert done <= told.names(kind, "made anew")


def test_a_run_after_a_stop_does_what_was_foretold(
    home: Path, evergreen: Path, call_here: Callable[..., object]
) -> None:
    """The whole way, by the command line: forecast, stop, run, and the linkage without the source."""
    document, source = "DSA-COM-HMIS", "com_hmis"
    told = call_here("impact", "--stop", document, "--json", home=home).json
    stops = {(item["kind"], item["name"]): item["effect"] for item in told["stops"]}
    anew = {(item["kind"], item["name"]) for item in told["changes"]}
    with Hub.open(Deployment.load(ROOT / "commonweal.toml", home)) as hub:
        stop = Stop(document, datetime.now(UTC).date(), None, "a test", "Department of Commerce")
        hub.registry.stops.place(stop)
        in_process = forecast(hub, hub.agreements, stopping(hub.agreements, document, stop.start), stop.start)
        assert json.loads(json.dumps(in_process.to_json()))["stops"] == told["stops"]
    done = call_here("run", "--landing", evergreen / "landing", "--json", home=home)
    assert done.code == 3
    steps = done.json["steps"]
    refused = {(step["step"], step["source"]) for step in steps if step["status"] == "refused"}
    assert ("link", source) in refused
    assert ("core", source) in refused
    assert {name for step, name in refused if step == "link"} == named(stops, LINK)
    assert {name for step, name in refused if step == "mart"} == projects(frozenset(named(stops, MART)))
    assert {name for step, name in refused if step == "indicators"} == named(stops, INDICATOR)
    assert {name for step, name in refused if step == "ingest"} <= named(stops, SOURCE)
    linked = next(step for step in steps if step["step"] == "link" and step["source"] == "")
    assert (linked["status"] == "done") == ((VERSION, "spine") in anew)
    shown = call_here("indicators", home=home)
    assert (shown.code == 3) == ((SCORECARD, "results") in stops)


def named(stops: dict[tuple[str, str], str], kind: str) -> set[str]:
    return {name for (of, name), effect in stops.items() if of == kind and effect == "refused"}
