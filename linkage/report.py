"""The linkage report: one self-contained page of the model, the spine and its quality.

Belongs here: what the page shows. Does not: any value of a record: charts are drawn from
the model's levels, tables from counts.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import duckdb
import vl_convert
from markupsafe import Markup

from data_sharing_agreements import pages
from data_sharing_agreements.cells import banded, withheld
from linkage.model import Model, model_from_json
from linkage.spine import Version, latest_model, latest_version

PAGE = "index.html"


def write_report(
    connection: duckdb.DuckDBPyConnection,
    directory: Path,
    evaluation: dict[str, Any] | None = None,
    *,
    smallest: int,
) -> Path:
    """Write the report of the standing version.

    Args:
        connection: With `warehouse` attached.
        directory: Where `index.html` goes; made if it does not exist.
        evaluation: `Evaluation.to_json()`, if the version has been measured.
        smallest: The smallest number of persons or records the page may tell.

    Returns:
        Path of the page.
    """
    version = latest_version(connection)
    if version is None:
        raise ValueError("there is no version to report on")
    sizes = person_sizes(connection, smallest)
    page = render(version, model_from_json(latest_model(connection)), sizes, evaluation, smallest)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / PAGE
    path.write_text(page, encoding="utf-8")
    return path


def person_sizes(connection: duckdb.DuckDBPyConnection, smallest: int) -> list[tuple[str, int]]:
    """Return how many persons have 1, 2, … records; sizes that few have are taken together."""
    rows = connection.execute(
        """SELECT n, count(*) FROM (
                SELECT count(*) AS n FROM warehouse.spine.current GROUP BY person_key)
            GROUP BY n ORDER BY n"""
    ).fetchall()
    return [
        (str(first) if first == last else f"{first} to {last}", count)
        for first, last, count in banded([(int(size), int(count)) for size, count in rows], smallest)
    ]


def render(
    version: Version,
    model: Model,
    sizes: list[tuple[str, int]],
    evaluation: dict[str, Any] | None,
    smallest: int,
) -> str:
    """Return the page as HTML."""
    rows = level_rows(model)
    return pages.render(
        "linkage",
        "report.html.j2",
        home="../index.html",
        version=version,
        model=model,
        prior=math.log2(model.prior / (1 - model.prior)),
        rows=rows,
        sizes=sizes,
        evaluation=evaluation,
        shown=_shown,
        safe=lambda count: withheld(count, smallest),
        weights=_chart(
            rows,
            {"against strangers": "weight", "against kin": "against_kin"},
            "weight (log2 odds)",
            "linear",
        ),
        shares=_chart(rows, {"m": "m", "u": "u", "kin": "kin"}, "share of pairs (log scale)", "log"),
    )


def level_rows(model: Model) -> list[dict[str, Any]]:
    """Return one row a level that says something: its probabilities and weights."""
    return [
        {
            "comparison": comparison.name.replace("_", " "),
            "level": level.label,
            "m": level.m,
            "u": level.u,
            "kin": level.kin,
            "weight": math.log2(level.m / level.u),
            "against_kin": math.log2(level.m / level.kin),
        }
        for comparison in model.comparisons
        for level in comparison.levels
        if not level.null
    ]


def _shown(estimate: dict[str, float | None]) -> str:
    if estimate["value"] is None:
        return "–"
    return f"{estimate['value']:.4f} ({estimate['low']:.4f}–{estimate['high']:.4f})"


def _chart(rows: list[dict[str, Any]], series: dict[str, str], title: str, scale: str) -> Markup:
    """Return a bar chart as SVG: one bar a level and series."""
    values = [
        {"level": f"{row['comparison']}: {row['level']}", "of": name, "value": row[key], "order": i}
        for i, row in enumerate(rows)
        for name, key in series.items()
    ]
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": values},
        "mark": {"type": "point", "filled": True, "size": 55},
        "width": 460,
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
            "color": {
                "field": "of",
                "type": "nominal",
                "title": None,
                "sort": list(series),
                "scale": {"range": ["#1b5e8c", "#c96f1d", "#5a7d2a"]},
            },
            "shape": {"field": "of", "type": "nominal", "legend": None, "sort": list(series)},
        },
    }
    return Markup(vl_convert.vegalite_to_svg(json.dumps(spec), vl_version="5.20"))  # noqa: S704 - drawn here
