"""Whether duties are separated in this deployment and this process, for every output to say.

Belongs here: bringing the memorandum's matrix, the accounts and the keys at hand
together. Does not: the judgement (`data_sharing_agreements.separation`).
"""

from __future__ import annotations

from data_sharing_agreements.separation import Statement, statement
from warehouse.hub import Hub


def duties_of(hub: Hub) -> Statement:
    """Return what to say of separation of duties today, by roles and without a person."""
    keys = {role.value for role in hub.keys.roles}
    return statement(hub.agreements.emou, hub.registry.accounts.all(), keys, hub.deployment.today())
