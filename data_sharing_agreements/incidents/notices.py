"""Drafts of the notices an incident calls for: one text for each body to be told.

Belongs here: putting the known facts into the form. Does not: sending anything, or a
fact that only people know: those are blanks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from importlib import resources

from jinja2 import Environment, StrictUndefined

from data_sharing_agreements.cells import withheld
from data_sharing_agreements.incidents.kinds import KINDS
from data_sharing_agreements.registry.incidents import Incident
from data_sharing_agreements.store.clock import moment_of


def notices(incident: Incident, hub: str, smallest: int) -> Mapping[str, str]:
    """Return the drafts by file name, the most urgent first.

    Args:
        incident: The incident; duties that are done get no draft.
        hub: Name of the body that sends them.
        smallest: The smallest number of persons a notice may tell; a law that wants the
            exact number is answered by counsel.
    """
    source = resources.files(__package__).joinpath("notice.txt.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=False,  # noqa: S701 - plain text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    form = environment.from_string(source)
    counts = {name: _people(count, smallest) for name, count in incident.people.items()}
    return {
        f"{due.number:02d}-{_slug(due.duty.tell)}.txt": form.render(
            incident=incident,
            duty=due.duty,
            kind=KINDS[incident.kind],
            hub=hub,
            counts=counts,
            due=spoken(moment_of(due.due_at)),
            known=spoken(moment_of(incident.known_at)),
            opened=spoken(moment_of(incident.opened_at)),
        )
        for due in incident.undone
    }


def spoken(moment: datetime) -> str:
    """Write a moment for people: day, month, year and the hour in UTC."""
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _people(count: int | None, smallest: int) -> str:
    if count is None:
        return "not yet counted"
    shown = withheld(count, smallest)
    return f"from 1 to {smallest - 1}" if shown is None else f"{shown:,}"


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:40].strip("-")
