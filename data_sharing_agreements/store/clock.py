"""Times as the registry writes them.

Belongs here: text of a moment (ISO 8601, UTC, microseconds) and the default
clock. Does not: dates of agreements, which are days.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present moment, with its time zone."""


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def text_of(moment: datetime) -> str:
    """Return a moment as text that sorts by time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text: str) -> datetime:
    """Return the moment a text of ours means."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
