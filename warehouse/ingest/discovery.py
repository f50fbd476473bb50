"""What lies in a landing directory: files to deliveries, and deliveries to the registry.

Belongs here: matching paths with contracts, digests, recording arrivals, and where
a pending delivery's files lie. Does not: reading values. Landing is read only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.registry import Delivery, DeliveryState
from warehouse.contracts_model import Contract, Contracts, FilePattern
from warehouse.hub import Hub
from warehouse.readers.fixed_width import period_of
from warehouse.readers.scan import digest_file
from warehouse.readers.staged import DeliveryFile

SIDECAR = ".sha256"
NOTICES = "restrictions"
"""Directory of notices of restriction below a landing directory; they are no deliveries."""

_AGAIN = (DeliveryState.HELD, DeliveryState.REFUSED)


@dataclass(frozen=True)
class ArrivedFile:
    """One file that matches a contract: its path, its name below the landing directory, its digest."""

    path: Path
    name: str
    pattern: FilePattern
    sha256: str
    size: int


@dataclass(frozen=True)
class Arrival:
    """The files of one source and period that lie in one place.

    Args:
        source, period: What they bring, as their names say.
        landing: The landing directory.
        files: By name.
    """

    source: str
    period: str
    landing: Path
    files: tuple[ArrivedFile, ...]

    @property
    def sha256(self) -> str:
        """Digest over the digests and base names of the files, whatever directory they lie in."""
        lines = sorted(f"{file.sha256}  {file.path.name}\n" for file in self.files)
        return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class _Match:
    contract: Contract
    pattern: FilePattern
    period: str
    place: str


def discover(hub: Hub, landing: Path) -> list[Arrival]:
    """Return the deliveries below a landing directory, by source, period and time of arrival.

    A file belongs to a source when the last parts of its path match a pattern of the
    source's contract; hidden files, digest sidecars and other files are left alone.
    """
    return discover_files(hub.contracts, landing)


def discover_files(contracts: Contracts, landing: Path) -> list[Arrival]:
    """Return the deliveries below a landing directory; see `discover`."""
    groups: dict[tuple[str, str, str], list[tuple[Path, FilePattern]]] = {}
    for path in _files(landing):
        match = _match(contracts, path.relative_to(landing).parts)
        if match is not None:
            key = (match.contract.source, match.period, match.place)
            groups.setdefault(key, []).append((path, match.pattern))
    arrivals = [
        Arrival(source, period, landing, tuple(_arrived(path, landing, pattern) for path, pattern in found))
        for (source, period, _), found in groups.items()
    ]
    return sorted(arrivals, key=lambda a: (a.source, a.period, _time(a), a.files[0].name))


def unmatched_files(contracts: Contracts, landing: Path) -> list[str]:
    """Return names of files below a landing directory that no contract knows, for someone to look at."""
    names = (path.relative_to(landing) for path in _files(landing))
    return [name.as_posix() for name in names if _match(contracts, name.parts) is None]


def _time(arrival: Arrival) -> int:
    return max(file.path.stat().st_mtime_ns for file in arrival.files)


def _files(landing: Path) -> Iterator[Path]:
    for path in sorted(landing.rglob("*")):
        parts = path.relative_to(landing).parts
        apart = parts[0] == NOTICES or any(part.startswith(".") for part in parts)
        if path.is_file() and not apart and path.suffix != SIDECAR:
            yield path


def _match(contracts: Contracts, parts: Sequence[str]) -> _Match | None:
    for contract in contracts:
        for pattern in contract.files:
            found = pattern.regex.fullmatch("/".join(parts[-pattern.depth :]))
            if found:
                period = period_of(found.groupdict())
                return _Match(contract, pattern, period, "/".join(parts[: -pattern.depth]))
    return None


def _arrived(path: Path, landing: Path, pattern: FilePattern) -> ArrivedFile:
    sha256, size = digest_file(path)
    return ArrivedFile(path, path.relative_to(landing).as_posix(), pattern, sha256, size)


def register(hub: Hub, arrivals: Sequence[Arrival]) -> list[Delivery]:
    """Record arrivals as pending deliveries, and return those that now wait.

    The same bytes for the same source and period are one delivery: nothing is recorded
    when they were accepted, superseded or still wait. A delivery that was held or
    refused waits again, since its contract or agreement may have changed since, unless
    another stands for its period that came after it. What went with an ended agreement never
    waits again.
    """
    places = Places(hub.deployment.home)
    waiting = []
    for arrival in arrivals:
        known = hub.registry.deliveries.find(arrival.source, arrival.period, arrival.sha256)
        if known is None:
            files = [(file.name, file.sha256, file.size) for file in arrival.files]
            known = hub.registry.deliveries.record(arrival.source, arrival.period, files, arrival.sha256)
        elif known.state in _AGAIN and not (_stands_after(hub, known) or _barred(hub, known)):
            known = hub.registry.deliveries.update(known.id, state=DeliveryState.PENDING)
        if known.state is DeliveryState.PENDING and _barred(hub, known):
            known = hub.registry.deliveries.update(known.id, state=DeliveryState.REFUSED)
        if known.state is DeliveryState.PENDING:
            places.put(known.id, arrival.landing, [file.name for file in arrival.files])
            waiting.append(known)
    places.save()
    return waiting


def _barred(hub: Hub, delivery: Delivery) -> bool:
    """Whether a delivery went with something that ended, and so is not taken in again."""
    agreement = hub.agreements.on(hub.gate.today()).by_source.get(delivery.source)
    document, version = (agreement.id, agreement.version) if agreement else ("", 0)
    found = hub.registry.ends.barred_by(delivery.source, delivery.period, delivery.sha256, document, version)
    return found is not None


def _stands_after(hub: Hub, delivery: Delivery) -> bool:
    standing = hub.registry.deliveries.current(delivery.source)
    return any(d.period == delivery.period and d.version > delivery.version for d in standing)


def delivery_files(hub: Hub, contract: Contract, delivery: Delivery) -> list[DeliveryFile]:
    """Return where the files of a pending delivery lie; nothing unless all are there."""
    digests = {file.name: file.sha256 for file in delivery.files}
    found = Places(hub.deployment.home).files(delivery.id)
    if not found or not all(path.is_file() for path, _ in found):
        return []
    files: list[DeliveryFile] = []
    for path, name in found:
        parts = name.split("/")
        match = next(p for p in contract.files if p.regex.fullmatch("/".join(parts[-p.depth :])))
        files.append(DeliveryFile(len(files), path, name, match, digests.get(name, "")))
    return files


def overtaken(hub: Hub, delivery: Delivery, waiting: Sequence[Delivery]) -> Delivery | None:
    """Return the later delivery that waits for the same period, if this one's bytes are gone.

    A file was written over in the landing directory before it was taken in.
    """
    later = [d for d in waiting if d.period == delivery.period and d.version > delivery.version]
    if not later:
        return None
    digests = {file.name: file.sha256 for file in delivery.files}
    places = Places(hub.deployment.home).files(delivery.id)
    same = all(path.is_file() and digest_file(path)[0] == digests.get(name) for path, name in places)
    return None if places and same else later[-1]


def check_source(hub: Hub, source: str) -> None:
    """Raise unless a contract describes the source.

    Raises:
        UsageFault: None does.
    """
    if source not in hub.contracts.by_source:
        raise UsageFault.of(
            "unknown-source",
            "there is no source of this name",
            why="sources are those with a contract",
            next=f"use one of {', '.join(hub.contracts.sources)}",
        )


class Places:
    """Where the files of pending deliveries lie: a small file in the home directory.

    The registry knows files by their names below a landing directory; which directory
    that was is a matter of this machine, and so is kept here.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "arrivals.json"
        self._known: dict[str, dict[str, str | list[str]]] = {}
        if self._path.exists():
            self._known = json.loads(self._path.read_text(encoding="utf-8"))

    def put(self, delivery_id: str, landing: Path, names: Sequence[str]) -> None:
        """Note where a delivery's files lie."""
        self._known[delivery_id] = {"landing": str(landing.resolve()), "names": list(names)}

    def files(self, delivery_id: str) -> list[tuple[Path, str]]:
        """Return path and name of each file; nothing if the place is not known."""
        known = self._known.get(delivery_id)
        if known is None:
            return []
        landing = Path(str(known["landing"]))
        return [(landing / name, name) for name in known["names"]]

    def drop(self, delivery_id: str) -> None:
        """Forget a delivery that no longer waits."""
        self._known.pop(delivery_id, None)

    def save(self) -> None:
        """Write the file, whole or not at all."""
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(self._known, sort_keys=True), encoding="utf-8")
        new.chmod(0o600)
        new.replace(self._path)
