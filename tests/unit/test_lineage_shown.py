"""A lineage as people are shown it: text, picture, page; from documents alone, without a home."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from data_sharing_agreements.decisions import Request, decide
from data_sharing_agreements.registry import LinkVersion
from tests.lineage_support import STATES
from warehouse.lineage.clauses import by_document, clause_words
from warehouse.lineage.drawing import lines_of
from warehouse.lineage.grounds import Arrival, Grounds
from warehouse.lineage.naming import find, names_of
from warehouse.lineage.picture import WIDTH, as_svg
from warehouse.lineage.report import Lineage
from warehouse.lineage.story import Story, story_of
from warehouse.lineage.text import WIDTH as TEXT_WIDTH
from warehouse.lineage.text import as_text
from warehouse.lineage.trail import Trail

SVG = "{http://www.w3.org/2000/svg}"
DAY = "2026-06-01"
LINK = LinkVersion(3, "2026-05-30T01:02:03", "commonweal-1", {"threshold": 0.9}, "h", 10, 9, {})
NAMES = [(name, asked) for name, state in STATES.items() for asked in names_of(state.deployment)]


def told(name: str, asked: str, *, version: str | None = "2", entry: int | None = 41) -> Story:
    """The story of a name of a deployment, as if it had been published on `DAY`."""
    state = STATES[name]
    deployment, agreements = state.deployment, state.agreements
    named = find(deployment, asked)
    laid = Trail.of([*state.trails[named.project].steps, *named.last.steps])
    values, rows = laid.behind_values(named.ends), laid.behind_rows(named.ends)
    sources = Trail.of([*values.steps, *rows.steps]).sources()
    dsas = {source: agreements.by_source[source] for source in sources}
    request = Request(
        "build", sources=frozenset(sources), fields=licensed(name, named.project), project=named.project
    )
    decision = decide(request, agreements, date.fromisoformat(DAY))
    documents = (agreements.emou, *dsas.values(), agreements.dul_for(named.project))
    cited = decision.clauses if decision.permitted else [(d.id, "tables") for d in documents]
    grounds = Grounds(
        day=DAY,
        entry=entry,
        deliveries=tuple(
            Arrival(s, "2023Q1", f"id-{s}", f"{i}" * 64, DAY, ((f"{s}.csv", f"{i}e" * 32),))
            for i, s in enumerate(sources)
        ),
        clauses=tuple((document, clause) for document, clause in cited),
        documents={d.id: (d.version, "0" * 64) for d in documents},
        of_source={s: (d.id, *(use.code for use in d.legal_basis)) for s, d in dsas.items()},
    )
    lineage = Lineage(named, values, rows, grounds.narrowed(sources), LINK, version)
    return story_of(lineage, state.contracts, agreements)


def licensed(name: str, project: str) -> frozenset[str]:
    state = STATES[name]
    specs = state.marts[project]
    traces = [trace for spec in specs for trace in state.traces[spec.place].values()]
    return frozenset().union(*(trace.fields for trace in traces))


@pytest.mark.parametrize(("name", "asked"), NAMES)
def test_every_name_has_a_picture_that_stands_alone(name: str, asked: str) -> None:
    story = told(name, asked)
    svg = as_svg(story)
    root = ET.fromstring(svg)
    assert root.get("width") == str(WIDTH)
    height = float(root.get("height", "0"))
    assert not re.search(
        r"<(image|script|foreignObject|use)\b|@import|url\(|https?:", svg.replace(SVG[1:-1], "")
    )
    shown = "".join(root.itertext())
    for source in story.sources:
        assert "".join(source.title.split())[:12] in "".join(shown.split())
    assert "Link version 3" in shown
    assert "entry 41 of the log" in shown
    for text in root.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x", "-1")) <= WIDTH
        assert 0 <= float(text.get("y", "-1")) <= height
    for box in root.iter(f"{SVG}rect"):
        assert float(box.get("x", "0")) + float(box.get("width", "0")) <= WIDTH


@pytest.mark.parametrize(("name", "asked"), NAMES)
def test_boxes_do_not_lie_on_one_another(name: str, asked: str) -> None:
    root = ET.fromstring(as_svg(told(name, asked)))
    boxes = [r for r in root.iter(f"{SVG}rect") if r.get("rx") == "9"]
    places = [tuple(float(box.get(key, "0")) for key in ("x", "y", "width", "height")) for box in boxes]
    assert len(places) >= 5
    for i, (x, y, w, h) in enumerate(places):
        for x2, y2, w2, h2 in places[i + 1 :]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


@pytest.mark.parametrize(("name", "asked"), NAMES)
def test_every_name_has_a_text_with_sources_first_and_clauses_last(name: str, asked: str) -> None:
    story = told(name, asked)
    text = as_text(story)
    assert max(map(len, text.splitlines())) <= TEXT_WIDTH
    parts = ["Its values come from", "Which records count", "How records were joined", "What permits it"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    clauses = text[places[-1] :]
    for source in story.sources:
        assert source.title in " ".join(text.split())
        assert story.lineage.grounds.of_source[source.source][0] in clauses
        for given in source.values:
            assert given.column in text


def test_every_file_is_told_by_its_own_hash() -> None:
    story = told("evergreen", "leaver_earnings")
    text, shown = " ".join(as_text(story).split()), story.lineage.to_json()["deliveries"]
    for arrival, found in zip(story.lineage.grounds.deliveries, shown, strict=True):
        ((name, sha256),) = arrival.files
        assert f"{sha256[:12]} {name}" in text
        assert arrival.sha256[:12] not in text
        assert found["files"] == [{"name": name, "sha256": sha256}]
        assert found["sha256"] == arrival.sha256


def test_files_come_to_the_delivery_they_are_of() -> None:
    grounds = told("evergreen", "leaver_earnings").lineage.grounds
    first, second, *_ = grounds.deliveries
    files = (("a.csv", "a" * 64),)
    found = grounds.with_files({second.id: files}).deliveries
    assert [found[0].files, found[1].files] == [(), files]
    assert found[0].id == first.id


def test_a_mart_of_many_columns_shows_each() -> None:
    story = told("evergreen", "tanf-leavers/leaver_earnings")
    svg = as_svg(story)
    for place in story.lineage.named.ends:
        assert f">{place.column}<" in svg
        assert f">{place.column.replace('_', ' ')}<" in svg


def test_an_indicator_shows_its_parts() -> None:
    svg = as_svg(told("evergreen", "tanf_leavers_employed"))
    assert all(f">{part}<" in svg for part in ("numerator", "denominator", "value", "employed", "followed"))


def test_markup_in_a_title_is_text() -> None:
    story = told("anytown", "low_wages")
    named = replace(story.lineage.named, title="<b>Wages & more</b>")
    svg = as_svg(replace(story, lineage=replace(story.lineage, named=named)))
    assert "&lt;b&gt;" in svg
    assert ET.fromstring(svg) is not None


def test_what_is_not_built_yet_is_said_so() -> None:
    story = told("anytown", "low_wages", version=None, entry=None)
    assert "would rest on" in story.when
    assert "would be permitted" in story.permitted
    refused = replace(story.lineage.grounds, permitted=False, reasons=(("No.", "DUL-1", "term"),))
    story = replace(story, lineage=replace(story.lineage, grounds=refused))
    assert "would be refused" in story.permitted
    assert "DUL-1, clause term" in " ".join(as_text(story).split())


def test_grounds_are_narrowed_to_the_sources_of_a_column() -> None:
    grounds = told("evergreen", "tanf-leavers/leaver_earnings").lineage.grounds
    narrow = grounds.narrowed(["esd_wages"])
    assert {d.source for d in narrow.deliveries} == {"esd_wages"}
    own = {document for document, _ in narrow.clauses}
    assert "DSA-ESD-WAGES" in own
    assert not own & {"DSA-DSHS-TANF", "tanf-45-cfr-205"}
    assert any(document.startswith("DUL") for document in own)
    assert any(document.startswith("EMOU") for document in own)
    assert Grounds.from_json(grounds.to_json()) == grounds.with_files({})


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        ("term", "in force on the day"),
        ("fields.esd_wages", "the columns the project may use (esd_wages)"),
        ("recipients.0.valid_until", "who may use it"),
        ("some.new_clause", "some, new clause"),
    ],
)
def test_clauses_have_words(clause: str, words: str) -> None:
    assert clause_words(clause) == words


def test_clauses_are_gathered_by_document() -> None:
    assert by_document([("A", "x"), ("B", "y"), ("A", "z"), ("A", "x")]) == {"A": ["x", "z"], "B": ["y"]}


def test_text_that_does_not_fit_is_cut_and_never_squeezed() -> None:
    assert lines_of("one two three four five six", 40, 10, 2) == ["one two", "three…"]
    assert lines_of("short", 200, 10) == ["short"]
    assert lines_of("", 200, 10) == []


def test_a_version_that_was_destroyed_says_so_beside_its_name() -> None:
    story = told(*NAMES[0])
    gone = replace(story, lineage=replace(story.lineage, destroyed=date(2026, 6, 9)))
    assert "Data destroyed on 2026-06-09." in as_text(gone)
    assert "Data destroyed on 2026-06-09." in as_svg(gone)
    assert gone.lineage.to_json()["destroyed"] == "2026-06-09"
    assert "destroyed on" not in story.when
    assert story.lineage.to_json()["destroyed"] is None
