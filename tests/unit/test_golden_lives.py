"""Lives of documents word for word: each step, what is missing, and every act that does not count."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from data_sharing_agreements.documents import Agreements
from data_sharing_agreements.lifecycle.judging import judge
from tests.agreements_support import LATE, acted, approved, judged
from tests.golden_files import cases, check
from tests.unit.test_lifecycle_states import (
    BOARD,
    EVERGREEN,
    HUB,
    LAW,
    LEAVERS,
    LICENSEE,
    OFFICER,
    OWNER,
    WAGES,
    opened,
    second_version,
)

ON = date(2026, 6, 1)
COUNSEL = ("Employment Security Department", "Counsel to the Employment Security Department")
STRANGER = ("Department of Commerce", "Director")
REVIEWED = date(2021, 12, 15)
IN_REVIEW = opened(WAGES, "submit")
IN_PARTNER_REVIEW = opened(LEAVERS, "propose", "fit", "design", "partner_review")


def after(agreements: Agreements, document: str, *acts: tuple) -> Agreements:
    """The agreements after acts: (kind, by, days after the first of June or of the review, more)."""
    for kind, by, day, *more in acts:
        agreements = acted(agreements, document, kind, by, day, **(more[0] if more else {}))
    return agreements


def later(days: int, since: date = ON) -> date:
    return since + timedelta(days=days)


def taken_back(agreements: Agreements, document: str, by: tuple[str, str], day: date) -> Agreements:
    """The newest act of all, taken back."""
    return acted(agreements, document, "revoke", by, day, revokes=agreements.acts[-1].act.digest)


SUSPENDED = after(EVERGREEN, WAGES.id, ("suspend", OWNER, ON))
ENDING = after(EVERGREEN, WAGES.id, ("terminate", OWNER, ON, {"effective": later(30)}))
OBJECTED = after(IN_PARTNER_REVIEW, LEAVERS.id, ("object", OWNER, later(1, REVIEWED), {"ground": LAW}))
APPROVED = after(IN_REVIEW, WAGES.id, ("approve", OWNER, later(1, REVIEWED)))

LIVES: dict[str, tuple[Agreements, str]] = {
    "as signed, agreement": (EVERGREEN, WAGES.id),
    "as signed, license": (EVERGREEN, LEAVERS.id),
    "as signed, memorandum": (EVERGREEN, EVERGREEN.emou.id),
    "nobody signed": (judged(EVERGREEN, []), WAGES.id),
    "suspended by its owner": (SUSPENDED, WAGES.id),
    "suspended twice": (after(SUSPENDED, WAGES.id, ("suspend", OWNER, later(1))), WAGES.id),
    "resumed by another": (after(SUSPENDED, WAGES.id, ("resume", HUB, later(1))), WAGES.id),
    "resumed": (after(SUSPENDED, WAGES.id, ("resume", OWNER, later(1))), WAGES.id),
    "resumed though never suspended": (after(EVERGREEN, WAGES.id, ("resume", OWNER, ON)), WAGES.id),
    "suspension taken back": (taken_back(SUSPENDED, WAGES.id, OWNER, later(1)), WAGES.id),
    "suspension taken back by another": (taken_back(SUSPENDED, WAGES.id, HUB, later(1)), WAGES.id),
    "suspension taken back the same moment": (taken_back(SUSPENDED, WAGES.id, OWNER, ON), WAGES.id),
    "suspended by two, one taken back": (
        taken_back(
            after(SUSPENDED, WAGES.id, ("suspend", HUB, later(1))),
            WAGES.id,
            HUB,
            later(2),
        ),
        WAGES.id,
    ),
    "suspended by a stranger": (after(EVERGREEN, WAGES.id, ("suspend", STRANGER, ON)), WAGES.id),
    "terminated": (after(EVERGREEN, WAGES.id, ("terminate", OWNER, ON)), WAGES.id),
    "terminated and resumed": (
        after(EVERGREEN, WAGES.id, ("terminate", OWNER, ON), ("resume", OWNER, later(1))),
        WAGES.id,
    ),
    "to be terminated": (ENDING, WAGES.id),
    "end taken back in time": (taken_back(ENDING, WAGES.id, OWNER, later(29)), WAGES.id),
    "end taken back on its day": (taken_back(ENDING, WAGES.id, OWNER, later(30)), WAGES.id),
    "end taken back too late": (taken_back(ENDING, WAGES.id, OWNER, later(31)), WAGES.id),
    "nothing taken back": (
        after(EVERGREEN, WAGES.id, ("revoke", OWNER, ON, {"revokes": "0" * 64})),
        WAGES.id,
    ),
    "submitted again": (after(EVERGREEN, WAGES.id, ("submit", HUB, ON)), WAGES.id),
    "only submitted": (IN_REVIEW, WAGES.id),
    "approved by its owner": (APPROVED, WAGES.id),
    "approved twice": (after(APPROVED, WAGES.id, ("approve", OWNER, later(2, REVIEWED))), WAGES.id),
    "approved by a stranger": (
        after(IN_REVIEW, WAGES.id, ("approve", STRANGER, later(1, REVIEWED))),
        WAGES.id,
    ),
    "approved by counsel": (after(IN_REVIEW, WAGES.id, ("approve", COUNSEL, later(1, REVIEWED))), WAGES.id),
    "counsel alone": (after(IN_REVIEW, WAGES.id, ("counsel", COUNSEL, later(1, REVIEWED))), WAGES.id),
    "approval taken back": (taken_back(APPROVED, WAGES.id, OWNER, later(2, REVIEWED)), WAGES.id),
    "objected": (OBJECTED, LEAVERS.id),
    "objection taken back": (taken_back(OBJECTED, LEAVERS.id, OWNER, later(2, REVIEWED)), LEAVERS.id),
    "approved after objecting": (
        after(OBJECTED, LEAVERS.id, ("approve", OWNER, later(2, REVIEWED))),
        LEAVERS.id,
    ),
    "objected after approving": (
        after(
            IN_PARTNER_REVIEW,
            LEAVERS.id,
            ("approve", OWNER, later(1, REVIEWED)),
            ("object", OWNER, later(2, REVIEWED), {"ground": LAW}),
        ),
        LEAVERS.id,
    ),
    "objected without ground": (
        after(IN_PARTNER_REVIEW, LEAVERS.id, ("object", OWNER, later(1, REVIEWED))),
        LEAVERS.id,
    ),
    **{
        f"objected {days} days after the review began": (
            after(
                IN_PARTNER_REVIEW,
                LEAVERS.id,
                ("object", OWNER, later(days, REVIEWED), {"ground": LAW}),
            ),
            LEAVERS.id,
        )
        for days in (29, 30, 31)
    },
    "objected by a stranger": (
        after(
            IN_PARTNER_REVIEW,
            LEAVERS.id,
            (
                "object",
                ("Office of the Superintendent of Public Instruction", "Superintendent"),
                later(1, REVIEWED),
                {"ground": LAW},
            ),
        ),
        LEAVERS.id,
    ),
    "proposed by the hub": (
        after(opened(LEAVERS), LEAVERS.id, ("propose", HUB, later(1, REVIEWED))),
        LEAVERS.id,
    ),
    "proposed": (after(opened(LEAVERS), LEAVERS.id, ("propose", LICENSEE, later(1, REVIEWED))), LEAVERS.id),
    "approved before the review": (
        after(opened(LEAVERS, "propose"), LEAVERS.id, ("approve", OWNER, later(1, REVIEWED))),
        LEAVERS.id,
    ),
    "board before the partners": (
        after(IN_PARTNER_REVIEW, LEAVERS.id, ("board_review", OFFICER, later(1, REVIEWED))),
        LEAVERS.id,
    ),
    "closed": (after(EVERGREEN, LEAVERS.id, ("close", OFFICER, ON)), LEAVERS.id),
    "closed by the licensee": (after(EVERGREEN, LEAVERS.id, ("close", LICENSEE, ON)), LEAVERS.id),
    "suspended by the board": (after(EVERGREEN, LEAVERS.id, ("suspend", BOARD, ON)), LEAVERS.id),
    "with a second version": (approved(second_version(date(2026, 7, 1))), WAGES.id),
}


def told(agreements: Agreements, document: str) -> list[str]:
    """A life in lines: its steps, what is missing, why it is not in force, its faults."""
    lines = []
    for key in sorted(k for k in agreements.standing if k[0] == document):
        standing = agreements.standing[key]
        lines += [
            f"{key[1]} {step.day} {step.state} by {step.trigger} {step.by} "
            f"missing {[r.words for r in step.missing]} blocked {list(step.blocked)}"
            for step in standing.steps
        ]
        lines += [f"approved: {a.requirement.words} by {a.signatory}" for a in standing.approvals]
        lines += [
            f"missing now: {r.words}: {r.document} {r.clause} {r.stage}" for r in standing.missing_on(ON)
        ]
        lines += [f"objection: {o.party} {o.office} {o.day} {o.ground}" for o in standing.objections]
        for day in (REVIEWED, ON, later(45), date(2040, 1, 1)):
            why = standing.why_not(day)
            lines.append(f"{day}: {standing.state(day)} {why}")
            change = standing.next_change(day)
            lines.append(
                f"next change: {None if change is None else (change.day.isoformat(), str(change.state))}"
            )
        lines += [
            f"fault: {f.code} | {f.what} | {f.why} | {f.next} | {f.document} {f.clause}"
            for f in standing.faults
        ]
    return lines


@pytest.mark.parametrize("case", list(LIVES))
def test_a_life_word_for_word(case: str) -> None:
    check("lives", case, told(*LIVES[case]))


def test_acts_on_nothing_are_told() -> None:
    without = [d for d in EVERGREEN.versions if d.id != WAGES.id]
    standings = judge(without, EVERGREEN.rosters.current, EVERGREEN.acts, now=LATE)
    faults = [f for f in standings.faults if f.code == "act-of-no-document"]
    acts = [f for f in EVERGREEN.acts if f.act.document == WAGES.id]
    assert len(faults) == len(acts) > 0
    assert {fault.document for fault in faults} == {WAGES.id}
    assert all(f"{WAGES.id}@1" in fault.what and "there is no such version" in fault.what for fault in faults)
    whole = judge(EVERGREEN.versions, EVERGREEN.rosters.current, EVERGREEN.acts, now=LATE)
    assert not [f for f in whole.faults if f.code == "act-of-no-document"]


def test_no_life_is_left_over() -> None:
    assert cases("lives") == set(LIVES)
