"""Ends as rules: the order of steps, holds and bars in the registry, what is found in bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_sharing_agreements.documents.loader import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.ends import (
    ORDER,
    HoldKind,
    HoldReason,
    Scope,
    Step,
    follows,
    is_genuine,
    shown,
    signed_certificate,
)
from data_sharing_agreements.errors import Refused, UsageFault
from data_sharing_agreements.holding import check_may_hold, check_may_lift
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Account, Registry
from privacy.key_records import Ed25519Signer
from privacy.siphash import siphash, siphash_words
from warehouse.ends.needles import SHORTEST, Needles, hashed, needle_key

KEY = bytes(range(16))
DSA = {"source": "s", "document": "DSA-S", "document_version": 1, "clause": "destruction"}


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    with Registry.create(registry_url) as made:
        yield made


def test_each_step_follows_the_one_before_and_only_a_plan_can_be_withdrawn() -> None:
    allowed = {(a, b) for a in Step for b in Step if follows(a, b)}
    assert allowed == {*pairwise(ORDER), (Step.PLANNED, Step.WITHDRAWN)}


def test_small_numbers_are_withheld() -> None:
    assert shown(0, 10) == {"rows": 0, "suppressed": False}
    assert shown(9, 10) == {"rows": None, "suppressed": True}
    assert shown(10, 10) == {"rows": 10, "suppressed": False}


def test_a_certificate_counts_by_its_signature_over_all_it_says() -> None:
    signer, other = Ed25519Signer(b"1" * 32), Ed25519Signer(b"2" * 32)
    made = signed_certificate({"subject": "DSA-S", "went": {"record": {"rows": 12}}}, signer)
    assert is_genuine(made, signer.public_key_bytes)
    assert not is_genuine(made, other.public_key_bytes)
    assert not is_genuine({**made, "went": {}}, signer.public_key_bytes)
    assert not is_genuine({**made, "more": 1}, signer.public_key_bytes)
    assert not is_genuine({**made, "signature": "x"}, signer.public_key_bytes)
    assert not is_genuine(signed_certificate({"subject": "DSA-S"}, other), signer.public_key_bytes)


def test_an_ending_is_planned_once_and_every_step_is_in_the_log(registry: Registry) -> None:
    made = registry.ends.plan(Scope.DSA, "DSA-S", **DSA)
    assert registry.ends.plan(Scope.DSA, "DSA-S", **DSA).id == made.id
    with pytest.raises(UsageFault):
        registry.ends.step(made.id, Step.REWRITTEN)
    registry.ends.note(made.id, {"a": 1})
    for step in ORDER[1:]:
        assert registry.ends.certified(Scope.DSA, "DSA-S") is None
        last = registry.ends.step(made.id, step, {str(step): True})
    assert last.facts == {"a": 1, **{str(step): True for step in ORDER[1:]}}
    assert registry.ends.unfinished() == []
    assert registry.ends.certified(Scope.DSA, "DSA-S") == last
    told = [entry["summary"]["state"] for entry in Log(registry, None).show(50) if entry["kind"] == "purge"]
    assert told == [str(step) for step in ORDER]
    assert registry.ends.plan(Scope.DSA, "DSA-S", **DSA).id != made.id, "it may end once more"


def test_bars_keep_the_same_bytes_out_for_ever_and_a_period_while_the_agreement_is_the_one(
    registry: Registry,
) -> None:
    made = registry.ends.plan(Scope.DSA, "DSA-S", **DSA)
    for _ in range(2):
        registry.ends.bar(made.id, "s", [("2023Q1", "a" * 64, True), ("2023Q2", "b" * 64, False)])

    def barred(period: str, sha256: str, version: int = 1, source: str = "s") -> bool:
        return registry.ends.barred_by(source, period, sha256 * 64, "DSA-S", version) is not None

    assert barred("2023Q1", "a", version=2)
    assert barred("2023Q1", "c")
    assert not barred("2023Q1", "c", version=2)
    assert barred("2023Q2", "b", version=2)
    assert not barred("2023Q2", "c")
    assert not barred("2023Q3", "a")
    assert not barred("2023Q1", "a", source="t")


def test_a_hold_stands_until_it_is_lifted_once(registry: Registry) -> None:
    hold = registry.ends.set_hold(HoldKind.SOURCE, "s", HoldReason.AUDIT, "board")
    assert [h.id for h in registry.ends.holds()] == [hold.id]
    assert registry.ends.lift_hold(hold.id, "board").lifted_by == "board"
    assert registry.ends.holds() == []
    assert [h.id for h in registry.ends.holds(lifted=True)] == [hold.id]
    for wrong in (hold.id, "none"):
        with pytest.raises(UsageFault):
            registry.ends.lift_hold(wrong, "board")
    acts = [entry["summary"]["act"] for entry in Log(registry, None).show(50) if entry["kind"] == "hold"]
    assert acts == ["set", "lift"]


AGENCY, OTHER = "Department of Children, Youth and Families", "Employment Security Department"


@pytest.mark.parametrize(
    ("role", "party", "sets", "lifts"),
    [
        ("board", None, True, True),
        ("owner", AGENCY, True, True),
        ("owner", OTHER, False, False),
        ("researcher", None, False, False),
    ],
)
def test_who_may_hold_and_let_go(role: str, party: str | None, sets: bool, lifts: bool) -> None:
    agreements = load_agreements(EVERGREEN_DIRECTORY)
    account = Account("a", role, "", roles=(role,), party=party)
    setter = Account("b", "owner", "", roles=("owner",), party=AGENCY)
    for may, check in (
        (sets, lambda: check_may_hold(agreements, "dcyf_child_welfare", account)),
        (lifts, lambda: check_may_lift(agreements, "dcyf_child_welfare", account, setter)),
    ):
        if may:
            check()
        else:
            with pytest.raises(Refused, match="hold-not-yours"):
                check()


def test_backups_and_attestations_are_kept(registry: Registry) -> None:
    made = registry.copies.record_backup(None, with_keys=True)
    assert registry.copies.backups() == [made]
    said = registry.copies.attest("p", "Director, University", "All gone.", "c" * 64, "board")
    assert registry.copies.attestations("p") == registry.copies.attestations() == [said]
    assert registry.copies.attestations("q") == []


def needles(*texts: str) -> Needles:
    made = hashed(KEY, pa.array(texts, pa.string()))
    return Needles(KEY, *(made[name].to_numpy() for name in ("first", "size", "mark")))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("P00001", True),
        ("said P00001.", True),
        ('{"id":"P00001"}', True),
        ("P00001\nP00002", True),
        ("P000012", False),
        ("XP00001", False),
        ("p00001", False),
        ("P0000", False),
        ("", False),
    ],
)
def test_a_text_is_found_where_it_stands_as_words_of_its_own(content: str, found: bool) -> None:
    assert bool(len(needles("P00001", "other text").found_in(content.encode()))) is found


def test_short_texts_are_not_searched_for() -> None:
    assert len(needles("abc", "12345", "123456", "")) == 1


def test_keys_differ_by_ending_and_by_secret() -> None:
    assert len({needle_key(b"s", "a"), needle_key(b"s", "b"), needle_key(b"t", "a")}) == 3


def test_words_hash_as_the_bytes_they_hold() -> None:
    word = np.asarray([int.from_bytes(b"abcdef", "little")], dtype=np.uint64)
    whole = siphash(KEY, np.frombuffer(b"abcdef", dtype=np.uint8), np.asarray([0, 6]))
    assert siphash_words(KEY, word, SHORTEST).tolist() == whole.tolist()


WORDS = st.text("ab1 .é", min_size=0, max_size=14)


@given(st.lists(WORDS, max_size=4), WORDS, st.lists(WORDS, max_size=3))
def test_the_search_agrees_with_a_plain_reading(texts: list[str], content: str, around: list[str]) -> None:
    """The same by regular expression: as words of their own, in bytes."""
    content = " ".join([content, *texts[:1], *around])
    plain = set()
    for text in texts:
        trimmed = text.strip(" \t\r\n.,;:-_/#*'\"()")
        word = rb"[0-9A-Za-z\x80-\xff]"
        pattern = rb"(?<!" + word + rb")" + re.escape(trimmed.encode()) + rb"(?!" + word + rb")"
        if len(trimmed.encode()) >= SHORTEST and re.search(pattern, content.encode()):
            plain.add(trimmed)
    assert len(needles(*texts).found_in(content.encode())) == len(plain)
