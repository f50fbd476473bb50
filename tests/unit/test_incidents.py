"""Incidents: what they stop, whom they oblige to tell by when, what they keep, who may close them."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.errors import Refused, UsageFault
from data_sharing_agreements.incidents import KINDS, duties_of, notices
from data_sharing_agreements.incidents.duties import OWNER
from data_sharing_agreements.registry import Account
from data_sharing_agreements.registry.incidents import Due, Duty, Incident
from data_sharing_agreements.store.clock import text_of
from pipelines.incidents import begin, end, told_of
from pipelines.oversight import governance_findings
from tests.warehouse_support import make_place
from warehouse.oversight.duties import duties_of as duties_told
from warehouse.oversight.evidence import MANIFEST, altered_evidence, draft_notices, place_of, preserve

EVERGREEN = load_agreements(EVERGREEN_DIRECTORY)
HUB = "Evergreen Data Hub"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def hub(tmp_path):
    place = make_place(tmp_path)
    with place.hub as opened:
        yield opened


def person(hub, name: str, human: str, party: str | None = HUB) -> Account:
    return hub.registry.accounts.create(name, "a password", "custodian", person=human, party=party)


def tell_everybody(hub, incident: Incident, by: str) -> None:
    for due in incident.undone:
        hub.registry.incidents.done(incident.id, due.number, by)


def test_a_breach_starts_the_clocks_of_agreement_memorandum_and_law() -> None:
    found = duties_of(EVERGREEN, KINDS["suspected_breach"], ["hca_medicaid"])
    dsa = EVERGREEN.dsa_for("hca_medicaid")
    assert dsa.breach is not None
    for who in dsa.breach.notify:
        assert Duty(who, dsa.breach.hours, dsa.id, "breach.hours") in found
    for who in EVERGREEN.emou.breach.notify:
        who = "Health Care Authority" if who == OWNER else who
        assert (who, EVERGREEN.emou.breach.hours) in {(d.tell, d.hours) for d in found}
    laws = [(clock.whom, clock.hours, clock.checked) for b in basis_of(dsa) for clock in b.breach_hours]
    assert set(laws) <= {(d.tell, d.hours, d.checked) for d in found}
    assert [d.hours for d in found] == sorted(d.hours for d in found)


def test_the_agency_that_owns_the_data_is_told_once_by_its_name() -> None:
    for sources in (["com_hmis"], ["com_hmis", "hca_medicaid"]):
        names = [EVERGREEN.dsa_for(source).parties[0].name for source in sources]
        told = [d.tell for d in duties_of(EVERGREEN, KINDS["suspected_breach"], sources) if d.hours == 24]
        assert sorted(told) == sorted([*names, "Evergreen Data Governance Board"])
    asked = duties_of(EVERGREEN, KINDS["public_records"], ["com_hmis"])
    assert [d.tell for d in asked] == ["Department of Commerce"]
    assert OWNER in {d.tell for d in duties_of(EVERGREEN, KINDS["subpoena"], [])}, "of no source, as written"


def basis_of(dsa):
    return [EVERGREEN.bases[use.code] for use in dsa.legal_basis]


def test_the_law_runs_a_clock_of_its_own_and_says_whether_it_was_read() -> None:
    law = EVERGREEN.bases["hipaa-limited-data-set"]
    assert law.breach_hours, "the law on health records has a clock"
    dsa = EVERGREEN.dsa_for("hca_medicaid")
    use = dsa.legal_basis[0].model_copy(update={"code": law.code})
    changed = dsa.model_copy(update={"legal_basis": (use,)})
    others = tuple(d for d in EVERGREEN.dsas if d.id != dsa.id)
    agreements = replace(EVERGREEN, dsas=(*others, changed), versions=())
    found = [
        d
        for d in duties_of(agreements, KINDS["confirmed_breach"], ["hca_medicaid"])
        if d.document == law.code
    ]
    assert [(d.tell, d.hours, d.checked) for d in found] == sorted(
        ((c.whom, c.hours, c.checked) for c in law.breach_hours), key=lambda one: (one[1], one[0])
    )


@pytest.mark.parametrize("kind", ["subpoena", "public_records", "federal_demand"])
def test_a_demand_starts_the_clock_of_its_kind_and_no_other(kind: str) -> None:
    demand = KINDS[kind].demand
    assert demand is not None
    found = duties_of(EVERGREEN, KINDS[kind], ["com_hmis"])
    clock = EVERGREEN.emou.compelled_disclosure.clock(demand)
    named = {"Department of Commerce" if who == OWNER else who for who in clock.notify}
    assert {(who, clock.hours) for who in named} <= {(d.tell, d.hours) for d in found}
    assert {d.clause for d in found} == {f"compelled_disclosure.{demand}"}


def test_a_request_of_a_person_goes_through_the_agency_and_stops_nothing(hub) -> None:
    opened = begin(hub, person(hub, "desk", "pat"), "clinic", "subject_request", "Wants a correction")
    days = hub.agreements.emou.subject_rights.hub_days
    assert {due.duty.hours for due in opened.duties} == {24 * days}
    assert hub.registry.stops.standing() == ()


def test_a_breach_stops_the_agreement_until_it_is_closed_by_somebody_else(hub) -> None:
    desk, twin, other = (
        person(hub, "desk", "pat"),
        person(hub, "desk-two", "pat"),
        person(hub, "board", "sam"),
    )
    opened = begin(hub, desk, "clinic", "suspected_breach", "A laptop was lost")
    (stop,) = hub.registry.stops.standing()
    assert (stop.document, stop.by, stop.incident) == ("DSA-CLINIC", HUB, opened.id)
    for account, code in ((desk, "own-request"), (twin, "own-request"), (other, "duties-open")):
        with pytest.raises(Refused) as caught:
            end(hub, account, opened.id)
        assert caught.value.details[0].code == code
    tell_everybody(hub, opened, "desk")
    with pytest.raises(Refused, match="own-request"):
        end(hub, twin, opened.id)
    assert end(hub, other, opened.id).state == "closed"
    assert hub.registry.stops.standing() == ()
    with pytest.raises(UsageFault):
        end(hub, other, opened.id)


def test_only_who_acts_for_a_party_opens_and_closes(hub) -> None:
    stranger = person(hub, "stranger", "kim", party=None)
    with pytest.raises(Refused, match="not-a-party"):
        begin(hub, stranger, "clinic", "subpoena", "A letter came")
    opened = begin(hub, person(hub, "desk", "pat"), "clinic", "subpoena", "A letter came")
    with pytest.raises(Refused, match="not-a-party"):
        end(hub, stranger, opened.id)


def test_closing_one_incident_leaves_the_stop_of_another(hub) -> None:
    desk, other = person(hub, "desk", "pat"), person(hub, "board", "sam")
    first = begin(hub, desk, "clinic", "subpoena", "A letter came")
    second = begin(hub, desk, "clinic", "suspected_breach", "A laptop was lost")
    tell_everybody(hub, first, "desk")
    end(hub, other, first.id)
    assert [stop.incident for stop in hub.registry.stops.standing()] == [second.id]


def test_the_clocks_run_from_when_it_became_known(hub) -> None:
    desk = person(hub, "desk", "pat")
    opened = begin(hub, desk, "clinic", "subpoena", "A letter came", "2026-01-05T09:00")
    first = opened.duties[0]
    assert first.due_at == text_of(datetime(2026, 1, 5, 9, tzinfo=UTC) + timedelta(hours=first.duty.hours))
    for text in ("tomorrow", "2999-01-01T00:00"):
        with pytest.raises(UsageFault):
            begin(hub, desk, "clinic", "subpoena", "A letter came", text)


def test_a_duty_is_overdue_from_its_deadline_on_until_it_is_done() -> None:
    due = Due(1, Duty("the board", 24, "DSA-X", "breach.hours"), text_of(NOW), None)
    assert not due.overdue(NOW)
    assert due.overdue(NOW + timedelta(seconds=1))
    assert not replace(due, done_at=text_of(NOW)).overdue(NOW + timedelta(days=9))


def test_doctor_tells_of_what_is_overdue(hub) -> None:
    opened = begin(hub, person(hub, "desk", "pat"), "clinic", "subpoena", "x", "2026-01-05T09:00")
    found = {f.subject: f for f in governance_findings(hub)}
    assert not found["incidents"].ok
    assert found["incidents"].exit_code == 3
    assert found["stops"].what == "DSA-CLINIC is stopped by Evergreen Data Hub"
    assert (found["duties"].ok, found["duties"].exit_code) == (False, 0), (
        "one process with all keys: no fault"
    )
    assert found["duties"].what == duties_told(hub).words
    tell_everybody(hub, opened, "desk")
    assert {f.subject: f for f in governance_findings(hub)}["incidents"].ok


def test_evidence_is_hashed_closed_to_writing_and_kept_as_it_was(hub) -> None:
    opened = begin(hub, person(hub, "desk", "pat"), "clinic", "suspected_breach", "A laptop was lost")
    place = place_of(hub, opened.id) / "evidence"
    names = {p.name for p in place.iterdir()}
    assert {"checkpoint.json", "log.jsonl", "registry.json", MANIFEST} <= names
    assert all(not stat.S_IMODE(p.stat().st_mode) & 0o222 for p in (place, *place.rglob("*")))
    assert altered_evidence(place) == []
    before = (place / MANIFEST).read_bytes()
    hub.log.append("erasure", {"entry": 0, "why": "another"})
    preserve(hub, opened)
    assert (place / MANIFEST).read_bytes() == before
    (place / "registry.json").chmod(0o600)
    (place / "registry.json").write_text("{}", encoding="utf-8")
    assert altered_evidence(place) == ["registry.json"]
    assert any(f.exit_code == 6 for f in governance_findings(hub))
    place.chmod(0o700)
    (place / MANIFEST).unlink()
    assert altered_evidence(place) == [MANIFEST]


def test_people_are_counted_but_told_by_the_cell_rule_only(hub) -> None:
    opened = begin(hub, person(hub, "desk", "pat"), "clinic", "suspected_breach", "A laptop was lost")
    for count, shown, words in (
        (4, None, "from 1 to"),
        (0, 0, "0"),
        (4321, 4321, "4,321"),
        (None, None, "not"),
    ):
        hub.registry.incidents.count(opened.id, {"clinic": count})
        now = hub.registry.incidents.get(opened.id)
        (told,) = told_of(hub, now)["people"]
        assert told["people"] == shown
        assert told["words"].startswith(words)
        assert told["suppressed"] == (count == 4)
        drafts = "".join(path.read_text(encoding="utf-8") for path in draft_notices(hub, now))
        assert "People in clinic: 4\n" not in drafts
    kept = "".join(p.read_text(encoding="utf-8") for p in place_of(hub, opened.id).rglob("*") if p.is_file())
    assert "4321" not in kept


def test_notices_have_deadline_facts_and_blanks_and_go_when_told(hub) -> None:
    opened = begin(hub, person(hub, "desk", "pat"), "clinic", "federal_demand", "A letter came")
    drafts = notices(opened, HUB, 11)
    assert len(drafts) == len(opened.duties)
    for due, text in zip(opened.undone, drafts.values(), strict=True):
        assert due.duty.tell in text
        assert f"{due.duty.document}, {due.duty.clause}" in text
        assert text.startswith("DRAFT")
        assert "Nothing is produced without counsel." in text
        assert "What happened:\n" in text
        assert "A letter came" not in text
    hub.registry.incidents.done(opened.id, opened.duties[0].number, "desk")
    assert len(notices(hub.registry.incidents.get(opened.id), HUB, 11)) == len(drafts) - 1
    with pytest.raises(UsageFault):
        hub.registry.incidents.done(opened.id, opened.duties[0].number, "desk")


def test_an_unchecked_clock_says_so_in_its_notice() -> None:
    incident = Incident(
        1, "suspected_breach", "open", "", text_of(NOW), text_of(NOW), "desk", HUB, ("DSA-X",), ("x",), {},
        (Due(1, Duty("the Secretary", 1440, "a-law", "breach_hours.0", checked=False), text_of(NOW), None),),
    )  # fmt: skip
    (text,) = notices(incident, HUB, 11).values()
    assert "not checked against the text of the law" in text


def test_the_log_holds_neither_summary_nor_note(hub) -> None:
    opened = begin(hub, person(hub, "desk", "pat"), "clinic", "subpoena", "A letter from the sheriff")
    hub.registry.incidents.note(opened.id, "desk", "The sheriff called")
    tell_everybody(hub, opened, "desk")
    entries = hub.log.show(None, kind="incident")
    assert [e["summary"]["act"] for e in entries][:2] == ["opened", "noted"]
    assert {e["summary"]["act"] for e in entries[2:]} == {"told"}
    assert "sheriff" not in str(hub.log.show(None))
    assert hub.registry.incidents.get(opened.id).notes[0].text == "The sheriff called"
    with pytest.raises(UsageFault):
        hub.registry.incidents.note(99, "desk", "x")
