"""Stops: what an agency, or an incident, brought to a halt, and until when.

Belongs here: placing and lifting a stop, and finding those that stand. Does not: who
may do so (`stopping.py`), or what a stop forbids (`decisions/standing.py`). The words
of the reason stay in the registry: the log says who stopped what, never why, because
a reason may point at a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from data_sharing_agreements.registry.audit import AuditEvent, write_down
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, text_of
from data_sharing_agreements.store.tables_governance import stop

STOP = "stop"
"""Kind of the log entries written here."""


@dataclass(frozen=True)
class Stop:
    """Days on which a document permits nothing, whatever it says itself.

    Args:
        document: Its id.
        start: First day.
        until: Last day; None until the stop is lifted.
        reason: Why, in words for the parties alone.
        by: The party that stopped it, and that alone may lift it.
        incident: Number of the incident that called for it, if one did.
    """

    document: str
    start: date
    until: date | None
    reason: str
    by: str
    incident: int | None = None

    def covers(self, on: date) -> bool:
        """Whether the document is stopped on that day."""
        return self.start <= on and (self.until is None or on <= self.until)


class Stops:
    """The stops of a registry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def place(self, wanted: Stop, audit: AuditEvent | None = None) -> Stop:
        """Stop a document. The same party stopping it again for the same cause changes nothing."""
        with self._database.writing() as connection:
            for row in _standing(connection):
                if (row.document, row.party, row.incident) == (wanted.document, wanted.by, wanted.incident):
                    return _stop(row)
            place_in(connection, self._clock, wanted, audit)
        return wanted

    def lift(
        self, document: str, by: str, incident: int | None = None, audit: AuditEvent | None = None
    ) -> int:
        """Lift what a party stopped; stops of other parties, and of other incidents, stand.

        Returns:
            The number of stops lifted.
        """
        with self._database.writing() as connection:
            return lift_in(connection, self._clock, document, by, incident, audit)

    def standing(self) -> tuple[Stop, ...]:
        """Return the stops nobody has lifted, in the order they were placed."""
        return standing_stops(self._database)


def standing_stops(database: Database) -> tuple[Stop, ...]:
    """Return the stops nobody has lifted. The gate asks at every decision."""
    with database.reading() as connection:
        return tuple(_stop(row) for row in _standing(connection))


def place_in(connection: Connection, clock: Clock, wanted: Stop, audit: AuditEvent | None) -> None:
    """Write a stop and its log entry in the caller's transaction."""
    connection.execute(
        insert(stop).values(
            document=wanted.document,
            start=wanted.start.isoformat(),
            until=wanted.until.isoformat() if wanted.until else None,
            reason=wanted.reason,
            party=wanted.by,
            incident=wanted.incident,
            made_at=text_of(clock()),
        )
    )
    facts = {
        "act": "placed",
        "document": wanted.document,
        "start": wanted.start,
        "until": wanted.until,
        "party": wanted.by,
        "incident": wanted.incident,
    }
    write_down(connection, clock, STOP, facts, audit)


def lift_in(
    connection: Connection,
    clock: Clock,
    document: str,
    by: str,
    incident: int | None,
    audit: AuditEvent | None,
) -> int:
    """End the standing stops of a party, and write it down, in the caller's transaction."""
    own = (stop.c.ended_at.is_(None), stop.c.document == document, stop.c.party == by)
    same = stop.c.incident.is_(None) if incident is None else stop.c.incident == incident
    ended = connection.execute(
        update(stop).where(*own, same).values(ended_at=text_of(clock()), ended_by=by)
    ).rowcount
    if ended:
        facts = {"act": "lifted", "document": document, "party": by, "incident": incident}
        write_down(connection, clock, STOP, facts, audit)
    return int(ended)


def _standing(connection: Connection) -> list[Row[Any]]:
    return list(connection.execute(select(stop).where(stop.c.ended_at.is_(None)).order_by(stop.c.id)).all())


def _stop(row: Row[Any]) -> Stop:
    until = date.fromisoformat(row.until) if row.until else None
    return Stop(row.document, date.fromisoformat(row.start), until, row.reason, row.party, row.incident)
