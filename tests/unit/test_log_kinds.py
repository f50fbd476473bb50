"""What entries may say: declared kinds and keys, no small count, no words that point at a person."""

from __future__ import annotations

import pytest

from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.log import Log
from data_sharing_agreements.log.kinds import COUNT_FLOOR, KINDS, VERSION_KEY, countable
from data_sharing_agreements.log.subjects import KEPT
from data_sharing_agreements.registry import Registry


@pytest.fixture
def log():
    with Registry.create("sqlite://") as registry:
        yield Log(registry, None)


def test_a_kind_that_is_not_declared_is_a_bug(log):
    with pytest.raises(ValueError, match="no kind gossip"):
        log.append("gossip", {})
    assert log.size == 0


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_key_that_is_not_declared_is_a_bug(log, kind):
    with pytest.raises(ValueError, match="has no surname"):
        log.append(kind, {"surname": "x"})
    assert log.size == 0


def test_a_body_carries_the_version_of_its_kind(log):
    log.append("query", {"project": "p"})
    (entry,) = log.show(1)
    assert (entry["version"], entry["summary"]) == (1, {"project": "p"})


def test_a_small_count_stays_out(log):
    with pytest.raises(ValueError, match="small count"):
        log.append("link-version", {"version": 1, "persons": COUNT_FLOOR - 1})
    log.append("link-version", {"version": 1, "persons": countable(COUNT_FLOOR - 1)})
    log.append("link-version", {"version": 2, "persons": countable(COUNT_FLOOR)})
    assert [entry["summary"]["persons"] for entry in log.show(2)] == [None, COUNT_FLOOR]


@pytest.mark.parametrize(
    "words",
    [
        "her number is 123-45-6789",
        "123456789",
        "case 4455667",
        "call 206 555 0100",
        "born 01/02/1990",
        "write to ann@example.org",
        "record 0123456789abcdef",
        "x" * 501,
    ],
)
def test_words_that_could_point_at_a_person(log, words):
    with pytest.raises(UsageFault, match="reason-points-at-a-person"):
        log.append("erasure", {"entry": 1, "why": words})
    assert log.size == 0


@pytest.mark.parametrize(
    "words", ["a court ordered it", "20 CFR 603.5(e), section 12, of 2026-03-01", "DSA-2026-001", ""]
)
def test_words_that_do_not(log, words):
    log.append("erasure", {"entry": 1, "why": words})


def test_what_the_registry_is_held_to_is_declared():
    assert KINDS.keys() >= KEPT
    assert all(VERSION_KEY not in kind.all_keys for kind in KINDS.values())


def test_entries_by_kind_by_document_and_since(log):
    log.append("query", {"project": "p"}, [("DUL-1", "term")])
    log.append("decision", {"permitted": True}, [("DUL-12", "term")])
    log.append("agreement", {"document": "DUL-1"})
    assert [e["index"] for e in log.show(kind="decision")] == [1]
    assert [e["index"] for e in log.show(document="DUL-1")] == [0, 2]
    assert [e["index"] for e in log.show(since=log.show(1)[0]["at"])][-1] == 2
    assert log.show(since="2999-01-01") == []
    assert log.newest("query", "project", "p") == 0
    assert log.newest("query", "project", "%") is None
