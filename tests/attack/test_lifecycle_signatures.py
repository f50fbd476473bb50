"""Attempts to bring a document into force, or to stop one, without the right signatures."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from data_sharing_agreements.decisions import Request, decide
from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, Agreements, load_agreements
from data_sharing_agreements.documents.history import write_down_documents
from data_sharing_agreements.errors import IntegrityFault
from data_sharing_agreements.gate import Gate
from data_sharing_agreements.lifecycle import Filed, Rosters, State
from data_sharing_agreements.lifecycle.acts import signed_act
from data_sharing_agreements.lifecycle.demonstration import key_of, slug_of
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Registry
from tests.agreements_support import acted, judged

EVERGREEN = load_agreements(EVERGREEN_DIRECTORY)
WAGES = EVERGREEN.dsa_for("esd_wages")
KEY = (WAGES.id, 1)
ON = date(2026, 6, 1)
OWNER = ("Employment Security Department", "Commissioner")
HUB = ("Evergreen Data Hub", "Chief Data Officer")
ASK = Request("ingest", sources=frozenset({"esd_wages"}), fields=WAGES.fields)


def permitted(agreements, on=ON):
    return decide(ASK, agreements, on).permitted


def codes(agreements, key=KEY):
    return {fault.code for fault in agreements.standing[key].faults}


def approval():
    """The owner's approval of the wage agreement."""
    return next(f for f in EVERGREEN.acts if (f.act.document, f.act.signatory) == (WAGES.id, slug_of(*OWNER)))


def with_approval(changed: Filed | None, versions=None):
    """The documents with the owner's approval replaced, or left out."""
    others = [f for f in EVERGREEN.acts if f is not approval()]
    agreements = EVERGREEN if versions is None else dataclasses.replace(EVERGREEN, versions=versions)
    return judged(agreements, [*others, *([] if changed is None else [changed])])


def resigned(key=None, **changes) -> Filed:
    """The approval changed and signed again, by the owner's key if no other is given."""
    act = approval().act.model_copy(update=changes)
    return dataclasses.replace(approval(), act=signed_act(act, key or key_of(act.signatory)))


def without_signing(**changes) -> Filed:
    return dataclasses.replace(approval(), act=approval().act.model_copy(update=changes))


STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER_PUBLIC = STRANGER.public_key().public_bytes_raw().hex()


def test_the_documents_are_in_force_and_need_each_approval():
    assert permitted(EVERGREEN)
    without = with_approval(None)
    assert not permitted(without)
    (reason,) = decide(ASK, without, ON).reasons
    assert (reason.code, reason.document) == ("agreement-not-approved", WAGES.id)
    assert "Employment Security Department" in reason.text


@pytest.mark.parametrize(
    ("forged", "code"),
    [
        (lambda: without_signing(at="2021-12-08T09:20:00.000001Z"), "act-forged"),
        (lambda: without_signing(signature="0" * 128), "act-forged"),
        (lambda: without_signing(signature=""), "act-forged"),
        (lambda: resigned(key=STRANGER), "act-forged"),
        (lambda: resigned(key=STRANGER, public_key=STRANGER_PUBLIC), "act-by-wrong-key"),
        (lambda: resigned(key=key_of(slug_of(*HUB))), "act-forged"),
        (lambda: resigned(signatory="nobody-at-all", key=STRANGER), "act-of-stranger"),
        (lambda: resigned(sha256="0" * 64), "act-over-other-bytes"),
        (lambda: resigned(at="2101-01-01T00:00:00.000000Z"), "act-in-future"),
        (lambda: resigned(at="1989-12-31T00:00:00.000000Z"), "act-by-dead-key"),
        (lambda: resigned(at="2021-12-08T08:00:00.000000Z"), "act-out-of-order"),
        (lambda: dataclasses.replace(approval(), folder="DSA-HCA-MEDICAID@1"), "act-misplaced"),
    ],
)
def test_an_approval_that_is_not_genuine_never_counts(forged, code):
    changed = with_approval(forged())
    assert not permitted(changed)
    assert code in codes(changed)


def test_an_approval_of_another_document_is_no_approval_of_this_one():
    other = next(
        f for f in EVERGREEN.acts if f.act.document == "DSA-OSPI-K12" and f.act.signatory == slug_of(*HUB)
    )
    copied = dataclasses.replace(other, folder=approval().folder)
    changed = with_approval(copied)
    assert not permitted(changed)
    assert "act-misplaced" in codes(changed, ("DSA-OSPI-K12", 1))
    renamed = dataclasses.replace(
        other, act=other.act.model_copy(update={"document": WAGES.id}), folder=approval().folder
    )
    assert not permitted(with_approval(renamed))


def test_an_approval_of_an_earlier_version_is_none_of_the_next():
    second = WAGES.model_copy(update={"version": 2})
    replayed = [
        dataclasses.replace(f, act=f.act.model_copy(update={"version": 2}), folder=f"{WAGES.id}@2")
        for f in EVERGREEN.acts
        if f.act.document == WAGES.id
    ]
    both = dataclasses.replace(EVERGREEN, versions=(*EVERGREEN.versions, second))
    changed = judged(both, [*EVERGREEN.acts, *replayed])
    assert changed.standing[(WAGES.id, 2)].state(ON) is State.DRAFT
    assert changed.on(ON).dsa_for("esd_wages").version == 1
    assert permitted(changed)


def test_a_document_edited_after_its_approval_is_in_force_no_more(tmp_path):
    directory = tmp_path / "agreements"
    ignored = shutil.ignore_patterns("*.py", "__pycache__", "schemas", "vocabularies")
    shutil.copytree(EVERGREEN_DIRECTORY, directory, ignore=ignored)
    assert permitted(load_agreements(directory))
    path = directory / "dsa" / "DSA-ESD-WAGES.yaml"
    path.write_text(path.read_text().replace("landing_hours: 48", "landing_hours: 480"))
    edited = load_agreements(directory)
    assert not permitted(edited)
    assert codes(edited) == {"act-over-other-bytes"}
    path.write_text(
        path.read_text().replace("landing_hours: 480", "landing_hours: 48") + "\n# only a comment\n"
    )
    assert permitted(load_agreements(directory))


def test_an_approval_taken_back_counts_until_then():
    taken = acted(EVERGREEN, WAGES.id, "revoke", OWNER, ON, revokes=approval().act.digest)
    assert permitted(taken, ON - timedelta(days=1))
    assert not permitted(taken, ON)
    assert [r.party for r in taken.standing[KEY].missing] == [OWNER[0]]


def test_nobody_takes_back_what_another_signed():
    taken = acted(EVERGREEN, WAGES.id, "revoke", HUB, ON, revokes=approval().act.digest)
    assert permitted(taken)
    assert "revocation-of-nothing" in codes(taken)


def roster_with(**terms):
    roster = EVERGREEN.rosters.current
    entries = tuple(e.model_copy(update=terms) if e.id == slug_of(*OWNER) else e for e in roster.signatories)
    return roster.model_copy(update={"signatories": entries})


@pytest.mark.parametrize(
    "terms",
    [
        {"revoked": date(2021, 12, 1)},
        {"until": date(2021, 12, 1)},
        {"start": date(2022, 1, 1)},
    ],
)
def test_a_key_that_was_not_valid_on_the_day_signs_nothing(terms):
    changed = dataclasses.replace(EVERGREEN, rosters=Rosters((roster_with(**terms),)))
    changed = judged(changed, list(EVERGREEN.acts))
    assert not permitted(changed)
    assert "act-by-dead-key" in codes(changed)


def test_what_a_key_signed_before_it_was_revoked_stands():
    changed = dataclasses.replace(EVERGREEN, rosters=Rosters((roster_with(revoked=date(2021, 12, 9)),)))
    assert permitted(judged(changed, list(EVERGREEN.acts)))


def test_the_same_act_twice_counts_once():
    changed = judged(EVERGREEN, [*EVERGREEN.acts, dataclasses.replace(approval(), place="elsewhere")])
    assert permitted(changed)
    assert "act-repeated" in codes(changed)
    again = acted(EVERGREEN, WAGES.id, "approve", OWNER, ON)
    assert "act-out-of-order" in codes(again)


def test_acts_without_a_roster_count_for_nothing():
    assert not permitted(judged(dataclasses.replace(EVERGREEN, rosters=Rosters(())), list(EVERGREEN.acts)))


def license_after(*acts):
    """The leavers' license in partner review, after these acts of (kind, party and office)."""
    dul = EVERGREEN.dul_for("tanf-leavers")
    kept = [f for f in EVERGREEN.acts if f.act.document != dul.id or f.act.act in OPENING]
    agreements = judged(EVERGREEN, kept)
    for n, (kind, by, ground) in enumerate(acts):
        agreements = acted(
            agreements, dul.id, kind, by, date(2021, 12, 16) + timedelta(days=n), ground=ground
        )
    return agreements.standing[(dul.id, 1)]


OPENING = ("propose", "fit", "design", "partner_review")
ESD = OWNER
LAW = "statute: RCW 50.13.060"


def test_approval_and_objection_of_one_body_contradict():
    both = license_after(("approve", ESD, None), ("object", ESD, LAW))
    assert "acts-contradict" in {f.code for f in both.faults}
    assert not both.objections
    other = license_after(("object", ESD, LAW), ("approve", ESD, None))
    assert "acts-contradict" in {f.code for f in other.faults}
    assert ESD[0] in {r.party for r in other.missing}


@pytest.mark.parametrize(
    ("ground", "counts"),
    [
        (LAW, True),
        (None, False),
        ("we would rather not", False),
        ("statute:", False),
        ("statute: see the law", False),
        ("convenience: RCW 50.13.060", False),
    ],
)
def test_where_sharing_is_presumed_an_objection_names_the_law(ground, counts):
    standing = license_after(("object", ESD, ground))
    assert bool(standing.objections) is counts
    assert ("objection-without-ground" in {f.code for f in standing.faults}) is not counts
    if counts:
        assert (standing.objections[0].party, standing.objections[0].ground) == (ESD[0], LAW)
        assert "objects" in standing.why_not(ON).text


def test_silence_is_no_approval_where_the_memorandum_does_not_say_so():
    assert license_after().state(date(2030, 1, 1)) is State.PARTNER_REVIEW


def one_human(*ids: str):
    """The documents judged with these signatories being one human."""
    roster = EVERGREEN.rosters.current
    entries = tuple(
        e.model_copy(update={"person": "one-human"}) if e.id in ids else e for e in roster.signatories
    )
    changed = roster.model_copy(update={"signatories": entries})
    return judged(dataclasses.replace(EVERGREEN, rosters=Rosters((changed,))), list(EVERGREEN.acts))


def test_one_human_with_two_ids_does_not_approve_their_own():
    officer = slug_of("Evergreen Data Hub", "Data Governance Officer")
    changed = one_human(officer, slug_of(*OWNER))
    assert not permitted(changed)
    assert "approval-of-own" in codes(changed)


def test_one_human_does_not_approve_for_two_bodies():
    changed = one_human(slug_of(*HUB), slug_of(*OWNER))
    assert not permitted(changed)
    assert "approval-by-one-person" in codes(changed)


def test_a_recipient_does_not_approve_the_license():
    recipient = EVERGREEN.dul_for("tanf-leavers").recipients[0]
    chair = slug_of("Evergreen Data Governance Board", "Chair")
    roster = EVERGREEN.rosters.current
    entries = tuple(
        e.model_copy(update={"person": recipient.person}) if e.id == chair else e for e in roster.signatories
    )
    rosters = Rosters((roster.model_copy(update={"signatories": entries}),))
    changed = judged(dataclasses.replace(EVERGREEN, rosters=rosters), list(EVERGREEN.acts))
    assert "approval-of-own" in codes(changed, ("DUL-2026-001", 1))
    assert not decide(
        Request("query", project="tanf-leavers", actor="researcher", form="rows"), changed, ON
    ).permitted


def test_a_new_version_needs_those_whom_it_would_leave_out():
    """A memorandum that drops an agency binds nobody until that agency agrees."""
    emou = EVERGREEN.emou
    gone = OWNER[0]
    second = emou.model_copy(
        update={
            "version": 2,
            "parties": tuple(p for p in emou.parties if p.name != gone),
            "signatories": tuple(s for s in emou.signatories if s.party != gone),
        }
    )
    both = dataclasses.replace(EVERGREEN, versions=(*EVERGREEN.versions, second))
    wanted = judged(both, list(EVERGREEN.acts)).standing[(emou.id, 2)].missing
    assert gone in {requirement.party for requirement in wanted}
    assert judged(both, list(EVERGREEN.acts)).on(ON).emou.version == 1


def test_only_who_suspended_resumes_and_any_owner_suspends_alone():
    stopped = acted(EVERGREEN, WAGES.id, "suspend", OWNER, ON)
    assert not permitted(stopped)
    resumed = acted(stopped, WAGES.id, "resume", HUB, ON)
    assert not permitted(resumed)
    assert "act-not-theirs" in codes(resumed)
    stranger = acted(EVERGREEN, WAGES.id, "suspend", ("Health Care Authority", "Director"), ON)
    assert permitted(stranger)
    assert "act-not-theirs" in codes(stranger)


@pytest.fixture
def log(tmp_path):
    with Registry.create(f"sqlite:///{tmp_path / 'registry.sqlite'}") as registry:
        yield Log(registry, None)


def ask(log, agreements):
    return Gate(agreements, log, lambda: ON).ask(ASK)


def test_every_act_and_the_roster_are_in_the_log_before_the_first_decision(log):
    ask(log, EVERGREEN)
    entries = log.show(10_000)
    kinds = [entry["kind"] for entry in entries]
    assert kinds.count("act") == len(EVERGREEN.acts)
    assert kinds.count("roster") == 1
    assert kinds[-1] == "decision"
    told = {entry["summary"]["digest"] for entry in entries if entry["kind"] == "act"}
    assert told == {filed.act.digest for filed in EVERGREEN.acts}
    assert write_down_documents(log.database, log.clock, EVERGREEN) == 0


def test_an_act_that_vanishes_is_noticed(log):
    stopped = acted(EVERGREEN, WAGES.id, "suspend", OWNER, ON)
    ask(log, stopped)
    with pytest.raises(IntegrityFault) as caught:
        ask(log, EVERGREEN)
    (detail,) = caught.value.details
    assert (detail.code, detail.document) == ("act-vanished", WAGES.id)
    assert "suspend" in detail.what


def test_a_roster_that_is_exchanged_is_noticed(log):
    ask(log, EVERGREEN)
    changed = dataclasses.replace(EVERGREEN, rosters=Rosters((roster_with(public_key=STRANGER_PUBLIC),)))
    with pytest.raises(IntegrityFault, match="roster-exchanged"):
        ask(log, judged(changed, list(EVERGREEN.acts)))


def test_a_stolen_key_cannot_sign_for_the_time_before_it_was_revoked(log):
    ask(log, EVERGREEN)
    roster = EVERGREEN.rosters.current
    revoked = roster_with(revoked=ON)
    chain = Rosters((roster, revoked.model_copy(update={"version": 2})))
    known = judged(dataclasses.replace(EVERGREEN, rosters=chain), list(EVERGREEN.acts))
    ask(log, known)
    with pytest.raises(IntegrityFault, match="act-backdated"):
        ask(log, acted(known, WAGES.id, "terminate", OWNER, date(2023, 1, 1)))


def test_a_forged_act_is_not_written_down(log):
    forged = dataclasses.replace(
        approval(), act=approval().act.model_copy(update={"at": "2021-12-09T00:00:00.000000Z"})
    )
    ask(log, judged(EVERGREEN, [*EVERGREEN.acts, forged]))
    assert [e["kind"] for e in log.show(10_000)].count("act") == len(EVERGREEN.acts)


def test_documents_that_nobody_judged_are_not_in_force():
    bare = Agreements(EVERGREEN.emou, EVERGREEN.dsas, EVERGREEN.duls, EVERGREEN.bases)
    assert {reason.code for reason in decide(ASK, bare, ON).reasons} == {"agreement-not-approved"}
