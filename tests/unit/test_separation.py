"""Separation of duties: judged by the human behind the accounts, told by roles alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.errors import Refused
from data_sharing_agreements.registry import Account
from data_sharing_agreements.separation import check_roles, check_two_humans, statement

EMOU = load_agreements(EVERGREEN_DIRECTORY).emou
DAY = date(2026, 6, 1)
EXCEPTED = EMOU.model_copy(
    update={
        "separation": type(EMOU.separation).model_validate(
            {
                "forbidden_pairs": EMOU.separation.forbidden_pairs,
                "exceptions": (
                    {
                        "person": "pat",
                        "roles": ("custodian", "output_checker"),
                        "reason": "A staff of two.",
                        "until": date(2026, 12, 31),
                    },
                ),
            }
        )
    }
)


def account(name: str, *roles: str, person: str = "", disabled: bool = False) -> Account:
    return Account(name, roles[0], "", disabled, tuple(sorted(roles)), person or name, None)


@pytest.mark.parametrize("pair", EMOU.separation.forbidden_pairs, ids="-".join)
def test_every_forbidden_pair_is_refused_in_one_account_and_in_two(pair: tuple[str, str]) -> None:
    one, other = pair
    for held, asked in (([], {one, other}), ([account("first", one, person="pat")], {other})):
        with pytest.raises(Refused) as caught:
            check_roles(EMOU, held, "pat", asked, DAY)
        (detail,) = caught.value.details
        assert detail.code == "roles-not-separable"
        assert detail.clause == f"separation.forbidden_pairs.{EMOU.separation.forbidden_pairs.index(pair)}"
        assert "pat" not in str(caught.value)
    check_roles(EMOU, [account("first", one, person="sam")], "pat", {other}, DAY)


def test_a_closed_account_no_longer_counts() -> None:
    closed = account("first", "custodian", person="pat", disabled=True)
    check_roles(EMOU, [closed], "pat", {"output_checker"}, DAY)
    assert statement(EMOU, [closed, account("second", "output_checker", person="pat")], (), DAY).met


def test_every_pair_is_refused_at_once() -> None:
    roles = {"custodian", "output_checker", "reviewer", "researcher"}
    with pytest.raises(Refused) as caught:
        check_roles(EMOU, [], "pat", roles, DAY)
    assert len(caught.value.details) == 2


def test_an_exception_permits_one_human_until_its_end_and_is_told() -> None:
    roles = {"custodian", "output_checker"}
    check_roles(EXCEPTED, [], "pat", roles, date(2026, 12, 31))
    for person, day in (("sam", DAY), ("pat", date(2027, 1, 1))):
        with pytest.raises(Refused):
            check_roles(EXCEPTED, [], person, roles, day)
    told = statement(EXCEPTED, [account("desk", *sorted(roles), person="pat")], (), DAY)
    assert not told.met
    assert told.words == (
        "Separation of duties was not met. One person is custodian and output checker, by an exception in "
        "EMOU-EVERGREEN-2022 until 2026-12-31."
    )
    assert "pat" not in str(told.to_json())
    assert told.to_json()["unmet"][0]["clause"] == "separation.exceptions.0"


def test_what_no_exception_covers_is_told_as_such() -> None:
    told = statement(
        EMOU, [account("a", "reviewer", person="pat"), account("b", "researcher", person="pat")], (), DAY
    )
    assert [one.because for one in told.unmet] == ["violation"]
    assert "no exception permits it" in told.words


def test_a_process_with_the_keys_of_several_roles_says_so() -> None:
    told = statement(EMOU, [], {"linker", "splitter"}, DAY)
    assert (
        told.words == "Separation of duties was not met. One process holds the keys of linker and splitter."
    )
    assert statement(EMOU, [], {"linker"}, DAY).met
    assert statement(EMOU, [], {"linker"}, DAY).words == ""


def test_one_human_with_two_accounts_does_not_approve_their_own_request() -> None:
    asks = account("pat-at-work", "researcher", person="pat")
    with pytest.raises(Refused) as caught:
        check_two_humans(asks, account("pat-on-board", "board", person="pat"), "ask and approve", EMOU)
    assert caught.value.details[0].code == "own-request"
    check_two_humans(asks, account("sam", "board"), "ask and approve", EMOU)
    with pytest.raises(Refused):
        check_two_humans(asks, replace(asks), "ask and approve", EMOU)
