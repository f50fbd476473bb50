"""What is told of linkage errors: the best known of several measurements, gaps between groups, warnings.

Belongs here: choosing among measurements of one link version, leaving out small groups,
comparing groups with the policy's limit, and the words for it. Does not: measuring
(linkage), storing, or any page.

It lies at the bottom because linkage writes measurements, the warehouse tells them to
the readers of marts and indicators, and neither may import the other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BASES: Mapping[str, str] = {
    "truth": "measured against known persons",
    "review": "estimated from pairs that people reviewed",
    "model": "expected by the linkage model among compared pairs",
}
"""Method → how it is said, the surest first."""

JUDGED: tuple[str, ...] = ("precision", "recall")
"""Measures whose gaps are held to the policy. Link rates differ because programs do."""

MEASURES: tuple[str, ...] = (*JUDGED, "link_rate")

FEWEST_RECORDS = 50
"""Groups with fewer records are left out whatever the cell rule: their shares say nothing."""

DEFAULT_MAX_GAP = 0.02
"""Gap between two groups' precision or recall above which readers are warned."""

COLUMN_WORDS: Mapping[str, str] = {
    "source": "source",
    "name_language": "language of the name",
    "race_ethnicity": "race and ethnicity",
    "age_band": "age",
    "language_group": "language group",
}
"""Columns of groups whose name people would not understand."""

_PROPER = frozenset({"african", "alaska", "american", "asian", "european", "hawaiian", "indian", "islander"})
"""Words written large wherever they stand in the name of a group."""

_GROUP_WORDS: Mapping[tuple[str, str], str] = {
    ("name_language", "none"): "No name",
    ("sex", "F"): "Female",
    ("sex", "M"): "Male",
}
_DIGITS = 4
_FIRST_NUMBER = re.compile(r"\d+")
_OF = {"precision": "joins that are right", "recall": "records of one person joined"}


@dataclass(frozen=True)
class Gap:
    """The widest difference between two groups of one column.

    Args:
        column: What the groups are of.
        measure: `precision` or `recall`.
        method: How it is known.
        worst, best: The groups with the smallest and the largest value.
        gap: The difference.
        low, high: Its 95 % interval (Newcombe 1998, method 10), without regard to how many
            groups were compared.
        limit: The policy's.
    """

    column: str
    measure: str
    method: str
    worst: str
    best: str
    gap: float
    low: float
    high: float
    limit: float

    @property
    def too_wide(self) -> bool:
        """Whether readers are warned."""
        return self.gap > self.limit

    @property
    def beyond_chance(self) -> bool:
        """Whether the whole interval lies above the limit."""
        return self.low > self.limit

    @property
    def words(self) -> str:
        """The gap in a sentence."""
        sure = "chance alone does not explain it" if self.beyond_chance else "part of it may be chance"
        groups = f"{group_words(self.column, self.worst)} and {group_words(self.column, self.best)}"
        return (
            f"By {column_words(self.column)}, {_OF[self.measure]} differ by {100 * self.gap:.1f} percentage "
            f"points between {groups}; the limit is {100 * self.limit:.1f}, and {sure}."
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as an object."""
        numbers = {name: round(getattr(self, name), _DIGITS) for name in ("gap", "low", "high", "limit")}
        return {
            "column": self.column,
            "measure": self.measure,
            "method": self.method,
            "worst": self.worst,
            "best": self.best,
            **numbers,
            "too_wide": self.too_wide,
            "beyond_chance": self.beyond_chance,
        }


def told(
    measured: Mapping[str, Mapping[str, Any]], *, max_gap: float = DEFAULT_MAX_GAP, smallest: int = 1
) -> dict[str, Any]:
    """Return what readers are told of a link version's errors.

    The whole comes from the surest method there is, each column of groups from the surest
    that has it; link rates are counts and come from whoever counted them.

    Args:
        measured: Method → measurement, as `spine.quality` keeps them.
        max_gap: The policy's limit.
        smallest: The smallest number of records that may be told of.

    Returns:
        `method`, `basis`, `precision`, `recall`, `link_rate`, `intervals`, `by_group`, `gaps`,
        `warnings`, and `warning`, which says all of them in two sentences; empty if nothing is known.
    """
    known = [
        (method, measured[method])
        for method in BASES
        if isinstance(measured.get(method, {}).get("clusters"), Mapping)
    ]
    if not known:
        return {}
    method, whole = known[0]
    by_group = [row for column in _columns(known) for row in _groups(known, column, smallest)]
    gaps = [gap for column in _columns(known) for m in JUDGED if (gap := _gap(by_group, column, m, max_gap))]
    return {
        "method": method,
        "basis": BASES[method],
        **_values(whole["clusters"], _rates([part["clusters"] for _, part in known])),
        "by_group": by_group,
        "gaps": [gap.to_json() for gap in gaps],
        "warnings": [gap.words for gap in gaps if gap.too_wide],
        "warning": gaps_words(gaps),
    }


def gaps_words(gaps: Sequence[Gap]) -> str:
    """Say in two sentences how many of the compared differences are too wide, and the widest.

    Args:
        gaps: The widest difference of each column and measure.

    Returns:
        Nothing where none is too wide.
    """
    wide = sorted((gap for gap in gaps if gap.too_wide), key=lambda gap: (-gap.gap, gap.column, gap.measure))
    if len(wide) < 2:
        return wide[0].words if wide else ""
    most, sure = wide[0], sum(gap.beyond_chance for gap in wide)
    certain = (
        "of none of them" if not sure else f"of {sure} of them" if sure < len(wide) else "of all of them"
    )
    return (
        f"In {len(wide)} of {len(gaps)} comparisons between groups the errors differ by more than the limit "
        f"of {100 * most.limit:.1f} percentage points; the widest, by {column_words(most.column)}, is "
        f"{100 * most.gap:.1f} in {_OF[most.measure]}, {group_words(most.column, most.worst)} against "
        f"{group_words(most.column, most.best)}. It is certain {certain} that the "
        "true difference exceeds the limit."
    )


def _columns(known: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return the columns of groups, each once, in the order in which they were measured."""
    names = [part["column"] for _, found in reversed(known) for part in found.get("by_subgroup", ())]
    return list(dict.fromkeys(names))


def _groups(
    known: Sequence[tuple[str, Mapping[str, Any]]], column: str, smallest: int
) -> list[dict[str, Any]]:
    fewest = max(FEWEST_RECORDS, smallest)
    of_column = [(method, _of_column(found, column)) for method, found in known]
    method, parts = next((m, p) for m, p in of_column if p)
    rates = {
        (part["group"]): part["clusters"]
        for _, rows in of_column
        for part in rows
        if _rates([part["clusters"]])
    }
    records = sum(part["records"] or 0 for part in parts)
    return [
        {
            "column": column,
            "group": str(part["group"]),
            "method": method,
            "share_of_records": round(part["records"] / records, 2),
            **_values(part["clusters"], _rates([rates.get(part["group"], {})])),
        }
        for part in sorted(parts, key=lambda part: _order(column, str(part["group"])))
        if (part["records"] or 0) >= fewest
    ]


def _order(column: str, group: str) -> tuple[bool, float, str]:
    """Put ages in their order, everything else in the alphabet's, and what is not known last."""
    years = _FIRST_NUMBER.search(group) if column.startswith("age") else None
    first = float(years[0]) - group.startswith("under") / 2 if years else 0.0
    return group in ("not_known", "none"), first, group


def _of_column(found: Mapping[str, Any], column: str) -> list[Mapping[str, Any]]:
    return [part for part in found.get("by_subgroup", ()) if part["column"] == column]


def _rates(parts: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return next((part["link_rate"] for part in parts if part.get("link_rate")), None)


def _values(rates: Mapping[str, Any], link_rate: Mapping[str, Any] | None) -> dict[str, Any]:
    named = {name: rates.get(name) for name in JUDGED} | {"link_rate": link_rate}
    values = {name: _rounded((e or {}).get("value")) for name, e in named.items()}
    intervals = {
        name: [_rounded(e["low"]), _rounded(e["high"])]
        for name, e in named.items()
        if e and e.get("low") is not None and e.get("high") is not None
    }
    return {**values, "intervals": intervals}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), _DIGITS)


def _gap(by_group: Sequence[Mapping[str, Any]], column: str, measure: str, limit: float) -> Gap | None:
    """Return the gap between the best and the worst group, None where fewer than two are known."""
    rows = [
        row
        for row in by_group
        if row["column"] == column and row[measure] is not None and measure in row["intervals"]
    ]
    if len(rows) < 2:
        return None
    rows.sort(key=lambda row: (row[measure], row["group"]))
    worst, best = rows[0], rows[-1]
    gap = round(best[measure] - worst[measure], _DIGITS)
    (low_w, high_w), (low_b, high_b) = worst["intervals"][measure], best["intervals"][measure]
    return Gap(
        column,
        measure,
        worst["method"],
        worst["group"],
        best["group"],
        gap,
        max(0.0, gap - math.hypot(best[measure] - low_b, high_w - worst[measure])),
        min(1.0, gap + math.hypot(high_b - best[measure], worst[measure] - low_w)),
        limit,
    )


def column_words(column: str) -> str:
    """Say what groups are of."""
    return COLUMN_WORDS.get(column, column.replace("_", " "))


def group_words(column: str, group: str) -> str:
    """Say a group; a source keeps the name it is known by."""
    if column == "source":
        return group
    if said := _GROUP_WORDS.get((column, group)):
        return said
    parts = group.replace("_", " ").split(" ")
    text = " ".join(part.capitalize() if part in _PROPER else part for part in parts)
    return text[:1].upper() + text[1:]
