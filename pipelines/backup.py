"""Backup and restore of a home: stores and registry in one place, keys in another.

Belongs here: copying, the manifest, comparing with it. Does not: encryption;
stores are encrypted as they lie, and are copied so.
"""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from data_sharing_agreements.errors import ErrorDetail, IntegrityFault, UsageFault
from data_sharing_agreements.registry import Registry
from data_sharing_agreements.store.dump import dump, load
from pipelines.lock import hold
from warehouse.deployment import Deployment

MANIFEST = "manifest.json"
REGISTRY = "registry.sqlite"
DUMP = "registry.jsonl"

_NOT_COPIED = frozenset(
    {"keys", "landing", "staging", "spill", "purge", "dagster", "lock", "session.json", "accounts.txt"}
)
_SQLITE_SIDE_FILES = ("-wal", "-shm", "-journal")
_BLOCK = 4 * 1024**2


def back_up(
    deployment: Deployment, out: Path, keys_out: Path | None = None, kept_until: date | None = None
) -> dict[str, Any]:
    """Copy a home while no run changes it.

    Landing and staging are not copied: agencies have what they sent. A registry
    that is kept on a server is written out row by row. The backup is noted in the
    registry first: a later purge says which backups can still be read.

    Args:
        deployment: Whose home.
        out: New or empty directory for everything but the keys.
        keys_out: New or empty directory for the keys, if they are to be copied.
        kept_until: Last day on which it is kept, if that is known.

    Returns:
        The manifest: its id, when, and each file with its size and SHA-256.

    Raises:
        UsageFault: A directory is not empty, or both are one.
        Busy: A run holds the home.
    """
    _check_targets(out, keys_out)
    with hold(deployment.lock_path, "backup"):
        with Registry.open(deployment.registry_url) as registry:
            noted = registry.copies.record_backup(kept_until, with_keys=keys_out is not None)
        for path in _files_to_copy(deployment.home):
            _copy(path, out / path.relative_to(deployment.home))
        _dump_registry(deployment, out)
        manifest = {
            "id": noted.id,
            "name": deployment.name,
            "kept_until": noted.kept_until,
            "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "files": _described(out),
        }
        if keys_out:
            shutil.copytree(deployment.keys_dir, keys_out, dirs_exist_ok=True)
            keys_out.chmod(0o700)
    _write_durably(out / MANIFEST, json.dumps(manifest, indent=1))
    return manifest


def put_back(deployment: Deployment, source: Path, keys_from: Path | None = None) -> dict[str, Any]:
    """Copy a backup into a home that has no stores, and keys if it has none.

    Every file is compared with the manifest before the first is copied.

    Raises:
        UsageFault: There is no backup there, or the home has stores or no keys.
        IntegrityFault: A file is missing or not what the manifest says.
        Busy: A run holds the home.
    """
    manifest = _read_manifest(source)
    IntegrityFault.collect(_differences(source, manifest))
    deployment.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with hold(deployment.lock_path, "restore"):
        _check_home(deployment, keys_from)
        if keys_from and not _has_files(deployment.keys_dir):
            shutil.copytree(keys_from, deployment.keys_dir, dirs_exist_ok=True)
            deployment.keys_dir.chmod(0o700)
        for file in manifest["files"]:
            if file["path"] != DUMP:
                _copy(source / file["path"], deployment.home / file["path"])
        _load_registry(deployment, source)
    deployment.landing.mkdir(mode=0o700, exist_ok=True)
    return manifest


def _dump_registry(deployment: Deployment, out: Path) -> None:
    """Write out a registry that is not a file of the home."""
    if not _in_home(deployment):
        with Registry.open(deployment.registry_url) as registry:
            dump(registry.database, out / DUMP)
        (out / DUMP).chmod(0o600)


def _load_registry(deployment: Deployment, source: Path) -> None:
    """Read a registry that was written out into the one the deployment names."""
    if not _in_home(deployment) and not (source / DUMP).exists():
        raise UsageFault.of(
            "backup-of-another-kind",
            "The backup holds its registry as a file, and this deployment keeps it on a server.",
            why="A home is put back whole: stores without their registry do not open.",
            next="Restore it with the registry in the home, make a backup there, or take the setting out.",
        )
    if (source / DUMP).exists():
        with Registry.create(deployment.registry_url) as registry:
            load(registry.database, source / DUMP)


def _in_home(deployment: Deployment) -> bool:
    return deployment.registry_url == f"sqlite:///{deployment.home / REGISTRY}"


def _files_to_copy(home: Path) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        top = path.relative_to(home).parts[0]
        if path.is_file() and top not in _NOT_COPIED and not path.name.endswith(_SQLITE_SIDE_FILES):
            yield path


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.suffix == ".sqlite":
        _copy_sqlite(path, target)
    else:
        shutil.copyfile(path, target)
    target.chmod(0o600)


def _copy_sqlite(path: Path, target: Path) -> None:
    """Copy a database with what its write-ahead log holds."""
    origin, copy = sqlite3.connect(path), sqlite3.connect(target)
    try:
        origin.backup(copy)
    finally:
        copy.close()
        origin.close()


def _described(directory: Path) -> list[dict[str, Any]]:
    return [
        {
            "path": str(path.relative_to(directory)),
            "bytes": path.stat().st_size,
            "sha256": _sha256(path),
        }
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    ]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _differences(source: Path, manifest: dict[str, Any]) -> Iterator[ErrorDetail]:
    for file in manifest["files"]:
        path = source / file["path"]
        if not path.is_file() or _sha256(path) != file["sha256"]:
            yield ErrorDetail(
                "backup-damaged",
                f"{file['path']} is missing or not what the manifest says.",
                why="A backup is put back whole or not at all.",
                next="Use another copy of this backup.",
            )


def _read_manifest(source: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
        inside = all(
            (source / f["path"]).resolve().is_relative_to(source.resolve()) for f in manifest["files"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        inside = False
    if not inside:
        raise UsageFault.of(
            "no-backup",
            "There is no backup at the place given.",
            why=f"A backup is a directory that holds {MANIFEST} and the files it names.",
            next="Give the directory that `commonweal backup --out` wrote.",
        )
    return manifest


def _check_targets(out: Path, keys_out: Path | None) -> None:
    targets = [out, *([keys_out] if keys_out else [])]
    apart = keys_out is None or not (
        keys_out.resolve().is_relative_to(out.resolve()) or out.resolve().is_relative_to(keys_out.resolve())
    )
    if not apart or any(_has_files(target) for target in targets):
        raise UsageFault.of(
            "backup-place",
            "The directories given are not empty, or one is inside the other.",
            why="A backup never mixes with another, and keys are kept apart from what they open.",
            next="Name new directories.",
        )
    for target in targets:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)


def _check_home(deployment: Deployment, keys_from: Path | None) -> None:
    faults = []
    if any(path.suffix in {".duckdb", ".sqlite"} for path in _files_to_copy(deployment.home)):
        faults.append(
            ErrorDetail(
                "home-not-empty",
                "This home has stores or a registry already.",
                why="Putting an older state over a newer one would contradict checkpoints others hold.",
                next="Move the home away, or name a new one with --home.",
            )
        )
    if not _has_files(deployment.keys_dir) and not (keys_from and _has_files(keys_from)):
        faults.append(
            ErrorDetail(
                "no-keys",
                "This home has no keys, and none were given.",
                why="Stores are encrypted; without their keys they cannot be read by anyone.",
                next="Give the copy of the keys with --keys-from. If there is none, the stores are lost.",
            )
        )
    UsageFault.collect(faults)


def _has_files(directory: Path) -> bool:
    return directory.is_dir() and any(directory.iterdir())


def _write_durably(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
