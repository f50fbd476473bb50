"""What ends takes its data with it: rows gone from every store, searched for, certified, kept out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data_sharing_agreements.documents import Agreements
from data_sharing_agreements.ends import HoldKind, HoldReason, Step
from data_sharing_agreements.errors import IntegrityFault, Refused, UsageFault
from data_sharing_agreements.registry import DeliveryState
from data_sharing_agreements.registry.ends import Ending
from pipelines.cli.ends_holds import show_certificate
from privacy.roles import COMING
from tests.agreements_support import approved
from tests.ends_support import CLINIC_DSA, PEOPLE, end_clinic, filled, terminated, with_agreements
from tests.registries import copy_home
from tests.warehouse_support import Place, clinic_rows, open_hub, text_of
from warehouse.deployment import Deployment
from warehouse.ends import steps
from warehouse.ends.certificate import check_certificate, read_certificate
from warehouse.ends.listing import ask_for
from warehouse.ends.plan import begin, plan_delivery, plan_dsa, plan_records
from warehouse.ends.records import records_of_notice
from warehouse.ends.steps import carry_out
from warehouse.hub import Hub
from warehouse.ingest import discover, ingest_pending, register
from warehouse.opener import Store
from warehouse.restrictions.tokens import token_key, token_of

pytestmark = pytest.mark.slow
RECORDS = "SELECT source_id, key FROM vault.crosswalk WHERE namespace = 'clinic'"
VISITS = "warehouse.content.clinic__visit"
PUPILS = "SELECT * FROM warehouse.content.school__pupil ORDER BY ALL"


def copied(model: Place, to: Path) -> Place:
    """A copy of a filled deployment, of which something may end."""
    copy_home(model.landing.parent, to)
    deployment = Deployment.load(to / "commonweal.toml")
    return Place(open_hub(deployment, to / "contracts"), to / "landing")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Place:
    found = filled(tmp_path_factory.mktemp("model"))
    found.hub.registry.close()
    return found


@pytest.fixture
def place(model: Place, tmp_path: Path) -> Place:
    return copied(model, tmp_path / "copy")


@pytest.fixture(scope="module")
def ended(model: Place, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Hub, Ending, dict]:
    """A deployment in which the clinic's agreement has ended, and what was there before."""
    place = copied(model, tmp_path_factory.mktemp("ended") / "copy")
    values = {str(value) for row in place.rows(RECORDS) for value in row}
    values |= {str(v) for row in place.rows("SELECT ssn, surname FROM vault.identity") for v in row}
    home = place.hub.deployment.home
    (home / "reports").mkdir(exist_ok=True)
    (home / "reports" / "notes.txt").write_text("asked about P00007, see there")
    before = {
        "key": place.hub.keys.store_key("vault"),
        "inode": (home / "vault.duckdb").stat().st_ino,
        "pupils": place.rows(PUPILS),
        "values": values,
    }
    hub, ending = end_clinic(place)
    return place, hub, ending, before


def test_an_ended_agreement_takes_every_row_with_it_and_leaves_the_others(ended: tuple) -> None:
    place, hub, ending, before = ended
    assert ending.state is Step.CERTIFIED
    assert place.rows("SELECT count(*) FROM vault.identity") == [(0,)]
    assert place.rows("SELECT namespace, count(*) FROM vault.crosswalk GROUP BY ALL") == [("school", 40)]
    assert place.rows(f"SELECT count(*) FROM {VISITS}") == [(0,)]
    assert place.rows(PUPILS) == before["pupils"]
    assert place.rows("SELECT DISTINCT source FROM warehouse.content.current_delivery") == [("school",)]
    assert place.quarantine("SELECT count(*) FROM quarantine.refused") == [(0,)]
    assert {d.state for d in hub.registry.deliveries.all() if d.source == "clinic"} == {DeliveryState.PURGED}


def test_the_stores_are_other_files_under_other_keys(ended: tuple) -> None:
    _, hub, _, before = ended
    home = hub.deployment.home
    assert hub.keys.store_key("vault") != before["key"]
    assert (home / "vault.duckdb").stat().st_ino != before["inode"]
    assert not [name for name in hub.keys.stores() if name.startswith((COMING, "purge/"))]
    assert not list(home.rglob("*.rewriting.*"))
    assert not list((home / "purge").iterdir())


def test_the_certificate_says_what_was_done_and_cannot_be_changed(ended: tuple) -> None:
    _, hub, ending, _ = ended
    path = hub.deployment.certificates / f"{ending.id}.json"
    certificate = read_certificate(path)
    check_certificate(hub, certificate)
    rewritten = certificate["stores_rewritten"]
    assert certificate["keys_destroyed"].keys() == {"vault", "warehouse", "quarantine"}
    assert rewritten["vault"]["main.identity"] == {"rows": 2 * (PEOPLE - 1), "suppressed": False}
    assert rewritten["quarantine"]["main.refused"] == {"rows": None, "suppressed": True}
    assert certificate["searched"]["stores"]["found"] == []
    assert certificate["searched"]["stores"]["texts_searched_for"] > PEOPLE
    assert certificate["cannot_prove"]
    page = path.with_suffix(".html").read_text()
    assert "What this certificate cannot prove" in page
    for changed in (
        {**certificate, "subject": "DSA-SCHOOL"},
        {**certificate, "log": {**certificate["log"], "root": "0" * 64}},
        {**certificate, "cannot_prove": []},
    ):
        with pytest.raises(IntegrityFault):
            check_certificate(hub, changed)


def test_the_command_line_shows_dates_rows_and_what_was_found(
    ended: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    _, hub, ending, _ = ended
    path = hub.deployment.certificates / f"{ending.id}.json"
    certificate = read_certificate(path)
    show_certificate(certificate, path)
    shown = capsys.readouterr().out
    for moment in (certificate["begun_at"], certificate["certified_at"]):
        assert moment[:16].replace("T", " at ") in shown
    assert f"Rows left out of vault main.identity: {2 * (PEOPLE - 1)}\n" in shown
    assert "Rows left out of quarantine main.refused: fewer than may be shown\n" in shown
    assert "Deliveries: 2\n" in shown
    assert "STILL FOUND in reports/notes.txt\n" in shown


def test_a_file_that_still_holds_an_id_stands_in_the_certificate(ended: tuple) -> None:
    _, hub, ending, _ = ended
    certificate = read_certificate(hub.deployment.certificates / f"{ending.id}.json")
    assert certificate["searched"]["files"]["found"] == ["reports/notes.txt"]
    assert "Nothing was found" not in (hub.deployment.certificates / f"{ending.id}.html").read_text()


def in_review(hub: Hub, version: str, *, known: bool = True) -> list[Path]:
    """Files as laid out for reviewers, of a mart version that the registry knows or not."""
    if known:
        hub.registry.marts.publish("study", "counts", version, "marts/study", 4, None, [], {})
    note = json.dumps({"project": "study", "mart": "counts", "version": version})
    made = []
    for suffix, text in ((".csv", "source,n\nclinic,20\n"), (".json", note)):
        made.append(hub.reports("in_review", f"counts-{version}{suffix}"))
        made[-1].write_text(text)
    return made


def test_tables_in_review_go_with_their_mart_and_the_certificate_names_them(place: Place) -> None:
    files = in_review(place.hub, "1")
    public = place.hub.reports("open_data", "counts.csv")
    public.write_text("source,n\nclinic,20\n")
    hub, ending = end_clinic(place)
    assert not [path for path in files if path.exists()]
    assert public.exists(), "what is with the public stays"
    certificate = read_certificate(hub.deployment.certificates / f"{ending.id}.json")
    names = ["reports/in_review/counts-1.csv", "reports/in_review/counts-1.json"]
    assert certificate["review_files_removed"] == names
    assert all(name in (hub.deployment.certificates / f"{ending.id}.html").read_text() for name in names)


def test_a_table_left_in_review_keeps_the_certificate_from_being_signed(place: Place) -> None:
    hub = with_agreements(place.hub, terminated(place.hub.agreements))
    in_review(hub, "1")
    ending = begin(hub, plan_dsa(hub, CLINIC_DSA, hub.deployment.today()))
    with pytest.raises(IntegrityFault) as found:
        carry_out(hub, ending, lambda: in_review(hub, "1", known=False) and None)
    assert found.value.details[0].code == "review-not-gone"
    assert not hub.deployment.certificates.exists()
    for path in hub.reports("in_review", "note").parent.iterdir():
        path.unlink()
    kept = in_review(hub, "2")
    assert carry_out(hub, hub.registry.ends.get(ending.id), lambda: None).state is Step.CERTIFIED
    assert all(path.exists() for path in kept), "a mart made anew waits for its reviewers"


def test_no_purged_value_stands_in_journal_log_or_certificate(ended: tuple) -> None:
    _, hub, ending, before = ended
    said = json.dumps([ending.facts, hub.log.show(500)], default=str)
    said += "".join(path.read_text() for path in hub.deployment.certificates.iterdir())
    assert len(before["values"]) > PEOPLE
    assert not [value for value in before["values"] if value in said]


def test_what_was_purged_is_not_taken_in_again_and_the_rest_goes_on(ended: tuple) -> None:
    place, hub, _, _ = ended
    assert register(hub, discover(hub, place.landing)) == [], "the same bytes"
    place.deliver("visits_2023Q1.csv", text_of(clinic_rows(PEOPLE + 5, "2023Q1")))
    for _ in range(2):
        assert register(hub, discover(hub, place.landing)) == [], "other bytes of the same period"
    newer = hub.agreements.dsa_for("clinic").model_copy(update={"version": 2})
    old = hub.agreements
    both = Agreements(old.emou, (newer,), (), old.bases, versions=(*old.versions, newer))
    renewed = with_agreements(hub, approved(both))
    waiting = register(renewed, discover(hub, place.landing))
    assert [(d.source, d.period) for d in waiting] == [("clinic", "2023Q1")], "a new agreement, new bytes"
    place.deliver("pupils_2023Q2.csv", "pupil_id,grade\nS0000001,3\n")
    register(hub, discover(hub, place.landing))
    assert [step.status for step in ingest_pending(hub, "school")] == ["done"]


def test_nothing_of_an_agreement_in_force_is_destroyed_nor_under_a_legal_hold(place: Place) -> None:
    hub = place.hub
    with pytest.raises(Refused) as refused:
        begin(hub, plan_dsa(hub, CLINIC_DSA, hub.deployment.today()))
    assert refused.value.details[0].code == "agreement-not-ended"
    for kind, subject in ((HoldKind.DOCUMENT, CLINIC_DSA), (HoldKind.SOURCE, "clinic")):
        hold = hub.registry.ends.set_hold(kind, subject, HoldReason.LITIGATION, "board")
        with pytest.raises(Refused) as refused:
            end_clinic(place)
        assert [fault.code for fault in refused.value.details] == ["legal-hold"]
        hub.registry.ends.lift_hold(hold.id, "board")
        with pytest.raises(UsageFault):
            hub.registry.ends.lift_hold(hold.id, "board")
    assert hub.registry.ends.all() == []
    delivery = hub.registry.deliveries.current("clinic")[0]
    ending = begin(hub, plan_delivery(hub, delivery.id, hub.deployment.today()))
    hub.registry.ends.set_hold(HoldKind.SOURCE, "clinic", HoldReason.AUDIT, "board")
    with pytest.raises(Refused):
        carry_out(hub, ending, lambda: None)
    assert hub.registry.ends.get(ending.id).state is Step.PLANNED, "a hold after the plan stops it too"
    assert len(place.rows("SELECT * FROM vault.identity")) > PEOPLE


def test_one_delivery_goes_and_the_period_may_be_delivered_anew(place: Place) -> None:
    hub = place.hub
    delivery = next(d for d in hub.registry.deliveries.current("clinic") if d.period == "2023Q2")
    before = place.rows(f"SELECT count(*) FROM ({RECORDS})")
    carry_out(hub, begin(hub, plan_delivery(hub, delivery.id, hub.deployment.today())), lambda: None)
    assert place.rows("SELECT DISTINCT period FROM vault.identity") == [("2023Q1",)]
    assert place.rows(f"SELECT count(DISTINCT delivery_id) FROM {VISITS}") == [(1,)]
    assert place.rows(f"SELECT count(*) FROM ({RECORDS})") == before, "records of another delivery stay"
    assert register(hub, discover(hub, place.landing)) == [], "the same bytes"
    place.deliver("visits_2023Q2.csv", text_of(clinic_rows(PEOPLE - 1, "2023Q2")))
    assert [d.period for d in register(hub, discover(hub, place.landing))] == ["2023Q2"]


def test_single_records_go_and_their_rows_are_left_out_of_what_is_delivered_again(place: Place) -> None:
    hub = place.hub
    found = dict(place.rows(RECORDS))
    goes = {name: found[name] for name in ("P00005", "P00007")}
    ending = begin(hub, plan_records(hub, "clinic", "N-1", "sealed", hub.deployment.today()))
    ask_for(hub, ending.id, list(goes.values()))
    done = carry_out(hub, ending, lambda: None)
    assert done.facts["goes"]["record"] == {"rows": None, "suppressed": True}
    assert dict(place.rows(RECORDS)).items() == found.items() - goes.items()
    gone = tuple(goes.values())
    assert place.rows(f"SELECT count(*) FROM vault.identity WHERE record_key IN {gone}") == [(0,)]
    assert place.rows(f"SELECT count(*) FROM {VISITS} WHERE record_key IN {gone}") == [(0,)]
    assert place.rows(f"SELECT count(DISTINCT record_key) FROM {VISITS}") == [(len(found) - 2,)]
    marks = place.rows("SELECT * FROM vault.tombstone")
    assert len(marks) == len(goes)
    assert not [name for name in goes if name in str(marks)]
    place.deliver("visits_2023Q3.csv", text_of(clinic_rows(PEOPLE, "2023Q3")))
    assert [step.status for step in place.run()] == ["done"]
    ids = {name for name, _ in place.rows(RECORDS)}
    assert not ids & goes.keys()
    assert "P00006" in ids
    ending = begin(hub, plan_records(hub, "clinic", "N-2", "sealed", hub.deployment.today()))
    assert carry_out(hub, ending, lambda: None).state is Step.WITHDRAWN, "nobody named a record"


def test_a_notice_purges_what_it_seals_in_quarantine_too(place: Place) -> None:
    hub, refused = place.hub, "SELECT count(*) FROM quarantine.refused WHERE contains(record, 'P00003')"
    assert place.quarantine(refused) == [(2,)]
    place.deliver("visits_2023Q3.csv", text_of(clinic_rows(PEOPLE, "2023Q3")))
    place.run()
    entry = (
        "INSERT INTO vault.restriction VALUES ('clinic', ?, ?, 1, 0, ?, ?, 'record', [], '2026-01-01', NULL)"
    )
    said = (
        ("P00003", "N-3", "sealed", "set"),
        ("P00004", "N-3", "opt_out", "set"),
        ("P00005", "N-3", "consent", "set"),
        ("P00006", "N-3", "sealed", "revoke"),
        ("P00008", "N-4", "expunged", "set"),
        ("P00009", "N-5", "consent", "revoke"),
    )
    with hub.opener.session(write=[Store.vault()]) as session:
        for record, notice, kind, act in said:
            token = token_of(token_key(hub.keys), "clinic", record)
            session.execute(entry, [token, notice, kind, act])
    known = dict(place.rows(RECORDS))
    keys, kinds = records_of_notice(hub, "clinic", "N-3")
    assert (keys, kinds) == ([known["P00003"]], ["sealed"]), "only what purges a record"
    assert records_of_notice(hub, "clinic", "N-5") == ([known["P00009"]], ["consent"]), "withdrawn"
    for source, notice in (("clinic", "N-9"), ("school", "N-3")):
        with pytest.raises(UsageFault):
            records_of_notice(hub, source, notice)
    ending = begin(hub, plan_records(hub, "clinic", "N-3", "sealed", hub.deployment.today()))
    ask_for(hub, ending.id, keys)
    carry_out(hub, ending, lambda: None)
    assert place.quarantine(refused) == [(0,)]


def test_the_search_finds_what_a_rewrite_would_have_left(place: Place) -> None:
    number = place.rows("SELECT max(ssn) FROM vault.identity")[0][0]
    with place.hub.opener.session(write=[Store.vault()]) as session:
        session.execute("CREATE TABLE vault.keys_left AS SELECT key AS x FROM vault.crosswalk")
    with place.hub.opener.session(write=[Store.warehouse()]) as session:
        session.execute("CREATE TABLE warehouse.content.id_left AS SELECT 'as said by P00007.' AS note")
        session.execute(f"CREATE TABLE warehouse.content.number_left AS SELECT '(no. {number})' AS note")
        session.execute("CREATE TABLE warehouse.content.other AS SELECT 'as said by P000071' AS note")
    with pytest.raises(IntegrityFault) as fault:
        end_clinic(place)
    detail = fault.value.details[0]
    assert detail.code == "purge-incomplete"
    assert all(name in detail.why for name in ("keys_left.x", "id_left.note", "number_left.note"))
    assert "other" not in detail.why
    assert not list(place.hub.deployment.certificates.glob("*.json"))


def test_stores_that_were_not_rewritten_are_never_certified(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "rewrite_stores", lambda *_: {})
    with pytest.raises(IntegrityFault):
        end_clinic(place)
