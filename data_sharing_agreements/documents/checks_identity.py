"""What a document is: its name, its versions, and what it rests on.

Belongs here: one id for one thing, versions that follow one another, one frame, parents
without circles. Does not: any clause.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import groupby, pairwise

from data_sharing_agreements.documents.found import Found
from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.models import Document, Dsa, Dul, Emou


def identity(
    emous: Sequence[Found[Emou]], dsas: Sequence[Found[Dsa]], duls: Sequence[Found[Dul]], *, whole: bool
) -> Iterator[ErrorDetail]:
    """Yield the faults of names, versions and things that two documents claim."""
    everything: list[Found[Document]] = [*emous, *dsas, *duls]
    for found in everything:
        if found.stem not in (found.document.id, f"{found.document.id}@{found.document.version}"):
            yield found.fault(
                "document-misnamed",
                "id",
                "the name of the file is not the id, or the id and the version",
                "A clause is cited by the id of its document.",
                "Name the file ID.yaml, or ID@VERSION.yaml where versions lie side by side.",
            )
    yield from _one_frame(emous, whole=whole)
    yield from _versions(everything)
    yield from _one_id_one_thing(everything)
    yield from _one_thing_one_id(dsas, "source", lambda dsa: dsa.source)
    yield from _one_thing_one_id(duls, "project", lambda dul: dul.project)


def circles(dsas: Sequence[Found[Dsa]], duls: Sequence[Found[Dul]]) -> frozenset[str]:
    """Return the ids that rest on themselves, directly or through their parents."""
    parents: dict[str, set[str]] = {}
    documents: list[Dsa | Dul] = [found.document for found in dsas]
    documents += [found.document for found in duls]
    for document in documents:
        parents.setdefault(document.id, set()).add(document.parent)
    return frozenset(name for name in parents if name in _above(name, parents))


def _above(name: str, parents: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(parents.get(name, ()))
    while waiting:
        parent = waiting.pop()
        if parent not in seen:
            seen.add(parent)
            waiting += parents.get(parent, ())
    return seen


def _one_frame(emous: Sequence[Found[Emou]], *, whole: bool) -> Iterator[ErrorDetail]:
    count = len({found.document.id for found in emous})
    if whole and count != 1:
        yield ErrorDetail(
            "frame-not-one",
            f"emou: there must be exactly one enterprise memorandum, {count} were found",
            why="Every agreement rests on one frame.",
            next="Keep one document, in as many versions as there are, in the folder emou.",
        )


def _versions(everything: Sequence[Found[Document]]) -> Iterator[ErrorDetail]:
    """Each version once, and a later one starts on a later day: on no day do two govern."""
    ordered = sorted(everything, key=lambda found: (found.document.id, found.document.version))
    for _, group in groupby(ordered, key=lambda found: found.document.id):
        versions = list(group)
        counts = Counter(found.document.version for found in versions)
        for found in versions:
            if counts[found.document.version] > 1:
                yield _doubled(found, "version", "version of this document")
        for before, after in pairwise(versions):
            later = after.document.version > before.document.version
            if later and after.document.term.start <= before.document.term.start:
                yield after.fault(
                    "versions-overlap",
                    "term.start",
                    "this version starts no later than the one before it",
                    "A version governs from its start until the next one starts; on one day there is one.",
                    "Let each version start after the one before.",
                )


def _one_id_one_thing(everything: Sequence[Found[Document]]) -> Iterator[ErrorDetail]:
    things: dict[str, set[tuple[str, Hashable]]] = {}
    for found in everything:
        things.setdefault(found.document.id, set()).add(_thing(found.document))
    for found in everything:
        if len(things[found.document.id]) > 1:
            yield found.fault(
                "id-reused",
                "id",
                "the same id stands for two things",
                "Whoever cites a clause must mean one document about one source or project.",
                "Give the other document an id of its own.",
            )


def _thing(document: Document) -> tuple[str, Hashable]:
    if isinstance(document, Dsa):
        return "dsa", document.source
    if isinstance(document, Dul):
        return "dul", document.project
    return "emou", None


def _one_thing_one_id(
    documents: Sequence[Found[Dsa]] | Sequence[Found[Dul]], key: str, of: Callable[..., str]
) -> Iterator[ErrorDetail]:
    ids: dict[str, set[str]] = {}
    for found in documents:
        ids.setdefault(of(found.document), set()).add(found.document.id)
    for found in documents:
        if len(ids[of(found.document)]) > 1:
            yield _doubled(found, key, key)


def _doubled(found: Found[Document], key: str, name: str) -> ErrorDetail:
    return found.fault(
        "document-doubled",
        key,
        f"another document has the same {name}",
        f"Two documents for one {name} could contradict each other.",
        "Amend one document under a new version instead of adding another.",
    )
