"""Obligations: what binds whoever does what a decision permits.

Belongs here: the merged obligations, each with the clause it comes from, and how
the strictest of several is chosen. Does not: reading them out of documents
(`gather.py`), or enforcing them, which is the work of whoever makes an output.

Stricter means: a larger minimum, k, base of rounding, noise and p%; a smaller
dominant share, release form, singled-out share and budget; the earlier
destruction and the shorter time in the landing directory; the longer review; of each
source, the later first and the earlier last day of service.
Attributions, reviewers and kinds of restriction add up. Zero counts are hidden if any document says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from data_sharing_agreements.vocabulary import Form


@dataclass(frozen=True)
class Dominance:
    """Limits on magnitudes: (n, share) rules, all of which apply, and the p% rule."""

    shares: tuple[tuple[int, float], ...] = ()
    p_percent: float | None = None


class SourceDay(NamedTuple):
    """A day of service that bounds what may be used of one source."""

    source: str
    day: date


class SourceKind(NamedTuple):
    """A kind of restriction that keeps single persons' rows of one source back."""

    source: str
    kind: str


@dataclass(frozen=True)
class Obligation:
    """One binding rule, its value, and the clause that sets it."""

    rule: str
    value: Any
    document: str
    clause: str


Stricter = Callable[[Any], Any]

_STRICTEST: Mapping[str, Stricter] = {
    "min_cell": lambda value: -value,
    "zero_is_small": lambda value: not value,
    "rounding": lambda value: -value,
    "p_percent": lambda value: -value,
    "release_form": lambda value: Form(value).rank,
    "outputs": lambda value: Form(value).rank,
    "public": lambda value: value,
    "review_days": lambda value: -value,
    "landing_hours": lambda value: value,
    "destroy_on": lambda value: value,
    "k_anonymity": lambda value: -value,
    "trajectory_share": lambda value: value,
    "noise_sd": lambda value: -value,
    "query_budget": lambda value: value,
}
"""For each rule with one winner, a key whose smallest value is the strictest."""

CUMULATIVE = ("attribution", "reviewer", "restriction")
"""Rules of which every distinct value binds."""

PERIOD: Mapping[str, Callable[[date], int]] = {
    "period_from": lambda day: -day.toordinal(),
    "period_until": lambda day: day.toordinal(),
}
"""First and last day of service that may be used: one winner a source."""

DOMINANCE = "dominance"
"""(n, share) rules: the smallest share for each n binds."""


@dataclass(frozen=True)
class Obligations:
    """The strictest obligations of all documents concerned.

    A property is the neutral value (no limit) where no document sets one.
    """

    items: tuple[Obligation, ...] = ()

    @classmethod
    def strictest(cls, candidates: Iterable[Obligation]) -> Obligations:
        """Merge candidates; among equals the first one is named as the origin."""
        chosen: dict[tuple[str, Any], Obligation] = {}
        for candidate in candidates:
            key = _slot(candidate)
            held = chosen.get(key)
            if held is None or _key(candidate) < _key(held):
                chosen[key] = candidate
        return cls(tuple(chosen.values()))

    @classmethod
    def from_listed(cls, listed: Iterable[Mapping[str, Any]]) -> Obligations:
        """Return the obligations that `listed` wrote down."""
        return cls(
            tuple(
                Obligation(o["rule"], _read(o["rule"], o["value"]), o["document"], o["clause"])
                for o in listed
            )
        )

    @cached_property
    def _single(self) -> Mapping[str, Any]:
        return {item.rule: item.value for item in self.items}

    @property
    def min_cell(self) -> int:
        """Smallest number of persons a cell may show; 1 if there is no rule."""
        return int(self._single.get("min_cell", 1))

    @property
    def zero_is_small(self) -> bool:
        """Whether a count of zero is hidden like a small one."""
        return bool(self._single.get("zero_is_small", False))

    @property
    def rounding(self) -> int:
        """Base of rounding after suppression; 1 is none."""
        return int(self._single.get("rounding", 1))

    @property
    def dominance(self) -> Dominance | None:
        """Limits on magnitudes, or None."""
        shares = tuple(sorted(item.value for item in self.items if item.rule == DOMINANCE))
        p_percent = self._single.get("p_percent")
        return Dominance(shares, p_percent) if shares or p_percent is not None else None

    @property
    def release_form(self) -> Form:
        """The most a project's mart may hold; `none` if no document says."""
        return Form(self._single.get("release_form", Form.NONE))

    @property
    def outputs(self) -> Form:
        """The most that may leave after review; `none` if no document says."""
        return Form(self._single.get("outputs", Form.NONE))

    @property
    def public(self) -> bool:
        """Whether aggregates may be published as open data."""
        return bool(self._single.get("public", False))

    @property
    def review_days(self) -> int:
        """Working days reviewers have before an output may leave."""
        return int(self._single.get("review_days", 0))

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Everyone who must review an output."""
        return tuple(sorted({item.value for item in self.items if item.rule == "reviewer"}))

    @property
    def destroy_on(self) -> date | None:
        """The day by which the data must be destroyed."""
        return self._single.get("destroy_on")

    def period(self, source: str) -> tuple[date | None, date | None]:
        """First and last day of service that may be used of a source; None is no bound."""
        days = {item.rule: item.value.day for item in self.items if _bounds(item, source)}
        return days.get("period_from"), days.get("period_until")

    def restrictions(self, source: str) -> tuple[str, ...]:
        """Kinds of restriction under which single persons' rows of a source are kept back."""
        kept = (item.value for item in self.items if item.rule == "restriction")
        return tuple(sorted({str(value.kind) for value in kept if value.source == source}))

    @property
    def landing_hours(self) -> int | None:
        """Hours a spent delivery may lie in a landing directory of the hub."""
        return self._single.get("landing_hours")

    @property
    def attribution(self) -> tuple[str, ...]:
        """Texts every output must carry."""
        return tuple(item.value for item in self.items if item.rule == "attribution")

    @property
    def k_anonymity(self) -> int:
        """Smallest group sharing quasi-identifiers in a mart of rows; 1 if no rule."""
        return int(self._single.get("k_anonymity", 1))

    @property
    def trajectory_share(self) -> float | None:
        """Largest share of persons a trajectory attack may single out, or None."""
        return self._single.get("trajectory_share")

    @property
    def noise_sd(self) -> float:
        """Standard deviation of the table builder's noise, in persons; 0 is none."""
        return float(self._single.get("noise_sd", 0.0))

    @property
    def query_budget(self) -> float | None:
        """Tables one account may ask of the table builder, or None."""
        return self._single.get("query_budget")

    def origin(self, rule: str) -> Obligation | None:
        """The obligation that sets a rule, with its document and clause."""
        return next((item for item in self.items if item.rule == rule), None)

    def listed(self) -> list[dict[str, object]]:
        """Every obligation as plain JSON, in order of rule."""
        ordered = sorted(self.items, key=lambda item: (item.rule, str(item.value), item.document))
        return [
            {
                "rule": item.rule,
                "value": _plain(item.value),
                "document": item.document,
                "clause": item.clause,
            }
            for item in ordered
        ]


def _read(rule: str, value: Any) -> Any:
    """Return the value that `_plain` wrote down."""
    if rule == "destroy_on":
        return date.fromisoformat(value)
    if rule in PERIOD:
        return SourceDay(value["source"], date.fromisoformat(value["day"]))
    if rule == "restriction":
        return SourceKind(value["source"], value["kind"])
    return (value["n"], value["share"]) if rule == DOMINANCE else value


def _slot(item: Obligation) -> tuple[str, Any]:
    """Obligations in one slot compete; the strictest wins."""
    if item.rule in CUMULATIVE:
        return item.rule, item.value
    if item.rule == DOMINANCE or item.rule in PERIOD:
        return item.rule, item.value[0]
    return item.rule, None


def _bounds(item: Obligation, source: str) -> bool:
    return item.rule in PERIOD and item.value.source == source


def _key(item: Obligation) -> Any:
    if item.rule in CUMULATIVE:
        return 0
    if item.rule in PERIOD:
        return PERIOD[item.rule](item.value.day)
    if item.rule == DOMINANCE:
        return item.value[1]
    return _STRICTEST[item.rule](item.value)


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, SourceDay):
        return {"source": value.source, "day": value.day.isoformat()}
    if isinstance(value, SourceKind):
        return {"source": value.source, "kind": str(value.kind)}
    if isinstance(value, tuple):
        return {"n": value[0], "share": value[1]}
    return value
