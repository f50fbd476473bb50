"""Pictures of an indicator: its course against the trajectory, and its groups.

Belongs here: Altair charts as SVG text that needs nothing from outside. Does not:
numbers (they come suppressed and rounded), or the page around them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
import vl_convert as vlc

from warehouse.indicators.definition import Definition
from warehouse.indicators.measures import expected
from warehouse.indicators.periods import last_day
from warehouse.indicators.result import Result

INK, MUTED, LINE, ACCENT, PATH = "#1d2733", "#5b6b7b", "#dfe5ea", "#0b5c7a", "#c07a1e"
_LABELS = 6
_FONT = "Source Sans 3, Segoe UI, Helvetica, Arial, sans-serif"


def course_svg(definition: Definition, series: Sequence[Result]) -> str:
    """Draw the value by period with its error band, the trajectory and the target."""
    path = definition.path
    seen = pd.DataFrame(
        {
            "date": [pd.Timestamp(r.as_of) for r in series],
            "value": [r.value for r in series],
            "low": [r.low for r in series],
            "high": [r.high for r in series],
        }
    ).dropna()
    planned = pd.DataFrame(
        {"date": [pd.Timestamp(last_day(p)) for p, _ in path], "value": [v for _, v in path]}
    )
    ends = sorted({*seen["date"], *planned["date"]})
    x = alt.X("date:T", title=None, axis=_period_axis(ends, definition.cadence.every))
    y = alt.Y(
        "value:Q", title=None, scale=_scale([*seen["low"], *seen["high"], *planned["value"]]), axis=_percent()
    )
    up = definition.direction == "up"
    base = alt.Chart(seen).encode(x=x)
    chart = alt.layer(
        alt.Chart(planned).mark_line(color=PATH, strokeDash=[5, 4], strokeWidth=1.8).encode(x=x, y=y),
        alt.Chart(planned.tail(1))
        .mark_point(color=PATH, shape="diamond", size=110, filled=True)
        .encode(x=x, y=y),
        alt.Chart(planned.tail(1))
        .mark_text(color=PATH, dy=-15 if up else 17, align="right", dx=6, fontWeight="bold", fontSize=12)
        .encode(x=x, y=y, text=alt.value(f"target {path[-1][1]:.0%}")),
        base.mark_area(color=ACCENT, opacity=0.16).encode(y=alt.Y("low:Q", title=None), y2="high:Q"),
        base.mark_rule(color=ACCENT, opacity=0.3, strokeWidth=1.6).encode(y="low:Q", y2="high:Q"),
        base.mark_line(color=ACCENT, strokeWidth=2.6).encode(y=y),
        base.mark_point(color=ACCENT, filled=True, size=46, opacity=1).encode(y=y),
    )
    return svg(
        chart.properties(width=520, height=230), f"{definition.title}: value by period against trajectory"
    )


def groups_svg(definition: Definition, whole: float | None, groups: Sequence[Result]) -> str:
    """Draw each group's value with its error band; withheld groups are in the table only."""
    shown = [r for r in groups if r.value is not None]
    frame = pd.DataFrame(
        {
            "group": [label(r.group) for r in shown],
            "value": [r.value for r in shown],
            "low": [r.low for r in shown],
            "high": [r.high for r in shown],
        }
    )
    numbers = [*frame["low"], *frame["high"], *([whole] if whole is not None else [])]
    y = alt.Y("group:N", title=None, sort=None, axis=alt.Axis(labelLimit=180, ticks=False, domain=False))
    x = alt.X("value:Q", title=None, scale=_scale(numbers), axis=_percent())
    base = alt.Chart(frame).encode(y=y)
    layers: list[Any] = [
        base.mark_rule(color=ACCENT, strokeWidth=5, opacity=0.25, strokeCap="round").encode(
            x="low:Q", x2="high:Q"
        ),
        base.mark_point(color=ACCENT, filled=True, size=64, opacity=1).encode(x=x),
    ]
    if whole is not None:
        line = alt.Chart(pd.DataFrame({"value": [whole]}))
        layers.insert(0, line.mark_rule(color=MUTED, strokeDash=[3, 3]).encode(x=x))
    height = max(40, 24 * len(shown))
    return svg(alt.layer(*layers).properties(width=340, height=height), f"{definition.title} by group")


def trajectory_now(definition: Definition, period: str) -> float | None:
    """Return where the indicator was expected to be at the end of a period."""
    return expected(definition.path, period)


def label(name: str) -> str:
    """Write a code of a dimension for people: `not_known` as `Not known`."""
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:] if text else "Not known"


def _period_axis(ends: Sequence[pd.Timestamp], cadence: str) -> alt.Axis:
    """Label some ends of periods, the last among them, as periods are written."""
    step = max(1, -(-(len(ends) - 1) // _LABELS))
    shown = [*ends[-1::-step]][::-1]
    values = [{"year": d.year, "month": d.month, "date": d.day} for d in shown]
    written = {"month": "%Y-%m", "quarter": "%YQ%q", "year": "%Y"}[cadence]
    label_expr = f"timeFormat(datum.value, '{written}')"
    return alt.Axis(values=values, labelExpr=label_expr, labelFlush=True, grid=False, tickSize=4)


def _percent() -> alt.Axis:
    return alt.Axis(format=".0%", tickCount=5, domain=False, ticks=False)


def _scale(values: Sequence[float]) -> alt.Scale:
    low, high = (min(values), max(values)) if len(values) else (0.0, 1.0)
    margin = max(0.02, (high - low) * 0.12)
    return alt.Scale(domain=[max(0.0, low - margin), min(1.0, high + margin)], nice=True, zero=False)


def svg(chart: Any, title: str) -> str:
    """Return a chart as SVG in the house's style, named for whoever cannot see it."""
    spec = (
        chart.configure(font=_FONT, background="transparent")
        .configure_view(stroke=None)
        .configure_axis(labelColor=MUTED, gridColor=LINE, labelFontSize=12, domainColor=LINE, tickColor=LINE)
        .to_dict()
    )
    drawn = vlc.vegalite_to_svg(spec)
    end = drawn.index(">")
    opened = re.sub(r'\s(width|height)="[\d.]+"', "", drawn[:end], count=2)
    return f'{opened} role="img" aria-label="{_escape(title)}"' + drawn[end:]


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
