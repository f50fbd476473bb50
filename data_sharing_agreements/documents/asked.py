"""What the law asks of a term that a proposed license leaves out.

Belongs here: finding the laws behind the agreements a license names, and adding their words
to a fault. Does not: finding the fault (`reading.py`), or what a law asks of an agreement
(`checks_dsa.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from data_sharing_agreements.bases import Basis
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.yaml_text import read_yaml

MISSING = "document-term-missing"


def asked_by_law(faults: Sequence[ErrorDetail], path: Path, agreements: Agreements) -> list[ErrorDetail]:
    """Return the faults of a document; each missing term with what the law behind its data asks.

    Args:
        faults: As they were found.
        path: The document. One that names no agreements, as only a license does, is
            returned as it was.
        agreements: The documents that are there.
    """
    if all(fault.code != MISSING for fault in faults):
        return list(faults)
    laws = list(_laws(path, agreements))
    return [_told(fault, laws) if fault.code == MISSING else fault for fault in faults]


def _laws(path: Path, agreements: Agreements) -> Iterator[Basis]:
    """The laws on which the agreements named in a file rest, each once."""
    content = read_yaml(path.read_text(encoding="utf-8"))
    named = content.get("agreements") if isinstance(content, dict) else None
    wanted = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    codes = [b.code for name in wanted for dsa in agreements.dsas if dsa.id == name for b in dsa.legal_basis]
    for code in dict.fromkeys(codes):
        if code in agreements.bases:
            yield agreements.bases[code]


def _told(fault: ErrorDetail, laws: Sequence[Basis]) -> ErrorDetail:
    term = fault.clause or ""
    asked = [f"{law.citation}: {law.required_terms[term]}" for law in laws if term in law.required_terms]
    return replace(fault, why=" ".join(asked)) if asked else fault
