"""A data use license under its memorandum and the agreements it rests on.

Belongs here: everything in which a license may ask for no more than every agreement gives.
Does not: an agreement itself (`checks_dsa.py`). Where an agreement lies there in several
versions, a license is at fault only if no version gives what it asks: which of them
governs is a matter of the day, and the decision of that day refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations

from data_sharing_agreements.documents.checks_clauses import below_floor, doubled_people
from data_sharing_agreements.documents.found import Found
from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.models import Dsa, Dul, Emou
from data_sharing_agreements.terms import Period

Versions = Sequence[Dsa]
"""The versions of one agreement."""


def license_(
    found: Found[Dul],
    frames: Sequence[Emou],
    agreements: Mapping[str, Versions],
    *,
    whole: bool,
    circular: bool,
) -> Iterator[ErrorDetail]:
    """Yield every fault of a license.

    Args:
        found: The license.
        frames: The versions of the memorandum; empty if it could not be read.
        agreements: The versions of every agreement, by id.
        whole: Whether all files could be read.
        circular: Whether its parent is already reported as circular.
    """
    dul = found.document
    if frames and not circular and all(dul.parent != frame.id for frame in frames):
        yield found.beyond("parent", "the parent is not the memorandum in this directory")
    yield from below_floor(found, frames)
    yield from _own(found)
    under: dict[str, Versions] = {}
    for i, name in enumerate(dul.agreements):
        if name in agreements:
            under[agreements[name][0].source] = agreements[name]
        elif whole:
            yield found.beyond(f"agreements.{i}", "there is no such agreement")
    for versions in under.values():
        for path, what in _more_than(dul, versions):
            yield found.beyond(path, what)
    for source, tables in dul.fields.items():
        if source in under:
            yield from _fields(found, source, tables, under[source])
        elif whole:
            yield found.beyond(f"fields.{source}", "no agreement the license names covers this source")
    yield from _linkage(found, {s: v for s, v in under.items() if s in dul.fields})


def _own(found: Found[Dul]) -> Iterator[ErrorDetail]:
    """What a license must say by itself."""
    dul = found.document
    for term, asked in {"rows": "Whose rows are used.", "period": "For which months of service."}.items():
        if getattr(dul, term) is None:
            yield found.fault(
                "term-required",
                term,
                "every license states this term",
                asked,
                "Add the term and have the license approved anew.",
            )
    for source in dul.periods:
        if source not in dul.fields:
            yield found.beyond(f"periods.{source}", "the license has no field of this source")
    yield from doubled_people(found, ((r.account, r) for r in dul.recipients))


def _more_than(dul: Dul, versions: Versions) -> Iterator[tuple[str, str]]:
    """Where a license asks for more than any version of one agreement gives."""
    name, source = versions[0].id, versions[0].source
    asked: dict[str, tuple[Callable[[Dsa], bool], str]] = {
        "purpose": (lambda dsa: dul.purpose in dsa.purposes, "does not permit this purpose"),
        "release.form": (lambda dsa: dsa.release.form.allows(dul.release.form), "permits less"),
        "release.outputs": (
            lambda dsa: dsa.release.outputs.allows(dul.release.outputs),
            "lets less out of the enclave",
        ),
        "release.public": (
            lambda dsa: dsa.release.public or not dul.release.public,
            "does not permit publication",
        ),
        "redisclosure.to": (
            lambda dsa: dsa.redisclosure is None or dul.redisclosure.to.rank <= dsa.redisclosure.to.rank,
            "permits less further disclosure",
        ),
        "destruction.by": (
            lambda dsa: dsa.destruction is None or dul.destruction.by <= dsa.destruction.by,
            "has the data destroyed earlier",
        ),
        f"periods.{source}" if source in dul.periods else "period": (
            lambda dsa: _within(dul.period_for(source), dsa.period),
            "does not give all these months of service",
        ),
    }
    for path, (given, what) in asked.items():
        if not any(given(dsa) for dsa in versions):
            yield path, f"{name} {what}"


def _within(asked: Period | None, given: Period | None) -> bool:
    """Whether every month asked for is given; a term that is missing is reported elsewhere."""
    if asked is None or given is None:
        return True
    if asked.start < given.start:
        return False
    return given.until is None or (asked.until is not None and asked.until <= given.until)


def _fields(
    found: Found[Dul], source: str, tables: Mapping[str, tuple[str, ...]], versions: Versions
) -> Iterator[ErrorDetail]:
    for table, columns in tables.items():
        for column in columns:
            if all(f"{source}.{table}.{column}" not in dsa.licensable for dsa in versions):
                yield found.beyond(
                    f"fields.{source}.{table}.{column}", f"{versions[0].id} does not license this field"
                )


def _linkage(found: Found[Dul], under: Mapping[str, Versions]) -> Iterator[ErrorDetail]:
    """A project of several sources links them: every pair, for its purpose."""
    for source, other in permutations(under, 2):
        versions = under[source]
        if all(other not in dsa.linkage.sources for dsa in versions):
            yield found.beyond(f"fields.{other}", f"{versions[0].id} does not permit linkage with it")
    for versions in under.values() if len(under) > 1 else ():
        if all(found.document.purpose not in dsa.linkage.purposes for dsa in versions):
            yield found.beyond("purpose", f"{versions[0].id} does not permit linkage for this purpose")
