"""Link error as the spine records it, in the few numbers a codebook shows.

Belongs here: reading the spine's version and quality. Does not: measuring quality
(the linkage does), or choosing a version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from warehouse.opener import Session


def link_facts(session: Session) -> dict[str, Any]:
    """Return the newest link version: its size, and precision and recall where measured.

    Args:
        session: With `warehouse` attached.

    Returns:
        `version`, `records`, `persons`; `precision`, `recall` and `by_group` if the
        version's quality has been measured.
    """
    rows = session.execute(
        "SELECT version, records, persons FROM warehouse.spine.version ORDER BY version DESC LIMIT 1"
    )
    if not rows:
        return {"version": None}
    version, records, persons = (int(value) for value in rows[0])
    found: dict[str, Any] = {"version": version, "records": records, "persons": persons}
    stored = session.execute("SELECT * FROM warehouse.spine.quality WHERE version = ?", [version])
    return found | (_measured(json.loads(stored[-1][-1])) if stored else {})


def _measured(quality: Mapping[str, Any]) -> dict[str, Any]:
    clusters = quality.get("clusters")
    if not isinstance(clusters, Mapping):
        return {}
    groups = [
        {
            "column": part["column"],
            "group": part["group"],
            "precision": part["clusters"]["precision"]["value"],
            "recall": part["clusters"]["recall"]["value"],
        }
        for part in quality.get("by_subgroup", [])
    ]
    return {
        "precision": clusters["precision"]["value"],
        "recall": clusters["recall"]["value"],
        "by_group": groups,
    }
