"""The scorecard: every indicator on one self-contained page, tables beside pictures.

Belongs here: turning results into words and cells, and the page. Does not: any
number of its own; everything shown is in the results.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from markupsafe import Markup

from data_sharing_agreements.pages import render
from warehouse.indicators.charts import course_svg, groups_svg, label
from warehouse.indicators.definition import Definition
from warehouse.indicators.linkband import link_band
from warehouse.indicators.result import Result, headline

WITHHELD = "·"
_POSITIONS = {
    "ahead": "ahead of trajectory",
    "on": "not clearly off trajectory",
    "behind": "behind trajectory",
    "unknown": "not known",
}


@dataclass(frozen=True)
class Scored:
    """A definition with its results and what to say of their making.

    Args:
        definition: The indicator.
        results: Of every period, and of every group, in order.
        link_quality: What is known of linkage errors, in a sentence.
        link: The same in numbers, as the mart's codebook has it.
        destroyed: The day on which the data under the results were destroyed, if they were.
    """

    definition: Definition
    results: Sequence[Result]
    link_quality: str
    link: Mapping[str, Any] = field(default_factory=dict)
    destroyed: date | None = None

    @property
    def whole(self) -> Result | None:
        """The result of all periods and groups together."""
        return next((r for r in self.results if not r.dimension), None)

    @property
    def series(self) -> list[Result]:
        """Results of the whole, by period."""
        return self.groups(self.definition.source.period)

    @property
    def headline(self) -> Result:
        """The result shown large: the latest period's, or the whole where that is withheld."""
        return headline(self.whole, self.series)

    def groups(self, dimension: str) -> list[Result]:
        """Results of one breakdown."""
        return [r for r in self.results if r.dimension == dimension]


def scorecard_html(
    title: str,
    scored: Sequence[Scored],
    obligations: Sequence[str],
    attribution: Sequence[str],
    computed: date,
    notice: str = "",
) -> str:
    """Return the page as one HTML text that loads nothing.

    Args:
        title: Title of the deployment.
        scored: The indicators, in the order to show.
        obligations: The rules applied, in words.
        attribution: Texts that agreements want every output to carry.
        computed: Date of computation.
        notice: A line the page says at its top, such as that duties were not separated.
    """
    return render(
        "warehouse.indicators",
        "scorecard.html.j2",
        "scorecard.css",
        notice=notice,
        home="index.html",
        title=title,
        cards=[_card(one) for one in scored if one.series],
        obligations=list(obligations),
        attribution=list(attribution),
        computed=_date(computed),
    )


def _card(scored: Scored) -> Mapping[str, Any]:
    d, latest = scored.definition, scored.headline
    return {
        "id": d.id,
        "title": d.title,
        "definition": d.definition.strip(),
        "priority": d.priority,
        "owner": d.owner,
        "target": f"{d.target.value:.0%}",
        "target_period": d.target.period,
        "baseline": f"{d.baseline.value:.0%}",
        "baseline_period": d.baseline.period,
        "numerator": d.numerator.meaning,
        "denominator": d.denominator.meaning,
        "quality": f"{scored.link_quality} {d.quality.note}".strip(),
        "made_from": f"{d.source.project} · {d.source.mart}, mart version {latest.mart_version}, "
        f"link version {latest.link_version if latest.link_version is not None else 'not recorded'}",
        "lineage": f"lineage/{d.source.project}.html#{d.source.mart}",
        "codebook": f"marts/{d.source.project}/{d.source.mart}.html",
        "latest": _row(latest, scored.link),
        "destroyed": scored.destroyed and f"data destroyed on {_date(scored.destroyed)}",
        "when": _together(latest),
        "series": [_row(r, scored.link) for r in scored.series],
        "whole": _row(scored.whole, scored.link) if scored.whole else None,
        "course": Markup(course_svg(d, scored.series)),  # noqa: S704 - drawn by us
        "breakdowns": [_breakdown(scored, name) for name in d.breakdowns if scored.groups(name)],
    }


def _breakdown(scored: Scored, name: str) -> Mapping[str, Any]:
    rows = scored.groups(name)
    whole = scored.whole.value if scored.whole else None
    words = label(name)
    return {
        "name": words.lower(),
        "heading": words,
        "window": f"{rows[0].periods} periods to {rows[0].period} together"
        if rows[0].periods > 1
        else rows[0].period,
        "rows": [_row(r, scored.link) for r in rows],
        "chart": Markup(groups_svg(scored.definition, whole, rows)),  # noqa: S704 - drawn by us
    }


def _together(result: Result) -> str:
    return f"{result.periods} periods to {result.period} together" if result.periods > 1 else result.period


def _row(r: Result, link: Mapping[str, Any]) -> Mapping[str, Any]:
    linked = link_band(r, link)
    return {
        "period": r.period,
        "group": label(r.group),
        "as_of": _date(r.as_of),
        "numerator": WITHHELD if r.numerator is None else f"{r.numerator:,}",
        "denominator": WITHHELD if r.denominator is None else f"{r.denominator:,}",
        "value": WITHHELD if r.value is None else f"{r.value:.1%}",
        "band": WITHHELD if r.low is None or r.high is None else f"{r.low:.1%} – {r.high:.1%}",
        "linked": "–" if linked is None else f"{linked[0]:.1%} – {linked[1]:.1%}",
        "trajectory": "–" if r.trajectory is None else f"{r.trajectory:.1%}",
        "position": r.position,
        "position_words": _POSITIONS[r.position],
        "stale": r.stale,
    }


def _date(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
