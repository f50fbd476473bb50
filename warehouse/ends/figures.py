"""Figures that rest on data which were destroyed.

Belongs here: finding them, so that whoever shows them can say so. Does not: computing
or showing a figure (`warehouse.indicators`).
"""

from __future__ import annotations

from warehouse.hub import Hub
from warehouse.indicators.definition import load_definitions


def resting_indicators(hub: Hub) -> list[str]:
    """Return indicators whose last results were computed from a mart version that was retracted."""
    gone = hub.registry.ends.retracted_marts()
    found = []
    for definition in load_definitions(hub.deployment.indicators_dir):
        latest = hub.registry.indicator_results.latest(definition.id)
        if any((definition.source.project, str(row.result["mart_version"])) in gone for row in latest):
            found.append(definition.id)
    return found
