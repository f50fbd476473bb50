"""Whom an incident obliges to tell, within how many hours, by which clause.

Belongs here: reading the clocks out of the memorandum, the agreements and the legal
bases. Does not: when they began to run, or whether they were kept (`registry/`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from data_sharing_agreements.bases import Basis
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.incidents.kinds import Kind
from data_sharing_agreements.models import Dsa, Emou
from data_sharing_agreements.registry.incidents import Duty

HOURS_A_DAY = 24

OWNER = "the agency that owns the data"
"""How a memorandum names whichever agency an incident concerns; it is told by its name."""


def duties_of(agreements: Agreements, kind: Kind, sources: Iterable[str]) -> tuple[Duty, ...]:
    """Return whom to tell of an incident, the most urgent first.

    A body named by several clauses with the same hours is told once, by the first.

    Args:
        agreements: The documents of the deployment.
        kind: What happened.
        sources: The sources concerned.
    """
    dsas = [agreements.by_source[source] for source in sorted(sources) if source in agreements.by_source]
    owners = [party.name for dsa in dsas for party in dsa.parties if party.role == "data_owner"]
    found: dict[tuple[str, int], Duty] = {}
    for duty in (named for one in _all(agreements, kind, dsas) for named in _by_name(one, owners)):
        found.setdefault((duty.tell, duty.hours), duty)
    return tuple(sorted(found.values(), key=lambda duty: (duty.hours, duty.tell)))


def _by_name(duty: Duty, owners: list[str]) -> Iterator[Duty]:
    """Yield a duty for each agency it means, under its name."""
    if duty.tell != OWNER or not owners:
        yield duty
        return
    yield from (replace(duty, tell=owner) for owner in owners)


def _all(agreements: Agreements, kind: Kind, dsas: list[Dsa]) -> Iterator[Duty]:
    documents: list[Emou | Dsa] = [*dsas, agreements.emou]
    for document in documents:
        if kind.breach:
            yield from _breach(document)
        elif kind.demand is not None:
            yield from _demand(document, kind)
        else:
            yield from _rights(document)
    if kind.breach:
        codes = dict.fromkeys(use.code for dsa in dsas for use in dsa.legal_basis)
        for code in codes:
            yield from _law(agreements.bases[code])


def _breach(document: Emou | Dsa) -> Iterator[Duty]:
    clause = document.breach
    if clause is None:
        return
    for who in clause.notify:
        yield Duty(who, clause.hours, document.id, "breach.hours")
    if clause.persons_days is not None:
        hours = clause.persons_days * HOURS_A_DAY
        yield Duty("the persons concerned, through the agency", hours, document.id, "breach.persons_days")


def _demand(document: Emou | Dsa, kind: Kind) -> Iterator[Duty]:
    if document.compelled_disclosure is None or kind.demand is None:
        return
    clock = document.compelled_disclosure.clock(kind.demand)
    for who in clock.notify:
        yield Duty(who, clock.hours, document.id, f"compelled_disclosure.{kind.demand}")


def _rights(document: Emou | Dsa) -> Iterator[Duty]:
    rights = document.subject_rights
    if rights is not None:
        yield Duty(rights.through, rights.hub_days * HOURS_A_DAY, document.id, "subject_rights.hub_days")


def _law(basis: Basis) -> Iterator[Duty]:
    for position, clock in enumerate(basis.breach_hours):
        clause = f"breach_hours.{position} ({clock.citation})"
        yield Duty(clock.whom, clock.hours, basis.code, clause, clock.checked)
