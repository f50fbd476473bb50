"""A lineage as text that a lay reader can follow.

Belongs here: sentences, grouped by source, clauses last. Does not: facts (story.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import fill

from warehouse.lineage.clauses import by_document, clause_words
from warehouse.lineage.story import Given, Story

WIDTH = 100


def as_text(story: Story) -> str:
    """Return the text, lines of at most `WIDTH` characters but for names that are longer."""
    named = story.lineage.named
    lines = [
        f"{named.title} ({named.name}, {_article(named.kind)})",
        "",
        _wrapped(named.description),
        "",
        _wrapped(story.when),
        *_values(story),
        *_rows(story),
        *_heading("How records were joined to people"),
        _wrapped(story.linked),
        *_heading("The files it rests on"),
        *(_wrapped(f"{s.title}: {s.arrived}.") for s in story.sources),
        *_arrivals(story),
        *_heading("What permits it"),
        _wrapped(story.permitted),
        *_clauses(story),
    ]
    return "\n".join(lines)


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _heading(text: str) -> list[str]:
    return ["", text, "─" * len(text)]


def _wrapped(text: str, indent: int = 0, more: int | None = None) -> str:
    later = " " * (indent if more is None else more)
    return fill(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _values(story: Story) -> Iterator[str]:
    yield from _heading("Its values come from")
    giving = [source for source in story.sources if source.values]
    if not giving:
        yield "No column's values are shown: it counts rows, and what decides those is its meaning."
    for source in giving:
        yield _wrapped(f"{source.title} ({source.source})")
        for given in source.values:
            yield from _given(given)


def _given(given: Given) -> Iterator[str]:
    meaning = f": {given.meaning}" if given.meaning else ""
    yield _wrapped(f"{given.column}{meaning}", 2, 4)
    yield _wrapped(f"On its way: {given.words}.", 4)


def _rows(story: Story) -> Iterator[str]:
    yield from _heading("Which records count is decided by")
    for source in story.sources:
        if source.rows:
            columns = ", ".join(given.column for given in source.rows)
            yield _wrapped(f"{source.title} ({source.source}): {columns}", 0, 2)


def _arrivals(story: Story) -> Iterator[str]:
    """Name every file by the beginning of its SHA-256, which the agency can compare with its own."""
    for source in story.sources:
        for arrival in source.arrivals:
            yield _wrapped(f"{source.source}, {arrival.period}", 2, 4)
            yield from (f"    {sha256[:12]}  {name}" for name, sha256 in arrival.files)


def _clauses(story: Story) -> Iterator[str]:
    grounds = story.lineage.grounds
    for text, document, clause in grounds.reasons:
        yield _wrapped(f"Refused by {document}, clause {clause}: {text}", 2, 4)
    for document, clauses in by_document(grounds.clauses).items():
        yield _wrapped(f"{document}{_title(story, document)}", 2, 4)
        yield _wrapped(_told(clauses), 4)


def _title(story: Story, document: str) -> str:
    version = story.lineage.grounds.documents.get(document)
    parts = [story.titles.get(document, ""), f"version {version[0]}" if version else ""]
    return "".join(f", {part}" for part in parts if part)


def _told(clauses: Iterable[str]) -> str:
    return "; ".join(f"{clause}: {clause_words(clause)}" for clause in clauses) + "."
