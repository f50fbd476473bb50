"""The report of a link version: one self-contained page, in words first.

Belongs here: gathering what the page shows, and writing it. Does not: any value of a
record; measuring (fairness.py, evaluate.py), rows with their pictures (report_rows.py), words
about errors (`data_sharing_agreements.linkquality`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from data_sharing_agreements import pages
from data_sharing_agreements.cells import banded, withheld
from data_sharing_agreements.linkquality import BASES, DEFAULT_MAX_GAP, column_words, group_words, told
from linkage import report_charts as charts
from linkage import report_rows as rows
from linkage.cards import level_rows
from linkage.drift import Drift, drift
from linkage.increment.due import REASONS
from linkage.model import Model, model_from_json
from linkage.quality import read_quality
from linkage.spine import Version, latest_model, latest_version
from linkage.splink_charts import write_charts
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

CHANGED: Mapping[str, str] = {
    "new": "records are new",
    "gone": "are gone",
    "merge": "have had their person joined with another",
    "split": "were taken from their person to make a new one",
    "move": "went to another person",
}
"""The same after a count."""

BAND_WORDS: tuple[str, ...] = (
    "Against the evidence of its weakest pair",
    "By a thread: odds up to 8 to 1",
    "Weakly: odds up to 128 to 1",
    "Well: odds up to 1,024 to 1",
    "Firmly: better than 1,024 to 1",
)
"""How strongly a person's records hold together, by the bands of weakest.py."""


@dataclass(frozen=True)
class Made:
    """When and how a version was made.

    Args:
        on: The day.
        mode: `full`, `increment` or `undo`; empty where nobody wrote it down.
        words: The same in a sentence or two.
        full: The last full link, whose model and counts an increment uses: version and day.
        drift: How far the agreement of the increment's likely pairs lies from what the model expects.
    """

    on: str
    mode: str
    words: str
    full: tuple[int, str] | None = None
    drift: float | None = None


@dataclass(frozen=True)
class Content:
    """Everything a report shows.

    Args:
        version, model: What stands.
        made: When and how it was made.
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
    made: Made
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
    titles: Mapping[str, str] | None = None,
) -> Path:
    """Write the report of the standing version, and Splink's charts beside it.

    Args:
        connection: With `warehouse` attached.
        directory: Where `index.html` goes; made if it does not exist.
        smallest: The smallest number of persons or records the page may tell.
        max_gap: Gap between two groups' errors above which readers are warned.
        titles: What sources are called; where nothing is said they are told by their ids.

    Returns:
        Path of the page.
    """
    content = gather(connection, smallest=smallest, max_gap=max_gap)
    directory.mkdir(parents=True, exist_ok=True)
    write_charts(directory, content.version, content.model, content.facts, content.falls, smallest)
    path = directory / PAGE
    path.write_text(render(content, titles or {}), encoding="utf-8")
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
        made=_made(connection, version, smallest),
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
    found = connection.execute(
        """SELECT n, count(*) FROM (
                SELECT count(*) AS n FROM warehouse.spine.current GROUP BY person_key)
            GROUP BY n ORDER BY n"""
    ).fetchall()
    return [
        (str(first) if first == last else f"{first} to {last}", count)
        for first, last, count in banded([(int(size), int(count)) for size, count in found], smallest)
    ]


def render(content: Content, titles: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the page as HTML; `titles` say what sources are called."""
    levels = level_rows(content.model)
    facts, smallest = content.facts, content.smallest
    thin, blocking = facts.get("unlinkable", {}), facts.get("blocking", {})
    return pages.render(
        "linkage",
        "report.html.j2",
        "report.css",
        home="../index.html",
        notice=_notice(facts),
        c=content,
        levels=levels,
        prior=math.log2(content.model.prior / (1 - content.model.prior)),
        shown=_shown,
        per_thousand=_per_thousand,
        limits=_range,
        column_words=column_words,
        safe=lambda count: withheld(count, smallest),
        widest=max(content.quality.get("gaps", ()), key=lambda gap: float(gap["gap"]), default=None),
        legend=charts.legend,
        groups={name: rows.group_chart(part, titles) for name, part in _columns(content.quality).items()},
        known={row["column"]: BASES[row["method"]] for row in content.quality.get("by_group", ())},
        group_words=group_words,
        falls=[(fall, rows.odds(fall.weight), rows.waterfall_chart(fall)) for fall in content.falls],
        weights=rows.weight_chart(levels),
        shares=rows.share_chart(levels),
        holding=_holding(content.weakest, smallest),
        changes=[(CHANGES[kind], content.changes[kind]) for kind in CHANGES if kind in content.changes],
        changed=_changed(content),
        blocking=rows.block_chart(blocking["rules"], smallest) if blocking.get("rules") else None,
        thin=thin,
        curve=rows.thin_chart(thin["curve"], content.version.records, smallest)
        if thin.get("curve")
        else None,
        complete=rows.complete_rows(thin, smallest),
    )


def _notice(facts: Mapping[str, Any]) -> str:
    """Say at the top that nobody approved the model, where nobody did."""
    model = facts.get("model") or {}
    return str(model["words"]) if model.get("state") in ("waiting", "withdrawn") else ""


def _columns(quality: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in quality.get("by_group", ()):
        found.setdefault(row["column"], []).append(row)
    return {name: part for name, part in found.items() if len(part) > 1}


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
    found = connection.execute(
        "SELECT kind, count(*) FROM warehouse.spine.change WHERE version = ? GROUP BY kind", [number]
    ).fetchall()
    return {str(kind): int(count) for kind, count in found}


def _holding(weakest: Weakest, smallest: int) -> list[tuple[str, int]]:
    """Return (words, persons); bands that few have are taken together."""
    numbered = [(i, persons) for i, (_, _, persons) in enumerate(weakest.bands) if persons]
    return [
        (BAND_WORDS[first] if first == last else f"{BAND_WORDS[last]}, or weaker", count)
        for first, last, count in banded(numbered, smallest)
    ]


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


def _range(quality: Mapping[str, Any], measure: str) -> str:
    """Say within which limits a share is known."""
    found = quality.get("intervals", {}).get(measure)
    return "" if not found else f"{found[0]:.1%} to {found[1]:.1%}"


def _made(connection: duckdb.DuckDBPyConnection, version: Version, smallest: int) -> Made:
    """Return when and how the standing version was made."""
    made = connection.execute(
        """SELECT v.version, strftime(v.created_at, '%-d %B %Y'), m.mode, m.reason, m.touched, m.drift
            FROM warehouse.spine.version v LEFT JOIN warehouse.spine.made m USING (version)
            WHERE v.version <= ? ORDER BY v.version DESC""",
        [version.version],
    ).fetchall()
    _, day, mode, reason, touched, drift_seen = made[0]
    full = next(((int(number), str(on)) for number, on, how, *_ in made if how == "full"), None)
    if mode == "increment" and full:
        count = withheld(int(touched), smallest)
        looked = "A few" if count is None else f"{count:,}"
        words = (
            f"It is an increment: {looked} of its records came, changed, or lie near one that did, and were "
            f"looked at anew. All others stay as they were. It uses the model of version {full[0]}, the last "
            f"link of everything."
        )
        return Made(day, mode, words, full, drift_seen)
    if mode == "undo":
        return Made(day, mode, "It was made by undoing a change; nothing else was looked at.", full)
    if mode == "full":
        why = "it is the first" if len(made) == 1 else REASONS.get(reason, "")
        return Made(day, mode, f"Everything was linked anew, because {why}." if why else "", full)
    return Made(day, "", "")


def _changed(content: Content) -> str:
    """Say in a sentence what is other than in the version before."""
    if content.before is None:
        return "This is the first version: there is nothing to compare it with."
    told = [
        f"{count:,} {CHANGED[kind]}"
        for kind in CHANGES
        if (count := withheld(content.changes.get(kind, 0), content.smallest))
    ]
    few = any(0 < count < content.smallest for count in content.changes.values())
    said = "; ".join(told) or ("fewer records than may be told" if few else "no record changed its person")
    model = (
        ""
        if content.moved is None or content.moved.bits == 0
        else (
            f" The model’s evidence moved by up to {content.moved.bits:.2f} bits (1 is a doubling of odds)."
        )
    )
    return f"Since version {content.before.version}: {said}.{model}"
