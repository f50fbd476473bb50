"""Who may approve a linkage model.

Belongs here: the one rule, and its refusal. Does not: keeping models (`registry/models.py`),
or what a card says (linkage).

A model decides who is taken for one person in every agency's data, so it is approved by
the governance board, and never by an account that runs the linkage itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from data_sharing_agreements.errors import Refused
from data_sharing_agreements.models import Emou
from data_sharing_agreements.registry.accounts import Account

APPROVES = "board"
RUNS: frozenset[str] = frozenset({"custodian", "linker"})


def check_may_approve(emou: Emou, account: Account, accounts: Iterable[Account]) -> None:
    """Raise unless an account may approve or withdraw linkage models.

    Args:
        emou: The memorandum, for the clause.
        account: Who asks.
        accounts: Every account; those of one human are judged together.

    Raises:
        Refused: It is not of the board, or its human runs linkage as well.
    """
    held = {
        role for one in accounts if one.person == account.person and not one.disabled for role in one.roles
    }
    if APPROVES not in account.roles or RUNS & held:
        raise Refused.of(
            "not-a-model-reviewer",
            "Your account may not approve linkage models.",
            why="Who is one person is decided by a model that the board has looked at, "
            "and not by whoever runs it.",
            next="Sign in with an account of the board whose holder does not run linkage.",
            document=emou.id,
            clause="separation",
        )
