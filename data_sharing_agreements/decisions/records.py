"""What a decision is asked and what it answers.

Belongs here: the frozen records `Request`, `ClauseRef`, `Reason` and `Decision`.
Does not: how the answer is found (`engine.py`, `rules.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from data_sharing_agreements.decisions.obligations import Obligations


@dataclass(frozen=True)
class Request:
    """May this be done?

    Args:
        verb: ingest, link, build, query, release or export; any other is refused.
        purpose: One of the controlled purposes. Required to link. For a project it
            may be left out, and then is the license's own.
        sources: Sources concerned; those of `fields` are added. A project's request
            that names neither concerns all sources of its license.
        fields: Columns as `source.table.column`. Required to ingest and to build.
        project: The project, for build, query, release and export.
        actor: The account that asks. Required to query and to release.
        form: `rows`, `aggregates` or `none`. Required to query, release and export.
    """

    verb: str
    purpose: str | None = None
    sources: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    project: str | None = None
    actor: str | None = None
    form: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the request as plain JSON, sets in order."""
        return {
            "verb": self.verb,
            "purpose": self.purpose,
            "sources": sorted(self.sources),
            "fields": sorted(self.fields),
            "project": self.project,
            "actor": self.actor,
            "form": self.form,
        }


class ClauseRef(NamedTuple):
    """A clause: the id of a document or basis, and the path of the key inside it."""

    document: str
    clause: str


@dataclass(frozen=True)
class Reason:
    """One reason for a refusal, with the clause that refuses."""

    code: str
    text: str
    document: str
    clause: str


@dataclass(frozen=True)
class Decision:
    """The answer to a request.

    Args:
        permitted: Whether it may be done.
        clauses: The clauses the answer rests on: those that permit it, or those that
            refuse.
        obligations: What binds whoever does it, the strictest of all documents
            concerned; empty if it may not be done.
        reasons: Why not; empty if it may be done.
        entry: Index of the log entry the gate wrote of it; None while it is not written.
    """

    permitted: bool
    clauses: tuple[ClauseRef, ...]
    obligations: Obligations = field(default_factory=Obligations)
    reasons: tuple[Reason, ...] = ()
    entry: int | None = field(default=None, compare=False)

    def to_json(self) -> dict[str, object]:
        """Return the decision as plain JSON."""
        return {
            "permitted": self.permitted,
            "clauses": [{"document": c.document, "clause": c.clause} for c in self.clauses],
            "obligations": self.obligations.listed(),
            "reasons": [
                {"code": r.code, "text": r.text, "document": r.document, "clause": r.clause}
                for r in self.reasons
            ],
        }
