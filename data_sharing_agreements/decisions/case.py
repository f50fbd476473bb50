"""A case: one request with the documents it concerns, and what the rules found.

Belongs here: resolving a request's sources, agreements, license, bases and
purpose, once. Does not: judging them (`rules.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from data_sharing_agreements.bases import Basis
from data_sharing_agreements.decisions.gather import obligations_of
from data_sharing_agreements.decisions.obligations import Obligations
from data_sharing_agreements.decisions.records import ClauseRef, Reason, Request
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.models import Dsa, Dul, Emou
from data_sharing_agreements.vocabulary import FORMS, Form, Verb

PROJECT_VERBS = frozenset(
    {Verb.BUILD, Verb.SHOW, Verb.PREPARE, Verb.QUERY, Verb.RELEASE, Verb.EXPORT, Verb.DESTROY}
)
"""Verbs that concern a project, and so a license; to destroy may."""


@dataclass
class Case:
    """One request, its documents, and the findings so far."""

    request: Request
    agreements: Agreements
    on: date
    clauses: dict[ClauseRef, None] = field(default_factory=dict)
    reasons: dict[Reason, None] = field(default_factory=dict)

    def cite(self, document: str, clause: str) -> None:
        """Note a clause that permits."""
        self.clauses[ClauseRef(document, clause)] = None

    def refuse(self, code: str, text: str, document: str, clause: str) -> None:
        """Note a reason to refuse."""
        self.reasons[Reason(code, text, document, clause)] = None

    def refuse_by_default(self, code: str, text: str) -> None:
        """Refuse what no document speaks of: the memorandum denies it."""
        self.refuse(code, text, self.agreements.emou.id, "default")

    @cached_property
    def dul(self) -> Dul | None:
        """The project's license, for verbs that concern a project."""
        if self.request.verb not in PROJECT_VERBS or self.request.project is None:
            return None
        return self.agreements.by_project.get(self.request.project)

    @cached_property
    def sources(self) -> frozenset[str]:
        """Sources the request concerns: named, or of its fields, or all of the license."""
        named = self.request.sources | {name.partition(".")[0] for name in self.request.fields}
        if not named and self.dul is not None:
            return self.dul.sources
        return named

    @cached_property
    def dsas(self) -> tuple[Dsa, ...]:
        """Agreements of the sources that have one, in order of source."""
        found = self.agreements.by_source
        return tuple(found[source] for source in sorted(self.sources) if source in found)

    @cached_property
    def documents(self) -> tuple[Emou | Dsa | Dul, ...]:
        """Every document concerned, the memorandum first."""
        return (self.agreements.emou, *self.below)

    @cached_property
    def below(self) -> tuple[Dsa | Dul, ...]:
        """The agreements and the license concerned, without the memorandum."""
        return (*self.dsas, *(() if self.dul is None else (self.dul,)))

    @cached_property
    def purpose(self) -> str | None:
        """The purpose asked for, or the license's own."""
        if self.request.purpose is not None or self.dul is None:
            return self.request.purpose
        return self.dul.purpose

    @cached_property
    def form(self) -> Form | None:
        """The form asked for, or None if it is missing or unknown."""
        asked = self.request.form
        return Form(asked) if asked in FORMS else None

    @cached_property
    def obligations(self) -> Obligations:
        """The strictest obligations of all documents concerned."""
        bases = (basis for dsa in self.dsas for basis in self.bases_of(dsa))
        return obligations_of(self.agreements.emou, bases, self.dsas, self.dul)

    def bases_of(self, dsa: Dsa) -> tuple[Basis, ...]:
        """Legal bases of an agreement; the loader has made sure that each exists."""
        return tuple(self.agreements.bases[use.code] for use in dsa.legal_basis)

    def fields_of(self, source: str) -> frozenset[str]:
        """Fields asked for of one source."""
        return frozenset(name for name in self.request.fields if name.partition(".")[0] == source)
