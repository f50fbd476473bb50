"""How documents must agree with one another and with the law.

Belongs here: `check_all`, which collects every fault of every document. Does not: the
checks themselves (`checks_identity.py` for what a document is, `checks_clauses.py` for
what all documents say alike, `checks_dsa.py` and `checks_dul.py` for one kind), dates
against today (an agreement that has expired is valid, it permits nothing), what is worth
knowing and no fault (`cautions.py`), or reading files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data_sharing_agreements.bases import Basis, Prohibition
from data_sharing_agreements.documents.checks_clauses import clauses
from data_sharing_agreements.documents.checks_dsa import agreement
from data_sharing_agreements.documents.checks_dul import license_
from data_sharing_agreements.documents.checks_identity import circles, identity
from data_sharing_agreements.documents.found import Found
from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.models import Dsa, Dul, Emou


def check_all(
    emous: Sequence[Found[Emou]],
    dsas: Sequence[Found[Dsa]],
    duls: Sequence[Found[Dul]],
    bases: Mapping[str, Basis],
    *,
    whole: bool,
    prohibitions: Sequence[Prohibition],
) -> list[ErrorDetail]:
    """Return every fault of the documents together.

    Args:
        emous, dsas, duls: The documents that could be read, in every version.
        bases: The legal bases.
        whole: Whether all files could be read; if not, a parent that seems to be
            missing may only be unreadable, and is not reported twice.
        prohibitions: What may never enter.
    """
    everything = [*emous, *dsas, *duls]
    faults = [*identity(emous, dsas, duls, whole=whole)]
    circular = circles(dsas, duls)
    faults += [found.fault(*_CIRCULAR) for found in (*dsas, *duls) if found.document.id in circular]
    frames = tuple(found.document for found in emous)
    for found in everything:
        faults += clauses(found)
    for dsa in dsas:
        faults += agreement(dsa, frames, bases, prohibitions, circular=dsa.document.id in circular)
    given: dict[str, list[Dsa]] = {}
    for dsa in dsas:
        given.setdefault(dsa.document.id, []).append(dsa.document)
    for dul in duls:
        faults += license_(dul, frames, given, whole=whole, circular=dul.document.id in circular)
    return list(dict.fromkeys(faults))


_CIRCULAR = (
    "parent-circular",
    "parent",
    "the document rests on itself, through its parents",
    "What rests on itself rests on nothing.",
    "Let it rest on the memorandum.",
)
