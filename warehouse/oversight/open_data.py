"""Where each public table of a home stands: in review, or published.

Belongs here: reading the notes beside the tables; light, because every run's pages need it.
Does not: laying tables out, or moving them (warehouse.marts.publication).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from data_sharing_agreements.register import OpenState
from warehouse.hub import Hub

Key = tuple[str, str, str]
"""Project, mart and version."""

IN_REVIEW, OPEN_DATA = "in_review", "open_data"


def open_data_of(hub: Hub) -> Mapping[Key, OpenState]:
    """Return where each public table of this home stands, by project, mart and version.

    A version that a newer one replaced, or that was destroyed, is not among them.
    """
    states: dict[Key, OpenState] = {}
    for folder in (OPEN_DATA, IN_REVIEW):
        for path in sorted((hub.deployment.reports / folder).glob("*.json")):
            note = json.loads(path.read_text(encoding="utf-8"))
            out = note.get("published") if folder == OPEN_DATA else None
            key = (str(note["project"]), str(note["mart"]), str(note["version"]))
            states[key] = OpenState(out, None if out else note["may_leave_from"])
    return states
