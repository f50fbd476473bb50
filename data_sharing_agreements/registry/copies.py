"""Copies that are not in the stores: backups that were made, and what recipients attest of theirs.

Belongs here: recording both, for the certificates that must speak of them. Does not:
making a backup (`pipelines.backup`), or ends (`ends.py`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select

from data_sharing_agreements.registry.audit import write_down
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, text_of
from data_sharing_agreements.store.tables_ends import attestation, backup


@dataclass(frozen=True)
class Backup:
    """A backup that was made: when, until when it is kept, and whether its keys were copied too."""

    id: str
    taken_at: str
    kept_until: str | None
    with_keys: bool


@dataclass(frozen=True)
class Attestation:
    """What a recipient of a project's data attested about its copies."""

    project: str
    attested_by: str
    statement: str
    sha256: str
    recorded_by: str
    at: str


class Copies:
    """Backups and attestations of a registry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def record_backup(self, kept_until: date | None, *, with_keys: bool) -> Backup:
        """Note, before a backup is copied, that it is made."""
        made, at = secrets.token_hex(8), text_of(self._clock())
        until = None if kept_until is None else kept_until.isoformat()
        values = {"id": made, "taken_at": at, "kept_until": until, "with_keys": with_keys}
        with self._database.writing() as connection:
            connection.execute(insert(backup).values(**values))
            facts = {"backup": made, "kept_until": until, "with_keys": with_keys}
            write_down(connection, self._clock, "backup", facts, None)
        return Backup(made, at, until, with_keys)

    def backups(self) -> list[Backup]:
        """Return every backup that was made, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(backup).order_by(backup.c.taken_at)).all()
        return [Backup(row.id, row.taken_at, row.kept_until, row.with_keys) for row in rows]

    def attest(self, project: str, by: str, statement: str, sha256: str, recorded_by: str) -> Attestation:
        """Record what a recipient attested about its copies of a project's data."""
        values = {
            "project": project,
            "attested_by": by,
            "statement": statement,
            "sha256": sha256,
            "recorded_by": recorded_by,
            "at": text_of(self._clock()),
        }
        with self._database.writing() as connection:
            connection.execute(insert(attestation).values(**values))
            facts = {"project": project, "attested_by": by, "sha256": sha256, "actor": recorded_by}
            write_down(connection, self._clock, "attestation", facts, None)
        return Attestation(**values)

    def attestations(self, project: str | None = None) -> list[Attestation]:
        """Return what was attested, of one project or of all."""
        with self._database.reading() as connection:
            rows = connection.execute(select(attestation).order_by(attestation.c.id)).all()
        return [
            Attestation(*(row._mapping[name] for name in Attestation.__dataclass_fields__))
            for row in rows
            if project in (None, row.project)
        ]
