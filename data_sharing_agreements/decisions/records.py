"""What a decision is asked and what it answers.

Belongs here: the frozen records `Request`, `ClauseRef`, `Reason` and `Decision`.
Does not: how the answer is found (`engine.py`, `rules.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from data_sharing_agreements.decisions.obligations import Obligations
from data_sharing_agreements.reasons import Reason as Reason


@dataclass(frozen=True)
class Request:
    """May this be done?

    Args:
        verb: A word of `Verb`; any other is refused.
        purpose: One of the controlled purposes. Required to link, encode, evaluate and
            review. For a project it may be left out, and then is the license's own.
        sources: Sources concerned; those of `fields` are added. A project's request
            that names neither concerns all sources of its license.
        fields: Columns as `source.table.column`. Required to ingest and to build.
        project: The project, for build, show, prepare, query, release and export, and
            to destroy what one project has.
        actor: The account that asks. Required to query, to release and to review.
        form: `rows`, `aggregates` or `none`. Required to show, prepare, query, release
            and export.
        period: First and last day of service the request is about, both included;
            None where it has no days of its own, and then the obligation `period`
            says which rows may be used.
        made: The day the output was made. Required to release and to export: the
            reviewers' time counts from it.
        use: What will be done with it, where that is one of the uses that documents
            prohibit (`prohibited_uses`).
    """

    verb: str
    purpose: str | None = None
    sources: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    project: str | None = None
    actor: str | None = None
    form: str | None = None
    period: tuple[date, date] | None = None
    made: date | None = None
    use: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the request as plain JSON, sets in order; what was not said is left out at the end."""
        asked: dict[str, object] = {
            "verb": self.verb,
            "purpose": self.purpose,
            "sources": sorted(self.sources),
            "fields": sorted(self.fields),
            "project": self.project,
            "actor": self.actor,
            "form": self.form,
        }
        if self.period is not None:
            asked["period"] = [day.isoformat() for day in self.period]
        if self.made is not None:
            asked["made"] = self.made.isoformat()
        if self.use is not None:
            asked["use"] = self.use
        return asked

    @classmethod
    def from_json(cls, asked: Mapping[str, Any]) -> Request:
        """Return the request that `to_json` wrote down."""
        days = asked.get("period")
        made = asked.get("made")
        return cls(
            verb=asked["verb"],
            purpose=asked["purpose"],
            sources=frozenset(asked["sources"]),
            fields=frozenset(asked["fields"]),
            project=asked["project"],
            actor=asked["actor"],
            form=asked["form"],
            period=(date.fromisoformat(days[0]), date.fromisoformat(days[1])) if days else None,
            made=date.fromisoformat(made) if made else None,
            use=asked.get("use"),
        )


class ClauseRef(NamedTuple):
    """A clause: the id of a document or basis, and the path of the key inside it."""

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

    @classmethod
    def from_json(cls, told: Mapping[str, Any], clauses: Iterable[tuple[str, str]]) -> Decision:
        """Return the decision that the log holds: its body, and the clauses of its entry."""
        return cls(
            told["permitted"],
            tuple(ClauseRef(*pair) for pair in clauses),
            Obligations.from_listed(told["obligations"]),
            tuple(Reason(r["code"], r["text"], r["document"], r["clause"]) for r in told["reasons"]),
        )
