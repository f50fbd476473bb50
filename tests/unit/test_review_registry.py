"""Verdicts: two humans, blind, a third where they differ; nobody twice; held to the log without telling."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from data_sharing_agreements.errors import IntegrityFault, Refused, UsageFault
from data_sharing_agreements.log import Log
from data_sharing_agreements.log.replay import check_registry
from data_sharing_agreements.registry import Account, Registry
from data_sharing_agreements.registry.reviews import VERDICTS, Progress, outcome_of
from data_sharing_agreements.store.schema import log_body
from tests.registries import write_behind_the_back

ANN, BEN, CAT = (Account(name, "reviewer", "", False, ("reviewer",), name) for name in ("ann", "ben", "cat"))
ANN_AGAIN = Account("ann-two", "reviewer", "", False, ("reviewer",), "ann")


@pytest.fixture
def place(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'registry.sqlite'}"


@pytest.fixture
def registry(place: str) -> Iterator[Registry]:
    """A registry with a draw of four reviews that Ann, Ben and Cat were shown."""
    with Registry.create(place) as made:
        made.reviews.record(version=1, seed=5, size=4, known={}, account="ann")
        for number in (1, 2, 3, 4):
            for who in (ANN, BEN, CAT):
                made.reviews.looked(number, who, "pattern")
        yield made


def said(registry: Registry) -> str:
    """Everything the log's bodies say."""
    with registry.database.reading() as connection:
        return "\n".join(connection.execute(select(log_body.c.body)).scalars())


def code(caught: pytest.ExceptionInfo) -> str:
    return caught.value.details[0].code


def test_two_who_agree_settle_a_review(registry: Registry) -> None:
    assert registry.reviews.decide(1, ANN, "same") is None
    settled = registry.reviews.decide(1, BEN, "same")
    assert settled is not None
    assert (settled.review, settled.outcome) == (1, "same")
    assert registry.reviews.outcomes() == [settled]
    (entry,) = Log(registry, None).show(1)
    assert (entry["index"], entry["summary"]["act"]) == (settled.entry, "settled")


def test_the_latest_version_is_asked_first(registry: Registry) -> None:
    registry.reviews.record(version=2, seed=5, size=2, known={}, account="ann")
    assert registry.reviews.waiting("ann") == [5, 6, 1, 2, 3, 4]


@pytest.mark.parametrize("third", VERDICTS)
def test_where_two_differ_a_third_decides(registry: Registry, third: str) -> None:
    registry.reviews.decide(1, ANN, "same")
    assert registry.reviews.decide(1, BEN, "different") is None
    assert registry.reviews.waiting("cat", disputed=True) == [1]
    assert registry.reviews.waiting("ann", disputed=True) == []
    with pytest.raises(Refused) as caught:
        registry.reviews.decide(1, CAT, third)
    assert code(caught) == "review-not-at-this-stage"
    with pytest.raises(Refused) as caught:
        registry.reviews.decide(1, ANN_AGAIN, third, arbitrating=True)
    assert code(caught) == "reviewed-already"
    settled = registry.reviews.decide(1, CAT, third, arbitrating=True)
    assert settled is not None
    assert settled.outcome == {"unsure": "undetermined"}.get(third, third)
    with pytest.raises(Refused):
        registry.reviews.decide(2, CAT, third, arbitrating=True)


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        ((), None),
        (("same",), None),
        (("same", "same"), "same"),
        (("different", "different"), "different"),
        (("unsure", "unsure"), "undetermined"),
        (("same", "unsure"), None),
        (("same", "different", "different"), "different"),
        (("unsure", "same", "unsure"), "undetermined"),
    ],
)
def test_what_verdicts_come_to(verdicts: tuple, outcome: str | None) -> None:
    assert outcome_of(verdicts) == outcome


def test_one_human_with_two_accounts_is_one_reviewer(registry: Registry) -> None:
    registry.reviews.decide(1, ANN, "same")
    with pytest.raises(Refused) as caught:
        registry.reviews.decide(1, ANN_AGAIN, "same")
    assert code(caught) == "reviewed-already"
    assert registry.reviews.waiting("ann") == [2, 3, 4]
    assert registry.reviews.waiting("ben") == [1, 2, 3, 4]
    with pytest.raises(Exception, match="UNIQUE"), registry.database.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO review_verdict (review, stage, person, account, verdict, salt, at) "
                "VALUES (1, 'second', 'ann', 'ann-two', 'same', 'x', 'now')"
            )
        )


def test_nobody_decides_unseen_unknown_or_settled(registry: Registry) -> None:
    stranger = Account("dan", "reviewer", "", False, ("reviewer",), "dan")
    with pytest.raises(Refused) as caught:
        registry.reviews.decide(1, stranger, "same")
    assert code(caught) == "review-not-shown"
    with pytest.raises(UsageFault):
        registry.reviews.decide(99, ANN, "same")
    registry.reviews.decide(1, ANN, "same")
    registry.reviews.decide(1, BEN, "same")
    with pytest.raises(Refused) as caught:
        registry.reviews.decide(1, CAT, "same")
    assert code(caught) == "review-settled"


def test_the_log_does_not_tell_a_verdict_before_the_outcome(registry: Registry) -> None:
    """Whoever reads the log is as blind as the reviewers, and progress tells no verdict."""
    before = [json.loads(line) for line in said(registry).splitlines()]
    registry.reviews.decide(1, ANN, "different")
    (new,) = [json.loads(line) for line in said(registry).splitlines()][len(before) :]
    assert new["act"] == "verdict"
    assert not set(VERDICTS) & {str(value) for value in new.values()}
    assert "verdict" not in new
    registry.reviews.decide(2, ANN, "different")
    seals = [json.loads(line)["sealed"] for line in said(registry).splitlines() if "sealed" in line]
    assert len(set(seals)) == 2, "equal verdicts do not look alike"
    assert registry.reviews.progress() == [Progress(1, 1, 4, 2, 2, 0, 0)]


def test_pairs_settled_before_need_nobody(registry: Registry) -> None:
    registry.reviews.decide(1, ANN, "different")
    settled = registry.reviews.decide(1, BEN, "different")
    assert settled is not None
    registry.reviews.record(version=2, seed=5, size=2, known={6: settled}, account="ann")
    assert registry.reviews.waiting("cat") == [5, 2, 3, 4]
    assert [(one.review, one.outcome) for one in registry.reviews.outcomes()] == [
        (1, "different"),
        (6, "different"),
    ]
    assert registry.reviews.next_numbers() == (3, 7)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE review SET outcome = 'different' WHERE review = 1",
        "UPDATE review SET outcome = 'same' WHERE review = 2",
        "UPDATE review_verdict SET verdict = 'different' WHERE stage = 'second'",
        "UPDATE review_verdict SET person = 'cat' WHERE stage = 'second'",
        "DELETE FROM review_verdict WHERE stage = 'second'",
        "INSERT INTO review (review, draw) VALUES (5, 1)",
    ],
)
def test_whoever_changes_a_verdict_behind_the_log_is_found(
    registry: Registry, place: str, statement: str
) -> None:
    registry.reviews.decide(1, ANN, "same")
    registry.reviews.decide(1, BEN, "same")
    check_registry(registry.database, bytes(32))
    write_behind_the_back(place, statement)
    with pytest.raises(IntegrityFault):
        check_registry(registry.database, bytes(32))


def test_a_refusal_is_written_down(registry: Registry) -> None:
    registry.reviews.refused(ANN, "decide", 1, ["role-missing"])
    (entry,) = Log(registry, None).show(1)
    assert entry["kind"] == "review-refused"
    assert entry["summary"] == {"act": "decide", "review": 1, "actor": "ann", "rules": ["role-missing"]}


def test_the_whole_way_on_each_database(registry_url: str) -> None:
    """Drawn, looked at, disputed and arbitrated, on SQLite and on PostgreSQL."""
    with Registry.open(registry_url) as registry:
        registry.reviews.record(version=1, seed=5, size=2, known={}, account="ann")
        for who in (ANN, BEN, CAT):
            registry.reviews.looked(1, who, "pattern")
            registry.reviews.looked(1, who, "pattern")
        registry.reviews.decide(1, ANN, "same")
        registry.reviews.decide(1, BEN, "unsure")
        assert registry.reviews.waiting("cat", disputed=True) == [1]
        registry.reviews.decide(1, CAT, "same", arbitrating=True)
        assert [(one.review, one.outcome) for one in registry.reviews.outcomes()] == [(1, "same")]
        assert registry.reviews.progress() == [Progress(1, 1, 2, 1, 0, 0, 1)]
        assert registry.reviews.next_numbers() == (2, 3)
        check_registry(registry.database, bytes(32))
