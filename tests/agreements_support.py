"""Documents under test, signed: with demonstration keys, by the same code as the reference ones.

Belongs here: `signed` for a directory that a test edited, `approved` for documents in
memory, `acted` for one more act. Does not: any way around signatures; the program has none.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from data_sharing_agreements.documents import Agreements
from data_sharing_agreements.lifecycle import ActKind, Filed, Rosters, judge, new_act, subject_of
from data_sharing_agreements.lifecycle.demonstration import (
    acts_for,
    key_of,
    roster_for,
    sign_directory,
    slug_of,
)

LATE = datetime(2100, 1, 1, tzinfo=UTC)
"""The present moment of a test: later than any day it asks about."""


def signed(directory: Path) -> Path:
    """Sign every document of a directory as it now is, and return the directory."""
    sign_directory(directory)
    return directory


def approved(agreements: Agreements) -> Agreements:
    """Return the same documents with every act they need, by demonstration keys."""
    versions = agreements.versions
    return judged(replace(agreements, rosters=Rosters((roster_for(versions),))), acts_for(versions))


def judged(agreements: Agreements, acts: list[Filed]) -> Agreements:
    """Return the same documents with these acts and no others."""
    standing = judge(agreements.versions, agreements.rosters.current, acts, now=LATE)
    return replace(agreements, standing=standing, acts=tuple(acts))


def acted(
    agreements: Agreements,
    document: str,
    kind: ActKind | str,
    by: tuple[str, str],
    on: date,
    *,
    effective: date | None = None,
    ground: str | None = None,
    revokes: str | None = None,
) -> Agreements:
    """Return the documents after one more act.

    Args:
        agreements: The documents before.
        document: Id of the document acted upon; of several versions, the one that governs.
        kind: What is done.
        by: Party and office of whoever does it.
        on: The day on which it is signed, at noon.
        effective, ground, revokes: As in the act.
    """
    subject = subject_of(next(d for d in agreements.on(on).documents() if d.id == document))
    act = new_act(
        subject,
        ActKind(kind),
        slug_of(*by),
        key_of(slug_of(*by)),
        datetime.combine(on, time(12), UTC),
        effective=effective,
        ground=ground,
        revokes=revokes,
    )
    folder = f"{subject.id}@{subject.version}"
    return judged(agreements, [*agreements.acts, Filed(act, folder, folder)])
