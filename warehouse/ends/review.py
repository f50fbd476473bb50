"""Open data that waits for its reviewers, when the mart it was made from is taken back.

Belongs here: which of these files have no mart version that stands, and removing them.
Does not: laying them out or publishing them (`warehouse.marts.publication`). What was
published is with the public, and stays.
"""

from __future__ import annotations

import json
from pathlib import Path

from data_sharing_agreements.registry.ends import Ending
from warehouse.ends.files import overwrite
from warehouse.hub import Hub
from warehouse.oversight.open_data import IN_REVIEW

FACT = "review_files_removed"


def left_in_review(hub: Hub) -> list[str]:
    """Return files in review without a standing mart version, below the home.

    A file without a readable note that names its mart counts as one: nothing says whose it is.
    """
    place = hub.deployment.reports / IN_REVIEW
    gone = hub.registry.ends.retracted_marts()
    standing = {
        (mart.project, f"{mart.mart}-{mart.version}")
        for project in {mart.project for mart in hub.registry.marts.all()}
        for mart in hub.registry.marts.history(project)
        if (mart.project, mart.version) not in gone
    }
    files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else []
    return [
        path.relative_to(hub.deployment.home).as_posix()
        for path in files
        if (_project_of(path), path.stem) not in standing
    ]


def remove_from_review(hub: Hub, ending: Ending) -> list[str]:
    """Remove what `left_in_review` returns; may be repeated, and is written down first.

    Returns:
        All that an ending removed so far.
    """
    known = hub.registry.ends.get(ending.id).facts.get(FACT, ())
    left = left_in_review(hub)
    removed = sorted({*known, *left})
    hub.registry.ends.note(ending.id, {FACT: removed})
    for name in left:
        overwrite(hub.deployment.home / name)
    return removed


def _project_of(path: Path) -> str | None:
    try:
        note = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return note.get("project") if isinstance(note, dict) else None
