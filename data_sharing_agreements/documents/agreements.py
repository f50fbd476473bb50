"""All documents of a deployment, indexed, and where each stands.

Belongs here: finding a document by source or project, the version that governs on a
day, and the fields a document names. Does not: reading files (`loader.py`), whether a
document is in force (`decisions/standing.py`), or whose signatures count (`lifecycle/`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Protocol, TypeVar

from data_sharing_agreements.bases import Basis
from data_sharing_agreements.errors import Refused
from data_sharing_agreements.lifecycle import Filed, Objection, Rosters, Standing, governing
from data_sharing_agreements.models import Document, Dsa, Dul, Emou
from data_sharing_agreements.reading import digest

AnyDocument = TypeVar("AnyDocument", bound=Document)


class Stopped(Protocol):
    """Days on which a document permits nothing, whatever it says itself."""

    @property
    def document(self) -> str:
        """Its id."""

    @property
    def start(self) -> date:
        """First day."""

    def covers(self, on: date) -> bool:
        """Whether the document is stopped on that day."""


@dataclass(frozen=True)
class Agreements:
    """The EMOU, the DSAs and the DULs that govern on one day, and all there is besides.

    Args:
        emou: The enterprise memorandum.
        dsas: Data sharing agreements, one a source.
        duls: Data use licenses, one a project.
        bases: Legal bases by code.
        versions: Every version of every document; by default those above.
        standing: Where each version stands, by id and version. A document that is not
            in it has no approvals, so it is not in force.
        stops: What agencies and incidents brought to a halt.
        rosters: The rosters of signatories that count.
        acts: Every act there is, genuine or not.
    """

    emou: Emou
    dsas: tuple[Dsa, ...]
    duls: tuple[Dul, ...]
    bases: Mapping[str, Basis]
    versions: tuple[Document, ...] = ()
    standing: Mapping[tuple[str, int], Standing] = field(default_factory=dict, compare=False)
    stops: tuple[Stopped, ...] = ()
    rosters: Rosters = field(default_factory=lambda: Rosters(()), compare=False)
    acts: tuple[Filed, ...] = field(default=(), repr=False, compare=False)
    by_source: Mapping[str, Dsa] = field(init=False, repr=False, compare=False)
    by_project: Mapping[str, Dul] = field(init=False, repr=False, compare=False)
    _by_day: dict[date, Agreements] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_source", MappingProxyType({d.source: d for d in self.dsas}))
        object.__setattr__(self, "by_project", MappingProxyType({d.project: d for d in self.duls}))
        if not self.versions:
            object.__setattr__(self, "versions", self.documents())

    def on(self, day: date) -> Agreements:
        """Return the documents as they govern on a day: of each id, the version in force."""
        if len(self.versions) == len(self.documents()):
            return self
        if day not in self._by_day:
            self._by_day[day] = replace(
                self,
                emou=_of(Emou, self.versions, self.standing, day)[0],
                dsas=_of(Dsa, self.versions, self.standing, day),
                duls=_of(Dul, self.versions, self.standing, day),
            )
        return self._by_day[day]

    def with_stops(self, stops: Sequence[Stopped]) -> Agreements:
        """Return the same documents under these stops."""
        return self if tuple(stops) == self.stops else replace(self, stops=tuple(stops))

    def standing_of(self, document: Document) -> Standing | None:
        """Return where a version of a document stands, or None if nobody judged it."""
        return self.standing.get((document.id, document.version))

    def objections(self) -> tuple[Objection, ...]:
        """Return every objection that counts and was not taken back, with its ground."""
        return tuple(o for standing in self.standing.values() for o in standing.objections)

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


def _of(
    kind: type[AnyDocument],
    versions: Sequence[Document],
    standing: Mapping[tuple[str, int], Standing],
    day: date,
) -> tuple[AnyDocument, ...]:
    """Return the governing version of each document of a kind, in the order they came."""
    by_id: dict[str, list[AnyDocument]] = {}
    for document in versions:
        if isinstance(document, kind):
            by_id.setdefault(document.id, []).append(document)
    return tuple(governing(several, standing, day) for several in by_id.values())
