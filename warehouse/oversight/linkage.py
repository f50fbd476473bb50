"""What is known of the newest link version's errors, from the codebooks in the home.

Belongs here: finding it, and leaving out groups too small to tell. Does not: measuring
(linkage.evaluate), or opening a store.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from warehouse.hub import Hub


def link_quality(hub: Hub) -> Mapping[str, Any]:
    """Return `basis`, `precision`, `recall`, `by_group` of the newest version; empty if unknown."""
    latest = hub.registry.link_versions.latest()
    if latest is None:
        return {}
    for path in sorted((hub.deployment.reports / "marts").rglob("*.json")):
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")).get("link", {})
        if known.get("version") == latest.version and known.get("basis"):
            return known
    return {}
