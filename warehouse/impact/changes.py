"""Changes nobody has made yet: the agreements as they would be.

Belongs here: making them, as if everybody had signed. Does not: what follows from them
(forecast.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

from data_sharing_agreements.bases import Prohibition
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.documents.checks import check_all
from data_sharing_agreements.documents.found import Found
from data_sharing_agreements.errors import ErrorDetail, Invalid, UsageFault
from data_sharing_agreements.lifecycle import Roster, Rosters, judge
from data_sharing_agreements.models import Document, Dsa, Dul, Emou
from data_sharing_agreements.reading import read_model

_MODELS: tuple[type[Emou] | type[Dsa] | type[Dul], ...] = (Emou, Dsa, Dul)

AnyDocument = TypeVar("AnyDocument", bound=Document)


@dataclass(frozen=True)
class Supposed:
    """A stop nobody has placed."""

    document: str
    start: date
    until: date | None
    words: str

    def covers(self, on: date) -> bool:
        """Whether the document would be stopped on that day."""
        return self.start <= on and (self.until is None or on <= self.until)


def ending(agreements: Agreements, document: str, on: date) -> Agreements:
    """Return the agreements with one document ended: it permits nothing from that day on.

    Raises:
        UsageFault: There is no such document.
    """
    return _supposing(agreements, document, on, "ended")


def stopping(agreements: Agreements, document: str, on: date) -> Agreements:
    """Return the agreements with one document stopped from that day on.

    Raises:
        UsageFault: There is no such document.
    """
    return _supposing(agreements, document, on, "stopped")


def with_document(
    agreements: Agreements, path: Path, prohibitions: Sequence[Prohibition]
) -> tuple[Agreements, list[ErrorDetail]]:
    """Return the agreements with a file's document in force, instead of any other of its id.

    It is taken as signed by everybody: it stands where the memorandum stands.

    Args:
        agreements: As they are.
        path: YAML of the new version, or of a new document.
        prohibitions: What the law forbids whatever a document says.

    Returns:
        The agreements, and in what the document contradicts the others; while it does,
        no command that opens the deployment goes on.

    Raises:
        Invalid: The file is not a document; all its faults.
        UsageFault: There is no such file.
    """
    document = _read(path)
    faults = _contradictions(agreements, document, prohibitions)
    versions = (*(v for v in agreements.versions if v.id != document.id), document)
    standing = {**agreements.standing}
    model = agreements.standing_of(agreements.emou)
    if model is not None:
        standing[document.id, document.version] = model
    changed = replace(
        agreements,
        emou=document if isinstance(document, Emou) else agreements.emou,
        dsas=_put(agreements.dsas, document, Dsa),
        duls=_put(agreements.duls, document, Dul),
        versions=versions,
        standing=standing,
        stops=(*agreements.stops, *_outside_term(document)),
    )
    return changed, faults


def with_roster(agreements: Agreements, path: Path, hub_key: str) -> Agreements:
    """Return the agreements judged by another roster of signatories, as if the board had admitted it.

    Args:
        agreements: As they are.
        path: YAML of the roster.
        hub_key: Public key (hex) of the hub, whose own acts count whatever the roster.

    Raises:
        Invalid: The file is not a roster; all its faults.
        UsageFault: There is no such file.
    """
    roster, faults = read_model(_there(path), Roster, place=path.name)
    Invalid.collect(faults)
    assert roster is not None
    standing = judge(agreements.versions, roster, agreements.acts, hub_key=hub_key)
    chain = (*agreements.rosters.chain, roster)
    return replace(agreements, standing=standing, rosters=Rosters(chain))


def _supposing(agreements: Agreements, document: str, on: date, words: str) -> Agreements:
    known = sorted({version.id for version in agreements.versions})
    if document not in known:
        raise UsageFault.of(
            "document-unknown",
            "There is no document of that id.",
            why="What follows from a change is asked of one document.",
            next=f"Use one of {', '.join(known)}.",
        )
    return agreements.with_stops((*agreements.stops, Supposed(document, on, None, words)))


def _there(path: Path) -> Path:
    if not path.is_file():
        raise UsageFault.of(
            "no-document",
            f"There is no file {path.name} at the place given.",
            why="A change is a new version of a document, as a file.",
            next="Copy the document, change it, count its version up, and name the copy.",
        )
    return path


def _read(path: Path) -> Emou | Dsa | Dul:
    faults: list[ErrorDetail] = []
    for model in _MODELS:
        found, wrong = read_model(_there(path), model, place=path.name)
        if found is not None:
            return found
        if not faults or len(wrong) < len(faults):
            faults = wrong
    raise Invalid(*faults)


def _contradictions(
    agreements: Agreements, document: Document, prohibitions: Sequence[Prohibition]
) -> list[ErrorDetail]:
    """Return the faults the documents would have together that they do not have now."""

    def checked(emou: Emou, dsas: Iterable[Dsa], duls: Iterable[Dul]) -> list[ErrorDetail]:
        return check_all(
            _found([emou]),
            _found(dsas),
            _found(duls),
            agreements.bases,
            whole=True,
            prohibitions=prohibitions,
        )

    before = checked(agreements.emou, agreements.dsas, agreements.duls)
    after = checked(
        document if isinstance(document, Emou) else agreements.emou,
        _put(agreements.dsas, document, Dsa),
        _put(agreements.duls, document, Dul),
    )
    return [fault for fault in after if fault not in before]


def _found(documents: Iterable[AnyDocument]) -> list[Found[AnyDocument]]:
    return [Found(document.id, document.id, document) for document in documents]


def _put(
    documents: Sequence[AnyDocument], new: Document, model: type[AnyDocument]
) -> tuple[AnyDocument, ...]:
    """Return the documents with the new one in the place of the one of its id, or at the end."""
    if not isinstance(new, model):
        return tuple(documents)
    if any(document.id == new.id for document in documents):
        return tuple(new if document.id == new.id else document for document in documents)
    return (*documents, new)


def _outside_term(document: Document) -> tuple[Supposed, ...]:
    """Stop the document on all days outside its term: the standing it is given knows another."""
    before = Supposed(document.id, date.min, document.term.start - timedelta(days=1), "not started")
    after = Supposed(document.id, document.term.expiry + timedelta(days=1), None, "expired")
    return before, after
