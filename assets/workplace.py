"""The place a run works in: the hub, who is told, and the book of what was done.

Belongs here: what every asset is given as its resource `workplace`. Does not:
taking the lock or opening the hub (pipelines), or any step's work.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from assets.faults import safe
from assets.space import check_free_space
from data_sharing_agreements.errors import CommonwealError, Refused
from warehouse.hub import Hub
from warehouse.ingest import discover, register
from warehouse.ingest.landing import empty_landing
from warehouse.restrictions.intake import take_notices
from warehouse.steps import StepResult


class Progress(Protocol):
    """Whoever watches a run."""

    def __call__(self, message: str) -> None:
        """Take one line about what is being done now."""

    def done(self, step: StepResult) -> None:
        """Take the result of one step."""


class Silent:
    """Watches nothing."""

    def __call__(self, message: str) -> None:
        """Say nothing."""

    def done(self, step: StepResult) -> None:
        """Say nothing."""


@dataclass
class Workplace:
    """One run's hub and book.

    Args:
        hub: The open deployment; its lock is held for as long as this exists.
        landing: Directory the deliveries come from; never written to.
        run_id: The registry's id of the run.
        progress: Whoever watches.
        steps: What was done.
        ended: When each of the steps ended, in UTC.
        full_link: Whether everything is to be linked again, whatever changed.
    """

    hub: Hub
    landing: Path
    run_id: int
    progress: Progress = field(default_factory=Silent)
    steps: list[StepResult] = field(default_factory=list)
    ended: list[datetime] = field(default_factory=list)
    failures: list[CommonwealError] = field(default_factory=list)
    closed: bool = False
    full_link: bool = False
    _arrivals_registered: bool = False

    def register_arrivals(self) -> None:
        """Record what lies in the landing directory, and apply notices of restriction, once a run.

        Raises:
            OutOfSpace: There is too little disk to read it.
        """
        if self._arrivals_registered:
            return
        self.progress("looking for deliveries")
        empty_landing(self.hub, datetime.now(UTC))
        for step in take_notices(self.hub, self.landing):
            self.record(step)
        register(self.hub, discover(self.hub, self.landing))
        waiting = self.hub.registry.deliveries.pending()
        check_free_space(
            self.hub.deployment.home, sum(file.bytes for delivery in waiting for file in delivery.files)
        )
        self._arrivals_registered = True

    def record(self, step: StepResult) -> None:
        """Write one step into the book and the registry, and tell who watches."""
        self.steps.append(step)
        self.ended.append(datetime.now(UTC))
        self.hub.registry.runs.step(
            self.run_id,
            step.step,
            step.source,
            step.period,
            step.rows_in,
            step.rows_out,
            step.rows_quarantined,
            step.seconds,
            step.status,
        )
        self.progress.done(step)

    @contextmanager
    def working(self, step: str, source: str = "") -> Iterator[None]:
        """Do one step: let nothing but a safe error out, and keep it for the report.

        A refusal is also written as a step, so that it shows in its place.
        """
        start = time.perf_counter()
        self.progress(f"{step} {source}".strip())
        try:
            yield
        except Exception as error:
            fault = safe(error)
            self.failures.append(fault)
            if isinstance(fault, Refused):
                refused = StepResult(step, source, status="refused", errors=fault.details)
                self.record(replace(refused, seconds=time.perf_counter() - start))
            raise fault from None
