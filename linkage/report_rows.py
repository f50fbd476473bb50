"""Rows of the linkage report's tables, each with its picture.

Belongs here: what a row says beside which picture, and what is too few to say. Does not:
reading stores (report.py), or drawing (report_charts.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from data_sharing_agreements.cells import withheld
from data_sharing_agreements.linkquality import group_words
from linkage import report_charts as charts
from linkage.cards import comparison_words
from linkage.waterfalls import Waterfall

CURVE: tuple[int, ...] = (0, 3, 7, 10, 15, 20, 25, 30)
"""Weights at which the share of records too thin to reach them is told."""

_MILLION = 20.0

_FIELDS: Mapping[str, str] = {
    "least(given, surname), greatest(given, surname)": "both names in either order",
    "least(given_phonetic, surname_phonetic), greatest(given_phonetic, surname_phonetic)": (
        "sound of both names in either order"
    ),
    "given_phonetic": "sound of the given name",
    "surname_phonetic": "sound of the surname",
    "middle_initial": "middle initial",
    "initial": "first initial",
    "part_a": "a part of the surname",
    "day_month": "day and month of birth",
    "birth_year": "year of birth",
    "birth": "birth date",
    "ssn_first": "first five digits of the social security number",
    "ssn_last": "last four digits of the social security number",
    "ssn": "social security number",
    "zip": "ZIP code",
    "number": "house number",
    "phone": "telephone",
}
"""Fields of blocking keys, in words."""


@dataclass(frozen=True)
class Row:
    """One row.

    Args:
        name: What it is about.
        picture: Its drawing.
        cells: What is written beside it.
    """

    name: str
    picture: Markup
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """A table with pictures.

    Args:
        rows: From top to bottom.
        axis: The scale's ticks.
        unit: What is measured, in which unit.
    """

    rows: tuple[Row, ...]
    axis: Markup
    unit: str


def odds(weight: float) -> str:
    """Say log2 odds: `about 5,400 to 1`, and whether against."""
    size = abs(weight)
    if size < 0.5:
        return "even odds"
    against = " against" if weight < 0 else ""
    if size > _MILLION:
        return f"more than a million to 1{against}"
    number = float(f"{2**size:.2g}")
    return f"about {number:,.0f} to 1{against}" if number >= 2 else f"about {number:.1f} to 1{against}"


def weight_words(weight: float) -> str:
    """Write a weight with its sign."""
    return f"{weight:+.1f}".replace("-", "−")


def group_chart(rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> Chart:
    """Return for each group joins that are right and records that are joined, with intervals.

    Args:
        rows: Groups of one column, as `linkquality.told` gives them.
        titles: What sources are called.
    """
    measures = ("precision", "recall")
    ends = [
        end
        for row in rows
        for m in measures
        if row[m] is not None
        for end in (row[m], *row["intervals"].get(m, ()))
    ]
    scale = charts.percents(ends, "share of pairs of records")
    return Chart(
        tuple(
            Row(
                _name(row, titles),
                scale.marks([(row[m], row["intervals"].get(m)) for m in measures]),
                (
                    *(interval(row, m) for m in (*measures, "link_rate")),
                    "under 1%" if row["share_of_records"] < 0.01 else f"{row['share_of_records']:.0%}",
                ),
            )
            for row in rows
        ),
        scale.axis,
        scale.unit,
    )


def _name(row: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Say a group; a source by what it is called and the id by which other tables name it."""
    said, called = group_words(row["column"], row["group"]), titles.get(row["group"])
    return f"{called} ({said})" if row["column"] == "source" and called else said


def waterfall_chart(fall: Waterfall) -> Chart:
    """Return the steps from what is known before to the weight."""
    ends = [0.0]
    for step in fall.steps:
        ends.append(ends[-1] + step.bits)
    scale = charts.bits(ends, "bits; each doubles the odds")
    rows = [
        Row(
            f"{step.name}: {step.level}" if step.level else step.name,
            scale.bar(start, start + step.bits, "for" if step.bits > 0 else "against"),
            (weight_words(step.bits),),
        )
        for step, start in zip(fall.steps, ends, strict=False)
    ]
    total = Row("all together", scale.bar(0.0, ends[-1], "sum"), (weight_words(ends[-1]),))
    return Chart((*rows, total), scale.axis, scale.unit)


def weight_chart(rows: Sequence[Mapping[str, Any]]) -> Chart:
    """Return what each level is worth, against strangers and against kin."""
    scale = charts.bits([row[k] for row in rows for k in ("weight", "against_kin")], "bits")
    return Chart(
        tuple(
            Row(
                f"{row['comparison']}: {row['level']}",
                scale.marks([(row["weight"], None), (row["against_kin"], None)]),
                (weight_words(row["weight"]), weight_words(row["against_kin"])),
            )
            for row in rows
        ),
        scale.axis,
        scale.unit,
    )


def share_chart(rows: Sequence[Mapping[str, Any]]) -> Chart:
    """Return how often each level is seen among one person's records, strangers' and kin's."""
    kinds = ("m", "u", "kin")
    scale = charts.tenfold([row[k] for row in rows for k in kinds], "share of pairs")
    return Chart(
        tuple(
            Row(
                f"{row['comparison']}: {row['level']}",
                scale.marks([(math.log10(row[k]) if row[k] > 0 else None, None) for k in kinds]),
                tuple(seldom(row[k]) for k in kinds),
            )
            for row in rows
        ),
        scale.axis,
        scale.unit,
    )


def thin_chart(curve: Sequence[Sequence[float]], records: int, smallest: int) -> Chart:
    """Return the share of records too thin to reach each of some weights, an exact copy given."""
    known = {round(weight): float(share) for weight, share in curve}
    shown = [(weight, known[weight]) for weight in CURVE if weight in known]
    top = max((share for _, share in shown), default=0.0)
    scale = charts.percents([share for _, share in shown], "share of records", high=max(top, 0.01), zero=True)
    return Chart(
        tuple(
            Row(
                f"{weight} bits, {odds(weight)}" if weight else "as much as a join needs: 0 bits, even odds",
                scale.bar(0.0, share if few is not None else 0.0, "against"),
                ("·" if few is None else f"{share:.1%}",),
            )
            for weight, share in shown
            for few in [withheld(round(share * records), smallest)]
        ),
        scale.axis,
        scale.unit,
    )


def block_chart(rules: Sequence[Mapping[str, Any]], smallest: int) -> Chart:
    """Return how many pairs each key brings together, the most first; few are not told."""
    scale = charts.counts([rule["pairs"] for rule in rules], "pairs of records")
    rows = []
    for rule in sorted(rules, key=lambda rule: -rule["pairs"]):
        pairs, records = withheld(rule["pairs"], smallest), withheld(rule["records"], smallest)
        cells = tuple("·" if count is None else f"{count:,}" for count in (pairs, records))
        rows.append(Row(key_words(rule["fields"]), scale.bar(0, pairs or 0, "sum"), cells))
    return Chart(tuple(rows), scale.axis, scale.unit)


def complete_rows(thin: Mapping[str, Any], smallest: int) -> tuple[list[str], list[Row]]:
    """Return sources, and for each field the share of their records that have it.

    Args:
        thin: `unlinkable`, as `statistics.observed` counted it.
        smallest: The smallest number of records that may be told, of those that have it and that have not.
    """
    complete = thin.get("complete", {})
    sources = list(complete)
    fields = list(next(iter(complete.values()), {}))
    records = {source: int(thin["by_source"][source]["records"]) for source in sources}
    rows = [
        Row(
            comparison_words(field),
            Markup(""),
            tuple(_given(complete[s].get(field, 0.0), records[s], smallest) for s in sources),
        )
        for field in fields
    ]
    return sources, rows


def key_words(fields: str) -> str:
    """Say which fields a blocking key is made of."""
    for code in (code for code in _FIELDS if "(" in code):
        fields = fields.replace(code, _FIELDS[code])
    return ", ".join(_FIELDS.get(field, field.replace("_", " ")) for field in fields.split(", "))


def seldom(share: float) -> str:
    """Write a share that may be very small."""
    if share >= 0.001 or share <= 0:
        return f"{share:.1%}"
    number = float(f"{1 / share:.2g}")
    return f"1 in {number:,.0f}"


def interval(row: Mapping[str, Any], measure: str) -> str:
    """Write a share with its interval."""
    if row.get(measure) is None:
        return "–"
    found = row.get("intervals", {}).get(measure)
    return f"{row[measure]:.1%}" + ("" if not found else f" ({found[0]:.1%} to {found[1]:.1%})")


def _given(share: float, records: int, smallest: int) -> str:
    """Say a share in words that cannot mislead: all and none are exact."""
    if share in (0.0, 1.0):
        return "all" if share else "none"
    there = round(share * records)
    if withheld(there, smallest) is None or withheld(records - there, smallest) is None:
        return "nearly all" if share > 0.5 else "hardly any"
    return f"{min(max(share, 0.01), 0.99):.0%}"
