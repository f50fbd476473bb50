"""Reading a directory of documents: `emou/`, `dsa/` and `dul/`.

Belongs here: finding the files, reading each, collecting every fault of every
document before raising once. Does not: the faults themselves (`reading.py` for one
document, `checks.py` for several together).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from data_sharing_agreements.bases import Basis, load_bases
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.documents.checks import Found, check_all
from data_sharing_agreements.errors import ErrorDetail, Invalid
from data_sharing_agreements.models import Document, Dsa, Dul, Emou
from data_sharing_agreements.reading import read_model

EVERGREEN_DIRECTORY = Path(__file__).parent
"""The documents of the reference state."""

AnyDocument = TypeVar("AnyDocument", bound=Document)


def load_agreements(directory: Path, bases: Mapping[str, Basis] | None = None) -> Agreements:
    """Read and check all documents of a deployment.

    Args:
        directory: Holds the folders `emou`, `dsa` and `dul`, each with YAML files.
        bases: Legal bases; by default those that come with the program and any in
            a folder `bases` beside the three.

    Raises:
        Invalid: With every fault of every document, each with its place
            (`file:path.to.key`), what the law asks, and what to do.
    """
    law = bases if bases is not None else _bases(directory)
    emous, emou_faults = _read_folder(directory / "emou", Emou)
    dsas, dsa_faults = _read_folder(directory / "dsa", Dsa)
    duls, dul_faults = _read_folder(directory / "dul", Dul)
    faults = emou_faults + dsa_faults + dul_faults
    faults += check_all(emous, dsas, duls, law, whole=not faults)
    Invalid.collect(faults)
    return Agreements(
        emou=emous[0].document,
        dsas=tuple(found.document for found in dsas),
        duls=tuple(found.document for found in duls),
        bases=law,
    )


def _bases(directory: Path) -> Mapping[str, Basis]:
    own = directory / "bases"
    return {**load_bases(), **(load_bases(own) if own.is_dir() else {})}


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
