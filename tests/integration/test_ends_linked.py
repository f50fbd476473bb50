"""Purges reach what was linked: the statewide spine, a project's own spine, marts and study ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.ends import carry_on, finish_unfinished
from assets.restrictions import settle_restrictions
from assets.workplace import Workplace
from data_sharing_agreements.ends import HoldKind, HoldReason, Step
from tests.registries import copy_home
from tests.restrictions_support import TODAY, State, make_state, open_state
from warehouse.ends.listing import ask_for
from warehouse.ends.plan import begin, plan_delivery, plan_records
from warehouse.ends.records import records_of_notice
from warehouse.opener import Store

pytestmark = pytest.mark.slow
PROJECTS = ("evaluation", "study", "treatment")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("state")
    state = make_state(base)
    consent = {"kind": "consent", "act": "set"}
    state.notice("recovery", *({"record_id": [f"R{n:04d}"], **consent} for n in range(20, 50)))
    assert {step.status for step in state.run()} == {"done"}
    state.hub.close()
    return base


@pytest.fixture
def state(model: Path, tmp_path: Path) -> State:
    """Three sources linked, one of them in a project's own spine alone."""
    copy_home(model, tmp_path / "copy")
    return State(open_state(tmp_path / "copy", TODAY), tmp_path / "copy" / "landing", sequence=10)


def place_of(state: State) -> Workplace:
    return Workplace(state.hub, state.landing, state.hub.registry.runs.start("end").id)


def own_spine(state: State, sql: str) -> list[tuple]:
    with state.hub.opener.session(read=[Store.own_spine("treatment")]) as session:
        return session.execute(sql)


def study_ids(state: State, project: str) -> dict[int, int]:
    with state.hub.opener.session(read=[Store.study_ids(project)]) as session:
        return dict(session.execute("SELECT person_key, study_id FROM study_ids.study_id"))


def test_sealed_records_leave_every_spine_mart_and_study_id(state: State) -> None:
    hub = state.hub
    before = {project: state.marks(project) for project in PROJECTS}
    ids = {project: study_ids(state, project) for project in PROJECTS}
    shown = {"recovery-49", "recovery-48"} & before["treatment"]
    assert shown, "people of the recovery center alone"
    gone = min(shown)
    record = f"R{int(gone.split('-')[1]):04d}"
    state.notice("recovery", {"record_id": [record], "kind": "sealed"}, name="n-r")
    state.notice("clinic", {"record_id": ["C0003"], "kind": "sealed"}, name="n-c")
    place = place_of(state)
    settle_restrictions(place)
    for source, notice in (("recovery", "n-r"), ("clinic", "n-c")):
        keys, kinds = records_of_notice(hub, source, notice)
        assert kinds == ["sealed"]
        ending = begin(hub, plan_records(hub, source, notice, kinds[0], TODAY))
        ask_for(hub, ending.id, keys)
        done = carry_on(place, ending)
        assert done.state is Step.CERTIFIED
        assert done.facts["searched"]["stores"]["found"] == []
        assert "spine/treatment" in done.facts["rewritten"]
        wanted = f"SELECT count(*) FROM warehouse.spine.assignment WHERE record_key = {keys[0]}"
        assert own_spine(state, wanted) == [(0,)]
        assert state.rows(wanted) == [(0,)]
        assert {mart["project"] for mart in done.facts["marts_made_anew"]} == set(PROJECTS)
    for project in PROJECTS:
        after = state.marks(project)
        assert after == before[project] - {gone, "clinic-3"}, project
        kept = study_ids(state, project)
        assert kept.items() <= ids[project].items(), "who stays keeps the study id"
        assert len(kept) < len(ids[project])
    assert hub.registry.link_versions.latest().version == 3, "linked anew without them, each time"
    (current,) = {mart.version for mart in hub.registry.marts.all()}
    assert current == "3"
    assert not (hub.deployment.home / "marts" / "study" / "2.duckdb").exists()


def test_a_run_finishes_what_was_left_and_withdraws_what_is_held(state: State) -> None:
    hub, before = state.hub, state.marks("study")
    delivery = hub.registry.deliveries.current("shelter")[0]
    ending = begin(hub, plan_delivery(hub, delivery.id, TODAY))
    hub.registry.ends.set_hold(HoldKind.PROJECT, "study", HoldReason.AUDIT, "board")
    (held,) = finish_unfinished(place_of(state))
    assert (held.id, held.state) == (ending.id, Step.WITHDRAWN)
    assert state.marks("study") == before
    for hold in hub.registry.ends.holds():
        hub.registry.ends.lift_hold(hold.id, "board")
    begin(hub, plan_delivery(hub, delivery.id, TODAY))
    (done,) = finish_unfinished(place_of(state))
    assert done.state is Step.CERTIFIED
    assert state.marks("study") == {mark for mark in before if mark.startswith("clinic")}
    assert finish_unfinished(place_of(state)) == []
