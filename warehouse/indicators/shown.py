"""Indicators as people are shown them: one result each, if their project's license still permits it.

Belongs here: choosing the result, and asking before any is shown. Does not: computing
(compute.py), or printing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from data_sharing_agreements.decisions import Request
from warehouse.hub import Hub
from warehouse.indicators.compute import latest_results
from warehouse.indicators.definition import load_definitions
from warehouse.indicators.linkband import link_band
from warehouse.indicators.result import Result, headline


def may_be_shown(hub: Hub) -> tuple[str, ...]:
    """Raise unless the license of every indicator's project permits to show aggregates today.

    Returns:
        The attributions that whatever is shown must carry.

    Raises:
        Refused: A license or an agreement below it is not in force.
    """
    definitions = load_definitions(hub.deployment.indicators_dir)
    projects = sorted({definition.source.project for definition in definitions})
    decisions = [hub.gate.require(show_request(project)) for project in projects]
    return tuple(dict.fromkeys(text for d in decisions for text in d.obligations.attribution))


def show_request(project: str) -> Request:
    """Ask to show the results of a project's indicators inside the hub."""
    return Request("show", project=project, form="aggregates")


def headlines(hub: Hub) -> list[Result]:
    """Return the result of each computed indicator that the scorecard shows large."""
    found = []
    for definition in load_definitions(hub.deployment.indicators_dir):
        results = latest_results(hub, definition)
        series = [r for r in results if r.dimension == definition.source.period]
        if series:
            found.append(headline(next((r for r in results if not r.dimension), None), series))
    return found


def links_told(hub: Hub) -> dict[str, Mapping[str, Any]]:
    """Return for each indicator what its mart's codebook says of the linkage, if anything."""
    found, books = {}, hub.deployment.reports / "marts"
    for definition in load_definitions(hub.deployment.indicators_dir):
        place = books / definition.source.project / f"{definition.source.mart}.json"
        book = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
        found[definition.id] = book.get("link", {})
    return found


def linked_band(result: Result, link: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the band with linkage errors, as `--json` has it; null where nothing is known of its version."""
    same = link.get("version") is not None and link.get("version") == result.link_version
    low, high = (link_band(result, link) if same else None) or (None, None)
    return {"low_with_linkage": low, "high_with_linkage": high}
