"""The table of states as pictures: Mermaid for the page, SVG for whoever has no Mermaid.

Belongs here: drawing `TRANSITIONS`, and bringing the page and the pictures up to date.
Does not: the table (`states.py`). Only where boxes stand is said here; every box, arrow
and word comes from the table. Run this module after changing the table:
`python -m data_sharing_agreements.lifecycle.diagram`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

from data_sharing_agreements.lifecycle.states import (
    AGREEMENTS,
    PROJECTS,
    TRANSITIONS,
    Day,
    State,
    Transition,
    When,
)
from data_sharing_agreements.vocabulary import Tier

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "lifecycle.md"
IMAGES = ROOT / "docs" / "images"

RUNNING = (State.APPROVED, State.ACTIVE, State.SUSPENDED)
"""States drawn inside one frame; an arrow from at least two of them starts at the frame."""

FRAME = "frame"
WIDTH, HEIGHT, LINE = 124, 40, 14

_FAINT = 'fill="#ffffff" fill-opacity="0.85"'
_SMALL = 'text-anchor="middle" font-size="11" fill="#41566b"'

_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" '
    'font-family="system-ui, sans-serif" font-size="13">'
)
_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="#41566b"/></marker></defs>'
)

_DAYS = {
    Day.START: "first day",
    Day.EXPIRY: "last day over",
    Day.NEXT_VERSION: "next version in force",
    Day.SILENCE: "days to object over",
}


@dataclass(frozen=True)
class Layout:
    """Where boxes stand (their centres) and which arrows go round a corner.

    Args:
        tiers: The tiers drawn.
        size: Width and height of the picture.
        places: Centre of each state.
        frame: Left, top, width and height of the frame.
        ways: For some arrows, the points they pass, the first on the box they leave.
    """

    tiers: frozenset[Tier]
    size: tuple[int, int]
    places: Mapping[State, tuple[int, int]]
    frame: tuple[int, int, int, int]
    ways: Mapping[tuple[str, str], tuple[tuple[int, int], ...]]


LAYOUTS: Mapping[str, Layout] = {
    "agreements": Layout(
        AGREEMENTS,
        (1120, 360),
        {
            State.DRAFT: (80, 80),
            State.IN_REVIEW: (290, 80),
            State.APPROVED: (530, 80),
            State.ACTIVE: (740, 80),
            State.SUSPENDED: (635, 210),
            State.EXPIRED: (1030, 80),
            State.SUPERSEDED: (1030, 160),
            State.TERMINATED: (1030, 240),
        },
        (450, 40, 370, 220),
        {
            ("frame", "in_review"): ((450, 170), (290, 170), (290, 100)),
            ("frame", "expired"): ((820, 80), (968, 80)),
            ("frame", "superseded"): ((820, 160), (968, 160)),
            ("frame", "terminated"): ((820, 240), (968, 240)),
            ("in_review", "terminated"): ((250, 100), (250, 320), (1030, 320), (1030, 260)),
        },
    ),
    "projects": Layout(
        PROJECTS,
        (1120, 620),
        {
            State.DRAFT: (80, 60),
            State.PROPOSED: (262, 60),
            State.FIT: (438, 60),
            State.DESIGN: (608, 60),
            State.PARTNER_REVIEW: (820, 60),
            State.BOARD_REVIEW: (1030, 200),
            State.APPROVED: (820, 300),
            State.ACTIVE: (600, 300),
            State.SUSPENDED: (710, 420),
            State.EXPIRED: (310, 290),
            State.SUPERSEDED: (310, 370),
            State.TERMINATED: (310, 450),
            State.CLOSING: (310, 540),
            State.DESTROYED: (80, 450),
        },
        (520, 260, 380, 200),
        {
            ("frame", "partner_review"): ((784, 260), (784, 80)),
            ("partner_review", "approved"): ((870, 80), (870, 280)),
            ("partner_review", "board_review"): ((882, 60), (1030, 60), (1030, 180)),
            ("board_review", "approved"): ((1030, 220), (1030, 300), (882, 300)),
            ("frame", "expired"): ((520, 290), (372, 290)),
            ("frame", "superseded"): ((520, 370), (372, 370)),
            ("frame", "terminated"): ((520, 450), (372, 450)),
            ("frame", "closing"): ((710, 460), (710, 540), (372, 540)),
            ("partner_review", "terminated"): ((766, 80), (766, 150), (216, 150), (216, 440), (248, 440)),
            ("board_review", "terminated"): ((1060, 220), (1060, 595), (204, 595), (204, 460), (248, 460)),
            ("expired", "closing"): ((248, 300), (192, 300), (192, 530), (248, 530)),
            ("terminated", "closing"): ((310, 470), (310, 520)),
            ("expired", "destroyed"): ((248, 280), (80, 280), (80, 430)),
            ("terminated", "destroyed"): ((248, 450), (142, 450)),
            ("closing", "destroyed"): ((248, 550), (80, 550), (80, 470)),
        },
    ),
}


def arrows(tiers: frozenset[Tier]) -> dict[tuple[State, State], tuple[str, ...]]:
    """Return what leads from each state to each other one, in words, in the order of the table."""
    found: dict[tuple[State, State], list[str]] = {}
    for row in _rows(tiers):
        words = found.setdefault((row.source, row.target), [])
        if label(row) not in words:
            words.append(label(row))
    return {pair: tuple(words) for pair, words in found.items()}


def label(row: Transition) -> str:
    """Return what moves a document along one row, in words."""
    if isinstance(row.trigger, Day):
        return _DAYS[row.trigger]
    return row.trigger.value.replace("_", " ")


def mermaid(tiers: frozenset[Tier]) -> str:
    """Return the states of some tiers as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    direction LR", f"    [*] --> {State.DRAFT}"]
    lines += [f"    {a} --> {b}: {', '.join(words)}" for (a, b), words in arrows(tiers).items()]
    return "\n".join(lines)


def table(tiers: frozenset[Tier]) -> str:
    """Return the rows of some tiers as a Markdown table."""
    lines = ["| From | Through | By | If | To |", "|---|---|---|---|---|"]
    for row in _rows(tiers):
        who = ", ".join(sorted(w.value.replace("_", " ") for w in row.who)) or "the day"
        when = "" if row.when is When.ALWAYS else row.when.value
        only = " (memorandum)" if row.tiers == {Tier.EMOU} else ""
        only = (
            " (agreement, license)" if row.tiers == {Tier.DSA, Tier.DUL} and Tier.DUL not in tiers else only
        )
        cells = (row.source.words, label(row) + only, who, when, row.target.words)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def svg(layout: Layout) -> str:
    """Return the states of some tiers as a picture without any script or font of its own."""
    width, height = layout.size
    parts = [
        _HEAD.format(width, height),
        "<title>States of a document and what leads from one to the next</title>",
        _TIP,
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        _box(layout.frame, "#f4f7fa", "#c3cfdb", 14),
    ]
    merged = _merged(layout.tiers)
    parts += [_line(_way(layout, a, b)) for a, b in merged]
    parts += [_state(state, place) for state, place in layout.places.items()]
    parts += [_words(_way(layout, a, b), words) for (a, b), words in merged.items()]
    return "\n".join([*parts, "</svg>", ""])


def page(text: str) -> str:
    """Return the page with its diagrams and tables as the table of states says now."""
    for name, layout in LAYOUTS.items():
        drawn = f"```mermaid\n{mermaid(layout.tiers)}\n```\n\n{table(layout.tiers)}"
        start, end = f"<!-- {name}: generated -->", f"<!-- {name}: end -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}\n\n{drawn}\n\n{end}{rest.partition(end)[2]}"
    return text


def _rows(tiers: frozenset[Tier]) -> Iterable[Transition]:
    return (row for row in TRANSITIONS if row.tiers & tiers)


def _merged(tiers: frozenset[Tier]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the arrows drawn: between two states, or from the frame; not onto the same state."""
    found: dict[tuple[str, str], list[str]] = {}
    every = arrows(tiers)
    for (a, b), words in every.items():
        if a is b:
            continue
        together = [s for s in RUNNING if (s, b) in every]
        from_frame = a in RUNNING and b not in RUNNING and len(together) > 1
        held = found.setdefault((FRAME if from_frame else a.value, b.value), [])
        held += [word for word in words if word not in held]
    return {pair: tuple(words) for pair, words in found.items()}


def _way(layout: Layout, a: str, b: str) -> tuple[tuple[int, int], ...]:
    """Return the points an arrow passes: said, or straight from border to border."""
    if (a, b) in layout.ways:
        return layout.ways[(a, b)]
    (x1, y1), (x2, y2) = layout.places[State(a)], layout.places[State(b)]
    aside = 26 if y1 != y2 else 0
    aside = aside if x1 < x2 or (x1 == x2) else -aside
    if y1 == y2:
        sign = 1 if x2 > x1 else -1
        return ((x1 + sign * WIDTH // 2, y1), (x2 - sign * WIDTH // 2, y2))
    down = 1 if y2 > y1 else -1
    return ((x1 + aside, y1 + down * HEIGHT // 2), (x2 + aside, y2 - down * HEIGHT // 2))


def _box(place: tuple[int, int, int, int], fill: str, stroke: str, radius: int) -> str:
    x, y, w, h = place
    return f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{radius}" fill="{fill}" stroke="{stroke}"/>'


def _state(state: State, place: tuple[int, int]) -> str:
    x, y = place
    active = state is State.ACTIVE
    fill, stroke, ink = ("#1d4f7c", "#1d4f7c", "#ffffff") if active else ("#ffffff", "#41566b", "#1b2733")
    box = _box((x - WIDTH // 2, y - HEIGHT // 2, WIDTH, HEIGHT), fill, stroke, 9)
    return f'{box}<text x="{x}" y="{y + 5}" text-anchor="middle" fill="{ink}">{escape(state.words)}</text>'


def _line(points: tuple[tuple[int, int], ...]) -> str:
    path = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="#41566b" marker-end="url(#tip)"/>'


def _words(points: tuple[tuple[int, int], ...], words: tuple[str, ...]) -> str:
    """Write what leads along an arrow: above its longest part, or upon it where it is steep."""
    (x1, y1), (x2, y2) = max(pairwise(points), key=lambda p: abs(p[0][0] - p[1][0]) + abs(p[0][1] - p[1][1]))
    x, y, tall = (x1 + x2) // 2, (y1 + y2) // 2, LINE * len(words)
    top = y - tall - 3 if y1 == y2 else y - tall // 2
    wide = max(map(len, words)) * 6 + 6
    behind = f'<rect x="{x - wide // 2}" y="{top}" width="{wide}" height="{tall}" {_FAINT}/>'
    lines = (
        f'<text x="{x}" y="{top + 11 + LINE * n}" {_SMALL}>{escape(line)}</text>'
        for n, line in enumerate(words)
    )
    return ("" if y1 == y2 else behind) + "".join(lines)


def export() -> None:
    """Bring the page and the pictures up to date."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, layout in LAYOUTS.items():
        (IMAGES / f"states-{name}.svg").write_text(svg(layout), encoding="utf-8")


if __name__ == "__main__":
    export()
