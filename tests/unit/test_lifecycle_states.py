"""The table of states: what leads where, who may, and that page and pictures say the same."""

from __future__ import annotations

import dataclasses
import re
import sys
from datetime import UTC, date, datetime, timedelta
from time import thread_time

import pytest

from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.lifecycle import TRANSITIONS, ActKind, Day, State, new_act, subject_of
from data_sharing_agreements.lifecycle.acts import Filed, public_hex
from data_sharing_agreements.lifecycle.demonstration import key_of
from data_sharing_agreements.lifecycle.diagram import IMAGES, LAYOUTS, PAGE, arrows, page, svg
from data_sharing_agreements.lifecycle.judging import HUB as HUB_ID
from data_sharing_agreements.lifecycle.judging import judge
from data_sharing_agreements.lifecycle.states import AGREEMENTS, FINAL, PROJECTS
from data_sharing_agreements.terms_governing import Approvals
from tests.agreements_support import LATE, acted, approved, judged

EVERGREEN = load_agreements(EVERGREEN_DIRECTORY)
WAGES = EVERGREEN.dsa_for("esd_wages")
LEAVERS = EVERGREEN.dul_for("tanf-leavers")
OWNER = ("Employment Security Department", "Commissioner")
HUB = ("Evergreen Data Hub", "Chief Data Officer")
OFFICER = ("Evergreen Data Hub", "Data Governance Officer")
BOARD = ("Evergreen Data Governance Board", "Chair")
LICENSEE = ("Institute for Policy Research", "Head of Research")
ON = date(2026, 6, 1)
LAW = "statute: RCW 50.13.060"


def standing(agreements, document=WAGES, version=1):
    return agreements.standing[(document.id, version)]


def opened(document, *kinds):
    """The documents with only these kinds of acts on one of them."""
    return judged(
        EVERGREEN, [f for f in EVERGREEN.acts if f.act.document != document.id or f.act.act in kinds]
    )


def test_an_agreement_goes_from_draft_to_expired():
    states = [(step.state, step.trigger) for step in standing(EVERGREEN).steps]
    assert states == [
        (State.IN_REVIEW, ActKind.SUBMIT),
        (State.IN_REVIEW, ActKind.APPROVE),
        (State.IN_REVIEW, ActKind.APPROVE),
        (State.APPROVED, ActKind.COUNSEL),
        (State.ACTIVE, Day.START),
        (State.EXPIRED, Day.EXPIRY),
    ]
    term = WAGES.term
    life = {d: standing(EVERGREEN).state(d) for d in (term.start, term.expiry)}
    assert set(life.values()) == {State.ACTIVE}
    assert standing(EVERGREEN).state(term.start - timedelta(days=1)) is State.APPROVED
    assert standing(EVERGREEN).state(term.expiry + timedelta(days=1)) is State.EXPIRED
    assert standing(EVERGREEN).state(date(2000, 1, 1)) is State.DRAFT


def test_a_project_passes_every_stage_in_order():
    seen = list(dict.fromkeys(step.state for step in standing(EVERGREEN, LEAVERS).steps))
    assert seen == [
        State.PROPOSED,
        State.FIT,
        State.DESIGN,
        State.PARTNER_REVIEW,
        State.BOARD_REVIEW,
        State.APPROVED,
        State.ACTIVE,
        State.EXPIRED,
    ]


@pytest.mark.parametrize("left_out", ["propose", "fit", "design", "partner_review", "board_review"])
def test_a_project_skips_no_stage(left_out):
    kept = [f for f in EVERGREEN.acts if f.act.document != LEAVERS.id or f.act.act != left_out]
    changed = judged(EVERGREEN, kept)
    assert standing(changed, LEAVERS).state(ON) not in {State.APPROVED, State.ACTIVE}


def test_a_license_asks_every_agency_whose_data_it_uses_then_the_board():
    wanted = standing(judged(EVERGREEN, []), LEAVERS).missing
    owners = {p.name for d in EVERGREEN.dsas if d.id in LEAVERS.agreements for p in d.parties}
    assert {r.party for r in wanted if r.stage is State.PARTNER_REVIEW} == owners
    assert [r.party for r in wanted if r.stage is State.BOARD_REVIEW] == [BOARD[0]]
    assert [(r.act, r.party) for r in wanted if r.stage is State.DRAFT] == [(ActKind.PROPOSE, LICENSEE[0])]


def test_a_tribe_with_authority_over_the_data_approves_their_use():
    authority = EVERGREEN.emou.tribal_authority.model_copy(update={"tribes": ("Cedar River Nation",)})
    dsas = tuple(
        d.model_copy(update={"tribal_authority": authority}) if d.id == WAGES.id else d
        for d in EVERGREEN.dsas
    )
    changed = dataclasses.replace(EVERGREEN, dsas=dsas, versions=())
    wanted = judged(changed, []).standing[(LEAVERS.id, 1)].missing
    tribe = next(r for r in wanted if r.party == "Cedar River Nation")
    assert (tribe.clause, tribe.offices) == ("tribal_authority", frozenset())


def with_rules(**terms):
    rules = Approvals.model_validate(EVERGREEN.emou.approvals.model_dump() | terms)
    emou = EVERGREEN.emou.model_copy(update={"approvals": rules})
    return approved(dataclasses.replace(EVERGREEN, emou=emou, versions=()))


def test_the_memorandum_may_leave_the_board_or_the_agencies_out():
    without_board = with_rules(board=False).standing[(LEAVERS.id, 1)].dossier.requirements
    assert [r.clause for r in without_board if r.party == BOARD[0]] == ["signatories"]
    without = with_rules(each_contributing_agency=False).standing[(LEAVERS.id, 1)].dossier.requirements
    assert OWNER[0] not in {r.party for r in without}


def silent_after(agreements, *speaking):
    """The leavers' license in partner review, approved by the bodies whose ids begin so."""
    kept = [
        f
        for f in agreements.acts
        if f.act.document != LEAVERS.id
        or f.act.act in ("propose", "fit", "design", "partner_review")
        or (f.act.act == "approve" and f.act.signatory.startswith(speaking))
    ]
    begun = next(f.act.day for f in kept if (f.act.document, f.act.act) == (LEAVERS.id, "partner_review"))
    over = begun + timedelta(days=EVERGREEN.emou.approvals.objection_days)
    return judged(agreements, kept), begun, over


def test_silence_approves_where_the_memorandum_says_so_and_the_days_are_over():
    waiting, begun, over = silent_after(with_rules(silence_approves=True), "evergreen-data-hub", "cedar")
    early = acted(waiting, LEAVERS.id, "board_review", OFFICER, over - timedelta(days=1))
    assert standing(early, LEAVERS).state(ON) is State.PARTNER_REVIEW
    late = acted(waiting, LEAVERS.id, "board_review", OFFICER, over)
    assert standing(late, LEAVERS).state(ON) is State.BOARD_REVIEW
    assert standing(acted(late, LEAVERS.id, "approve", BOARD, over), LEAVERS).state(ON) is State.ACTIVE
    objected = acted(waiting, LEAVERS.id, "object", OWNER, begun, ground=LAW)
    later = acted(objected, LEAVERS.id, "board_review", OFFICER, over)
    assert standing(later, LEAVERS).state(ON) is State.PARTNER_REVIEW


def test_the_silence_of_a_tribe_or_of_the_hub_approves_nothing():
    for speaking in (("evergreen-data-hub",), ("cedar",)):
        waiting, _, over = silent_after(with_rules(silence_approves=True), *speaking)
        late = acted(waiting, LEAVERS.id, "board_review", OFFICER, over)
        assert standing(late, LEAVERS).state(ON) is State.PARTNER_REVIEW


def test_silence_approves_nothing_where_the_memorandum_does_not_say_so():
    waiting, _, over = silent_after(EVERGREEN, "evergreen-data-hub", "cedar")
    late = acted(waiting, LEAVERS.id, "board_review", OFFICER, over)
    assert standing(late, LEAVERS).state(ON) is State.PARTNER_REVIEW


def test_an_objection_counts_to_the_last_of_the_days_given_and_not_after():
    waiting, _, last = silent_after(EVERGREEN, "evergreen-data-hub")
    in_time = acted(waiting, LEAVERS.id, "object", OWNER, last, ground=LAW)
    assert standing(in_time, LEAVERS).objections
    late = acted(waiting, LEAVERS.id, "object", OWNER, last + timedelta(days=1), ground=LAW)
    assert "objection-late" in {f.code for f in standing(late, LEAVERS).faults}
    assert not standing(late, LEAVERS).objections


def test_what_was_asked_for_is_told_with_who_did_it_and_the_act():
    approvals = standing(EVERGREEN, LEAVERS).approvals
    assert len({a.act.digest for a in approvals}) == len(approvals) > 1
    known = {s.id: s.person for s in EVERGREEN.rosters.current.signatories}
    assert all(a.person == known[a.signatory] and a.act.signatory == a.signatory for a in approvals)


def test_objections_are_listed_for_the_register():
    waiting = opened(LEAVERS, "propose", "fit", "design", "partner_review")
    objected = acted(waiting, LEAVERS.id, "object", OWNER, date(2021, 12, 16), ground=LAW)
    (objection,) = objected.objections()
    assert (objection.document, objection.party, objection.office) == (LEAVERS.id, *OWNER)
    act = objected.acts[-1].act
    taken_back = acted(objected, LEAVERS.id, "revoke", OWNER, date(2021, 12, 17), revokes=act.digest)
    assert not taken_back.objections()


def test_terminate_works_from_its_day_and_may_be_taken_back_before():
    day = ON + timedelta(days=30)
    ending = acted(EVERGREEN, WAGES.id, "terminate", OWNER, ON, effective=day)
    assert standing(ending).state(day - timedelta(days=1)) is State.ACTIVE
    assert standing(ending).state(day) is State.TERMINATED
    assert standing(ending).next_change(ON).day == day
    digest = ending.acts[-1].act.digest
    kept = acted(ending, WAGES.id, "revoke", OWNER, ON + timedelta(days=1), revokes=digest)
    assert standing(kept).state(day) is State.ACTIVE
    late = acted(ending, WAGES.id, "revoke", OWNER, day + timedelta(days=1), revokes=digest)
    assert standing(late).state(date(2030, 1, 1)) is State.TERMINATED


def test_an_act_never_works_before_it_was_signed():
    early = acted(EVERGREEN, WAGES.id, "suspend", OWNER, ON, effective=date(2024, 1, 1))
    assert standing(early).state(date(2025, 1, 1)) is State.ACTIVE
    assert standing(early).state(ON) is State.SUSPENDED


def test_two_stops_must_both_be_lifted():
    both = acted(acted(EVERGREEN, WAGES.id, "suspend", OWNER, ON), WAGES.id, "suspend", HUB, ON)
    one = acted(both, WAGES.id, "resume", OWNER, ON + timedelta(days=1))
    assert standing(one).state(date(2030, 1, 1)) is State.SUSPENDED
    none = acted(one, WAGES.id, "resume", HUB, ON + timedelta(days=2))
    assert standing(none).state(date(2030, 1, 1)) is State.ACTIVE


def test_an_approval_taken_back_while_suspended_does_not_come_back_by_resuming():
    approval = next(
        f.act
        for f in EVERGREEN.acts
        if f.act.document == WAGES.id and f.act.signatory.endswith("commissioner")
    )
    stopped = acted(EVERGREEN, WAGES.id, "suspend", HUB, ON)
    taken = acted(stopped, WAGES.id, "revoke", OWNER, ON + timedelta(days=1), revokes=approval.digest)
    resumed = acted(taken, WAGES.id, "resume", HUB, ON + timedelta(days=2))
    assert standing(resumed).state(date(2030, 1, 1)) is State.IN_REVIEW


def test_the_memorandum_is_stopped_by_hub_or_board_alone():
    emou = EVERGREEN.emou
    by_agency = acted(EVERGREEN, emou.id, "suspend", OWNER, ON)
    assert standing(by_agency, emou).state(ON) is State.ACTIVE
    assert standing(acted(EVERGREEN, emou.id, "suspend", BOARD, ON), emou).state(ON) is State.SUSPENDED


def second_version(start):
    term = WAGES.term.model_copy(update={"start": start})
    second = WAGES.model_copy(update={"version": 2, "term": term})
    return dataclasses.replace(EVERGREEN, versions=(*EVERGREEN.versions, second))


def test_the_next_version_governs_from_its_first_day_and_only_when_approved():
    start = date(2026, 7, 1)
    both = approved(second_version(start))
    assert both.on(start - timedelta(days=1)).dsa_for("esd_wages").version == 1
    assert both.on(start).dsa_for("esd_wages").version == 2
    assert standing(both).state(start) is State.SUPERSEDED
    assert both.on(start) is both.on(start)
    unsigned = judged(both, [f for f in both.acts if (f.act.document, f.act.version) != (WAGES.id, 2)])
    assert unsigned.on(start).dsa_for("esd_wages").version == 1
    assert standing(unsigned).state(start) is State.ACTIVE


def closed(*acts):
    agreements = EVERGREEN
    for n, (kind, by) in enumerate(acts):
        agreements = acted(agreements, LEAVERS.id, kind, by, ON + timedelta(days=n))
    return agreements


def test_only_the_hubs_own_key_says_that_a_project_was_destroyed():
    closing = closed(("close", BOARD))
    assert standing(closing, LEAVERS).state(ON) is State.CLOSING
    key = key_of("the hub of a test")
    at = datetime.combine(ON + timedelta(days=1), datetime.min.time(), UTC)
    act = new_act(subject_of(LEAVERS), ActKind.DESTROYED, HUB_ID, key, at)
    filed = [*closing.acts, Filed(act, "x", f"{LEAVERS.id}@1")]

    def state(hub_key):
        found = judge(closing.versions, closing.rosters.current, filed, now=LATE, hub_key=hub_key)
        return found[(LEAVERS.id, 1)].state(date(2027, 1, 1))

    assert state(public_hex(key)) is State.DESTROYED
    assert state(public_hex(key_of("another"))) is State.CLOSING
    assert state(None) is State.CLOSING
    by_a_person = acted(closing, LEAVERS.id, "destroyed", HUB, ON + timedelta(days=1))
    assert standing(by_a_person, LEAVERS).state(date(2027, 1, 1)) is State.CLOSING


def test_nothing_leads_out_of_final_states_and_every_state_is_reached():
    for tiers in (AGREEMENTS, PROJECTS):
        found = arrows(tiers)
        sources = {a for a, _ in found}
        targets = {b for _, b in found}
        assert not FINAL & sources
        assert targets | {State.DRAFT} == sources | targets
        assert set(LAYOUTS["agreements" if tiers == AGREEMENTS else "projects"].places) == sources | targets
    assert {t.target for t in TRANSITIONS} | {State.DRAFT} == set(State)


def test_no_two_rows_of_the_table_could_both_be_taken():
    keys = [(tier, t.source, t.trigger, t.when) for t in TRANSITIONS for tier in t.tiers]
    assert len(keys) == len(set(keys))


def test_page_and_pictures_are_what_the_table_says():
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run python -m data_sharing_agreements.lifecycle.diagram"
    assert page(page(text)) == text
    for name, layout in LAYOUTS.items():
        drawn = (IMAGES / f"states-{name}.svg").read_text(encoding="utf-8")
        assert drawn == svg(layout), "run python -m data_sharing_agreements.lifecycle.diagram"
        for state in layout.places:
            assert f">{state.words}</text>" in drawn
    for row in TRANSITIONS:
        line = rf"^    {row.source} --> {row.target}: "
        assert re.search(line, text, re.MULTILINE), row


def test_an_office_that_has_approved_need_not_again():
    waiting = opened(WAGES, "submit")
    once = acted(waiting, WAGES.id, "approve", OWNER, date(2021, 12, 9))
    twice = acted(once, WAGES.id, "approve", OWNER, date(2021, 12, 10))
    assert [f.code for f in standing(twice).faults] == ["act-repeated"]
    assert len(standing(twice).approvals) == 1


def test_only_the_office_the_license_names_asks_for_it():
    empty = opened(LEAVERS)
    by_the_hub = acted(empty, LEAVERS.id, "propose", OFFICER, date(2021, 12, 1))
    assert standing(by_the_hub, LEAVERS).state(ON) is State.DRAFT
    assert [f.code for f in standing(by_the_hub, LEAVERS).faults] == ["act-not-asked-for"]


def test_what_opened_a_review_and_what_comes_later_is_not_taken_back():
    submitted = next(f.act for f in EVERGREEN.acts if f.act.document == WAGES.id and f.act.act == "submit")
    taken = acted(EVERGREEN, WAGES.id, "revoke", OFFICER, ON, revokes=submitted.digest)
    assert [f.code for f in standing(taken).faults] == ["revocation-of-nothing"]
    ending = acted(EVERGREEN, WAGES.id, "terminate", OWNER, ON)
    early = acted(ending, WAGES.id, "revoke", OWNER, date(2026, 5, 1), revokes=ending.acts[-1].act.digest)
    assert standing(early).state(ON) is State.TERMINATED
    assert [f.code for f in standing(early).faults] == ["revocation-of-nothing"]


def license_without_board(**rules):
    """The leavers' license that names no office of the board, under these rules."""
    agreements = with_rules(**rules)
    named = tuple(s for s in LEAVERS.signatories if s.party != BOARD[0])
    dul = LEAVERS.model_copy(update={"signatories": named})
    duls = tuple(dul if d.id == dul.id else d for d in agreements.duls)
    return approved(dataclasses.replace(agreements, duls=duls, versions=()))


def test_the_board_approves_because_the_memorandum_says_so():
    asked = license_without_board().standing[(LEAVERS.id, 1)].dossier.requirements
    assert [r.clause for r in asked if r.party == BOARD[0]] == ["approvals.board"]
    free = license_without_board(board=False)
    assert BOARD[0] not in {r.party for r in free.standing[(LEAVERS.id, 1)].dossier.requirements}
    assert standing(free, LEAVERS).state(ON) is State.ACTIVE


def test_silence_alone_approves_when_nobody_objects():
    free = license_without_board(board=False, silence_approves=True)
    waiting, begun, over = silent_after(free, "evergreen-data-hub", "cedar")
    assert standing(waiting, LEAVERS).state(over - timedelta(days=1)) is State.PARTNER_REVIEW
    assert standing(waiting, LEAVERS).state(over) in {State.APPROVED, State.ACTIVE}
    objected = acted(waiting, LEAVERS.id, "object", OWNER, begun, ground=LAW)
    assert standing(objected, LEAVERS).state(ON) is State.PARTNER_REVIEW


def test_a_draft_above_changes_neither_whom_to_ask_nor_the_rules():
    """A draft that names another agency, or asks for less, changes nothing until it is approved."""
    renamed = tuple(
        s.model_copy(update={"party": "Another Department"}) if s.party == OWNER[0] else s
        for s in WAGES.signatories
    )
    draft = WAGES.model_copy(update={"version": 2, "signatories": renamed})
    lax = EVERGREEN.emou.approvals.model_copy(update={"two_people": False, "board": False})
    emou = EVERGREEN.emou.model_copy(update={"version": 2, "approvals": lax})
    both = dataclasses.replace(EVERGREEN, versions=(*EVERGREEN.versions, draft, emou))
    changed = judged(both, list(EVERGREEN.acts))
    asked = standing(changed, LEAVERS).dossier
    assert asked.requirements == standing(EVERGREEN, LEAVERS).dossier.requirements
    assert asked.rules == EVERGREEN.emou.approvals
    assert standing(changed, LEAVERS).state(ON) is State.ACTIVE


def test_judging_the_reference_documents_is_quick():
    seconds = []
    for _ in range(3):
        start = thread_time()
        found = judge(EVERGREEN.versions, EVERGREEN.rosters.current, EVERGREEN.acts, now=LATE)
        seconds.append(thread_time() - start)
        assert all(found[key].state(ON) is State.ACTIVE for key in found)
    if sys.gettrace() is None:
        assert min(seconds) < 0.2
