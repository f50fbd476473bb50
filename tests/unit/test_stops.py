"""Stops: at once, by one party alone, lifted by the same party, and never explained in the log."""

from __future__ import annotations

from datetime import date

import pytest

from data_sharing_agreements.decisions import Request
from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.errors import Refused, UsageFault
from data_sharing_agreements.gate import Gate
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Account, AuditEvent, Registry
from data_sharing_agreements.registry.stops import Stop
from data_sharing_agreements.stopping import (
    check_may_resume,
    check_may_stop,
    document_named,
    parties_that_may_stop,
    sources_of,
)

EVERGREEN = load_agreements(EVERGREEN_DIRECTORY)
DAY = date(2026, 6, 1)
HMIS = EVERGREEN.dsa_for("com_hmis")
COMMERCE, BOARD = "Department of Commerce", "Evergreen Data Governance Board"
INGEST = Request("ingest", sources=frozenset({"com_hmis"}), fields=frozenset({"com_hmis.client.sex"}))


@pytest.fixture
def registry(tmp_path):
    with Registry.create(f"sqlite:///{tmp_path / 'registry.sqlite'}") as made:
        yield made


@pytest.fixture
def gate(registry):
    return Gate(EVERGREEN, Log(registry, None), lambda: DAY)


def stop(document: str = HMIS.id, by: str = COMMERCE, incident: int | None = None) -> Stop:
    return Stop(document, DAY, None, "A laptop was lost.", by, incident)


def acting_for(party: str | None) -> Account:
    return Account("desk", "data_owner", "", False, ("data_owner",), "pat", party)


def test_a_stop_refuses_from_the_next_question_on_and_its_lifting_permits_again(registry, gate) -> None:
    assert gate.ask(INGEST).permitted
    registry.stops.place(stop())
    with pytest.raises(Refused) as caught:
        gate.require(INGEST)
    (detail,) = caught.value.details
    assert (detail.code, detail.document, detail.clause) == ("agreement-stopped", HMIS.id, "stop")
    assert registry.stops.lift(HMIS.id, COMMERCE) == 1
    assert gate.ask(INGEST).permitted


def test_a_stop_placed_by_another_process_counts(registry, gate, tmp_path) -> None:
    gate.ask(INGEST)
    with Registry.open(f"sqlite:///{tmp_path / 'registry.sqlite'}") as other:
        other.stops.place(stop())
    assert not gate.ask(INGEST).permitted


def test_other_sources_go_on(registry, gate) -> None:
    registry.stops.place(stop())
    fields = frozenset({"esd_wages.wage.hours_worked"})
    assert gate.ask(Request("ingest", sources=frozenset({"esd_wages"}), fields=fields)).permitted


def test_a_stop_of_the_memorandum_stops_all(registry, gate) -> None:
    registry.stops.place(stop(EVERGREEN.emou.id, BOARD))
    assert not gate.ask(INGEST).permitted


def test_nobody_is_outvoted_into_going_on(registry, gate) -> None:
    registry.stops.place(stop())
    registry.stops.place(stop(by=BOARD))
    assert registry.stops.lift(HMIS.id, BOARD) == 1
    assert not gate.ask(INGEST).permitted
    assert [one.by for one in registry.stops.standing()] == [COMMERCE]


def test_the_same_stop_again_changes_nothing(registry) -> None:
    registry.stops.place(stop())
    registry.stops.place(stop())
    assert len(registry.stops.standing()) == 1
    assert len(Log(registry, None).show(None, kind="stop")) == 1


def test_the_log_says_who_stopped_what_and_never_why(registry) -> None:
    log = Log(registry, None)
    registry.stops.place(stop(), AuditEvent(summary={"actor": "desk"}))
    registry.stops.lift(HMIS.id, COMMERCE)
    placed, lifted = log.show(None, kind="stop")
    assert placed["summary"]["act"] == "placed"
    assert (placed["summary"]["document"], placed["summary"]["party"]) == (HMIS.id, COMMERCE)
    assert lifted["summary"]["act"] == "lifted"
    assert "laptop" not in str([placed, lifted])


def test_a_stop_that_begins_later_or_is_over_does_not_count() -> None:
    later = Stop(HMIS.id, date(2026, 6, 2), None, "x", COMMERCE)
    over = Stop(HMIS.id, date(2026, 5, 1), date(2026, 5, 31), "x", COMMERCE)
    assert [later.covers(DAY), over.covers(DAY)] == [False, False]
    assert later.covers(date(2026, 6, 2))
    assert over.covers(date(2026, 5, 31))


def test_who_may_stop_what() -> None:
    license_ = EVERGREEN.dul_for("tanf-leavers")
    assert parties_that_may_stop(EVERGREEN, HMIS) == {COMMERCE, BOARD, "Evergreen Data Hub"}
    assert COMMERCE in parties_that_may_stop(EVERGREEN, license_), "its data are in the project"
    assert "Institute for Policy Research" not in parties_that_may_stop(EVERGREEN, license_)
    assert check_may_stop(EVERGREEN, HMIS, acting_for(COMMERCE)) == COMMERCE
    for party in (None, "Employment Security Department"):
        with pytest.raises(Refused) as caught:
            check_may_stop(EVERGREEN, HMIS, acting_for(party))
        assert caught.value.details[0].code == "not-a-party"


def test_only_who_stopped_it_lets_it_go_on() -> None:
    standing = (stop(),)
    assert check_may_resume(HMIS, acting_for(COMMERCE), standing) == COMMERCE
    for party, stops, code in (
        (BOARD, standing, "stopped-by-another"),
        (None, standing, "stopped-by-another"),
        (COMMERCE, (stop(incident=4),), "incident-open"),
    ):
        with pytest.raises(Refused) as caught:
            check_may_resume(HMIS, acting_for(party), stops)
        assert caught.value.details[0].code == code
    with pytest.raises(UsageFault):
        check_may_resume(HMIS, acting_for(COMMERCE), ())


def test_a_name_means_a_document_a_source_or_a_project() -> None:
    assert document_named(EVERGREEN, "com_hmis") is HMIS
    assert document_named(EVERGREEN, HMIS.id) is HMIS
    license_ = document_named(EVERGREEN, "tanf-leavers")
    assert sources_of(EVERGREEN, license_) == tuple(sorted(license_.sources))
    assert sources_of(EVERGREEN, EVERGREEN.emou) == EVERGREEN.sources()
    with pytest.raises(UsageFault):
        document_named(EVERGREEN, "nothing")
