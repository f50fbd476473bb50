"""Runs: each time the pipeline worked, and its steps.

Belongs here: starting, noting steps, finishing, finding what never finished. Does
not: the lock that keeps two runs apart, or what a step does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select, update

from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.registry.audit import AuditEvent, write_down
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, text_of
from data_sharing_agreements.store.schema import run, run_step

RUNNING = "running"


@dataclass(frozen=True)
class Run:
    """One run. `finished_at` and `exit_code` are None while it works, or if it died."""

    id: int
    kind: str
    started_at: str
    finished_at: str | None
    status: str
    exit_code: int | None


@dataclass(frozen=True)
class RunStep:
    """One step of a run; see the run interface for its words."""

    run_id: int
    step: str
    source: str
    period: str
    rows_in: int
    rows_out: int
    rows_quarantined: int
    seconds: float
    status: str


class Runs:
    """The runs of a registry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def start(self, kind: str, audit: AuditEvent | None = None) -> Run:
        """Note that a run begins."""
        with self._database.writing() as connection:
            values = {"kind": kind, "started_at": text_of(self._clock()), "status": RUNNING}
            made = connection.execute(insert(run).values(**values).returning(run)).one()
            write_down(
                connection, self._clock, "run", {"run": made.id, "kind": kind, "status": RUNNING}, audit
            )
            return _run(made)

    def step(
        self,
        run_id: int,
        step: str,
        source: str = "",
        period: str = "",
        rows_in: int = 0,
        rows_out: int = 0,
        rows_quarantined: int = 0,
        seconds: float = 0.0,
        status: str = "done",
    ) -> None:
        """Note a step of a run. The log has the run; what a step decided is logged by itself."""
        values = {
            "run_id": run_id,
            "step": step,
            "source": source,
            "period": period,
            "rows_in": rows_in,
            "rows_out": rows_out,
            "rows_quarantined": rows_quarantined,
            "seconds": seconds,
            "status": status,
        }
        with self._database.writing() as connection:
            connection.execute(insert(run_step).values(**values))

    def finish(self, run_id: int, status: str, exit_code: int, audit: AuditEvent | None = None) -> Run:
        """Note how a run ended.

        Raises:
            UsageFault: There is no such run, or it has ended already.
        """
        with self._database.writing() as connection:
            changed = connection.execute(
                update(run)
                .where(run.c.id == run_id, run.c.finished_at.is_(None))
                .values(status=status, exit_code=exit_code, finished_at=text_of(self._clock()))
                .returning(run)
            ).one_or_none()
            if changed is None:
                raise UsageFault.of(
                    "run-not-open",
                    "There is no such run that is still open.",
                    why="A run ends once.",
                    next="Start another run.",
                )
            facts = {"run": run_id, "status": status, "exit_code": exit_code}
            write_down(connection, self._clock, "run", facts, audit)
            return _run(changed)

    def unfinished(self) -> list[Run]:
        """Return runs that began and never ended, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(run).where(run.c.finished_at.is_(None)).order_by(run.c.id)).all()
            return [_run(row) for row in rows]

    def last(self) -> Run | None:
        """Return the run that began last, or None."""
        with self._database.reading() as connection:
            row = connection.execute(select(run).order_by(run.c.id.desc()).limit(1)).one_or_none()
            return None if row is None else _run(row)

    def steps(self, run_id: int) -> list[RunStep]:
        """Return the steps of a run in order."""
        with self._database.reading() as connection:
            query = select(run_step).where(run_step.c.run_id == run_id).order_by(run_step.c.id)
            rows = connection.execute(query).mappings().all()
            return [RunStep(**{name: row[name] for name in RunStep.__dataclass_fields__}) for row in rows]


def _run(row: Row[Any]) -> Run:
    return Run(row.id, row.kind, row.started_at, row.finished_at, row.status, row.exit_code)
