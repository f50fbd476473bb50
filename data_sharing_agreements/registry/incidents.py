"""Incidents: what happened, what was noted of it, and whom it obliges to tell by when.

Belongs here: opening, noting, doing a duty, closing, and finding them. Does not: what
an incident stops or which clocks it starts (`incidents/`). The words people write
stay in the registry; the log says that they were written, never what they say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.registry.audit import AuditEvent, write_down
from data_sharing_agreements.registry.stops import Stop, lift_in, place_in
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, moment_of, text_of
from data_sharing_agreements.store.tables_governance import incident, incident_duty, incident_note

INCIDENT = "incident"
"""Kind of the log entries written here."""

OPEN, CLOSED = "open", "closed"


@dataclass(frozen=True)
class Duty:
    """Somebody who must be told within hours of the incident becoming known.

    Args:
        tell: Who.
        hours: Within how many hours.
        document, clause: Where it is written: an agreement, or a legal basis.
        checked: Whether the law was read against its text; an unchecked clock is a
            reminder to ask counsel.
    """

    tell: str
    hours: int
    document: str
    clause: str
    checked: bool = True


@dataclass(frozen=True)
class Due:
    """A duty of one incident with its deadline, and when it was done, if it was."""

    number: int
    duty: Duty
    due_at: str
    done_at: str | None

    def overdue(self, now: datetime) -> bool:
        """Whether it is not done and its time is over."""
        return self.done_at is None and moment_of(self.due_at) < now


@dataclass(frozen=True)
class Note:
    """What somebody wrote down about an incident."""

    at: str
    by: str
    text: str


@dataclass(frozen=True)
class Incident:
    """One incident.

    Args:
        id: Its number.
        kind: One of `incidents.KINDS`.
        state: `open` or `closed`.
        summary: What happened, in words for the parties alone.
        known_at: When it became known; the clocks run from there.
        opened_at, opened_by, party: When, by which account, for which body.
        documents: Documents it concerns.
        sources: Sources it concerns.
        people: People concerned by source as far as counted; exact, so not for output.
        duties: Whom to tell.
        notes: What was written down.
        closed_at, closed_by: When and by which account, if it is closed.
    """

    id: int
    kind: str
    state: str
    summary: str
    known_at: str
    opened_at: str
    opened_by: str
    party: str
    documents: tuple[str, ...]
    sources: tuple[str, ...]
    people: Mapping[str, int | None]
    duties: tuple[Due, ...] = ()
    notes: tuple[Note, ...] = ()
    closed_at: str | None = None
    closed_by: str | None = None

    @property
    def undone(self) -> tuple[Due, ...]:
        """Duties nobody has done."""
        return tuple(due for due in self.duties if due.done_at is None)


@dataclass(frozen=True)
class Opening:
    """What opening an incident writes; see `Incident` for the words."""

    kind: str
    summary: str
    known_at: datetime
    opened_by: str
    party: str
    documents: tuple[str, ...]
    sources: tuple[str, ...]
    duties: tuple[Duty, ...]
    stops: bool


class Incidents:
    """The incidents of a registry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def open(self, opening: Opening, audit: AuditEvent | None = None) -> Incident:
        """Open an incident, start its clocks, and stop the documents it concerns, all at once."""
        now = self._clock()
        with self._database.writing() as connection:
            number = connection.execute(
                insert(incident)
                .values(
                    kind=opening.kind,
                    state=OPEN,
                    summary=opening.summary,
                    known_at=text_of(opening.known_at),
                    opened_at=text_of(now),
                    opened_by=opening.opened_by,
                    party=opening.party,
                    documents=list(opening.documents),
                    sources=list(opening.sources),
                    people={},
                )
                .returning(incident.c.id)
            ).scalar_one()
            _start_clocks(connection, number, opening)
            facts = {
                "incident": number,
                "act": "opened",
                "kind": opening.kind,
                "documents": list(opening.documents),
                "duties": len(opening.duties),
            }
            write_down(connection, self._clock, INCIDENT, facts, audit)
            for document in opening.documents if opening.stops else ():
                stop = Stop(document, now.date(), None, f"Incident {number}", opening.party, number)
                place_in(connection, self._clock, stop, audit)
            return _incident(connection, _row(connection, number))

    def note(self, number: int, by: str, text: str, audit: AuditEvent | None = None) -> None:
        """Write something down about an incident.

        Raises:
            UsageFault: There is no such incident.
        """
        with self._database.writing() as connection:
            _row(connection, number)
            connection.execute(
                insert(incident_note).values(
                    incident=number, at=text_of(self._clock()), by_account=by, text=text
                )
            )
            self._said(connection, number, "noted", by, audit)

    def count(self, number: int, people: Mapping[str, int | None]) -> None:
        """Keep how many people of each source an incident concerns."""
        with self._database.writing() as connection:
            _row(connection, number)
            connection.execute(update(incident).where(incident.c.id == number).values(people=dict(people)))

    def done(self, number: int, duty: int, by: str, audit: AuditEvent | None = None) -> None:
        """Note that somebody was told.

        Raises:
            UsageFault: The incident has no such duty, or it was done before.
        """
        with self._database.writing() as connection:
            changed = connection.execute(
                update(incident_duty)
                .where(
                    incident_duty.c.incident == number,
                    incident_duty.c.number == duty,
                    incident_duty.c.done_at.is_(None),
                )
                .values(done_at=text_of(self._clock()), done_by=by)
            )
            if changed.rowcount == 0:
                raise _none("duty", "that is still to be done")
            self._said(connection, number, "told", by, audit, duty)

    def close(self, number: int, by: str, audit: AuditEvent | None = None) -> Incident:
        """Close an incident and lift the stops it placed.

        Raises:
            UsageFault: There is no such incident that is open.
        """
        with self._database.writing() as connection:
            row = _row(connection, number)
            if row.state != OPEN:
                raise _none("incident", "that is open")
            connection.execute(
                update(incident)
                .where(incident.c.id == number)
                .values(state=CLOSED, closed_at=text_of(self._clock()), closed_by=by)
            )
            self._said(connection, number, "closed", by, audit)
            for document in row.documents:
                lift_in(connection, self._clock, document, row.party, number, audit)
            return _incident(connection, _row(connection, number))

    def get(self, number: int) -> Incident:
        """Return an incident.

        Raises:
            UsageFault: There is none of that number.
        """
        with self._database.reading() as connection:
            return _incident(connection, _row(connection, number))

    def all(self) -> list[Incident]:
        """Return every incident, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(incident).order_by(incident.c.id)).all()
            return [_incident(connection, row) for row in rows]

    def _said(
        self,
        connection: Connection,
        number: int,
        act: str,
        by: str,
        audit: AuditEvent | None,
        duty: int | None = None,
    ) -> None:
        facts = {"incident": number, "act": act, "by": by, "duty": duty}
        write_down(connection, self._clock, INCIDENT, facts, audit)


def _start_clocks(connection: Connection, number: int, opening: Opening) -> None:
    rows = [
        {
            "incident": number,
            "number": position,
            "tell": duty.tell,
            "hours": duty.hours,
            "due_at": text_of(opening.known_at + timedelta(hours=duty.hours)),
            "document": duty.document,
            "clause": duty.clause,
            "checked": duty.checked,
        }
        for position, duty in enumerate(opening.duties, start=1)
    ]
    if rows:
        connection.execute(insert(incident_duty), rows)


def _row(connection: Connection, number: int) -> Row[Any]:
    found = connection.execute(select(incident).where(incident.c.id == number)).one_or_none()
    if found is None:
        raise _none("incident", "of that number")
    return found


def _incident(connection: Connection, row: Row[Any]) -> Incident:
    values = dict(row._mapping)
    duties = connection.execute(
        select(incident_duty)
        .where(incident_duty.c.incident == row.id)
        .order_by(incident_duty.c.due_at, incident_duty.c.number)
    )
    notes = connection.execute(
        select(incident_note).where(incident_note.c.incident == row.id).order_by(incident_note.c.id)
    )
    values |= {"documents": tuple(row.documents), "sources": tuple(row.sources)}
    values |= {
        "duties": tuple(_dues(duties)),
        "notes": tuple(Note(n.at, n.by_account, n.text) for n in notes),
    }
    return Incident(**values)


def _dues(rows: Iterable[Row[Any]]) -> list[Due]:
    return [
        Due(r.number, Duty(r.tell, r.hours, r.document, r.clause, r.checked), r.due_at, r.done_at)
        for r in rows
    ]


def _none(thing: str, which: str) -> UsageFault:
    return UsageFault.of(
        f"no-such-{thing}",
        f"There is no {thing} {which}.",
        why="Incidents and their duties are known by number.",
        next="See `commonweal incident list` and `commonweal incident show NUMBER`.",
    )
