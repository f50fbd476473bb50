"""Is there anything new since the last run that finished?

Belongs here: the fingerprint of everything a run depends on, and where the last
one is kept. Does not: doing or skipping the work (runner.py). It must not import
Dagster: a run with nothing new is over before Dagster could start.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from assets.faults import PACKAGES
from warehouse.hub import Hub

_CODE = frozenset({".py", ".sql", ".json", ".yaml", ".j2"})
_ROOT = Path(__file__).resolve().parents[1]


def fingerprint(hub: Hub) -> str:
    """Return a digest of deliveries, notices, stops, reviews, results, documents, settings, code and the day.

    The day is part of it, because agreements expire and indicators grow stale.
    Documents count by their bytes, code by name, size and time of change.
    """
    digest = hashlib.sha256()
    for part in (_registry(hub), _documents(hub), _code(), [str(hub.deployment.today())]):
        digest.update(json.dumps(list(part), default=str).encode())
    return digest.hexdigest()


def remember(hub: Hub, steps: Iterable[dict[str, Any]]) -> None:
    """Keep the fingerprint of a run that finished, and the steps it did."""
    path = _path(hub)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = json.dumps({"fingerprint": fingerprint(hub), "steps": list(steps)})
    temporary = path.with_suffix(".new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def steps_if_nothing_new(hub: Hub) -> list[dict[str, Any]] | None:
    """Return the steps of the last finished run if nothing has changed since, else None."""
    try:
        kept = json.loads(_path(hub).read_text(encoding="utf-8"))
        steps: list[dict[str, Any]] = kept["steps"]
        same = kept["fingerprint"] == fingerprint(hub)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return steps if same else None


def _path(hub: Hub) -> Path:
    return hub.deployment.dagster_home / "commonweal-last-run.json"


def _registry(hub: Hub) -> Iterator[object]:
    yield sorted((str(d.id), d.state, d.sha256) for d in hub.registry.deliveries.all())
    yield [(n.source, n.sha256, n.state) for n in hub.registry.restriction_notices.all()]
    yield [(s.document, s.start, s.until) for s in hub.registry.stops.standing()]
    yield [(one.review, one.outcome) for one in hub.registry.reviews.outcomes()]
    latest = hub.registry.link_versions.latest()
    yield latest.version if latest else None
    for mart in hub.registry.marts.all():
        yield mart.project, mart.mart, mart.version, (hub.deployment.home / mart.path).exists()


def _documents(hub: Hub) -> Iterator[tuple[str, str]]:
    deployment = hub.deployment
    directories = (
        deployment.contracts_dir,
        deployment.agreements_dir,
        deployment.core_dir,
        deployment.marts_dir,
        deployment.indicators_dir,
    )
    files = {path for directory in directories for path in directory.rglob("*") if path.is_file()}
    for path in sorted(files | {deployment.config}):
        if "__pycache__" not in path.parts:
            yield str(path), hashlib.sha256(path.read_bytes()).hexdigest()


def _code() -> Iterator[tuple[str, int, int]]:
    for package in PACKAGES:
        for path in sorted((_ROOT / package).rglob("*")):
            if path.suffix in _CODE and "__pycache__" not in path.parts:
                status = path.stat()
                yield str(path.relative_to(_ROOT)), status.st_size, status.st_mtime_ns
