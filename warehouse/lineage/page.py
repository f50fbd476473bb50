"""The page of a project's lineage: every mart's picture, and every column in words.

Belongs here: gathering what the page shows and writing it. Does not: facts (story.py),
the picture (picture.py), or the template's look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from data_sharing_agreements.pages import render
from warehouse.hub import Hub
from warehouse.lineage.clauses import by_document, clause_words
from warehouse.lineage.operations import in_words
from warehouse.lineage.picture import as_svg
from warehouse.lineage.report import Lineage, lineage_of
from warehouse.lineage.story import Story, given_by, story_of
from warehouse.lineage.trail import Layer, Place

FOLDER = "lineage"


@dataclass(frozen=True)
class _Column:
    """A column as the page shows it: source → columns, and what is done to them."""

    name: str
    meaning: str
    values: Sequence[tuple[str, str]]
    done: str


@dataclass(frozen=True)
class _Mart:
    """A mart as the page shows it."""

    name: str
    title: str
    description: str
    when: str
    linked: str
    permitted: str
    picture: Markup
    columns: Sequence[_Column]
    deciding: str
    arrivals: Sequence[tuple[str, str]]
    clauses: Sequence[tuple[str, str, Sequence[tuple[str, str]]]]


def write_page(hub: Hub, project: str) -> Path:
    """Write the page of the marts of a project that stand, and return where it lies."""
    marts = [mart.mart for mart in hub.registry.marts.current(project)]
    path = hub.reports(FOLDER, f"{project}.html")
    path.write_text(page_html(hub, project, marts), encoding="utf-8")
    return path


def page_html(hub: Hub, project: str, marts: Sequence[str]) -> str:
    """Return the page of some published marts of a project."""
    shown = [_mart(hub, lineage_of(hub, f"{project}/{mart}")) for mart in marts]
    return render(
        "warehouse.lineage",
        "lineage.html.j2",
        "lineage.css",
        home="../index.html",
        title=hub.deployment.title,
        project=project,
        marts=shown,
    )


def _mart(hub: Hub, lineage: Lineage) -> _Mart:
    story = story_of(lineage, hub.contracts, hub.agreements)
    named = lineage.named
    return _Mart(
        named.mart,
        named.title,
        named.description,
        story.when,
        story.linked,
        story.permitted,
        Markup(as_svg(story)),  # noqa: S704 - our own drawing, its text escaped
        [_column(lineage, end) for end in named.ends],
        ", ".join(source.title for source in story.sources if source.rows),
        [(source.title, source.arrived) for source in story.sources],
        _clauses(story),
    )


def _column(lineage: Lineage, end: Place) -> _Column:
    values = lineage.whole.behind_values([end])
    found: dict[str, list[str]] = {}
    for given in given_by(values):
        found.setdefault(given.source, []).append(given.name.partition(".")[2])
    if not found and values.places(Layer.LINK):
        found["linkage"] = ["which records are one person's"]
    done = in_words(operation for step in values.steps for operation in step.how)
    return _Column(
        end.column,
        lineage.named.meanings.get(end.column, ""),
        [(source, ", ".join(columns)) for source, columns in found.items()],
        done or "taken as it is",
    )


def _clauses(story: Story) -> list[tuple[str, str, Sequence[tuple[str, str]]]]:
    cited = by_document(story.lineage.grounds.clauses)
    return [
        (document, story.titles.get(document, ""), [(clause, clause_words(clause)) for clause in clauses])
        for document, clauses in cited.items()
    ]
