"""Planning an ending: may it be done, under which clause, and what goes with it.

Belongs here: finding the document, that it has ended, legal holds, and what would be
retracted, before anything is touched. Does not: doing any of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from data_sharing_agreements.ends import HoldKind, Scope
from data_sharing_agreements.errors import ErrorDetail, Refused, UsageFault
from data_sharing_agreements.lifecycle import State
from data_sharing_agreements.models import Document, Dsa, Dul
from data_sharing_agreements.registry import Delivery, DeliveryState
from data_sharing_agreements.registry.ends import Ending
from warehouse.ends.retract import keys_of_marts, standing_versions
from warehouse.hub import Hub
from warehouse.opener import Store

ENDED = frozenset({State.EXPIRED, State.TERMINATED, State.CLOSING, State.DESTROYED})
"""States of a document whose data may be destroyed."""


@dataclass(frozen=True)
class Plan:
    """An ending as it would be done.

    Args:
        kind, subject, source: What ends.
        document, version, clause: On what it rests.
        reason: Why, in a word: the state of the document, or the kind of notice.
        deliveries: Deliveries that are purged.
        marts: (project, version) of marts that are retracted.
        faults: Why it may not be done; nothing if it may.
        facts: More for the journal.
    """

    kind: Scope
    subject: str
    source: str
    document: str
    version: int
    clause: str
    reason: str
    deliveries: tuple[Delivery, ...] = ()
    marts: tuple[tuple[str, str], ...] = ()
    faults: tuple[ErrorDetail, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what a dry run tells."""
        return {
            "scope": self.kind,
            "subject": self.subject,
            "source": self.source or None,
            "document": self.document,
            "document_version": self.version,
            "clause": self.clause,
            "reason": self.reason,
            "deliveries": [{"id": d.id, "period": d.period, "state": d.state} for d in self.deliveries],
            "marts_to_retract": [{"project": p, "version": v} for p, v in self.marts],
            "stores_to_rewrite": [] if self.kind is Scope.PROJECT else ["vault", "warehouse", "quarantine"],
            "holds": [f.rule for f in self.faults if f.code == "legal-hold"],
        }


def plan_dsa(hub: Hub, document: str, on: date) -> Plan:
    """Plan the end of a data sharing agreement: its source goes, with what rests on it.

    Raises:
        UsageFault: There is no such agreement.
    """
    dsa = _find(hub, document, on, Dsa)
    marts = tuple(standing_versions(hub))
    gone = tuple(d for d in hub.registry.deliveries.all() if d.source == dsa.source)
    faults = [*_not_ended(hub, dsa, on), *_held(hub, document=dsa.id, source=dsa.source, marts=marts)]
    reason = _state(hub, dsa, on)
    return Plan(
        Scope.DSA, dsa.id, dsa.source, dsa.id, dsa.version, "destruction", reason, gone, marts, tuple(faults)
    )


def plan_project(hub: Hub, project: str, on: date) -> Plan:
    """Plan the end of a project: its keys, marts and study ids go.

    Raises:
        UsageFault: There is no such project.
    """
    current = hub.agreements.on(on)
    if project not in current.by_project:
        raise _unknown("project", current.projects())
    dul = current.by_project[project]
    marts = tuple(standing_versions(hub, project))
    faults = [*_not_ended(hub, dul, on), *_held(hub, document=dul.id, source="", marts=((project, ""),))]
    known = set(hub.keys.stores())
    named = (Store.study_ids(project).name, Store.own_spine(project).name, f"project/{project}")
    own = [name for name in named if name in known]
    keys = keys_of_marts(hub, list(marts)) | {name: hub.keys.store_key_id(name) for name in own}
    reason = _state(hub, dul, on)
    return Plan(
        Scope.PROJECT,
        project,
        "",
        dul.id,
        dul.version,
        "destruction",
        reason,
        (),
        marts,
        tuple(faults),
        {"keys": keys},
    )


def plan_delivery(hub: Hub, delivery_id: str, on: date) -> Plan:
    """Plan the purge of one delivery.

    Raises:
        UsageFault: There is no such delivery.
    """
    delivery = hub.registry.deliveries.get(delivery_id)
    dsa = hub.agreements.on(on).dsa_for(delivery.source)
    stood = delivery.state in (DeliveryState.ACCEPTED, DeliveryState.SUPERSEDED)
    marts = tuple(standing_versions(hub)) if stood else ()
    faults = _held(hub, document=dsa.id, source=dsa.source, marts=marts)
    return Plan(
        Scope.DELIVERY,
        delivery.id,
        delivery.source,
        dsa.id,
        dsa.version,
        "destruction",
        "delivery",
        (delivery,),
        marts,
        tuple(faults),
    )


def plan_records(hub: Hub, source: str, notice: str, reason: str, on: date) -> Plan:
    """Plan the purge of the records a notice names.

    Args:
        hub: The hub.
        source: Their source.
        notice: Id of the notice.
        reason: Kinds of its entries.
        on: The day.
    """
    dsa = hub.agreements.on(on).dsa_for(source)
    marts = tuple(standing_versions(hub))
    faults = _held(hub, document=dsa.id, source=source, marts=marts)
    clause = "destruction" if dsa.row_restrictions is None else "row_restrictions"
    return Plan(Scope.RECORDS, notice, source, dsa.id, dsa.version, clause, reason, (), marts, tuple(faults))


def begin(hub: Hub, plan: Plan) -> Ending:
    """Write an ending into the journal; nothing is destroyed yet.

    Raises:
        Refused: The document has not ended, or a legal hold stands.
    """
    Refused.collect(plan.faults)
    marts = [list(mart) for mart in plan.marts]
    keys = plan.facts.get("keys") or keys_of_marts(hub, list(plan.marts))
    return hub.registry.ends.plan(
        plan.kind,
        plan.subject,
        source=plan.source,
        document=plan.document,
        document_version=plan.version,
        clause=plan.clause,
        facts={"marts": marts, "keys": keys, "reason": plan.reason, "deliveries": _told(plan.deliveries)},
    )


def _told(deliveries: Iterable[Delivery]) -> list[dict[str, str]]:
    return [{"id": d.id, "period": d.period, "sha256": d.sha256} for d in deliveries]


def check_holds(hub: Hub, ending: Ending) -> None:
    """Raise if a legal hold came to lie on what ends.

    Raises:
        Refused: One did.
    """
    marts = [(project, version) for project, version in ending.facts.get("marts", ())]
    if ending.kind is Scope.PROJECT:
        marts.append((ending.subject, ""))
    Refused.collect(_held(hub, document=ending.document, source=ending.source, marts=marts))


def check_subject(hub: Hub, kind: HoldKind, subject: str) -> None:
    """Raise unless there is such a document, source or project.

    Raises:
        UsageFault: There is none.
    """
    known: dict[HoldKind, Iterable[str]] = {
        HoldKind.DOCUMENT: sorted({document.id for document in hub.agreements.versions}),
        HoldKind.SOURCE: hub.agreements.sources(),
        HoldKind.PROJECT: hub.agreements.projects(),
    }
    if subject not in known[kind]:
        raise _unknown(kind, known[kind])


def overdue(hub: Hub, on: date) -> list[tuple[Scope, str, date]]:
    """Return (kind, subject, last day) of what ended, is still there, and should be destroyed by now."""
    found: list[tuple[Scope, str, date]] = []
    current = hub.agreements.on(on)
    documents: tuple[Dsa | Dul, ...] = (*current.dsas, *current.duls)
    for document in documents:
        clause = document.destruction
        if clause is None or clause.by >= on or _state(hub, document, on) not in ENDED:
            continue
        kind, subject = (
            (Scope.DSA, document.id) if isinstance(document, Dsa) else (Scope.PROJECT, document.project)
        )
        if hub.registry.ends.certified(kind, subject) is None and _is_there(hub, document):
            found.append((kind, subject, clause.by))
    return found


def _is_there(hub: Hub, document: Dsa | Dul) -> bool:
    if isinstance(document, Dul):
        return bool(standing_versions(hub, document.project))
    gone = DeliveryState.PURGED
    return any(d.source == document.source and d.state is not gone for d in hub.registry.deliveries.all())


def _find(hub: Hub, document: str, on: date, kind: type[Dsa]) -> Dsa:
    found = [d for d in hub.agreements.on(on).dsas if d.id == document]
    if not found:
        raise _unknown("data sharing agreement", [d.id for d in hub.agreements.on(on).dsas])
    return found[0]


def _state(hub: Hub, document: Document, on: date) -> str:
    standing = hub.agreements.standing_of(document)
    return State.DRAFT if standing is None else standing.state(on)


def _not_ended(hub: Hub, document: Document, on: date) -> list[ErrorDetail]:
    state = _state(hub, document, on)
    if state in ENDED:
        return []
    return [
        ErrorDetail(
            "agreement-not-ended",
            f"{document.id} is {State(state).words} on {on}; nothing of it is destroyed.",
            why="Only what has expired, was terminated or is closing takes its data with it.",
            next="Wait for its last day, or have it terminated by a signed act.",
            document=document.id,
            clause="term.expiry",
        )
    ]


def _held(hub: Hub, *, document: str, source: str, marts: Iterable[tuple[str, str]]) -> list[ErrorDetail]:
    subjects = {(HoldKind.DOCUMENT, document), (HoldKind.SOURCE, source)}
    for project in {project for project, _ in marts}:
        subjects.add((HoldKind.PROJECT, project))
        if (dul := hub.agreements.by_project.get(project)) is not None:
            subjects.add((HoldKind.DOCUMENT, dul.id))
    return [
        ErrorDetail(
            "legal-hold",
            f"A legal hold ({hold.reason}) lies on the {hold.kind} {hold.subject}.",
            why="While a legal hold stands nothing of its subject is destroyed.",
            next=f"Whoever set it lifts it: `commonweal hold lift {hold.id}`.",
            rule=hold.id,
            document=document,
            clause="destruction",
        )
        for hold in hub.registry.ends.holds()
        if (hold.kind, hold.subject) in subjects
    ]


def _unknown(what: str, known: Iterable[str]) -> UsageFault:
    return UsageFault.of(
        "no-such-subject",
        f"There is no {what} of this name.",
        why="What ends is named by its document or project.",
        next=f"Name one of {', '.join(known)}.",
    )
