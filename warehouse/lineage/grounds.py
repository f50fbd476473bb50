"""Grounds: the deliveries, decision, clauses and documents a mart was built on.

Belongs here: taking them down when a mart is built, reading them again, and narrowing
them to the sources of one column. Does not: columns (trail.py), or deciding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from data_sharing_agreements.decisions import Decision

if TYPE_CHECKING:
    from warehouse.hub import Hub

TRAIL, GROUNDS = "trail", "grounds"
"""Keys of a codebook under which a version keeps its steps, and what it rests on."""


@dataclass(frozen=True, order=True)
class Arrival:
    """A delivery that stood.

    Args:
        source, period, id: Which.
        sha256: Digest over its files together; `docs/lineage.md` says how it is made.
        received: When.
        files: (name, SHA-256) of each, as the registry keeps them; not taken down by a mart.
    """

    source: str
    period: str
    id: str
    sha256: str
    received: str
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Grounds:
    """What a build rests on.

    Args:
        day: The day on which agreements were judged, ISO.
        permitted: Whether they permitted the build.
        reasons: Why not, as (text, document, clause); empty if they did.
        entry: Index of the log entry of the decision; None while nothing was built.
        deliveries: Deliveries that stood, in order of source and period.
        clauses: (document, clause) on which the decision rests.
        documents: Id → (version, SHA-256 of its canonical bytes).
        of_source: Source → ids of its agreement and legal bases.
    """

    day: str
    permitted: bool = True
    reasons: tuple[tuple[str, str, str], ...] = ()
    entry: int | None = None
    deliveries: tuple[Arrival, ...] = ()
    clauses: tuple[tuple[str, str], ...] = ()
    documents: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    of_source: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def narrowed(self, sources: Iterable[str]) -> Grounds:
        """Return what concerns some sources: their deliveries, and every clause but of other sources."""
        wanted = set(sources)
        own = {name for source in wanted for name in self.of_source.get(source, ())}
        others = {name for names in self.of_source.values() for name in names} - own
        return replace(
            self,
            deliveries=tuple(d for d in self.deliveries if d.source in wanted),
            clauses=tuple(pair for pair in self.clauses if pair[0] not in others),
            documents={name: seen for name, seen in self.documents.items() if name not in others},
            of_source={source: names for source, names in self.of_source.items() if source in wanted},
        )

    def with_files(self, files: Mapping[str, tuple[tuple[str, str], ...]]) -> Grounds:
        """Return the same with the files of each delivery, given by the delivery's id."""
        return replace(self, deliveries=tuple(replace(d, files=files.get(d.id, ())) for d in self.deliveries))

    def to_json(self) -> dict[str, Any]:
        """Return the grounds as plain JSON, without the files of deliveries."""
        return {
            "day": self.day,
            "permitted": self.permitted,
            "reasons": [{"text": t, "document": d, "clause": c} for t, d, c in self.reasons],
            "decision": self.entry,
            "deliveries": [
                {
                    "id": d.id,
                    "sha256": d.sha256,
                    "period": d.period,
                    "source": d.source,
                    "received": d.received,
                }
                for d in self.deliveries
            ],
            "clauses": [{"document": d, "clause": c} for d, c in self.clauses],
            "documents": [{"id": i, "version": v, "sha256": s} for i, (v, s) in self.documents.items()],
            "of_source": {source: list(names) for source, names in self.of_source.items()},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Grounds:
        """Read what `to_json` wrote."""
        return cls(
            day=stored["day"],
            permitted=stored["permitted"],
            reasons=tuple((r["text"], r["document"], r["clause"]) for r in stored["reasons"]),
            entry=stored["decision"],
            deliveries=tuple(
                Arrival(d["source"], d["period"], d["id"], d["sha256"], d["received"])
                for d in stored["deliveries"]
            ),
            clauses=tuple((c["document"], c["clause"]) for c in stored["clauses"]),
            documents={d["id"]: (d["version"], d["sha256"]) for d in stored["documents"]},
            of_source={source: tuple(names) for source, names in stored["of_source"].items()},
        )


def grounds_of(hub: Hub, decision: Decision, project: str, sources: Iterable[str]) -> Grounds:
    """Take down what a build of a project's marts rests on at this moment.

    Args:
        hub: The hub; no store is opened.
        decision: The permission to build. Its log entry is known if the gate gave it.
        project: The project.
        sources: Sources its marts go back to.
    """
    sources = sorted(set(sources))
    agreements = hub.agreements
    dsas = {s: agreements.by_source[s] for s in sources if s in agreements.by_source}
    documents = (agreements.emou, *dsas.values(), agreements.dul_for(project))
    digests = agreements.digests()
    return Grounds(
        day=hub.deployment.today().isoformat(),
        permitted=decision.permitted,
        reasons=tuple((r.text, r.document, r.clause) for r in decision.reasons),
        entry=decision.entry,
        deliveries=tuple(
            sorted(
                Arrival(source, d.period, d.id, d.sha256, d.received_at)
                for source in sources
                for d in hub.registry.deliveries.current(source)
            )
        ),
        clauses=tuple((c.document, c.clause) for c in decision.clauses),
        documents={d.id: (d.version, digests[d.id]) for d in documents},
        of_source={s: (dsa.id, *(use.code for use in dsa.legal_basis)) for s, dsa in dsas.items()},
    )
