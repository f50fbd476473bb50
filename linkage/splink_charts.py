"""Splink's own charts of a version's model, beside the report: for readers who know them.

Belongs here: giving Splink's chart definitions the numbers of our model, and drawing them
without a browser or a network. Does not: what a reader without statistics needs (report.py),
or any number of its own.

They are drawn when the model or the counts of the link are others than those drawn last: an
increment leaves them as they stand.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import vl_convert
from markupsafe import Markup
from splink.internals import charts

from data_sharing_agreements import pages
from data_sharing_agreements.cells import withheld
from linkage.cards import comparison_words
from linkage.model import Comparison, Model
from linkage.report_rows import key_words
from linkage.spine import Version
from linkage.waterfalls import Waterfall

PAGE = "splink.html"
_VEGA_LITE = "5.20"
_DRAWN = 3
"""Raised when the same numbers are drawn otherwise."""

_WATERFALL_STEP = 170


class _Record(SimpleNamespace):
    """A row of a chart, read by name and written as an object, as Splink's own rows are."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as an object."""
        return dict(vars(self))


def write_charts(
    directory: Path,
    version: Version,
    model: Model,
    facts: Mapping[str, Any],
    falls: Sequence[Waterfall],
    smallest: int,
) -> Path:
    """Write the page of Splink's charts, unless it stands with the same numbers.

    Args:
        directory: Where the report lies.
        version: The standing one.
        model: Trained.
        facts: What the link counted while its encodings lived.
        falls: Representative comparisons.
        smallest: The smallest number of pairs that may be told.

    Returns:
        Path of the page.
    """
    path = directory / PAGE
    said = json.dumps(
        [_DRAWN, model.digest(), facts.get("blocking"), facts.get("unlinkable"), smallest], sort_keys=True
    )
    digest = sha256(said.encode()).hexdigest()[:16]
    if path.is_file() and digest in path.read_text(encoding="utf-8"):
        return path
    drawn = [
        (title, words, Markup(vl_convert.vegalite_to_svg(json.dumps(_plain(spec)), vl_version=_VEGA_LITE)))  # noqa: S704
        for title, words, spec in _specs(model, _told(facts, version.records, smallest), falls)
    ]
    page = pages.render(
        "linkage",
        "splink.html.j2",
        "report.css",
        home="../index.html",
        version=version.version,
        digest=digest,
        charts=drawn,
    )
    path.write_text(page, encoding="utf-8")
    return path


def _told(facts: Mapping[str, Any], records: int, smallest: int) -> dict[str, Any]:
    """Return the link's counts without those of few: nought takes their place."""
    curve = [
        (weight, share if withheld(round(share * records), smallest) else 0.0)
        for weight, share in facts.get("unlinkable", {}).get("curve", ())
    ]
    rules = [
        (key_words(rule["fields"]), withheld(rule["pairs"], smallest) or 0)
        for rule in facts.get("blocking", {}).get("rules", ())
    ]
    return {"curve": curve, "rules": rules}


def _specs(
    model: Model, told: Mapping[str, Any], falls: Sequence[Waterfall]
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    levels = [row for comparison in _rows(model) for row in comparison]
    prior = _prior(model)
    yield (
        "Match weights",
        "What each level adds to a pair's weight against strangers; weights against kin stand in the report.",
        _still(charts.MatchWeightsChart([prior, *levels]).chart_dict),
    )
    yield (
        "m and u",
        "How often each level is seen among pairs of one person's records, and of two strangers'.",
        charts.MUParametersChart(levels).chart_dict,
    )
    for fall in falls:
        yield (
            f"Waterfall: {fall.title.lower()}",
            f"{fall.words} The last bar before the score is what rare names, relatives and sources change.",
            _waterfall(fall),
        )
    if told["curve"]:
        yield (
            "Unlinkable records",
            "The share of records that even an exact copy would not reach a weight with.",
            _line_only(charts.UnlinkablesChart(_curve(told["curve"])).chart_dict),
        )
    if told["rules"]:
        yield (
            "Blocking rules",
            "Pairs that each rule brings together; one that several bring counts in each. The title is ours.",
            _blocking(told["rules"]),
        )


def _rows(model: Model) -> Iterator[list[_Record]]:
    for number, comparison in enumerate(model.comparisons):
        yield _levels(number, comparison, model)


def _levels(number: int, comparison: Comparison, model: Model) -> list[_Record]:
    levels = [level for level in comparison.levels if not level.null]
    return [
        _Record(
            comparison_name=comparison_words(comparison.name),
            comparison_sort_order=number,
            label_for_charts=level.label,
            comparison_vector_value=len(levels) - 1 - i,
            max_comparison_vector_value=len(levels) - 1,
            m_probability=level.m,
            u_probability=level.u,
            bayes_factor=level.m / level.u,
            log2_bayes_factor=math.log2(level.m / level.u),
            probability_two_random_records_match=model.prior,
        )
        for i, level in enumerate(levels)
    ]


def _prior(model: Model) -> _Record:
    odds = model.prior / (1 - model.prior)
    return _Record(
        comparison_name="probability_two_random_records_match",
        comparison_sort_order=-1,
        label_for_charts="before anything is compared",
        comparison_vector_value=0,
        max_comparison_vector_value=0,
        m_probability=None,
        u_probability=None,
        bayes_factor=odds,
        log2_bayes_factor=math.log2(odds),
        probability_two_random_records_match=model.prior,
    )


def _waterfall(fall: Waterfall) -> dict[str, Any]:
    named = [("Prior match weight", fall.steps[0].bits)]
    named += [(f"{s.name}: {s.level}" if s.level else s.name, s.bits) for s in fall.steps[1:]]
    named.append(("Final score", fall.weight))
    rows = [
        {
            "column_name": name,
            "label_for_charts": name,
            "log2_bayes_factor": bits,
            "bayes_factor": 2.0**bits,
            "bar_sort_order": order,
            "record_number": 0,
            "value_l": "",
            "value_r": "",
        }
        for order, (name, bits) in enumerate(named)
    ]
    return {**charts.WaterfallChart(rows).chart_dict, "width": {"step": _WATERFALL_STEP}}


def _curve(curve: Sequence[Sequence[float]]) -> list[dict[str, float]]:
    return [
        {"match_weight": weight, "match_probability": 1 / (1 + 2.0**-weight), "cum_prop": share}
        for weight, share in curve
    ]


def _blocking(rules: Sequence[tuple[str, int]]) -> dict[str, Any]:
    rows = [
        {"blocking_rule": fields, "marginal_comparison_count": pairs, "cumulative_comparison_count": pairs}
        for fields, pairs in rules
    ]
    spec: dict[str, Any] = charts.CumulativeBlockingRuleComparisonsGeneratedChart(rows).chart_dict
    spec["title"] = {"text": "Comparisons by each blocking rule"}
    spec["encoding"]["x"]["title"] = "Pairs of records"
    spec["encoding"]["y"]["title"] = "Records that agree on"
    return spec


def _plain(part: Any) -> Any:
    """Return a chart without what is shown to a mouse only."""
    if isinstance(part, list):
        return [_plain(one) for one in part]
    if isinstance(part, dict):
        return {name: _plain(one) for name, one in part.items() if name != "tooltip"}
    return part


def _still(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a chart whose title does not speak of what only a program could do."""
    return {**spec, "title": spec["title"]["text"]}


def _line_only(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a chart without what follows a mouse: only its line is drawn."""
    return {**spec, "layer": spec["layer"][:1]}
