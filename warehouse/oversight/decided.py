"""What was decided in a period, and why not: read from the log.

Belongs here: counting decisions by verb and week, and refusals by reason and clause.
Does not: deciding anything. The log says nothing of a person, so neither does this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from warehouse.hub import Hub
from warehouse.oversight.period import Period


def decided(hub: Hub, period: Period) -> dict[str, Any]:
    """Return counts of decisions and the refusals, grouped.

    Returns:
        `permitted` and `refused`; `by_verb`; `by_week` (its first day); `refusals` with
        verb, code, text, document, clause, times, first and last day.
    """
    entries = entries_of(hub, period, "decision")
    told = [entry for entry in entries if entry["summary"] is not None]
    verbs = Counter((_verb(e), bool(e["summary"]["permitted"])) for e in told)
    weeks = Counter((_week(e["at"]), bool(e["summary"]["permitted"])) for e in told)
    return {
        "permitted": sum(n for (_, yes), n in verbs.items() if yes),
        "refused": sum(n for (_, yes), n in verbs.items() if not yes),
        "erased": len(entries) - len(told),
        "by_verb": _pairs(verbs, "verb"),
        "by_week": _pairs(weeks, "week"),
        "refusals": _refusals(told),
    }


def stopped_by_gateway(hub: Hub, period: Period) -> dict[str, Any]:
    """Return questions that were permitted to be asked and refused for what they asked.

    Returns:
        `refused`: questions; `reasons`: `what` (query or table), `code` of the first fault,
        times, first and last day. The times add up to the questions.
    """
    grouped: dict[tuple[str, str], list[str]] = {}
    for what in ("query", "table"):
        for entry in entries_of(hub, period, f"{what}-refused"):
            faults = (entry["summary"] or {}).get("faults") or ["not-known"]
            grouped.setdefault((what, faults[0]), []).append(entry["at"][:10])
    reasons: list[dict[str, Any]] = [
        {"what": what, "code": code, "times": len(days), "first": min(days), "last": max(days)}
        for (what, code), days in grouped.items()
    ]
    ordered = sorted(reasons, key=lambda one: (-one["times"], one["what"], one["code"]))
    return {"refused": sum(one["times"] for one in reasons), "reasons": ordered}


def entries_of(hub: Hub, period: Period, kind: str) -> list[dict[str, Any]]:
    """Return the log's entries of a kind in a period, oldest first."""
    found = hub.log.show(None, kind=kind, since=period.start.isoformat())
    return [entry for entry in found if period.holds(entry["at"])]


def _pairs(counted: Mapping[tuple[str, bool], int], name: str) -> list[dict[str, Any]]:
    return [
        {name: one, "permitted": counted.get((one, True), 0), "refused": counted.get((one, False), 0)}
        for one in sorted({one for one, _ in counted})
    ]


def _refusals(told: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    grouped: dict[tuple[str, ...], list[str]] = {}
    for entry in told:
        for reason in entry["summary"]["reasons"]:
            key = (_verb(entry), reason["code"], reason["text"], reason["document"], reason["clause"])
            grouped.setdefault(key, []).append(entry["at"][:10])
    names = ("verb", "code", "text", "document", "clause")
    found = [
        {**dict(zip(names, key, strict=True)), "times": len(days), "first": min(days), "last": max(days)}
        for key, days in grouped.items()
    ]
    return sorted(found, key=lambda one: (-one["times"], one["document"], one["verb"]))


def _verb(entry: Mapping[str, Any]) -> str:
    return str(entry["summary"]["request"]["verb"])


def _week(at: str) -> str:
    day = date.fromisoformat(at[:10])
    return (day - timedelta(days=day.weekday())).isoformat()
