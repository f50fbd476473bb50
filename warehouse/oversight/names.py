"""Who can read names today: roles, the keys they hold, where those keys lie, and whom they name.

Belongs here: reading the key ring's slots, the accounts and the handlers the agreements
name. Does not: any key, or any store.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from privacy.key_records import KeyPaths, SealedSecret
from privacy.keys import load_roster
from privacy.roles import SLOTS
from warehouse.hub import Hub

HOLDS_NAMES = ("staging", "quarantine", "vault")
"""Families of stores in which names lie."""

KEY_ROLES = frozenset({"custodian", "key_holder", "operator", "splitter", "linker"})
"""Roles of accounts whose humans hold, or work with, the keys of such stores."""


def who_can_read_names(hub: Hub) -> dict[str, Any]:
    """Return the ways to a name that stand open today, for the board alone: it names people."""
    opened = _stores_by_slot(hub)
    return {
        "keys": [
            {
                "role": SLOTS[slot][0].value,
                "stores": sorted(stores),
                "lies": _where(hub, slot),
            }
            for slot, stores in sorted(opened.items())
        ],
        "roots": [path.stem for path in sorted((hub.deployment.keys_dir / "roots").glob("*.key"))],
        "accounts": [
            {
                "person": account.person,
                "account": account.name,
                "roles": sorted(KEY_ROLES & set(account.roles)),
            }
            for account in hub.registry.accounts.all()
            if not account.disabled and KEY_ROLES & set(account.roles)
        ],
        "handlers": [dict(one) for one in sorted(set(_handlers(hub)))],
    }


def _stores_by_slot(hub: Hub) -> dict[str, set[str]]:
    """Return, for each key slot, the stores with names whose key is sealed to it."""
    paths, roster = KeyPaths(hub.deployment.keys_dir), load_roster(hub.deployment.keys_dir)
    found: dict[str, set[str]] = {}
    for store in paths.store_names():
        family = store.split("/", 1)[0]
        if family in HOLDS_NAMES:
            record = SealedSecret.from_bytes(paths.store(store).read_bytes(), roster, store)
            for slot in record.copies:
                found.setdefault(slot, set()).add(family)
    return found


def _where(hub: Hub, slot: str) -> str:
    provider = str(hub.deployment.key_settings.get("provider", "files"))
    if KeyPaths(hub.deployment.keys_dir).role(slot).exists():
        return "in a file on this machine, for whoever can act as its owner"
    return f"outside this machine's key directory ({provider})"


def _handlers(hub: Hub) -> Iterator[tuple[tuple[str, str], ...]]:
    for dsa in hub.agreements.on(hub.deployment.today()).dsas:
        for handler in dsa.recipients:
            yield (
                ("person", handler.person),
                ("office", handler.office),
                ("role", handler.role),
                ("duty", handler.duty),
                ("trained_until", handler.valid_until.isoformat()),
            )
