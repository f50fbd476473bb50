"""The roster of signatories: who may sign, and how it changes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import yaml
from pydantic import ValidationError

from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.lifecycle import (
    ROSTER_ID,
    ActKind,
    Filed,
    Roster,
    Subject,
    new_act,
    read_rosters,
)
from data_sharing_agreements.lifecycle.demonstration import key_of, slug_of
from data_sharing_agreements.lifecycle.roster import judge_rosters
from data_sharing_agreements.reading import digest

ROSTER = load_agreements(EVERGREEN_DIRECTORY).rosters.current
BOARD = ROSTER.board.party
CHAIR, VICE = (slug_of(BOARD, office) for office in ("Chair", "Vice Chair"))
NEW = ROSTER.signatories[0].model_copy(
    update={"id": "a-new-one", "person": "a-new-one", "public_key": "ab" * 32}
)


def second(**terms) -> Roster:
    return ROSTER.model_copy(update={"version": 2, "signatories": (*ROSTER.signatories, NEW)} | terms)


def enrolled(roster: Roster, *by: str, key: str | None = None, at: date = date(2026, 1, 1)) -> list[Filed]:
    subject = Subject(ROSTER_ID, roster.version, digest(roster))
    moment = datetime.combine(at, datetime.min.time(), UTC)
    return [
        Filed(new_act(subject, ActKind.ENROLL, one, key_of(key or one), moment), "x", f"{ROSTER_ID}@2")
        for one in by
    ]


def versions(rosters, acts) -> list[int]:
    return [roster.version for roster in judge_rosters(rosters, acts).chain]


def test_two_of_the_board_admit_a_change():
    assert versions([ROSTER, second()], enrolled(second(), CHAIR, VICE)) == [1, 2]


@pytest.mark.parametrize(
    "acts",
    [
        list,
        lambda: enrolled(second(), CHAIR),
        lambda: enrolled(second(), CHAIR, CHAIR),
        lambda: enrolled(second(), CHAIR, slug_of("Evergreen Data Hub", "Chief Data Officer")),
        lambda: enrolled(second(), CHAIR, "a-new-one"),
        lambda: enrolled(second(), CHAIR, VICE, key="somebody else"),
        lambda: enrolled(second(), CHAIR, VICE, at=date(1980, 1, 1)),
        lambda: enrolled(second(notice="another"), CHAIR, VICE),
    ],
)
def test_fewer_than_two_people_of_the_board_admit_nothing(acts):
    found = judge_rosters([ROSTER, second()], acts())
    assert found.current == ROSTER
    assert [fault.code for fault in found.faults] == ["roster-not-admitted"]


def test_one_human_of_the_board_is_one_whatever_the_ids():
    entries = tuple(
        e.model_copy(update={"person": "one"}) if e.party == BOARD else e for e in ROSTER.signatories
    )
    first = ROSTER.model_copy(update={"signatories": entries})
    after = first.model_copy(update={"version": 2})
    assert versions([first, after], enrolled(after, CHAIR, VICE)) == [1]


@pytest.mark.parametrize(
    "change", [{"public_key": "cd" * 32}, {"person": "another"}, {"start": date(1980, 1, 1)}]
)
def test_an_entry_is_never_changed(change):
    first, *rest = ROSTER.signatories
    changed = second(signatories=(first.model_copy(update=change), *rest))
    assert versions([ROSTER, changed], enrolled(changed, CHAIR, VICE)) == [1]
    ended = second(signatories=(first.model_copy(update={"until": date(2026, 1, 1)}), *rest))
    assert versions([ROSTER, ended], enrolled(ended, CHAIR, VICE)) == [1, 2]
    gone = second(signatories=tuple(rest))
    assert versions([ROSTER, gone], enrolled(gone, CHAIR, VICE)) == [1]


def test_a_version_may_not_be_skipped():
    third = second(version=3)
    found = judge_rosters([ROSTER, third], enrolled(third, CHAIR, VICE))
    assert [fault.code for fault in found.faults] == ["roster-out-of-turn"]


def test_two_signatories_share_neither_id_nor_key_and_one_alone_is_no_quorum():
    raw = ROSTER.model_dump(mode="json", by_alias=True)
    for change in ({"id": raw["signatories"][1]["id"]}, {"public_key": raw["signatories"][1]["public_key"]}):
        entries = [raw["signatories"][0] | change, *raw["signatories"][1:]]
        with pytest.raises(ValidationError):
            Roster.model_validate(raw | {"signatories": entries})
    with pytest.raises(ValidationError):
        Roster.model_validate(raw | {"board": {"party": BOARD, "threshold": 1}})


def test_a_roster_that_cannot_be_read_is_a_fault_and_says_its_keys_are_worthless(tmp_path):
    raw = yaml.safe_load((EVERGREEN_DIRECTORY / "signatories.yaml").read_text())
    assert "DEMONSTRATION" in raw["notice"]
    assert "protect" not in raw
    (tmp_path / "signatories.yaml").write_text(yaml.safe_dump(raw | {"colour": "blue"}))
    found, faults = read_rosters(tmp_path, [])
    assert found.current is None
    assert [fault.code for fault in faults] == ["document-key-unknown"]
