"""Who may set a legal hold, and who may lift it.

Belongs here: the one rule of both. Does not: storing holds (`registry/ends.py`), or
what a hold stops (`warehouse.ends.plan`).

Whoever may stop a document may also keep it from being destroyed, and so may the board.
A hold is lifted by the party that set it, or by the board: nobody else can let be
destroyed what a party wants kept.
"""

from __future__ import annotations

from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.errors import Refused
from data_sharing_agreements.registry.accounts import Account
from data_sharing_agreements.stopping import document_named, parties_that_may_stop

BOARD = "board"
"""The role that may set and lift any hold."""


def check_may_hold(agreements: Agreements, subject: str, account: Account) -> None:
    """Raise unless an account may set a hold on a document, source or project.

    Raises:
        UsageFault: Nothing bears that name.
        Refused: The account acts for no party to it, and is not the board's.
    """
    document = document_named(agreements, subject)
    if BOARD not in account.roles and account.party not in parties_that_may_stop(agreements, document):
        raise _refused(document.id, "set a legal hold on it", "The board, and any party to it, may.")


def check_may_lift(agreements: Agreements, subject: str, account: Account, setter: Account) -> None:
    """Raise unless an account may lift a hold.

    Args:
        agreements: The documents.
        subject: What the hold lies on.
        account: Who asks.
        setter: Who set it.

    Raises:
        Refused: Another party set it, and the account is not the board's.
    """
    same = account.party is not None and account.party == setter.party
    if BOARD not in account.roles and not same:
        name = document_named(agreements, subject).id
        raise _refused(name, "lift this legal hold", "The board, and the party that set it, may.")


def _refused(document: str, act: str, rule: str) -> Refused:
    return Refused.of(
        "hold-not-yours",
        f"Your account may not {act}: {document}.",
        why=rule,
        next="Sign in with an account of the board, or of the party concerned.",
        document=document,
        clause="parties",
    )
