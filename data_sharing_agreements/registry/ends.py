"""Ends in the registry: the journal, bars, retractions, legal holds.

Belongs here: recording each, and finding what is open. Does not: destroying anything
(`warehouse/ends/`), what a step means (`ends.py`), or copies (`copies.py`). No record id and no count of
people is kept here.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from data_sharing_agreements.ends import BEFORE, OVER, HoldKind, HoldReason, Scope, Step, follows
from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.registry.audit import AuditEvent, write_down
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, text_of
from data_sharing_agreements.store.schema import mart
from data_sharing_agreements.store.tables_ends import (
    barred_delivery,
    ending,
    legal_hold,
    mart_retraction,
)


@dataclass(frozen=True)
class Ending:
    """One ending in the journal.

    Args:
        id: Random name, also of its certificate.
        kind: What it takes away.
        subject: A document, a project, a delivery, or a notice.
        source: The source concerned; empty for a project.
        document, document_version, clause: On what it rests.
        state: The last step that was done.
        begun_at, ended_at: Times.
        facts: What was done so far; never a record id.
    """

    id: str
    kind: Scope
    subject: str
    source: str
    document: str
    document_version: int
    clause: str
    state: Step
    begun_at: str
    ended_at: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Hold:
    """A legal hold: while it stands, nothing of its subject is destroyed."""

    id: str
    kind: HoldKind
    subject: str
    reason: HoldReason
    set_by: str
    set_at: str
    lifted_by: str | None
    lifted_at: str | None


class Ends:
    """Endings and holds of a registry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def plan(
        self,
        kind: Scope,
        subject: str,
        *,
        source: str = "",
        document: str,
        document_version: int,
        clause: str,
        facts: Mapping[str, Any] | None = None,
        known_as: str | None = None,
    ) -> Ending:
        """Write down that an ending begins; one that is under way for the same subject is returned as it is.

        Args:
            kind, subject, source, document, document_version, clause: See `Ending`.
            facts: What is known already.
            known_as: Its id, where it is done again on a restored backup.
        """
        with self._database.writing() as connection:
            for known in self._all(connection):
                if (known.kind, known.subject) == (kind, subject) and known.state not in OVER:
                    return known
            made = known_as or secrets.token_hex(8)
            connection.execute(
                insert(ending).values(
                    id=made,
                    kind=kind,
                    subject=subject,
                    source=source,
                    document=document,
                    document_version=document_version,
                    clause=clause,
                    state=Step.PLANNED,
                    begun_at=text_of(self._clock()),
                    facts=dict(facts or {}),
                )
            )
            planned = _one(connection, made)
            self._tell(connection, planned)
            return planned

    def step(self, ending_id: str, state: Step, facts: Mapping[str, Any] | None = None) -> Ending:
        """Write down that a step is done, and what is known since.

        Raises:
            UsageFault: It does not follow the step before.
        """
        with self._database.writing() as connection:
            before = _one(connection, ending_id)
            if not follows(before.state, state):
                raise UsageFault.of(
                    "ending-step",
                    f"An ending that is {before.state} cannot become {state}.",
                    why="Each step rests on the one before.",
                    next="Let the ending be finished: `commonweal end resume`.",
                )
            values: dict[str, Any] = {"state": state, "facts": {**before.facts, **(facts or {})}}
            if state in OVER:
                values["ended_at"] = text_of(self._clock())
            connection.execute(update(ending).where(ending.c.id == ending_id).values(**values))
            after = _one(connection, ending_id)
            self._tell(connection, after)
            return after

    def note(self, ending_id: str, facts: Mapping[str, Any]) -> None:
        """Add what is known of an ending, within a step."""
        with self._database.writing() as connection:
            before = _one(connection, ending_id)
            added = {**before.facts, **facts}
            connection.execute(update(ending).where(ending.c.id == ending_id).values(facts=added))

    def get(self, ending_id: str) -> Ending:
        """Return an ending.

        Raises:
            UsageFault: There is none of that id.
        """
        with self._database.reading() as connection:
            return _one(connection, ending_id)

    def all(self) -> list[Ending]:
        """Return every ending, oldest first."""
        with self._database.reading() as connection:
            return self._all(connection)

    def unfinished(self) -> list[Ending]:
        """Return the endings that were begun and not finished, oldest first."""
        return [one for one in self.all() if one.state not in OVER]

    def certified(self, kind: Scope, subject: str) -> Ending | None:
        """Return the last finished ending of a subject, or None."""
        found = [e for e in self.all() if (e.kind, e.subject, e.state) == (kind, subject, Step.CERTIFIED)]
        return found[-1] if found else None

    def project_destroyed(self, project: str) -> bool:
        """Whether a project's data were destroyed, or are being destroyed now."""
        return any(
            (e.kind, e.subject) == (Scope.PROJECT, project) and e.state not in BEFORE for e in self.all()
        )

    def bar(self, ending_id: str, source: str, deliveries: Iterable[tuple[str, str, bool]]) -> None:
        """Keep deliveries from being taken in again.

        Args:
            ending_id: The ending they went with.
            source: Their source.
            deliveries: (period, SHA-256, whether the whole period is barred).
        """
        rows = [
            {"ending": ending_id, "source": source, "period": p, "sha256": s, "whole_period": whole}
            for p, s, whole in deliveries
        ]
        with self._database.writing() as connection:
            known = barred_delivery.c.ending == ending_id
            if rows and connection.execute(select(barred_delivery.c.id).where(known)).first() is None:
                connection.execute(insert(barred_delivery), rows)

    def barred_by(self, source: str, period: str, sha256: str, document: str, version: int) -> Ending | None:
        """Return the ending that keeps a delivery out, or None.

        The same bytes are kept out for ever. Other bytes of a purged period are kept out
        as long as the agreement is the one that ended: a newer one is a new permission.
        """
        query = (
            select(barred_delivery, ending.c.document, ending.c.document_version)
            .join(ending, ending.c.id == barred_delivery.c.ending)
            .where(barred_delivery.c.source == source, barred_delivery.c.period == period)
            .order_by(barred_delivery.c.id)
        )
        with self._database.reading() as connection:
            for row in connection.execute(query).all():
                ended = (row.document, row.document_version) == (document, version)
                if row.sha256 == sha256 or (row.whole_period and ended):
                    return _one(connection, row.ending)
        return None

    def retract_marts(self, ending_id: str, marts: Iterable[tuple[str, str]]) -> None:
        """Note that versions of projects' marts are retracted; twice does no harm.

        Args:
            ending_id: The ending they went with.
            marts: (project, version) of each.
        """
        with self._database.writing() as connection:
            gone = select(mart_retraction.c.mart)
            for project, version in marts:
                same = (mart.c.project == project) & (mart.c.version == version) & mart.c.id.not_in(gone)
                for key, name in connection.execute(select(mart.c.id, mart.c.mart).where(same)).all():
                    at = text_of(self._clock())
                    connection.execute(
                        insert(mart_retraction).values(mart=key, ending=ending_id, retracted_at=at)
                    )
                    facts = {"project": project, "mart": name, "version": version, "act": "retract"}
                    write_down(connection, self._clock, "mart", facts, None)

    def retracted_marts(self) -> frozenset[tuple[str, str]]:
        """Return (project, version) of every mart version that was retracted."""
        return frozenset(self.retraction_days())

    def retraction_days(self) -> dict[tuple[str, str], date]:
        """Return the day (UTC) on which each mart version that was retracted was, by (project, version)."""
        query = select(mart.c.project, mart.c.version, mart_retraction.c.retracted_at).join(
            mart_retraction, mart_retraction.c.mart == mart.c.id
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {(row.project, row.version): date.fromisoformat(row.retracted_at[:10]) for row in rows}

    def set_hold(self, kind: HoldKind, subject: str, reason: HoldReason, by: str) -> Hold:
        """Set a legal hold."""
        with self._database.writing() as connection:
            made = secrets.token_hex(4)
            at = text_of(self._clock())
            values = {
                "id": made,
                "kind": kind,
                "subject": subject,
                "reason": reason,
                "set_by": by,
                "set_at": at,
            }
            connection.execute(insert(legal_hold).values(**values))
            facts = {"act": "set", "hold": made, str(kind): subject, "reason": str(reason), "actor": by}
            write_down(connection, self._clock, "hold", facts, None)
        return self.hold(made)

    def lift_hold(self, hold_id: str, by: str) -> Hold:
        """Lift a legal hold.

        Raises:
            UsageFault: There is none of that id, or it was lifted already.
        """
        if self.hold(hold_id).lifted_at is not None:
            raise _no_hold()
        with self._database.writing() as connection:
            values = {"lifted_by": by, "lifted_at": text_of(self._clock())}
            connection.execute(update(legal_hold).where(legal_hold.c.id == hold_id).values(**values))
            write_down(connection, self._clock, "hold", {"act": "lift", "hold": hold_id, "actor": by}, None)
        return self.hold(hold_id)

    def hold(self, hold_id: str) -> Hold:
        """Return one legal hold.

        Raises:
            UsageFault: There is none of that id.
        """
        found = [hold for hold in self.holds(lifted=True) if hold.id == hold_id]
        if not found:
            raise _no_hold()
        return found[0]

    def holds(self, *, lifted: bool = False) -> list[Hold]:
        """Return the legal holds that stand, and those that were lifted if asked for."""
        with self._database.reading() as connection:
            rows = connection.execute(select(legal_hold).order_by(legal_hold.c.set_at)).all()
        held = [_record(Hold, row, kind=HoldKind(row.kind), reason=HoldReason(row.reason)) for row in rows]
        return [hold for hold in held if lifted or hold.lifted_at is None]

    def _all(self, connection: Connection) -> list[Ending]:
        rows = connection.execute(select(ending).order_by(ending.c.begun_at, ending.c.id)).all()
        return [_ending(row) for row in rows]

    def _tell(self, connection: Connection, now: Ending) -> None:
        facts = {
            "act": "step",
            "purge": now.id,
            "scope": now.kind,
            "document": now.document,
            "source": now.source,
            "state": now.state,
        }
        audit = AuditEvent(clauses=((now.document, now.clause),))
        write_down(connection, self._clock, "purge", facts, audit)


def _one(connection: Connection, ending_id: str) -> Ending:
    row = connection.execute(select(ending).where(ending.c.id == ending_id)).one_or_none()
    if row is None:
        raise UsageFault.of(
            "no-such-ending",
            "There is no ending of this id.",
            why="An ending is known by the id it got when it began.",
            next="See `commonweal certificate list`.",
        )
    return _ending(row)


def _ending(row: Row[Any]) -> Ending:
    found: Ending = _record(Ending, row, kind=Scope(row.kind), state=Step(row.state))
    return found


def _record(shape: Any, row: Row[Any], **changed: Any) -> Any:
    values = {name: row._mapping[name] for name in shape.__dataclass_fields__}
    return shape(**{**values, **changed})


def _no_hold() -> UsageFault:
    return UsageFault.of(
        "no-such-hold",
        "There is no legal hold of this id that stands.",
        why="A hold is known by the id it got when it was set.",
        next="See `commonweal hold list`.",
    )
