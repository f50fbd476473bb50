"""Evidence of an incident: what stood when it was opened, copied, hashed and closed to writing.

Belongs here: what is kept and where. Does not: judging it. Nothing of a person goes in:
what is copied is the log, its checkpoints, pages and facts of the registry.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from data_sharing_agreements.cells import smallest_cell
from data_sharing_agreements.incidents import notices
from data_sharing_agreements.registry.incidents import Incident
from warehouse.hub import Hub

MANIFEST = "SHA256SUMS"
_FILE, _FOLDER, _OPEN = 0o400, 0o500, 0o700


def place_of(hub: Hub, number: int) -> Path:
    """Return the directory of an incident."""
    return hub.deployment.home / "incidents" / str(number)


def preserve(hub: Hub, incident: Incident) -> Path:
    """Copy what bears on an incident to its directory, with the hash of every file, read-only.

    What was preserved before is never written over: the second time changes nothing.

    Returns:
        The directory of the evidence.
    """
    place = place_of(hub, incident.id) / "evidence"
    if (place / MANIFEST).exists():
        return place
    place.mkdir(mode=_OPEN, parents=True, exist_ok=True)
    hub.log.checkpoint(place / "checkpoint.json")
    hub.log.export(place / "log.jsonl", bodies=True)
    _write(place / "registry.json", json.dumps(_facts(hub, incident), indent=1, sort_keys=True))
    for name, path in _copied(hub, incident):
        target = place / name
        target.parent.mkdir(mode=_OPEN, parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    _close(place)
    return place


def draft_notices(hub: Hub, incident: Incident) -> list[Path]:
    """Write the drafts of the notices that are still to be given, in place of those from before."""
    place = place_of(hub, incident.id) / "notices"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=_OPEN, parents=True)
    sender = next(party.name for party in hub.agreements.emou.parties if party.role == "hub")
    drafts = notices(incident, sender, smallest_cell(hub.agreements))
    for name, text in drafts.items():
        _write(place / name, text)
    return [place / name for name in drafts]


def altered_evidence(place: Path) -> list[str]:
    """Return the names of files of the evidence that are gone or not what their hash says."""
    if not (place / MANIFEST).is_file():
        return [MANIFEST]
    lines = (place / MANIFEST).read_text(encoding="utf-8").splitlines()
    named = [line.split("  ", 1) for line in lines]
    return [name for digest, name in named if not (place / name).is_file() or _digest(place / name) != digest]


def _copied(hub: Hub, incident: Incident) -> Iterator[tuple[str, Path]]:
    """Yield the pages of the sources and projects concerned, and every checkpoint kept."""
    for path in sorted(hub.deployment.checkpoints.glob("*.json")):
        yield f"checkpoints/{path.name}", path
    reports = hub.deployment.reports
    quality = [reports / "quality" / f"{source}.html" for source in incident.sources]
    pages = [*quality, reports / "linkage" / "index.html", *sorted((reports / "marts").rglob("*.html"))]
    for path in pages:
        if path.is_file():
            yield f"reports/{path.relative_to(reports)}", path


def _facts(hub: Hub, incident: Incident) -> dict[str, object]:
    """Return what the registry knows that bears on the incident: never a count of people."""
    registry = hub.registry
    deliveries = [asdict(d) for d in registry.deliveries.all() if d.source in incident.sources]
    last = registry.link_versions.latest()
    return {
        "incident": incident.id,
        "documents": {d.id: hub.agreements.digests()[d.id] for d in hub.agreements.documents()},
        "deliveries": [{k: str(v) for k, v in d.items() if k in _DELIVERY} for d in deliveries],
        "marts": [
            {"project": m.project, "mart": m.mart, "version": m.version, "link_version": m.link_version}
            for m in registry.marts.all()
        ],
        "link_version": last.version if last else None,
        "accounts": [
            {"account": a.name, "roles": list(a.roles), "disabled": a.disabled}
            for a in registry.accounts.all()
        ],
        "sessions": [
            {"account": s.account, "opened_at": s.opened_at, "expires_at": s.expires_at}
            for s in registry.sessions.all()
        ],
    }


_DELIVERY = frozenset({"id", "source", "period", "sha256", "version", "state", "received_at"})


def _close(place: Path) -> None:
    """Write the hashes of all files, then take away the right to write."""
    files = sorted(path for path in place.rglob("*") if path.is_file())
    _write(place / MANIFEST, "".join(f"{_digest(path)}  {path.relative_to(place)}\n" for path in files))
    for path in place.rglob("*"):
        path.chmod(_FOLDER if path.is_dir() else _FILE)
    place.chmod(_FOLDER)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
