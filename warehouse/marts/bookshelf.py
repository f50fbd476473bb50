"""Codebooks in the home's reports: written with a mart, and again when linkage was measured.

Belongs here: where the files lie, and putting a later measurement into them. Does
not: what a codebook says (codebook.py), or the registry's copy, which stays as it was
when the mart was published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from data_sharing_agreements.cells import smallest_cell
from warehouse.hub import Hub
from warehouse.marts.codebook import codebook_html
from warehouse.marts.definition import load_marts
from warehouse.marts.linkerror import link_facts
from warehouse.marts.published import find_published
from warehouse.opener import Session


def write_codebook(hub: Hub, book: Mapping[str, Any]) -> None:
    """Write a mart's codebook as JSON and as a page."""
    folder, name = ("marts", book["project"]), book["mart"]
    hub.reports(*folder, f"{name}.json").write_text(json.dumps(book, indent=1), encoding="utf-8")
    page = codebook_html(hub.deployment.title, book)
    hub.reports(*folder, f"{name}.html").write_text(page, encoding="utf-8")


def tell_link_error(hub: Hub, session: Session) -> dict[str, Any]:
    """Write the codebooks of current marts anew, with the link error known by now.

    Args:
        hub: The hub.
        session: With `warehouse` attached.

    Returns:
        What is known now of the link version; marts of an earlier one keep what they say.
    """
    facts = link_facts(session, max_gap=hub.deployment.max_gap, smallest=smallest_cell(hub.agreements))
    books = [
        book
        for project in load_marts(hub.deployment.marts_dir)
        if (published := find_published(hub, project)) and published.link_version == facts["version"]
        for book in published.codebooks.values()
    ]
    for book in books:
        write_codebook(hub, {**book, "link": facts})
    return facts
