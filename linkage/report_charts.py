"""Pictures of the linkage report, as SVG text that needs nothing from outside.

Belongs here: drawing levels, groups and steps. Does not: any number of its own, or the
table that stands beside a picture.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import vl_convert
from markupsafe import Markup

from data_sharing_agreements.linkquality import group_words
from linkage.waterfalls import Waterfall

ACCENT, PATH, GREEN, RED, MUTED = "#0b5c7a", "#c07a1e", "#3f7d58", "#c4532f", "#5b6b7b"
_FONT = "Source Sans 3, Segoe UI, Helvetica, Arial, sans-serif"


def weights(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw what each level is worth, against strangers and against kin."""
    series = {"against strangers": "weight", "against kin": "against_kin"}
    return _levels(rows, series, "evidence for one person, in bits", "linear")


def shares(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw how often each level is seen, among records of one person, strangers and kin."""
    series = {"one person (m)": "m", "strangers (u)": "u", "kin": "kin"}
    return _levels(rows, series, "share of pairs, each mark ten times the one before", "log")


def groups(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw for each group of one column joins that are right, records that are joined, and intervals."""
    named = {"joins that are right": "precision", "records of one person joined": "recall"}
    values = [
        {
            "group": group_words(row["column"], row["group"]),
            "of": of,
            "value": row[measure],
            "low": row["intervals"].get(measure, [row[measure]] * 2)[0],
            "high": row["intervals"].get(measure, [row[measure]] * 2)[1],
        }
        for row in rows
        for of, measure in named.items()
        if row[measure] is not None
    ]
    lowest = min((v["low"] for v in values), default=0.0)
    x = {
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [max(0.0, lowest - 0.01), 1.0], "nice": False},
        "axis": {"format": ".0%" if lowest < 0.95 else ".1%", "tickCount": 5},
    }
    y = {"field": "group", "type": "nominal", "title": None, "sort": None, "axis": {"labelLimit": 220}}
    shared = {
        "y": y,
        "yOffset": {"field": "of", "sort": list(named)},
        "color": _color(list(named), [ACCENT, PATH]),
    }
    return _svg(
        {
            "data": {"values": values},
            "width": 420,
            "height": {"step": 13},
            "layer": [
                {
                    "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.45},
                    "encoding": shared | {"x": x | {"field": "low"}, "x2": {"field": "high"}},
                },
                {
                    "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1},
                    "encoding": shared | {"x": x | {"field": "value"}},
                },
            ],
        }
    )


def waterfall(fall: Waterfall) -> Markup:
    """Draw how one pattern's evidence adds up, from what is known before to the weight."""
    values: list[dict[str, Any]] = []
    at = 0.0
    for step in fall.steps:
        label = f"{step.name}: {step.level}" if step.level else step.name
        values.append(
            {"step": label, "from": at, "to": at + step.bits, "kind": "for" if step.bits > 0 else "against"}
        )
        at += step.bits
    values.append({"step": "together", "from": 0.0, "to": at, "kind": "together"})
    labels = [{**value, "text": f"{value['to'] - value['from']:+.1f}"} for value in values]
    y = {"field": "step", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 330}}
    return _svg(
        {
            "data": {"values": labels},
            "width": 330,
            "height": {"step": 22},
            "layer": [
                {"mark": {"type": "rule", "color": MUTED}, "encoding": {"x": {"datum": 0}}},
                {
                    "mark": {"type": "bar", "height": 13},
                    "encoding": {
                        "y": y,
                        "x": {
                            "field": "from",
                            "type": "quantitative",
                            "title": "bits: each doubles the odds",
                        },
                        "x2": {"field": "to"},
                        "color": _color(["for", "against", "together"], [GREEN, RED, ACCENT]),
                    },
                },
                {
                    "transform": [{"calculate": "max(datum.from, datum.to)", "as": "end"}],
                    "mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 11, "color": MUTED},
                    "encoding": {
                        "y": y,
                        "x": {"field": "end", "type": "quantitative"},
                        "text": {"field": "text"},
                    },
                },
            ],
        }
    )


def _levels(rows: Sequence[Mapping[str, Any]], series: Mapping[str, str], title: str, scale: str) -> Markup:
    """Draw one mark a level and series."""
    values = [
        {"level": f"{row['comparison']}: {row['level']}", "of": name, "value": row[key], "order": i}
        for i, row in enumerate(rows)
        for name, key in series.items()
        if scale != "log" or row[key] > 0
    ]
    return _svg(
        {
            "data": {"values": values},
            "mark": {"type": "point", "filled": True, "size": 55},
            "width": 430,
            "height": {"step": 15},
            "encoding": {
                "y": {
                    "field": "level",
                    "type": "nominal",
                    "sort": {"field": "order"},
                    "title": None,
                    "axis": {"labelLimit": 340, "grid": True},
                },
                "x": {"field": "value", "type": "quantitative", "title": title, "scale": {"type": scale}},
                "color": _color(list(series), [ACCENT, PATH, GREEN]),
                "shape": {"field": "of", "type": "nominal", "legend": None, "sort": list(series)},
            },
        }
    )


def _color(domain: list[str], colors: list[str]) -> dict[str, Any]:
    return {
        "field": "of" if "together" not in domain else "kind",
        "type": "nominal",
        "title": None,
        "sort": domain,
        "scale": {"domain": domain, "range": colors[: len(domain)]},
        "legend": {"orient": "top", "labelColor": MUTED, "labelLimit": 260, "symbolOpacity": 1},
    }


def _svg(spec: Mapping[str, Any]) -> Markup:
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "config": {
            "font": _FONT,
            "view": {"stroke": None},
            "axis": {"domain": False, "gridColor": "#e3e9ee"},
        },
        **spec,
    }
    return Markup(vl_convert.vegalite_to_svg(json.dumps(whole), vl_version="5.20"))  # noqa: S704 - drawn here
