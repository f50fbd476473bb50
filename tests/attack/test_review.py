"""Clerical review attacked: values that leave, one human as two, no role, a researcher, an early peek.

On a copy of a home in which a run has finished, from the command line and from Python.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from data_sharing_agreements.errors import Refused, UsageFault
from data_sharing_agreements.log.replay import check_registry
from data_sharing_agreements.registry import Account
from pipelines import reviews
from pipelines.fingerprint import fingerprint
from privacy.vault import IDENTIFIER_ROLES
from warehouse.deployment import Deployment, Review
from warehouse.hub import Hub
from warehouse.opener import Store

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"


@pytest.fixture
def hub(home: Path) -> Iterator[Hub]:
    """The copied home, opened."""
    with Hub.open(Deployment.load(ROOT / "commonweal.toml", home)) as opened:
        yield opened


def account(hub: Hub, name: str, *roles: str, person: str | None = None) -> Account:
    return hub.registry.accounts.create(name, PASSWORD, roles[0], roles=roles[1:], person=person)


def codes(caught: pytest.ExceptionInfo) -> list[str]:
    return [detail.code for detail in caught.value.details]


def entries(hub: Hub, kind: str) -> list[dict]:
    return [entry["summary"] for entry in hub.log.show(1_000_000) if entry["kind"] == kind]


def values(hub: Hub) -> set[str]:
    """Every value in the vault that is long enough not to stand anywhere by chance."""
    columns = ", ".join(IDENTIFIER_ROLES)
    with hub.opener.session(read=[Store.vault()]) as session:
        rows = session.execute(f"SELECT DISTINCT unnest([{columns}]) FROM vault.identity")
    return {str(value) for (value,) in rows if value is not None and len(str(value)) >= 5}


def keys(hub: Hub) -> set[str]:
    with hub.opener.session(read=[Store.warehouse()]) as session:
        rows = session.execute(
            "SELECT DISTINCT unnest([record_key, person_key]) FROM warehouse.spine.assignment"
        )
    return {str(key) for (key,) in rows}


def joined_reviews(hub: Hub, above: int) -> list[int]:
    """The next reviews of pairs that were joined."""
    with hub.opener.session(read=[Store.warehouse()]) as session:
        rows = session.execute(
            """SELECT review FROM warehouse.review.item JOIN warehouse.review.stratum USING (version, stratum)
                WHERE joined AND review > ? ORDER BY review LIMIT 3""",
            [above],
        )
    return [int(number) for (number,) in rows]


def test_from_a_draw_to_an_estimate_without_a_value(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two review and a third arbitrates; what they were shown, and the log, hold no value and no key."""
    ann, ben, cat = (account(hub, name, "reviewer") for name in ("ann", "ben", "cat"))
    before, since = fingerprint(hub), hub.log.size
    drawn = reviews.draw(hub, ann, 40)
    assert drawn["reviews"] >= 30
    with pytest.raises(UsageFault):
        reviews.measure(hub, ann)

    opened: list[str] = []
    session = hub.opener.session

    def watched(**stores: list[Store]) -> object:
        opened.extend(store.name for asked in stores.values() for store in asked)
        return session(**stores)

    shown = []
    monkeypatch.setattr(reviews, "settle", lambda _hub: None)
    monkeypatch.setattr(hub.opener, "session", watched)
    for number in range(1, 4):
        for who in (ann, ben):
            pair = reviews.look(hub, who)
            assert pair is not None
            assert (pair["review"], pair["mask"], pair["values"]) == (number, "pattern", [])
            shown.append(pair)
            said = "same" if (number, who) != (2, ben) else "different"
            told = reviews.decide(hub, who, number, said)
    assert "vault" not in opened, "no identifier is opened to show a pattern"
    monkeypatch.undo()
    constraint = {"constraint": "written", "against": []}
    assert told == {"review": 3, "settled": True, "outcome": "same", **constraint}
    disputed = reviews.look(hub, cat, disputed=True)
    assert disputed is not None
    shown.append(disputed)
    assert reviews.look(hub, ann, disputed=True) is None
    told = reviews.decide(hub, cat, 2, "different", arbitrating=True)
    assert (told["outcome"], told["constraint"]) == ("different", "written")

    with session(read=[Store.warehouse()]) as warehouse:
        written = warehouse.execute('SELECT kind, cause FROM warehouse.spine."constraint" ORDER BY entry')
    assert written == [("together", "review"), ("together", "review"), ("apart", "review")]
    assert fingerprint(hub) != before, "the next run is not skipped"

    more = joined_reviews(hub, above=3)
    for number in more:
        for who in (ann, ben):
            hub.registry.reviews.looked(number, who, "pattern")
            hub.registry.reviews.decide(number, who, "same")
    found = reviews.measure(hub, ann)
    assert found["method"] == "review"
    assert found["reviews"] == 3 + len(more) > 3
    with session(read=[Store.warehouse()]) as warehouse:
        kept = warehouse.execute("SELECT json FROM warehouse.spine.quality WHERE method = 'review'")
    assert [json.loads(text) for (text,) in kept] == [found]

    tellable = found | {"estimator": ""}  # names those who found it
    text = json.dumps([shown, tellable, drawn, hub.log.show(hub.log.size - since)])
    assert not [value for value in values(hub) if f'"{value}"' in text or f" {value} " in text]
    assert not [key for key in keys(hub) if key in text]
    looks = [e for e in entries(hub, "review") if e["act"] == "looked"]
    asked = [e for e in entries(hub, "decision") if e["request"]["verb"] == "review" and e["permitted"]]
    assert [one["mask"] for one in looks] == ["pattern"] * (7 + 2 * len(more))
    assert len(asked) >= 7, "each look through the door was decided"
    assert {e["request"]["actor"] for e in asked} == {"ann", "ben", "cat"}
    check_registry(hub.registry.database, hub.keys.signer().public_key_bytes)


def test_masked_values_are_shown_only_by_policy_and_every_look_is_written(hub: Hub) -> None:
    ann = account(hub, "ann", "reviewer")
    reviews.draw(hub, ann, 40)
    hub.deployment = replace(hub.deployment, review=Review(mask="initials"))
    pair = reviews.look(hub, ann)
    assert pair is not None
    assert pair["values"]
    text = json.dumps(pair)
    assert not [value for value in values(hub) if value in text]
    assert entries(hub, "review")[-1]["mask"] == "initials" or entries(hub, "review")[0]["mask"] == "initials"


def test_one_human_with_two_accounts_cannot_review_twice(hub: Hub) -> None:
    one, other = (account(hub, name, "reviewer", person="ann") for name in ("ann", "ann-two"))
    reviews.draw(hub, one, 40)
    reviews.look(hub, one)
    reviews.decide(hub, one, 1, "same")
    with pytest.raises(Refused) as caught:
        reviews.decide(hub, other, 1, "same")
    assert codes(caught) == ["reviewed-already"]
    pair = reviews.look(hub, other)
    assert pair is not None
    assert pair["review"] != 1
    assert {"act": "decide", "review": 1, "actor": "ann-two", "rules": ["reviewed-already"]} in entries(
        hub, "review-refused"
    )


@pytest.mark.parametrize("act", ["draw", "look", "decide", "estimate"])
def test_who_may_not_review_is_refused_and_written_down(hub: Hub, act: str) -> None:
    """An account without the role; a reviewer whose human is a researcher in another account."""
    outsider = account(hub, "eve", "analyst")
    account(hub, "fay-studies", "researcher", person="fay")
    both = account(hub, "fay", "reviewer", person="fay")
    acts: dict[str, Callable[[Account], object]] = {
        "draw": lambda who: reviews.draw(hub, who),
        "look": lambda who: reviews.look(hub, who),
        "decide": lambda who: reviews.decide(hub, who, 1, "same"),
        "estimate": lambda who: reviews.measure(hub, who),
    }
    for who, rule in ((outsider, "role-missing"), (both, "roles-not-separable")):
        with pytest.raises(Refused) as caught:
            acts[act](who)
        assert codes(caught) == [rule]
        last = entries(hub, "review-refused")
        number = 1 if act == "decide" else None
        assert {"act": act, "review": number, "actor": who.name, "rules": [rule]} in last


def test_the_command_line_asks_who_is_signed_in(call_here: Callable, home: Path) -> None:
    def signed_in(name: str, role: str) -> None:
        assert call_here("account", "add", name, "--role", role, home=home, stdin=PASSWORD).code == 0
        assert call_here("login", name, home=home, stdin=PASSWORD).code == 0

    assert call_here("review", "next", "--json", home=home).code == 3, "nobody is signed in"
    signed_in("eve", "analyst")
    refused = call_here("review", "draw", "--json", home=home)
    assert refused.code == 3
    assert refused.json["errors"][0]["code"] == "role-missing"
    signed_in("ann", "reviewer")
    assert call_here("review", "draw", "--size", "40", "--json", home=home).code == 0
    shown = call_here("review", "next", home=home)
    assert shown.code == 0
    assert "Review 1: left of" in shown.out
    assert call_here("review", "decide", "1", "same", home=home).out.startswith("Written down.")
    assert call_here("review", "arbitrate", "1", "--json", home=home).code == 2
    status = call_here("review", "status", "--json", home=home).json
    assert (status["draws"][0]["begun"], status["draws"][0]["settled"]) == (1, 0)
    assert not {"same", "different", "outcome"} & set(json.dumps(status).replace('"', " ").split())
