"""Emptying our own landing directory of deliveries that are spent.

Belongs here: which files may go, and removing them. Does not: finding deliveries
(discovery.py), or how long they may lie (the obligation `landing_hours`).

Only the home's own landing directory is emptied: one that was given to a run is another's,
and is never written to. A delivery is spent when it was taken in or another took its
place; what is held or refused stays, for whoever clears it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from data_sharing_agreements.decisions import Request
from data_sharing_agreements.decisions.gather import obligations_of
from data_sharing_agreements.registry import Delivery, DeliveryState
from data_sharing_agreements.store.clock import moment_of
from warehouse.hub import Hub
from warehouse.ingest.discovery import SIDECAR, Places
from warehouse.readers.scan import digest_file

_SPENT = (DeliveryState.ACCEPTED, DeliveryState.SUPERSEDED)


def empty_landing(hub: Hub, now: datetime) -> list[str]:
    """Remove spent deliveries from the home's landing directory when their hours are over.

    Args:
        hub: The hub; no store is opened.
        now: The present moment.

    Returns:
        The ids of the deliveries whose files were removed.

    Raises:
        Refused: Never in practice: destroying needs no permission, but is decided and logged.
    """
    places = Places(hub.deployment.home)
    due = list(_due(hub, places, now))
    for source in sorted({delivery.source for delivery, _ in due}):
        hub.gate.require(Request("destroy", sources=frozenset({source})))
    for delivery, files in due:
        for path in files:
            path.unlink(missing_ok=True)
            path.with_name(path.name + SIDECAR).unlink(missing_ok=True)
        places.drop(delivery.id)
    if due:
        places.save()
    return [delivery.id for delivery, _ in due]


def _due(hub: Hub, places: Places, now: datetime) -> Iterator[tuple[Delivery, list[Path]]]:
    """Yield spent deliveries whose hours are over, with their files in our landing directory.

    A file that was written over since is another delivery's, and stays.
    """
    own = hub.deployment.landing.resolve()
    for delivery in hub.registry.deliveries.all():
        if delivery.state not in _SPENT or not _over(hub, delivery, now):
            continue
        digests = {file.name: file.sha256 for file in delivery.files}
        files = [
            path
            for path, name in places.files(delivery.id)
            if path.resolve().is_relative_to(own)
            and path.is_file()
            and digest_file(path)[0] == digests.get(name)
        ]
        if files:
            yield delivery, files


def _over(hub: Hub, delivery: Delivery, now: datetime) -> bool:
    agreements = hub.gate.current().on(hub.gate.today())
    dsa = agreements.by_source.get(delivery.source)
    bases = [] if dsa is None else [agreements.bases[use.code] for use in dsa.legal_basis]
    duties = obligations_of(agreements.emou, bases, [] if dsa is None else [dsa], None)
    hours = duties.landing_hours
    return hours is not None and now >= moment_of(delivery.received_at) + timedelta(hours=hours)
