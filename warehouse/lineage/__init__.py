"""Lineage: where a column's values come from and what decides its rows.

Belongs here: reading SQL by parsing it, and the answer to `commonweal lineage`.
Does not: running SQL. What a published mart was built from is kept in its codebook;
what a build would rest on today is derived each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.hub import Hub
    from warehouse.lineage.report import Lineage


def lineage(hub: Hub, name: str, *, version: str | None = None, today: bool = False) -> Lineage:
    """Return the lineage of a mart, an indicator, a column or a file; see `report.lineage_of`.

    Core reads SQL with this package and this answer reads core, so the answer is
    imported when it is asked for.
    """
    from warehouse.lineage.report import lineage_of

    return lineage_of(hub, name, version=version, today=today)


def write_lineage(hub: Hub, project: str) -> None:
    """Write the page of a project's lineage; see `page.write_page`. Marts call it, and it reads marts."""
    from warehouse.lineage.page import write_page

    write_page(hub, project)
