"""The report of a link version: one self-contained page, in words first.

Belongs here: gathering what the page shows, and writing it. Does not: any value of a
record; measuring (fairness.py, evaluate.py), pictures (report_charts.py), words about
errors (`data_sharing_agreements.linkquality`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from data_sharing_agreements import pages
from data_sharing_agreements.cells import banded, withheld
from data_sharing_agreements.linkquality import DEFAULT_MAX_GAP, column_words, group_words, told
from linkage import report_charts as charts
from linkage.cards import level_rows
from linkage.drift import Drift, drift
from linkage.model import Model, model_from_json
from linkage.quality import read_quality
from linkage.spine import Version, latest_model, latest_version
from linkage.waterfalls import Waterfall, waterfalls
from linkage.weakest import Weakest, weakest_links

PAGE = "index.html"

CHANGES: Mapping[str, str] = {
    "new": "Records that were not there before",
    "gone": "Records that are there no more",
    "merge": "Records whose person was joined with another",
    "split": "Records taken from their person to make a new one",
    "move": "Records that went from one person to another",
}
"""Kinds of change, in words."""

BAND_WORDS: tuple[str, ...] = (
    "Against the evidence of its weakest pair",
    "By a thread: odds up to 8 to 1",
    "Weakly: odds up to 128 to 1",
    "Well: odds up to 1,024 to 1",
    "Firmly: better than 1,024 to 1",
)
"""How strongly a person's records hold together, by the bands of weakest.py."""


@dataclass(frozen=True)
class Content:
    """Everything a report shows.

    Args:
        version, model: What stands.
        sizes: Persons by number of records.
        quality: What is told of errors.
        truth: `Evaluation.to_json()`, if the version was measured.
        facts: What the link counted while its encodings lived.
        changes: What changed since the version before.
        moved: How far the model is from the version's before.
        falls: Representative comparisons.
        weakest: What holds persons together.
        smallest: The smallest number of persons or records the page may tell.
    """

    version: Version
    model: Model
    sizes: list[tuple[str, int]]
    quality: Mapping[str, Any]
    truth: Mapping[str, Any] | None
    facts: Mapping[str, Any]
    changes: Mapping[str, int]
    before: Version | None
    moved: Drift | None
    falls: list[Waterfall]
    weakest: Weakest
    smallest: int


def write_report(
    connection: duckdb.DuckDBPyConnection,
    directory: Path,
    *,
    smallest: int,
    max_gap: float = DEFAULT_MAX_GAP,
) -> Path:
    """Write the report of the standing version.

    Args:
        connection: With `warehouse` attached.
        directory: Where `index.html` goes; made if it does not exist.
        smallest: The smallest number of persons or records the page may tell.
        max_gap: Gap between two groups' errors above which readers are warned.

    Returns:
        Path of the page.
    """
    page = render(gather(connection, smallest=smallest, max_gap=max_gap))
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / PAGE
    path.write_text(page, encoding="utf-8")
    return path


def gather(
    connection: duckdb.DuckDBPyConnection, *, smallest: int, max_gap: float = DEFAULT_MAX_GAP
) -> Content:
    """Return what the report of the standing version shows."""
    version = latest_version(connection)
    if version is None:
        raise ValueError("there is no version to report on")
    model = model_from_json(latest_model(connection))
    measured = read_quality(connection, version.version)
    before, older = _before(connection, version.version)
    return Content(
        version=version,
        model=model,
        sizes=person_sizes(connection, smallest),
        quality=told(measured, max_gap=max_gap, smallest=smallest),
        truth=measured.get("truth"),
        facts=measured.get("facts", {}),
        changes=_changes(connection, version.version),
        before=before,
        moved=drift(older, model, (before.records, version.records)) if before and older else None,
        falls=waterfalls(connection, model, smallest),
        weakest=weakest_links(connection),
        smallest=smallest,
    )


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


def render(content: Content) -> str:
    """Return the page as HTML."""
    rows = level_rows(content.model)
    return pages.render(
        "linkage",
        "report.html.j2",
        home="../index.html",
        notice=_notice(content.facts),
        c=content,
        rows=rows,
        prior=math.log2(content.model.prior / (1 - content.model.prior)),
        shown=_shown,
        per_thousand=_per_thousand,
        interval=_interval,
        safe=lambda count: withheld(count, content.smallest),
        columns=_columns(content.quality),
        column_words=column_words,
        group_words=group_words,
        group_charts={name: charts.groups(part) for name, part in _columns(content.quality).items()},
        falls=[(fall, charts.waterfall(fall)) for fall in content.falls],
        weights=charts.weights(rows),
        shares=charts.shares(rows),
        holding=_holding(content.weakest, content.smallest),
        changes=[(CHANGES[kind], content.changes[kind]) for kind in CHANGES if kind in content.changes],
        blocking=_blocking(content.facts),
        thin=content.facts.get("unlinkable", {}),
    )


def _notice(facts: Mapping[str, Any]) -> str:
    """Say at the top that nobody approved the model, where nobody did."""
    model = facts.get("model") or {}
    return str(model["words"]) if model.get("state") in ("waiting", "withdrawn") else ""


def _columns(quality: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in quality.get("by_group", ()):
        found.setdefault(row["column"], []).append(row)
    return {name: rows for name, rows in found.items() if len(rows) > 1}


def _before(connection: duckdb.DuckDBPyConnection, number: int) -> tuple[Version | None, Model | None]:
    """Return the version before one, and its model."""
    row = connection.execute(
        """SELECT version, model, records, persons, input_hash FROM warehouse.spine.version
            WHERE version < ? ORDER BY version DESC LIMIT 1""",
        [number],
    ).fetchone()
    if row is None:
        return None, None
    before = Version(*row)
    model = connection.execute(
        "SELECT json FROM warehouse.spine.model WHERE version = ?", [before.version]
    ).fetchone()
    return before, model_from_json(json.loads(model[0])) if model else None


def _changes(connection: duckdb.DuckDBPyConnection, number: int) -> dict[str, int]:
    rows = connection.execute(
        "SELECT kind, count(*) FROM warehouse.spine.change WHERE version = ? GROUP BY kind", [number]
    ).fetchall()
    return {str(kind): int(count) for kind, count in rows}


def _holding(weakest: Weakest, smallest: int) -> list[tuple[str, int]]:
    """Return (words, persons); bands that few have are taken together."""
    numbered = [(i, persons) for i, (_, _, persons) in enumerate(weakest.bands) if persons]
    return [
        (BAND_WORDS[first] if first == last else f"{BAND_WORDS[last]}, or weaker", count)
        for first, last, count in banded(numbered, smallest)
    ]


def _blocking(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rules = facts.get("blocking", {}).get("rules", [])
    return sorted(rules, key=lambda rule: -rule["pairs"])


def _shown(estimate: Mapping[str, float | None]) -> str:
    if estimate["value"] is None:
        return "–"
    return f"{estimate['value']:.4f} ({estimate['low']:.4f}–{estimate['high']:.4f})"


def _per_thousand(share: float | None) -> str:
    """Say how many in a thousand are wrong, for a share that is right."""
    if share is None:
        return "an unknown number"
    wrong = 1000 * (1 - share)
    return "fewer than 1" if wrong < 1 else f"{wrong:.0f}"


def _interval(row: Mapping[str, Any], measure: str) -> str:
    if row.get(measure) is None:
        return "–"
    low, high = row.get("intervals", {}).get(measure, (None, None))
    return f"{row[measure]:.1%}" + ("" if low is None else f" ({low:.1%}–{high:.1%})")
