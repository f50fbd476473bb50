"""Reading a directory of documents: `emou/`, `dsa/`, `dul/`, the roster and the acts.

Belongs here: finding the files, reading each, collecting every fault of every
document before raising once. Does not: the faults themselves (`reading.py` for one
document, `checks.py` for several together).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from data_sharing_agreements.bases import (
    Basis,
    Prohibition,
    load_bases,
    load_prohibitions,
    standing_prohibitions,
)
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.documents.checks import check_all
from data_sharing_agreements.documents.found import Found
from data_sharing_agreements.errors import ErrorDetail, Invalid
from data_sharing_agreements.lifecycle import judge, read_acts, read_rosters
from data_sharing_agreements.models import Document, Dsa, Dul, Emou
from data_sharing_agreements.reading import read_model
from data_sharing_agreements.store.clock import utc_now

EVERGREEN_DIRECTORY = Path(__file__).parent
"""The documents of the reference state."""

AnyDocument = TypeVar("AnyDocument", bound=Document)


def load_agreements(
    directory: Path,
    bases: Mapping[str, Basis] | None = None,
    *,
    hub_key: str | None = None,
    hub_acts: Path | None = None,
) -> Agreements:
    """Read and check all documents of a deployment, and judge where each stands.

    An act that is faulty never counts, and is listed with the standing of its document;
    it does not keep the others from working.

    Args:
        directory: Holds the folders `emou`, `dsa` and `dul`, each with YAML files.
        bases: Legal bases; by default those that come with the program and any in
            a folder `bases` beside the three.
        hub_key: Public key (hex) of the hub, for what the program itself has done.
        hub_acts: Directory of the hub's own acts; they lie in its home.

    Raises:
        Invalid: With every fault of every document, each with its place
            (`file:path.to.key`), what the law asks, and what to do.
    """
    law = bases if bases is not None else _bases(directory)
    emous, emou_faults = _read_folder(directory / "emou", Emou)
    dsas, dsa_faults = _read_folder(directory / "dsa", Dsa)
    duls, dul_faults = _read_folder(directory / "dul", Dul)
    acts, unreadable = read_acts(directory / "acts")
    if hub_acts is not None:
        own, faulty = read_acts(hub_acts)
        acts, unreadable = acts + own, unreadable + faulty
    rosters, roster_faults = read_rosters(directory, acts)
    faults = emou_faults + dsa_faults + dul_faults + roster_faults
    barred = prohibitions_of(directory)
    faults += check_all(emous, dsas, duls, law, whole=not faults, prohibitions=barred)
    Invalid.collect(faults)
    versions = (*_documents(emous), *_documents(dsas), *_documents(duls))
    standing = judge(versions, rosters.current, acts, hub_key=hub_key, unreadable=unreadable)
    newest = Agreements(
        emou=_newest(_documents(emous))[0],
        dsas=_newest(_documents(dsas)),
        duls=_newest(_documents(duls)),
        bases=law,
        versions=versions,
        standing=standing,
        rosters=rosters,
        acts=tuple(acts),
    )
    return newest.on(utc_now().date())


def _documents(found: Sequence[Found[AnyDocument]]) -> tuple[AnyDocument, ...]:
    return tuple(item.document for item in found)


def _newest(documents: Sequence[AnyDocument]) -> tuple[AnyDocument, ...]:
    """Return the newest version of each document, in the order of the files."""
    newest: dict[str, AnyDocument] = {}
    for document in documents:
        held = newest.get(document.id)
        if held is None or held.version < document.version:
            newest[document.id] = document
    return tuple(newest.values())


def _bases(directory: Path) -> Mapping[str, Basis]:
    own = directory / "bases"
    return {**load_bases(), **(load_bases(own) if own.is_dir() else {})}


def prohibitions_of(directory: Path) -> Sequence[Prohibition]:
    """Return what the law forbids a deployment: what comes with the program, and what it adds.

    What comes with the program always holds; a deployment may only forbid more.
    """
    own = directory / "bases" / "prohibitions"
    return (*standing_prohibitions(), *(load_prohibitions(own).values() if own.is_dir() else ()))


def _read_folder(
    folder: Path, model: type[AnyDocument]
) -> tuple[list[Found[AnyDocument]], list[ErrorDetail]]:
    found: list[Found[AnyDocument]] = []
    faults: list[ErrorDetail] = []
    for path in sorted(folder.glob("*.yaml")):
        place = f"{folder.name}/{path.name}"
        document, wrong = read_model(path, model, place=place)
        faults += wrong
        if document is not None:
            found.append(Found(place, path.stem, document))
    return found, faults
