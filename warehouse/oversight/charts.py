"""Pictures of the board's report, as SVG text that needs nothing from outside.

Belongs here: decisions by week, and link error by group. Does not: numbers, which come
ready and withheld, or the table that stands beside each picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from data_sharing_agreements.pages import group_title
from warehouse.indicators.charts import ACCENT, MUTED, svg

REFUSED = "#c4532f"
_MOST_GROUPS = 24


def weeks_svg(by_week: Sequence[Mapping[str, Any]]) -> str:
    """Draw decisions by week, permitted and refused."""
    frame = pd.DataFrame(
        [
            {"week": row["week"], "answer": answer, "decisions": row[answer]}
            for row in by_week
            for answer in ("permitted", "refused")
        ]
    )
    chart = (
        alt.Chart(frame)
        .mark_bar(size=18)
        .encode(
            x=alt.X("week:O", title="week beginning", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("decisions:Q", title=None, axis=alt.Axis(tickMinStep=1, format=",d")),
            color=alt.Color(
                "answer:N",
                title=None,
                scale=alt.Scale(domain=["permitted", "refused"], range=[ACCENT, REFUSED]),
                legend=alt.Legend(orient="top"),
            ),
        )
        .properties(width=430, height=190)
    )
    return svg(chart, "Decisions by week, permitted and refused")


def groups_svg(by_group: Sequence[Mapping[str, Any]]) -> str:
    """Draw for each group which joins are right and which records of one person are joined, if known."""
    shown = [g for g in by_group if g["precision"] is not None and g["recall"] is not None][:_MOST_GROUPS]
    if not shown:
        return ""
    frame = pd.DataFrame(
        [
            {"group": group_title(g), "of": of, "share": g[name]}
            for g in shown
            for name, of in (("precision", "joins that are right"), ("recall", "records joined"))
        ]
    )
    low = max(0.0, float(frame["share"].min()) - 0.02)
    chart = (
        alt.Chart(frame)
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            y=alt.Y("group:N", title=None, sort=None, axis=alt.Axis(labelLimit=280, grid=True, ticks=False)),
            x=alt.X(
                "share:Q",
                title=None,
                scale=alt.Scale(domain=[low, 1.0], nice=True),
                axis=alt.Axis(format=".0%", tickCount=5),
            ),
            color=alt.Color(
                "of:N",
                title=None,
                scale=alt.Scale(domain=["joins that are right", "records joined"], range=[ACCENT, "#c07a1e"]),
                legend=alt.Legend(orient="top", labelColor=MUTED),
            ),
            shape=alt.Shape("of:N", title=None, legend=None),
        )
        .properties(width=330, height=max(60, 22 * len(shown)))
    )
    return svg(chart, "Errors of linkage by group")
