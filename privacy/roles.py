"""Roles, the two roots, and which role opens which store.

Belongs here: the table of separation of duties, as data. Does not: key
material, cryptography, or anything about people who sign in (those roles are
accounts in the registry).
"""

from collections.abc import Collection
from enum import StrEnum

from data_sharing_agreements.errors import Refused, UsageFault


class Role(StrEnum):
    """A duty a process is started with. It holds the keys of its duties and no others."""

    SPLITTER = "splitter"
    LINKER = "linker"
    BUILDER = "builder"
    PORTAL = "portal"


class Root(StrEnum):
    """The two trees of keys: the hub's own stores, and what projects receive."""

    HUB = "hub"
    MARTS = "marts"


ALL_ROLES: frozenset[Role] = frozenset(Role)

SLOTS: dict[str, tuple[Role, Root]] = {
    "splitter": (Role.SPLITTER, Root.HUB),
    "linker": (Role.LINKER, Root.HUB),
    "builder": (Role.BUILDER, Root.HUB),
    "builder_marts": (Role.BUILDER, Root.MARTS),
    "portal": (Role.PORTAL, Root.MARTS),
}
"""Key slots: the builder stands between the two trees and has a key in each."""

STORE_FAMILIES: dict[str, tuple[Root, frozenset[Role]]] = {
    "staging": (Root.HUB, frozenset({Role.SPLITTER})),
    "quarantine": (Root.HUB, frozenset({Role.SPLITTER})),
    "purge": (Root.HUB, frozenset({Role.SPLITTER, Role.LINKER})),
    "vault": (Root.HUB, frozenset({Role.SPLITTER, Role.LINKER})),
    "warehouse": (Root.HUB, frozenset({Role.SPLITTER, Role.LINKER, Role.BUILDER})),
    "mart": (Root.MARTS, frozenset({Role.BUILDER, Role.PORTAL})),
    "project": (Root.MARTS, frozenset({Role.BUILDER, Role.PORTAL})),
    "study_ids": (Root.MARTS, frozenset({Role.BUILDER})),
    "restrictions": (Root.HUB, frozenset({Role.SPLITTER})),
    "spine": (Root.HUB, frozenset({Role.LINKER, Role.BUILDER})),
}
"""First part of a store's name → its root, and the roles that may ever open it.

`project/<id>` names no file: it is the project's own key, which seeds its noise. Neither does
`restrictions`: under it the ids of restricted records become tokens. `spine/<id>` is the spine
of one project whose sources may not enter the statewide one.
`coming/<store>` is the key of a store that is being rewritten, of the same family as the store.
"""


COMING = "coming/"
"""Before a store's name: its next key, while the store is rewritten."""


def family_of(store: str) -> tuple[Root, frozenset[Role]]:
    """Return the root and the permitted roles of a store's family.

    Raises:
        UsageFault: the name belongs to no declared family.
    """
    family = STORE_FAMILIES.get(store.removeprefix(COMING).split("/", 1)[0])
    if family is None:
        raise UsageFault.of(
            "unknown-store",
            f"{store} is not a store of this system",
            why=f"stores begin with {', '.join(sorted(STORE_FAMILIES))}",
            next="use a store declared in privacy/roles.py",
        )
    return family


def check_readers(store: str, readers: Collection[Role]) -> None:
    """Raise unless every reader may hold a key to this store.

    Raises:
        Refused: a role outside the store's family was named (the portal and the vault, say).
    """
    _, permitted = family_of(store)
    if extra := sorted(set(readers) - permitted):
        raise Refused.of(
            "reader-not-permitted",
            f"{', '.join(extra)} may not hold a key to {store}",
            why="separation of duties: " + ", ".join(sorted(permitted)) + " may",
            next="name only permitted roles",
        )


def slots_for(store: str, readers: Collection[Role]) -> tuple[str, ...]:
    """Return the key slots under which a store's key is wrapped for these readers."""
    root, _ = family_of(store)
    return tuple(slot for slot, (role, tree) in SLOTS.items() if tree is root and role in readers)
