"""Separation of duties: which roles one human may not hold together, and what to say where one does.

Belongs here: the memorandum's matrix of forbidden pairs with its exceptions, judged
over accounts by the human behind them. Does not: storing accounts (`registry/`), or
printing. Statements speak of roles and never of a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from data_sharing_agreements.errors import ErrorDetail, Refused
from data_sharing_agreements.models import Emou
from data_sharing_agreements.registry.accounts import Account


@dataclass(frozen=True)
class Unmet:
    """One way in which duties are not separated.

    Args:
        roles: The roles that should lie in different hands, in order.
        because: `exception` (the memorandum permits it), `violation` (nothing does), or
            `process` (one process holds the keys of several roles).
        until: Last day of the exception.
        document, clause: Where the rule, or the exception to it, is written.
    """

    roles: tuple[str, ...]
    because: str
    until: date | None = None
    document: str | None = None
    clause: str | None = None

    @property
    def words(self) -> str:
        """What to say of it, in a sentence without a person."""
        roles = " and ".join([", ".join(self.roles[:-1]), self.roles[-1]]).replace("_", " ")
        if self.because == "process":
            return f"One process holds the keys of {roles}."
        if self.because == "exception":
            return f"One person is {roles}, by an exception in {self.document} until {self.until}."
        return f"One person is {roles}, and no exception permits it."


@dataclass(frozen=True)
class Statement:
    """What every output says about separation of duties."""

    unmet: tuple[Unmet, ...]

    @property
    def met(self) -> bool:
        """Whether there is nothing to say."""
        return not self.unmet

    @property
    def words(self) -> str:
        """The statement in a line; empty where duties are separated."""
        if self.met:
            return ""
        return "Separation of duties was not met. " + " ".join(one.words for one in self.unmet)

    def to_json(self) -> dict[str, Any]:
        """Return the statement as outputs carry it."""
        unmet = [
            {
                "roles": list(one.roles),
                "because": one.because,
                "until": one.until.isoformat() if one.until else None,
                "document": one.document,
                "clause": one.clause,
            }
            for one in self.unmet
        ]
        return {"met": self.met, "unmet": unmet}


def statement(emou: Emou, accounts: Iterable[Account], keys: Collection[str], on: date) -> Statement:
    """Return what is to be said of a deployment on a day.

    Args:
        emou: The memorandum with the matrix.
        accounts: All accounts; closed ones do not count.
        keys: Roles whose keys this process was started with.
        on: The day.
    """
    found = {
        _unmet(emou, person, at, on): None
        for person, roles in sorted(_held(accounts).items())
        for at in _broken(emou, roles)
    }
    if len(keys) > 1:
        found[Unmet(tuple(sorted(keys)), "process")] = None
    return Statement(tuple(found))


def check_roles(
    emou: Emou, accounts: Iterable[Account], person: str, roles: Collection[str], on: date
) -> None:
    """Raise unless a human may hold these roles beside those of the human's other accounts.

    Args:
        emou: The memorandum with the matrix.
        accounts: The other accounts.
        person: The human.
        roles: The roles that are asked for.
        on: The day.

    Raises:
        Refused: Every forbidden pair that no exception of that day covers.
    """
    together = _held(accounts).get(person, frozenset()) | frozenset(roles)
    found = [_unmet(emou, person, at, on) for at in _broken(emou, together)]
    Refused.collect(_refusal(one) for one in found if one.because == "violation")


def check_duty(emou: Emou, accounts: Iterable[Account], account: Account, role: str, on: date) -> None:
    """Raise unless an account holds a role, and its human none that is kept apart from it.

    Args:
        emou: The memorandum with the matrix.
        accounts: All accounts: the human may have others.
        account: Who wants to act.
        role: The duty.
        on: The day.

    Raises:
        Refused: The account lacks the role, or the human holds another that the
            memorandum keeps apart from it, with no exception of that day.
    """
    if role not in account.roles:
        raise Refused.of(
            "role-missing",
            f"This is for accounts with the role {role}, and this account has it not.",
            why="Who does what is kept apart, and written down.",
            next=f"Ask for it: `commonweal account role NAME --role {role}`.",
            document=emou.id,
            clause="separation",
        )
    held = _held(accounts).get(account.person, frozenset()) | frozenset(account.roles)
    found = [_unmet(emou, account.person, at, on) for at in _broken(emou, held)]
    Refused.collect(_refusal(one) for one in found if one.because == "violation" and role in one.roles)


def check_two_humans(first: Account, second: Account, act: str, emou: Emou) -> None:
    """Raise if what one account asked for would be approved by the same human.

    Two accounts of one human are one human.

    Args:
        first: Who asked, opened or proposed.
        second: Who approves or closes.
        act: What is being done, in words that follow "to".
        emou: The memorandum, for the clause.

    Raises:
        Refused: Both are one.
    """
    if first.person == second.person:
        raise Refused.of(
            "own-request",
            f"The same person may not {act}.",
            why="Nobody approves their own request, whichever account they sign in with.",
            next="Ask somebody else to do it.",
            document=emou.id,
            clause="approvals",
        )


def _held(accounts: Iterable[Account]) -> Mapping[str, frozenset[str]]:
    held: dict[str, frozenset[str]] = {}
    for account in accounts:
        if not account.disabled:
            held[account.person] = held.get(account.person, frozenset()) | frozenset(account.roles)
    return held


def _pairs(emou: Emou) -> tuple[tuple[str, str], ...]:
    return emou.separation.forbidden_pairs


def _broken(emou: Emou, roles: frozenset[str]) -> Iterator[int]:
    """Yield positions of the pairs of which both roles are held."""
    return (at for at, pair in enumerate(_pairs(emou)) if roles.issuperset(pair))


def _unmet(emou: Emou, person: str, at: int, on: date) -> Unmet:
    pair = tuple(sorted(_pairs(emou)[at]))
    for position, excepted in enumerate(emou.separation.exceptions):
        if excepted.person == person and set(pair) <= set(excepted.roles) and on <= excepted.until:
            return Unmet(pair, "exception", excepted.until, emou.id, f"separation.exceptions.{position}")
    return Unmet(pair, "violation", None, emou.id, f"separation.forbidden_pairs.{at}")


def _refusal(unmet: Unmet) -> ErrorDetail:
    one, other = (role.replace("_", " ") for role in unmet.roles)
    return ErrorDetail(
        "roles-not-separable",
        f"One person may not be both {one} and {other}, in one account or in several.",
        why=f"{unmet.document}, clause {unmet.clause}, keeps these duties apart.",
        next="Give one of the roles to somebody else, or have the parties sign an exception with an end.",
        document=unmet.document,
        clause=unmet.clause,
    )
