"""Deliveries: each arrival of a source's files, and what became of it.

Belongs here: recording, finding, the table of states. Does not: reading a file, or
why a delivery is held (contracts).

Of the deliveries of one source and period at most one stands (`accepted`): accepting
another supersedes it in the same transaction, so that a kill leaves one or the other.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypedDict

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.registry.audit import AuditEvent, write_down
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, text_of
from data_sharing_agreements.store.schema import delivery, delivery_file


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    PURGED = "purged"


CHANGES: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.PENDING: frozenset(DeliveryState),
    DeliveryState.HELD: frozenset(DeliveryState),
    DeliveryState.REFUSED: frozenset(DeliveryState),
    DeliveryState.ACCEPTED: frozenset(
        {DeliveryState.ACCEPTED, DeliveryState.SUPERSEDED, DeliveryState.PURGED}
    ),
    DeliveryState.SUPERSEDED: frozenset({DeliveryState.SUPERSEDED, DeliveryState.PURGED}),
    DeliveryState.PURGED: frozenset({DeliveryState.PURGED}),
}
"""The states each state may change to; what stands is never taken back, only superseded,
or purged when its agreement ended; what was purged stays so."""


class HeldRule(TypedDict):
    """A broken rule and the number of rows concerned."""

    rule: str
    rows: int


@dataclass(frozen=True)
class DeliveryFile:
    """One file of a delivery: its name, SHA-256 (hex) and size."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Delivery:
    """One arrival of one source for one period.

    Args:
        id: Random name, also of its staging store.
        source, period: What it brings.
        sha256: Hash over its files.
        version: 1 for the first of its source and period, counted up.
        state: Where it stands.
        received_at: When it was recorded.
        files: Its files, by name.
        rows_in, rows_out, rows_quarantined: Rows; the first is the sum of the others.
        held_rules: The rules that hold it.
    """

    id: str
    source: str
    period: str
    sha256: str
    version: int
    state: DeliveryState
    received_at: str
    files: tuple[DeliveryFile, ...] = ()
    rows_in: int = 0
    rows_out: int = 0
    rows_quarantined: int = 0
    held_rules: tuple[HeldRule, ...] = ()


class Deliveries:
    """The deliveries of a registry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def record(
        self,
        source: str,
        period: str,
        files: Iterable[tuple[str, str, int]],
        sha256: str,
        audit: AuditEvent | None = None,
    ) -> Delivery:
        """Record an arrival as pending.

        Args:
            source, period: What it brings.
            files: (name, SHA-256, bytes) of each file.
            sha256: Hash over all of them.
            audit: More for the log.
        """
        made = secrets.token_hex(8)
        listed = [DeliveryFile(*file) for file in files]
        with self._database.writing() as connection:
            same = (delivery.c.source == source) & (delivery.c.period == period)
            version = connection.execute(select(func.count()).where(same)).scalar_one() + 1
            connection.execute(
                insert(delivery).values(
                    id=made,
                    source=source,
                    period=period,
                    sha256=sha256,
                    version=version,
                    state=DeliveryState.PENDING,
                    received_at=text_of(self._clock()),
                    rows_in=0,
                    rows_out=0,
                    rows_quarantined=0,
                    held_rules=[],
                )
            )
            rows = [
                {"delivery_id": made, "name": f.name, "sha256": f.sha256, "bytes": f.bytes} for f in listed
            ]
            if rows:
                connection.execute(insert(delivery_file), rows)
            facts = {
                "delivery": made,
                "source": source,
                "period": period,
                "sha256": sha256,
                "state": "pending",
            }
            write_down(connection, self._clock, "delivery", facts, audit)
            return _one(connection, made)

    def get(self, delivery_id: str) -> Delivery:
        """Return a delivery.

        Raises:
            UsageFault: There is none of that id.
        """
        with self._database.reading() as connection:
            return _one(connection, delivery_id)

    def find(self, source: str, period: str, sha256: str) -> Delivery | None:
        """Return the newest delivery of the same bytes, whatever its state, or None."""
        query = (
            select(delivery)
            .where(delivery.c.source == source, delivery.c.period == period, delivery.c.sha256 == sha256)
            .order_by(delivery.c.version.desc())
            .limit(1)
        )
        return next(iter(self._read(query)), None)

    def pending(self, source: str | None = None) -> list[Delivery]:
        """Return what waits to be taken in, by source, period and version."""
        return self._in_state(DeliveryState.PENDING, source)

    def current(self, source: str | None = None) -> list[Delivery]:
        """Return what stands, at most one a source and period."""
        return self._in_state(DeliveryState.ACCEPTED, source)

    def all(self) -> list[Delivery]:
        """Return every delivery, by source, period and version."""
        return self._read(select(delivery))

    def update(
        self,
        delivery_id: str,
        *,
        state: DeliveryState | str | None = None,
        rows_in: int | None = None,
        rows_out: int | None = None,
        rows_quarantined: int | None = None,
        held_rules: Sequence[HeldRule] | None = None,
        audit: AuditEvent | None = None,
    ) -> Delivery:
        """Change what is known of a delivery; what is None stays.

        Accepting one supersedes the one that stood for its source and period.

        Raises:
            UsageFault: There is no such delivery, or its state may not change so.
        """
        values: dict[str, Any] = {
            "state": None if state is None else DeliveryState(state),
            "rows_in": rows_in,
            "rows_out": rows_out,
            "rows_quarantined": rows_quarantined,
            "held_rules": None if held_rules is None else [dict(rule) for rule in held_rules],
        }
        values = {name: value for name, value in values.items() if value is not None}
        with self._database.writing() as connection:
            before = _one(connection, delivery_id)
            self._change(connection, before, values, audit)
            if values.get("state") is DeliveryState.ACCEPTED:
                self._supersede_others(connection, before, audit)
            return _one(connection, delivery_id)

    def supersede(self, delivery_id: str, by: str, audit: AuditEvent | None = None) -> Delivery:
        """Note that a delivery was replaced by another."""
        with self._database.writing() as connection:
            before = _one(connection, delivery_id)
            self._change(connection, before, {"state": DeliveryState.SUPERSEDED}, _because(by, audit))
            return _one(connection, delivery_id)

    def _change(
        self, connection: Connection, before: Delivery, values: Mapping[str, Any], audit: AuditEvent | None
    ) -> None:
        after = values.get("state", before.state)
        if after not in CHANGES[before.state]:
            raise UsageFault.of(
                "delivery-state",
                f"A delivery that is {before.state} cannot become {after}.",
                why="What stands is never taken back, only superseded.",
                next="Record a new delivery.",
                source=before.source,
            )
        if not values:
            return
        connection.execute(update(delivery).where(delivery.c.id == before.id).values(**values))
        # The log has no counts: a small one could speak of a person.
        facts = {
            "delivery": before.id,
            "source": before.source,
            "period": before.period,
            "state": after,
            "rules": sorted(rule["rule"] for rule in values.get("held_rules", ())),
        }
        write_down(connection, self._clock, "delivery", facts, audit)

    def _supersede_others(self, connection: Connection, accepted: Delivery, audit: AuditEvent | None) -> None:
        query = select(delivery).where(
            delivery.c.source == accepted.source,
            delivery.c.period == accepted.period,
            delivery.c.state == DeliveryState.ACCEPTED,
            delivery.c.id != accepted.id,
        )
        for old in _with_files(connection, connection.execute(query).all()):
            values = {"state": DeliveryState.SUPERSEDED}
            self._change(connection, old, values, _because(accepted.id, audit))

    def _in_state(self, state: DeliveryState, source: str | None) -> list[Delivery]:
        query = select(delivery).where(delivery.c.state == state)
        return self._read(query if source is None else query.where(delivery.c.source == source))

    def _read(self, query: Select[Any]) -> list[Delivery]:
        ordered = query.order_by(delivery.c.source, delivery.c.period, delivery.c.version)
        with self._database.reading() as connection:
            return _with_files(connection, connection.execute(ordered).all())


def _because(by: str, audit: AuditEvent | None) -> AuditEvent:
    added = audit or AuditEvent()
    return AuditEvent({**added.summary, "superseded_by": by}, added.clauses)


def _one(connection: Connection, delivery_id: str) -> Delivery:
    rows = connection.execute(select(delivery).where(delivery.c.id == delivery_id)).all()
    if not rows:
        raise UsageFault.of(
            "no-such-delivery",
            "There is no delivery of this id.",
            why="A delivery is known by the id it got when it arrived.",
            next="Look the id up in the status of the deployment.",
        )
    return _with_files(connection, rows)[0]


def _with_files(connection: Connection, rows: Sequence[Row[Any]]) -> list[Delivery]:
    files: dict[str, list[DeliveryFile]] = {row.id: [] for row in rows}
    query = select(delivery_file).order_by(delivery_file.c.name)
    if len(files) == 1:
        query = query.where(delivery_file.c.delivery_id == next(iter(files)))
    for file in connection.execute(query).all() if files else ():
        if file.delivery_id in files:
            files[file.delivery_id].append(DeliveryFile(file.name, file.sha256, file.bytes))
    return [
        Delivery(
            id=row.id,
            source=row.source,
            period=row.period,
            sha256=row.sha256,
            version=row.version,
            state=DeliveryState(row.state),
            received_at=row.received_at,
            files=tuple(files[row.id]),
            rows_in=row.rows_in,
            rows_out=row.rows_out,
            rows_quarantined=row.rows_quarantined,
            held_rules=tuple(row.held_rules),
        )
        for row in rows
    ]
