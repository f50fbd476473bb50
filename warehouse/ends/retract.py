"""Retracting marts: their keys destroyed, their files removed, and the registry says so.

Belongs here: which versions rest on what ended, taking them back, and the whole of a
project's data. Does not: making new versions (`warehouse.marts`).

A mart rests on the spine, and the spine on every record that was linked. So every
version that was made before a purge is taken back, whatever its own fields.
"""

from __future__ import annotations

import shutil
from typing import Any

from data_sharing_agreements.registry.ends import Ending
from warehouse.ends.review import FACT, left_in_review, remove_from_review
from warehouse.hub import Hub
from warehouse.opener import Store
from warehouse.restrictions.own_spine import destroy_own_spine


def standing_versions(hub: Hub, project: str | None = None) -> list[tuple[str, str]]:
    """Return (project, version) of every mart version that was not retracted, of one project or of all."""
    gone = hub.registry.ends.retracted_marts()
    projects = {*hub.agreements.projects(), *(mart.project for mart in hub.registry.marts.all())}
    wanted = sorted(projects if project is None else {project})
    found = {(m.project, m.version) for name in wanted for m in hub.registry.marts.history(name)}
    return sorted(found - gone)


def retract(hub: Hub, ending: Ending) -> dict[str, Any]:
    """Take back the mart versions an ending lists; twice does no harm.

    Returns:
        The files in review that were removed.
    """
    versions = [(project, version) for project, version in ending.facts.get("marts", ())]
    hub.registry.ends.retract_marts(ending.id, versions)
    for project, version in versions:
        store = Store.mart(project, version)
        hub.opener.destroy(store)
        hub.registry.generations.forget(store.name)
    for project in {project for project, _ in versions}:
        shutil.rmtree(hub.deployment.reports / "marts" / project, ignore_errors=True)
    return {FACT: remove_from_review(hub, ending)}


def keys_of_marts(hub: Hub, versions: list[tuple[str, str]]) -> dict[str, str]:
    """Return the key ids of mart versions that still have one, by store."""
    named = [Store.mart(project, version).name for project, version in versions]
    known = set(hub.keys.stores())
    return {name: hub.keys.store_key_id(name) for name in named if name in known}


def destroy_project(hub: Hub, project: str) -> None:
    """Destroy a project's study ids, own spine and key, and what lies in its directories; may be repeated."""
    study_ids = Store.study_ids(project)
    hub.opener.destroy(study_ids)
    hub.registry.generations.forget(study_ids.name)
    destroy_own_spine(hub, project)
    hub.registry.generations.forget(Store.own_spine(project).name)
    hub.keys.destroy_store_key(f"project/{project}")
    for directory in (hub.deployment.home / "marts" / project, hub.deployment.reports / "marts" / project):
        shutil.rmtree(directory, ignore_errors=True)


def project_leftovers(hub: Hub, project: str) -> list[str]:
    """Return what is still there of a destroyed project: keys, and files below the home."""
    named = {f"project/{project}", f"study_ids/{project}", Store.own_spine(project).name}
    keys = [f"key {n}" for n in hub.keys.stores() if n in named or n.startswith(f"mart/{project}/")]
    home = hub.deployment.home
    files_of = [sorted((home / place).glob(f"*{project}.*")) for place in ("study_ids", "spines")]
    paths = [home / "marts" / project, *(path for found in files_of for path in found)]
    files = [f"file {path.relative_to(home).as_posix()}" for path in paths if path.exists()]
    return keys + files + [f"file {name}" for name in left_in_review(hub)]
