"""All documents of a deployment, indexed.

Belongs here: finding a document by source or project, and the fields it names.
Does not: reading files (`loader.py`) or saying whether a document is in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from data_sharing_agreements.bases import Basis
from data_sharing_agreements.errors import Refused
from data_sharing_agreements.models import Document, Dsa, Dul, Emou
from data_sharing_agreements.reading import digest


@dataclass(frozen=True)
class Agreements:
    """The EMOU, the DSAs and the DULs of a deployment, and the bases they rest on.

    Args:
        emou: The enterprise memorandum.
        dsas: Data sharing agreements, one a source.
        duls: Data use licenses, one a project.
        bases: Legal bases by code.
    """

    emou: Emou
    dsas: tuple[Dsa, ...]
    duls: tuple[Dul, ...]
    bases: Mapping[str, Basis]
    by_source: Mapping[str, Dsa] = field(init=False, repr=False, compare=False)
    by_project: Mapping[str, Dul] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_source", MappingProxyType({d.source: d for d in self.dsas}))
        object.__setattr__(self, "by_project", MappingProxyType({d.project: d for d in self.duls}))

    def dsa_for(self, source: str) -> Dsa:
        """Return the agreement for a source.

        Raises:
            Refused: There is none, so nothing about the source is permitted.
        """
        if (found := self.by_source.get(source)) is None:
            raise Refused.of(
                "agreement-missing",
                f"No data sharing agreement covers the source {source}.",
                why="What no agreement permits is refused.",
                next="Sign a data sharing agreement with the source's agency.",
                source=source,
                document=self.emou.id,
                clause="default",
            )
        return found

    def dul_for(self, project: str) -> Dul:
        """Return the license of a project.

        Raises:
            Refused: There is none, so the project may do nothing.
        """
        if (found := self.by_project.get(project)) is None:
            raise Refused.of(
                "license-missing",
                f"No data use license covers the project {project}.",
                why="What no agreement permits is refused.",
                next="Propose the project to the governance board.",
                document=self.emou.id,
                clause="default",
            )
        return found

    def projects(self) -> tuple[str, ...]:
        """Projects that have a license, in or out of force, in order of name."""
        return tuple(sorted(self.by_project))

    def sources(self) -> tuple[str, ...]:
        """Sources that have an agreement, in or out of force, in order of name."""
        return tuple(sorted(self.by_source))

    def licensed_fields(self, source: str) -> frozenset[str]:
        """Columns (`source.table.column`) the source's agreement lets into the hub."""
        return self.dsa_for(source).fields

    def documents(self) -> tuple[Document, ...]:
        """Every document, the frame first."""
        return (self.emou, *self.dsas, *self.duls)

    def digests(self) -> dict[str, str]:
        """SHA-256 of each document's canonical bytes, by id."""
        return {document.id: digest(document) for document in self.documents()}
