"""A project's published marts, as whoever reads them finds them.

Belongs here: the current version, its store, and what its codebooks say. Does not:
publishing (builder.py), or permission to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data_sharing_agreements.errors import UsageFault
from warehouse.hub import Hub
from warehouse.opener import Store


@dataclass(frozen=True)
class Published:
    """The current version of a project's marts.

    Args:
        project: The project.
        version: Version all its marts share.
        link_version: Link version they were made from.
        codebooks: Mart → its codebook, as registered.
    """

    project: str
    version: str
    link_version: int | None
    codebooks: Mapping[str, Mapping[str, Any]]

    @property
    def store(self) -> Store:
        """The encrypted file that holds every mart of the version."""
        return Store.mart(self.project, self.version)

    @property
    def input_hash(self) -> str:
        """From what they were made."""
        return str(next(iter(self.codebooks.values()))["input_hash"])

    def tables(self, *kinds: str) -> dict[str, tuple[str, ...]]:
        """Return the marts of these kinds with their columns."""
        return {
            mart: tuple(field["name"] for field in codebook["fields"])
            for mart, codebook in self.codebooks.items()
            if codebook["kind"] in kinds
        }


def find_published(hub: Hub, project: str) -> Published | None:
    """Return the current version of a project's marts, or None if there is none yet."""
    marts = hub.registry.marts.current(project)
    if not marts:
        return None
    first = marts[0]
    return Published(project, first.version, first.link_version, {m.mart: m.codebook for m in marts})


def published(hub: Hub, project: str) -> Published:
    """Return the current version of a project's marts.

    Raises:
        UsageFault: Nothing has been published yet.
    """
    found = find_published(hub, project)
    if found is None:
        raise UsageFault.of(
            "mart-absent",
            f"No mart of {project} has been published yet.",
            why="Marts are made by a run, from deliveries that stand.",
            next="Run `commonweal run`, and look at its steps for the project.",
        )
    return found
