"""Reading obligations out of documents.

Belongs here: which clause of an EMOU, basis, DSA or DUL sets which obligation.
Does not: which of several wins (`obligations.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from data_sharing_agreements.bases import Basis
from data_sharing_agreements.decisions.obligations import Obligation, Obligations, SourceDay, SourceKind
from data_sharing_agreements.models import Dsa, Dul, Emou
from data_sharing_agreements.terms import Cells, Period, Release, Review


def obligations_of(emou: Emou, bases: Iterable[Basis], dsas: Iterable[Dsa], dul: Dul | None) -> Obligations:
    """Return the strictest obligations of all documents concerned."""
    return Obligations.strictest(_all(emou, bases, dsas, dul))


def _all(emou: Emou, bases: Iterable[Basis], dsas: Iterable[Dsa], dul: Dul | None) -> Iterator[Obligation]:
    yield from _cells(emou.id, emou.cells)
    yield from _review(emou.id, emou.review)
    for basis in bases:
        yield from _basis(basis)
    for dsa in dsas:
        yield from _dsa(dsa)
    if dul is not None:
        yield from _dul(dul)


def _dsa(dsa: Dsa) -> Iterator[Obligation]:
    yield from _cells(dsa.id, dsa.cells)
    yield from _review(dsa.id, dsa.review)
    yield from _release(dsa.id, dsa.release)
    yield Obligation("attribution", dsa.attribution, dsa.id, "attribution")
    if dsa.destruction is not None:
        yield Obligation("destroy_on", dsa.destruction.by, dsa.id, "destruction.by")
    yield from _period(dsa.id, dsa.source, dsa.period, "period")
    if dsa.row_restrictions is not None:
        for i, kind in enumerate(dsa.row_restrictions.kinds):
            kept = SourceKind(dsa.source, kind)
            yield Obligation("restriction", kept, dsa.id, f"row_restrictions.kinds.{i}")
    if dsa.transfer is not None:
        yield Obligation("landing_hours", dsa.transfer.landing_hours, dsa.id, "transfer.landing_hours")


def _dul(dul: Dul) -> Iterator[Obligation]:
    yield from _cells(dul.id, dul.cells)
    yield from _review(dul.id, dul.review)
    yield from _release(dul.id, dul.release)
    yield Obligation("attribution", dul.attribution, dul.id, "attribution")
    yield Obligation("destroy_on", dul.destruction.by, dul.id, "destruction.by")
    for source in sorted(dul.sources):
        clause = f"periods.{source}" if source in dul.periods else "period"
        yield from _period(dul.id, source, dul.period_for(source), clause)
    if dul.anonymity is not None:
        yield Obligation("k_anonymity", dul.anonymity.k, dul.id, "anonymity.k")
        if dul.anonymity.trajectory_share is not None:
            share = dul.anonymity.trajectory_share
            yield Obligation("trajectory_share", share, dul.id, "anonymity.trajectory_share")
    if dul.table_builder is not None:
        yield Obligation("noise_sd", dul.table_builder.noise_sd, dul.id, "table_builder.noise_sd")
        yield Obligation("query_budget", dul.table_builder.budget, dul.id, "table_builder.budget")


def _basis(basis: Basis) -> Iterator[Obligation]:
    name, limits = basis.code, basis.limits
    yield Obligation("release_form", limits.release_form, name, "limits.release_form")
    yield Obligation("outputs", limits.outputs, name, "limits.outputs")
    if limits.minimum_cell is not None:
        yield Obligation("min_cell", limits.minimum_cell, name, "limits.minimum_cell")
    if limits.zero_is_small:
        yield Obligation("zero_is_small", True, name, "limits.zero_is_small")
    if limits.review_days is not None:
        yield Obligation("review_days", limits.review_days, name, "limits.review_days")


def _period(document: str, source: str, period: Period | None, clause: str) -> Iterator[Obligation]:
    if period is None:
        return
    yield Obligation("period_from", SourceDay(source, period.start), document, f"{clause}.start")
    if period.until is not None:
        yield Obligation("period_until", SourceDay(source, period.until), document, f"{clause}.until")


def _cells(document: str, cells: Cells) -> Iterator[Obligation]:
    yield Obligation("min_cell", cells.minimum, document, "cells.minimum")
    yield Obligation("zero_is_small", cells.zero_is_small, document, "cells.zero_is_small")
    yield Obligation("rounding", cells.rounding, document, "cells.rounding")
    if cells.dominance is None:
        return
    for i, rule in enumerate(cells.dominance.shares):
        yield Obligation("dominance", (rule.n, rule.share), document, f"cells.dominance.shares.{i}")
    if cells.dominance.p_percent is not None:
        yield Obligation("p_percent", cells.dominance.p_percent, document, "cells.dominance.p_percent")


def _review(document: str, review: Review) -> Iterator[Obligation]:
    yield Obligation("review_days", review.days, document, "review.days")
    for i, who in enumerate(review.who):
        yield Obligation("reviewer", who, document, f"review.who.{i}")


def _release(document: str, release: Release) -> Iterator[Obligation]:
    yield Obligation("release_form", release.form, document, "release.form")
    yield Obligation("outputs", release.outputs, document, "release.outputs")
    yield Obligation("public", release.public, document, "release.public")
