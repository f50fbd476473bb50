"""Pictures of the linkage report, one a table's row: bars, and values with their intervals.

Belongs here: scales, and drawing on them. Does not: any number of its own; the numbers
stand in the row beside the picture, so that it is hidden from readers that speak.

A picture is SVG in percent of its cell's width, so that it is as legible on a telephone as on a
wall, prints, and needs no program. What a mark means is told by its form as well as by
its colour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

_HEIGHT = 22
_LANES = {1: (11.0,), 2: (6.5, 15.5), 3: (4.5, 11.0, 17.5)}
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 4, 5, 10, 20, 25, 50, 100)
_MOST_TICKS = 6
_MOST_WRITTEN = 4


@dataclass(frozen=True)
class Scale:
    """What a picture's width stands for.

    Args:
        low, high: Values at its left and right end.
        ticks: Values marked, and how they are written.
        unit: What is measured, in which unit.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    unit: str

    def at(self, value: float) -> float:
        """Return where a value lies, in percent of the width; outside values at the end."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    @property
    def axis(self) -> Markup:
        """The ticks, written out; every second of many, so that they stand apart where it is narrow."""
        written = self.ticks[::-1][:: 1 if len(self.ticks) <= _MOST_WRITTEN else 2]
        drawn = [
            Markup('<text x="{}%" y="14" text-anchor="{}">{}</text>').format(
                self.at(value), _anchor(self.at(value)), text
            )
            for value, text in reversed(written)
        ]
        return _svg([*self._lines(), *drawn], "axis")

    def _lines(self) -> list[Markup]:
        return [
            Markup('<line class="grid" x1="{0}%" x2="{0}%" y1="0" y2="100%"/>').format(self.at(value))
            for value, _ in self.ticks
        ]

    def bar(self, start: float, end: float, kind: str) -> Markup:
        """Draw a bar from one value to another.

        Args:
            start, end: In either order.
            kind: Class it is coloured by: `for`, `against`, `sum`.
        """
        low, high = sorted((self.at(start), self.at(end)))
        width = round(max(high - low, 0.3), 2) if start != end else 0
        drawn = Markup('<rect class="{}" x="{}%" y="4" width="{}%" height="14"/>').format(kind, low, width)
        return _svg([*self._lines(), self._zero(), drawn])

    def marks(self, values: Sequence[tuple[float | None, Sequence[float] | None]]) -> Markup:
        """Draw up to three values, each with its interval if it has one: a circle, a diamond, a square."""
        lanes = _LANES[len(values)]
        drawn = [
            part
            for (value, interval), y, form in zip(values, lanes, _FORMS, strict=False)
            if value is not None
            for part in self._mark(value, interval, y, form)
        ]
        return _svg([*self._lines(), self._zero(), *drawn])

    def _mark(self, value: float, interval: Sequence[float] | None, y: float, form: str) -> Iterable[Markup]:
        if interval:
            yield Markup('<line class="{0}" x1="{1}%" x2="{2}%" y1="{3}" y2="{3}"/>').format(
                form, self.at(interval[0]), self.at(interval[1]), y
            )
        yield Markup('<svg x="{}%" y="{}" overflow="visible">{}</svg>').format(
            self.at(value), y, _FORMS[form]
        )

    def _zero(self) -> Markup:
        if not self.low < 0 < self.high:
            return Markup("")
        return Markup('<line class="zero" x1="{0}%" x2="{0}%" y1="0" y2="100%"/>').format(self.at(0))


_FORMS: Mapping[str, Markup] = {
    "first": Markup('<circle class="first" r="4.5"/>'),
    "second": Markup('<path class="second" d="M0-5.5 5.5 0 0 5.5-5.5 0z"/>'),
    "third": Markup('<rect class="third" x="-3.8" y="-3.8" width="7.6" height="7.6"/>'),
}


def legend(*words: str) -> Markup:
    """Say what each mark means."""
    parts = [
        Markup(
            '<span><svg width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true">{}</svg> {}</span>'
        ).format(form, word)
        for form, word in zip(_FORMS.values(), words, strict=False)
    ]
    return Markup('<p class="legend">{}</p>').format(Markup(" ").join(parts))


def percents(values: Iterable[float], unit: str, *, high: float = 1.0, zero: bool = False) -> Scale:
    """Return a scale of shares that ends at the whole, or at the largest of them."""
    known = list(values)
    low = 0.0 if zero else min(known, default=0.0)
    step = _step(high - low)
    low = 0.0 if zero else max(math.floor(low / step + 1e-9) * step, 0.0)
    high = math.ceil(high / step - 1e-9) * step
    digits = 0 if step >= 0.01 else 1
    return Scale(low, high, _ticks(low, high, step, lambda value: f"{value:.{digits}%}"), unit)


def bits(values: Iterable[float], unit: str) -> Scale:
    """Return a scale of weights, which holds nought."""
    known = [*values, 0.0]
    step = _step(max(known) - min(known) or 1.0)
    low, high = math.floor(min(known) / step) * step, math.ceil(max(known) / step) * step
    return Scale(low, high, _ticks(low, high, step, signed), unit)


def tenfold(values: Iterable[float], unit: str) -> Scale:
    """Return a scale of logarithms of shares, a tick for each tenth of the one before.

    Values are placed by `log10`.
    """
    lowest = min((value for value in values if value > 0), default=0.1)
    first = math.floor(math.log10(lowest) + 1e-9)
    step = max(1, math.ceil(-first / _MOST_TICKS))
    ticks = [(float(power), _one_in(power)) for power in range(0, first - 1, -step)]
    return Scale(float(first), 0.0, tuple(ticks), unit)


def counts(values: Iterable[int], unit: str) -> Scale:
    """Return a scale of counts from nought."""
    most = max(values, default=1) or 1
    step = 10 ** math.floor(math.log10(most))
    step = step if most / step >= 3 else step / 2
    high = math.ceil(most / step) * step
    return Scale(0.0, high, _ticks(0.0, high, step, lambda value: f"{value:,.0f}"), unit)


def signed(value: float) -> str:
    """Write a weight with its sign, a real minus."""
    return "0" if abs(value) < 0.5 else f"{value:+.0f}".replace("-", "−")


def _one_in(power: int) -> str:
    return (
        "always"
        if power == 0
        else f"1 in {10**-power:,}"
        if power > -6
        else f"1 in {10 ** (-power - 6):,} million"
    )


def _step(span: float) -> float:
    return next((step for step in _STEPS if span / step <= _MOST_TICKS), _STEPS[-1])


def _ticks(
    low: float, high: float, step: float, write: Callable[[float], str]
) -> tuple[tuple[float, str], ...]:
    number = round((high - low) / step)
    return tuple((low + i * step, write(low + i * step)) for i in range(number + 1))


def _anchor(percent: float) -> str:
    return "start" if percent < 4 else "end" if percent > 96 else "middle"


def _svg(parts: Iterable[Markup], more: str = "") -> Markup:
    name = f"plot {more}".strip()
    return Markup('<svg class="{}" width="100%" height="{}" aria-hidden="true">{}</svg>').format(
        name, _HEIGHT, Markup("").join(parts)
    )
