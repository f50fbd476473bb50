"""When an increment may follow, and when a full link is due.

Belongs here: the limits, and the reason for a full link in one word. Does not: making either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from linkage.increment.state import Basis

REASONS: Mapping[str, str] = {
    "asked": "it was asked for",
    "unapproved": "the model of the version that stands may be used no more",
    "nothing-kept": "nothing is kept from a link before",
    "agency": "a source's identifiers were encoded at its agency",
    "method": "the method of linkage changed",
    "model": "the model's settings changed",
    "sources": "a source came or went",
    "purge": "records were purged",
    "increments": "as many increments were made as may follow one another",
    "age": "the last full link is as old as it may be",
    "share": "too large a share of the records changed since the last full link",
    "drift": "the last increment's records agree otherwise than the model expects",
}
"""Why a full link is made, by the word kept with the version."""


@dataclass(frozen=True)
class Limits:
    """How far increments may go before everything is linked again.

    Args:
        increments: Most increments after a full link; 0 makes every link a full one.
        days: Most days after it.
        share: Most records compared anew since, as a share of its records.
        drift: Largest difference between shares of levels in an increment and the model's m.
    """

    increments: int = 60
    days: int = 92
    share: float = 0.2
    drift: float = 0.1


def limits_of(settings: Mapping[str, float]) -> Limits:
    """Return the limits a deployment sets, by the names of its settings."""
    return Limits(
        int(settings["full_after_increments"]),
        int(settings["full_after_days"]),
        float(settings["full_at_share"]),
        float(settings["full_at_drift"]),
    )


@dataclass(frozen=True)
class Now:
    """What a link would be made from now; see `Basis` for the words.

    Args:
        stamp: That of the standing version.
        today: The day.
        agency: Whether encodings of agencies take part.
    """

    stamp: int
    method: str
    engine: str
    model: str
    sources: tuple[str, ...]
    purged: str
    today: date
    agency: bool


def why_full(basis: Basis | None, now: Now, limits: Limits) -> str | None:
    """Return the reason for a full link, a key of `REASONS`; None if an increment may follow."""
    if now.agency:
        return "agency"
    if basis is None:
        return "nothing-kept"
    checks = {
        "method": (basis.method, basis.engine) != (now.method, now.engine),
        "model": basis.model != now.model,
        "sources": basis.sources != now.sources,
        "purge": basis.purged != now.purged,
        "increments": basis.increments >= limits.increments,
        "age": (now.today - date.fromisoformat(basis.full_at)).days >= limits.days,
        "share": too_many(basis, 0, limits),
        "drift": basis.drift is not None and basis.drift > limits.drift,
    }
    return next((reason for reason, due in checks.items() if due), None)


def too_many(basis: Basis, touched: int, limits: Limits) -> bool:
    """Whether with so many more records touched the share is above its limit."""
    return basis.touched + touched > limits.share * max(basis.records, 1)
