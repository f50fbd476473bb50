"""Notices of restriction: which were applied or refused, and by whom they were signed.

Belongs here: recording a notice by its digest, and finding it again. Does not: whom a
notice is about (the vault), or whether it may be applied (`warehouse/restrictions`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy import insert, select

from data_sharing_agreements.log.entries import Clauses
from data_sharing_agreements.registry.audit import AuditEvent, write_down
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, text_of
from data_sharing_agreements.store.tables_restrictions import restriction_notice

NoticeState = Literal["applied", "refused"]


@dataclass(frozen=True)
class NoticeRecord:
    """What the registry knows of a notice.

    Args:
        source: The source whose records it is about.
        sha256: Digest of the file.
        notice_id, sequence, signatory: As the notice says; not believed where it was refused.
        state: What became of it.
    """

    source: str
    sha256: str
    notice_id: str
    sequence: int
    signatory: str
    state: NoticeState


class RestrictionNotices:
    """The notices of restriction of a registry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def record(self, notice: NoticeRecord, kinds: Iterable[str] = (), clauses: Clauses = ()) -> None:
        """Record what became of a notice; the second time, nothing.

        Args:
            notice: The notice.
            kinds: Kinds of restriction it holds, for the log.
            clauses: (document, clause) pairs the answer rests on.
        """
        with self._database.writing() as connection:
            same = (restriction_notice.c.source == notice.source) & (
                restriction_notice.c.sha256 == notice.sha256
            )
            known = connection.execute(select(restriction_notice.c.state).where(same)).scalar_one_or_none()
            if known == notice.state:
                return
            if known is not None:
                connection.execute(restriction_notice.update().where(same).values(state=notice.state))
            else:
                row = asdict(notice) | {"recorded_at": text_of(self._clock())}
                connection.execute(insert(restriction_notice).values(row))
            facts = {
                "act": notice.state,
                "source": notice.source,
                "notice": notice.notice_id,
                "sha256": notice.sha256,
                "signatory": notice.signatory,
                "sequence": notice.sequence,
                "kinds": sorted(kinds),
            }
            write_down(connection, self._clock, "restriction", facts, AuditEvent(clauses=clauses))

    def applied(self, source: str) -> list[NoticeRecord]:
        """Return the applied notices of a source, by sequence."""
        return [n for n in self.all() if n.source == source and n.state == "applied"]

    def all(self) -> list[NoticeRecord]:
        """Return every notice, by source and sequence."""
        query = select(restriction_notice).order_by(
            restriction_notice.c.source, restriction_notice.c.sequence, restriction_notice.c.sha256
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        names = ("source", "sha256", "notice_id", "sequence", "signatory", "state")
        return [NoticeRecord(**{name: row[name] for name in names}) for row in rows]
