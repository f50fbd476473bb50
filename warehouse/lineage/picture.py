"""A lineage as a picture: agencies' files, linkage, core facts, mart, figure, from left to right.

Belongs here: which boxes there are, where they stand, what is tied to what, and the
clauses on the arrows. Does not: shapes (drawing.py), or facts (story.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from warehouse.lineage.clauses import by_document
from warehouse.lineage.drawing import (
    ACCENT,
    COLOURS,
    LINE,
    MUTED,
    STYLE,
    WASH,
    Box,
    Row,
    curve_svg,
    dot_svg,
    label_svg,
    lines_of,
    said,
    text_svg,
)
from warehouse.lineage.operations import in_words, told
from warehouse.lineage.story import FromSource, Story
from warehouse.lineage.trail import ROWS, Layer, Place

WIDTH = 1200
_TOP = 186
_GAP = 16
_MOST_COLUMNS = 9

_X = (20.0, 354.0, 548.0, 786.0, 1012.0)
_WIDTHS = (224.0, 122.0, 160.0, 176.0, 168.0)

_HEADINGS = ("Agencies' files", "Linked", "Facts", "The mart", "What is shown")

_FACTS = {
    "demographic": "What records say of a person",
    "service_month": "Months served",
    "spell": "Time in the program",
    "event": "Events",
}
_CORE_COLUMNS = {
    "person_key": "whose it is",
    "study_id": "whose it is",
    "start_date": "first day",
    "end_date": "last day",
    "exit_reason": "reason for leaving",
    "attribute": "kind of time",
    "event_date": "day",
    "event_type": "kind of event",
    "value": "amount",
    "detail": "detail",
    "month": "month",
    "cost": "cost",
    "as_of": "as of",
}


def as_svg(story: Story) -> str:
    """Return the picture, self-contained, 1,200 pixels wide."""
    return _Picture(story).svg()


@dataclass
class _Picture:
    """One picture being laid out: five columns of boxes."""

    story: Story

    def __post_init__(self) -> None:
        self._steps = self.story.lineage.whole.steps
        self._values = self.story.lineage.values.steps
        names = [source.source for source in self.story.sources]
        self._colour = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
        self._columns = [self._files(), [self._linkage()], self._facts(), [self._mart()], [self._figure()]]
        for boxes, x, width in zip(self._columns, _X, _WIDTHS, strict=True):
            for box in boxes:
                box.x, box.width = x, width
        self._level()
        tallest = max(_height(boxes) for boxes in self._columns)
        link = self._columns[1][0]
        link.stretched = min(tallest, link.head + 34.0 * (1 + max(map(len, self._columns))))
        for boxes in self._columns:
            _stand(boxes, tallest)
        self._bottom = _TOP + tallest
        self._box = {box.key: box for boxes in self._columns for box in boxes}

    def svg(self) -> str:
        """Return the whole picture."""
        named = self.story.lineage.named
        foot = list(self._foot())
        height = self._bottom + 34 + 17 * len(foot) + 14
        key = re.sub(r"\W+", "-", named.name)
        return "".join(
            [
                (
                    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
                    f'width="{WIDTH}" height="{height:.0f}" role="img" aria-labelledby="t-{key} d-{key}">'
                ),
                f'<title id="t-{key}">{escape(named.title)}: where it comes from</title>',
                f'<desc id="d-{key}">{escape(self.story.when)} {escape(self.story.permitted)}</desc>',
                f"<style>{STYLE}</style>",
                f'<rect width="{WIDTH}" height="{height:.0f}" fill="{WASH}"/>',
                *self._head(),
                *self._row_curves(),
                *self._value_curves(),
                *(box.svg() for boxes in self._columns for box in boxes),
                *self._joining(),
                *self._arrow_labels(),
                *self._legend(),
                *foot,
                "</svg>",
            ]
        )

    def _level(self) -> None:
        """Give a mart and what is shown of it rows of the same heights, so that they stand side by side."""
        mart, figure = self._columns[3][0], self._columns[4][0]
        if [row.key for row in mart.rows] != [row.key for row in figure.rows]:
            return
        pairs = zip(mart.rows, figure.rows, strict=True)
        most = [max(len(a.said), len(b.said)) for a, b in pairs]
        for box in (mart, figure):
            box.rows = tuple(row.padded(lines) for row, lines in zip(box.rows, most, strict=True))
        head = max(mart.head, figure.head)
        mart.least_head = figure.least_head = head

    # Boxes, from left to right

    def _files(self) -> list[Box]:
        return [self._file(source) for source in self.story.sources]

    def _file(self, source: FromSource) -> Box:
        shown = source.values[:_MOST_COLUMNS]
        rows = [Row(given.column, given.column, said(given.meaning, _WIDTHS[0], 1)) for given in shown]
        more = len(source.values) - len(shown)
        names = {given.column for given in source.values}
        deciding = len([given for given in source.rows if given.column not in names])
        notes = [
            f"and {more} more that give values" if more else "",
            f"{deciding} more only decide which records count" if deciding and source.values else "",
            f"{deciding} columns only decide which records count" if deciding and not source.values else "",
        ]
        under = (source.arrived, *(note for note in notes if note))
        return Box(f"file:{source.source}", source.title, under, tuple(rows), self._colour[source.source])

    def _linkage(self) -> Box:
        link = self.story.lineage.link
        if link is None:
            return Box("link", "Not linked yet")
        under = (
            f"Model {link.model}, {link.created_at[:10]}.",
            "Says which records are one person's. It sees encodings; names stay in the vault.",
        )
        return Box("link", f"Link version {link.version}", under)

    def _facts(self) -> list[Box]:
        tables: dict[str, list[Place]] = {}
        for step in self._steps:
            if step.end.layer is Layer.MART and step.start.layer in (Layer.CORE, Layer.PERSON):
                tables.setdefault(step.start.table, []).append(step.start)
        order = sorted(tables, key=lambda table: ("." not in table, table))
        return [self._fact(table, tables[table]) for table in order]

    def _fact(self, table: str, places: Sequence[Place]) -> Box:
        giving = {s.start.column for s in self._values if s.start in places and s.end.layer is Layer.MART}
        rows = tuple(self._fact_row(places[0].layer, table, name) for name in sorted(giving - {ROWS}))
        source, _, fact = table.partition(".")
        if not fact:
            voters = {s.start.source for s in self._steps if s.end.layer is Layer.PERSON}
            under = f"the best known, by vote among {len(voters)} sources"
            return Box(_key(places[0]), "The person", (under,), rows, MUTED)
        title = next((s.title for s in self.story.sources if s.source == source), source)
        only = () if rows else ("decide which records count",)
        return Box(_key(places[0]), _FACTS.get(fact, fact), (title, *only), rows, self._colour[source])

    def _fact_row(self, layer: Layer, table: str, column: str) -> Row:
        into = [s for s in self._steps if s.end == Place(layer, table, column) and not s.rows]
        done = "" if layer is Layer.PERSON else in_words(told(o for step in into for o in step.how))
        name = _CORE_COLUMNS.get(column, column.replace("_", " "))
        return Row(column, name, said(done, _WIDTHS[2], 1))

    def _mart(self) -> Box:
        lineage = self.story.lineage
        named = lineage.named
        table = f"{named.project}/{named.mart}"
        version = f"version {lineage.version}" if lineage.version else "not built"
        used = {p.column for p in lineage.values.places(Layer.MART)} | {
            place.column for place in named.ends if place.layer is Layer.MART
        }
        rows = tuple(self._mart_row(table, column) for column in self._in_order(used - {ROWS}))
        groups = [s.start.column for s in lineage.rows.steps if s.end.layer is Layer.FIGURE and s.rows]
        by = ", ".join(sorted({name for name in groups if name not in used | {ROWS}}))
        grouped = (f"also groups and periods: {by}",) if by else ()
        return Box(f"mart:{table}", named.mart, (f"{named.project}, {version}", *grouped), rows)

    def _mart_row(self, table: str, column: str) -> Row:
        place = Place(Layer.MART, table, column)
        done = told(operation for s in self._steps if s.end == place for operation in s.how)
        return Row(column, column, said(in_words(done) or "taken as it is", _WIDTHS[3], 3))

    def _figure(self) -> Box:
        named = self.story.lineage.named
        figures = self.story.lineage.whole.places(Layer.FIGURE)
        columns = self._in_order({p.column for p in figures or named.ends} - {ROWS})
        rows = tuple(
            Row(name, name.replace("_", " "), said(named.meanings.get(name, ""), _WIDTHS[4], 3))
            for name in columns
        )
        return Box("figure", named.title, (named.kind,), rows, ACCENT, mono=False)

    def _in_order(self, names: set[str]) -> list[str]:
        declared = list(self.story.lineage.named.meanings)
        return sorted(names, key=lambda n: (declared.index(n) if n in declared else len(declared), n))

    # What is tied to what

    def _value_curves(self) -> Iterator[str]:
        yield from self._to_linkage()
        for step in self._values:
            if step.end.layer is Layer.MART and step.start.layer in (Layer.CORE, Layer.PERSON):
                yield self._curve(_key(step.start), step.start.column, self._mart_key, step.end.column)
            elif step.end.layer is Layer.FIGURE and step.start.layer is Layer.MART:
                yield self._curve(self._mart_key, step.start.column, "figure", step.end.column)
        if not self.story.lineage.whole.places(Layer.FIGURE):
            for place in self.story.lineage.named.ends:
                yield self._curve(self._mart_key, place.column, "figure", place.column)

    def _to_linkage(self) -> Iterator[str]:
        link = self._box["link"]
        files, facts = self._columns[0], self._columns[2]
        for i, box in enumerate(files):
            yield curve_svg(box.right, (link.x, self._tied(i, len(files))), box.colour, 3, 0.55)
        for i, box in enumerate(facts):
            start = (link.x + link.width, self._tied(i, len(facts)))
            yield curve_svg(start, box.left, box.colour, 3, 0.4)

    def _tied(self, i: int, of: int) -> float:
        """Return how high on the linkage's box the i-th of some curves is tied, below its text."""
        link = self._box["link"]
        return link.y + link.head + (link.height - link.head) * (i + 1) / (of + 1)

    def _joining(self) -> Iterator[str]:
        """Draw records of all sources coming together in people, and people in facts."""
        link = self._box["link"]
        centre = (link.x + link.width / 2, link.y + link.head + (link.height - link.head) / 2)
        sides = ((self._columns[0], link.x), (self._columns[2], link.x + link.width))
        for boxes, x in sides:
            for i, box in enumerate(boxes):
                at = self._tied(i, len(boxes))
                left, right = ((x, at), centre) if x < centre[0] else (centre, (x, at))
                yield curve_svg(left, right, box.colour, 1.6, 0.4)
                yield dot_svg(x, at, 3.5, box.colour)
        yield dot_svg(*centre, 21, ACCENT, filled=False)
        yield text_svg(centre[0], centre[1] + 4, "people", 11, "b", "middle")

    def _row_curves(self) -> Iterator[str]:
        """Tie each fact that decides rows to the mart by one broken line."""
        deciding = {
            _key(s.start)
            for s in self._steps
            if s.rows and s.end.layer is Layer.MART and s.start.layer in (Layer.CORE, Layer.PERSON)
        }
        mart = self._box[self._mart_key]
        for key in sorted(deciding):
            yield curve_svg(self._box[key].right, mart.left, MUTED, 1.1, 0.55, "2 4")
        yield curve_svg(mart.right, self._box["figure"].left, MUTED, 1.1, 0.55, "2 4")

    def _curve(self, start: str, row: str, end: str, end_row: str) -> str:
        left, right = self._box[start], self._box[end]
        y1, y2 = left.row_at(row), right.row_at(end_row)
        begin = (left.right[0], left.right[1] if y1 is None else y1)
        arrive = (right.left[0], right.left[1] if y2 is None else y2)
        return curve_svg(begin, arrive, left.colour)

    @property
    def _mart_key(self) -> str:
        return self._columns[3][0].key

    # Words around it

    def _head(self) -> Iterator[str]:
        named = self.story.lineage.named
        yield text_svg(20, 30, "WHERE IT COMES FROM", 11, "b q")
        yield text_svg(20, 58, named.title, 24, "b")
        yield text_svg(20, 80, self.story.when, 13, "q")
        for i, (heading, x, width) in enumerate(zip(_HEADINGS, _X, _WIDTHS, strict=True), 1):
            yield (
                f'<rect x="{x}" y="104" width="{width}" height="30" rx="15" fill="{ACCENT}" '
                f'fill-opacity="{0.1 if i < 5 else 0.9}"/>'
            )
            kind = "b" if i < 5 else "b w"
            yield text_svg(x + width / 2, 124, f"{i}  {heading}", 13, kind, "middle")
        for i, lines in enumerate(self._between()):
            x1, x2 = _X[i] + _WIDTHS[i] + 3, _X[i + 1] - 3
            yield curve_svg((x1, 119), (x2 - 4, 119), LINE, 2, 1)
            yield f'<path d="M{x2 - 6:.1f} 115l6 4l-6 4z" fill="{MUTED}"/>'
            if lines:
                yield label_svg((x1 + x2) / 2, 139 + 5.5 * len(lines), lines, MUTED, 9)

    def _between(self) -> list[list[str]]:
        """Return the clauses on the four arrows between the headings."""
        found = by_document(self.story.lineage.grounds.clauses)
        license_ = next((d for d in found if any(c.startswith("fields") for c in found[d])), "")
        agreements = {names[0] for names in self.story.lineage.grounds.of_source.values() if names}
        sending = {c for d in agreements for c in found.get(d, ()) if c in ("tables", "derived", "term")}
        linking = {c for d in agreements for c in found.get(d, ()) if c.startswith("linkage.")}
        own = {c.partition(".")[0] for c in found.get(license_, ())} & {"fields", "purpose", "agreements"}
        release = [[d, c] for d in found for c in found[d] if c.startswith("release")]
        return [
            ["each agreement", ", ".join(sorted(sending))] if sending else [],
            ["each agreement", *sorted(linking)] if linking else [],
            [license_, ", ".join(sorted(own))] if own else [],
            release[0] if release else [],
        ]

    def _arrow_labels(self) -> Iterator[str]:
        """Put each agreement on the arrow of its source."""
        grounds = self.story.lineage.grounds
        link = self._box["link"]
        files = self._columns[0]
        for i, (box, source) in enumerate(zip(files, self.story.sources, strict=True)):
            documents = grounds.of_source.get(source.source, ())
            if not documents:
                continue
            x, y = (box.right[0] + link.x) / 2, (box.right[1] + self._tied(i, len(files))) / 2
            yield label_svg(x, y, lines_of(documents[0], 80, 9.5, 3), box.colour, bold=3)

    def _legend(self) -> Iterator[str]:
        y = self._bottom + 22
        yield curve_svg((20, y), (54, y), ACCENT, 2.4, 0.8)
        yield text_svg(62, y + 4, "gives values", 11.5, "q")
        yield curve_svg((160, y), (194, y), MUTED, 1.3, 0.8, "2 4")
        yield text_svg(202, y + 4, "decides which records count", 11.5, "q")
        words = "Each source has a colour. Small print in a box says what is done on the way."
        yield text_svg(400, y + 4, words, 11.5, "q")

    def _foot(self) -> Iterator[str]:
        grounds = self.story.lineage.grounds
        refused = [f"{text} ({document}, {clause})" for text, document, clause in grounds.reasons]
        cited = ", ".join(by_document(grounds.clauses))
        lines = [self.story.permitted, *refused, f"Documents: {cited}." if cited else ""]
        told_lines = [line for text in lines if text for line in lines_of(text, WIDTH - 160, 11.5, 6)]
        for i, line in enumerate(told_lines):
            yield text_svg(20, self._bottom + 50 + 17 * i, line, 11.5, "" if i == 0 else "q")


def _key(place: Place) -> str:
    return f"{place.layer}:{place.table}"


def _height(boxes: Sequence[Box]) -> float:
    return sum(box.height for box in boxes) + _GAP * max(0, len(boxes) - 1)


def _stand(boxes: Sequence[Box], tallest: float) -> None:
    """Stand boxes one under another, with even gaps, in the middle of the picture."""
    spare = tallest - _height(boxes)
    gap = _GAP + min(44.0, spare / max(1, len(boxes)))
    y = _TOP + (tallest - sum(box.height for box in boxes) - gap * (len(boxes) - 1)) / 2
    for box in boxes:
        box.y = y
        y += box.height + gap
