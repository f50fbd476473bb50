"""Is there such a project? One fault with the names there are, before anything is decided.

Belongs here: telling a typing error from a refusal. Does not: permission.
"""

from __future__ import annotations

from data_sharing_agreements.errors import UsageFault
from warehouse.hub import Hub


def check_project(hub: Hub, project: str) -> None:
    """Raise unless some license, in or out of force, names the project.

    The names of projects are public: they stand in the register.

    Raises:
        UsageFault: None does.
    """
    known = hub.agreements.projects()
    if project not in known:
        raise UsageFault.of(
            "project-unknown",
            "There is no project of that name.",
            why="A project is one that a data use license names.",
            next=f"Use one of {', '.join(known) or 'none: no license has been written yet'}.",
        )
