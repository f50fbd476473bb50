"""Drawing: boxes with rows, curves between them, text that fits; SVG and nothing else.

Belongs here: the few shapes the picture is made of. Does not: what is drawn where
(picture.py).

No font is loaded, so widths are estimated from the mean width of a letter; text that
would be too wide is broken or cut, never squeezed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from textwrap import wrap

INK, MUTED, LINE, WASH, ACCENT = "#1d2733", "#5b6b7b", "#cfd8df", "#f4f7f9", "#0b5c7a"
COLOURS = ("#0b6e8f", "#c07a1e", "#7a4b8c", "#3f7d4e", "#b0473b", "#4a5aa8", "#857420", "#5b6b7b")

_LETTER = 0.53
"""Mean width of a letter, in sizes of the type."""

_CAPITAL = 0.68
_MONO = 0.61
_PAD = 10
_LEAD = 1.28

STYLE = (
    "text{font-family:'Source Sans 3','Segoe UI',Helvetica,Arial,sans-serif;fill:#1d2733}"
    ".m{font-family:'Source Code Pro',Consolas,'DejaVu Sans Mono',monospace}"
    ".q{fill:#5b6b7b}.b{font-weight:700}.w{fill:#fff}"
    ".f{fill:none;stroke-linecap:round}"
    "@media print{.f{print-color-adjust:exact;-webkit-print-color-adjust:exact}}"
)


def lines_of(text: str, width: float, size: float, most: int = 2, *, mono: bool = False) -> list[str]:
    """Return text broken to a width, in at most so many lines, the last cut with …"""
    room = max(4, int(width / (size * (_MONO if mono else _LETTER))))
    lines = wrap(text, room, break_long_words=True, break_on_hyphens=True) or []
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    return [*lines[: most - 1], f"{last[: room - 1].rstrip(' ,;.')}…"]


def dot_svg(x: float, y: float, radius: float, colour: str, *, filled: bool = True) -> str:
    """Return a dot."""
    fill = colour if filled else "#fff"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}" stroke="{colour}"/>'


def text_svg(x: float, y: float, text: str, size: float, kind: str = "", anchor: str = "start") -> str:
    """Return one line of text; `kind` is a class or several of the style."""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}"{named}{where}>{escape(text)}</text>'


def curve_svg(
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    width: float = 1.6,
    opacity: float = 0.75,
    dashed: str = "",
) -> str:
    """Return a curve that leaves and arrives level, from left to right."""
    (x1, y1), (x2, y2) = start, end
    bend = (x2 - x1) * 0.5
    dash = f' stroke-dasharray="{dashed}"' if dashed else ""
    path = f"M{x1:.1f} {y1:.1f}C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    return (
        f'<path class="f" d="{path}" stroke="{colour}" stroke-width="{width}" '
        f'stroke-opacity="{opacity}"{dash}/>'
    )


def label_svg(x: float, y: float, lines: Sequence[str], colour: str, size: float = 9.5, bold: int = 1) -> str:
    """Return lines of small text on a white ground, centred on a point: a clause on an arrow.

    The first `bold` lines are bold.
    """
    wide = max(len(line) * (_CAPITAL if i < bold else _LETTER) for i, line in enumerate(lines)) * size + 10
    high = len(lines) * size * 1.22 + 5
    ground = (
        f'<rect x="{x - wide / 2:.1f}" y="{y - high / 2:.1f}" width="{wide:.1f}" height="{high:.1f}" '
        f'rx="5" fill="#fff" stroke="{colour}" stroke-opacity=".45"/>'
    )
    first = y - high / 2 + size + 1.5
    return ground + "".join(
        text_svg(x, first + i * size * 1.22, line, size, "b" if i < bold else "q", "middle")
        for i, line in enumerate(lines)
    )


@dataclass(frozen=True)
class Row:
    """A row of a box: a name, and what is said of it. `key` is what curves are tied to."""

    key: str
    name: str
    said: tuple[str, ...] = ()

    @property
    def height(self) -> float:
        """Height in pixels."""
        return 20 + 12.5 * len(self.said)

    def padded(self, lines: int) -> Row:
        """Return the row as high as if it said so many lines."""
        return replace(self, said=(*self.said, *[""] * (lines - len(self.said))))


@dataclass
class Box:
    """A box: a title, lines under it, rows.

    Args:
        key: What curves to the box itself are tied to.
        title: Its title, broken to the width.
        under: Lines under the title.
        rows: Its rows.
        colour: Of its edge.
        mono: Whether rows are named by code.
        x, y, width: Place and width; the layout sets them.
        stretched, least_head: Least height, of the box and of title and lines under it.
    """

    key: str
    title: str
    under: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    colour: str = ACCENT
    mono: bool = True
    x: float = 0
    y: float = 0
    width: float = 0
    stretched: float = 0
    least_head: float = 0

    @property
    def head(self) -> float:
        """Height of title and lines under it."""
        return max(self.least_head, 10 + 16 * len(self._title) + 13 * len(self._under) + 5)

    @property
    def height(self) -> float:
        """Height in pixels."""
        own = self.head + sum(row.height for row in self.rows) + (5 if self.rows else 3)
        return max(own, self.stretched)

    @property
    def left(self) -> tuple[float, float]:
        """Where curves to the box arrive."""
        return self.x, self.y + min(self.head, self.height) / 2

    @property
    def right(self) -> tuple[float, float]:
        """Where curves of the box leave."""
        return self.x + self.width, self.y + min(self.head, self.height) / 2

    def row_at(self, key: str) -> float | None:
        """Return the height on the page at which a row stands, or None."""
        top = self.y + self.head
        for row in self.rows:
            if row.key == key:
                return top + min(row.height, 19) / 2 + 1
            top += row.height
        return None

    @property
    def _title(self) -> list[str]:
        return lines_of(self.title, self.width - 2 * _PAD, 12.5, 3)

    @property
    def _under(self) -> list[str]:
        return [line for text in self.under for line in lines_of(text, self.width - 2 * _PAD, 10.5, 6)]

    def svg(self) -> str:
        """Return the box."""
        parts = [
            (
                f'<rect x="{self.x:.1f}" y="{self.y:.1f}" width="{self.width:.1f}" '
                f'height="{self.height:.1f}" rx="9" fill="#fff" stroke="{self.colour}" '
                f'stroke-opacity=".55" stroke-width="1.2"/>'
            ),
            (
                f'<rect x="{self.x:.1f}" y="{self.y + 8:.1f}" width="3.5" height="{self.head - 13:.1f}" '
                f'rx="1.7" fill="{self.colour}"/>'
            ),
        ]
        y = self.y + 22
        for line in self._title:
            parts.append(text_svg(self.x + _PAD, y, line, 12.5, "b"))
            y += 16
        y -= 2.5
        for line in self._under:
            parts.append(text_svg(self.x + _PAD, y, line, 10.5, "q"))
            y += 13
        return "".join([*parts, *self._rows_svg()])

    def _rows_svg(self) -> list[str]:
        parts: list[str] = []
        top = self.y + self.head
        room = self.width - 2 * _PAD
        for row in self.rows:
            name = lines_of(row.name, room, 11 if self.mono else 11.5, 1, mono=self.mono)
            size, kind = (11, "m") if self.mono else (11.5, "b")
            parts.append(text_svg(self.x + _PAD, top + 14, name[0] if name else "", size, kind))
            for i, line in enumerate(row.said):
                parts.append(text_svg(self.x + _PAD, top + 26.5 + 12.5 * i, line, 10, "q"))
            top += row.height
        return parts


def said(text: str, width: float, most: int = 2) -> tuple[str, ...]:
    """Return what a row of a box of this width says, in at most so many lines."""
    return tuple(lines_of(text, width - 2 * _PAD, 10, most))
