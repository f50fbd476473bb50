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
    known = last_known_quality(hub)
    return known if latest is not None and known.get("version") == latest.version else {}


def last_known_quality(hub: Hub) -> Mapping[str, Any]:
    """Return the same, and `version`, of the newest version of which it is known; empty if of none."""
    books = sorted((hub.deployment.reports / "marts").rglob("*.json"))
    links: list[dict[str, Any]] = [json.loads(p.read_text(encoding="utf-8")).get("link", {}) for p in books]
    return max((one for one in links if one.get("basis")), key=lambda one: int(one["version"]), default={})
