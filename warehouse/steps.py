"""The result of one step of a run, in the words of the run interface.

Belongs here: the record itself. Does not: how a step is done or shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from data_sharing_agreements.errors import ErrorDetail

Status = Literal["done", "skipped", "held", "refused"]


@dataclass(frozen=True)
class StepResult:
    """What one step did.

    Args:
        step: Name of the step (`ingest`, `link`, `core`, `mart`, `indicators`).
        source: Source, project or indicator it concerned; empty for the whole.
        period: Period of the delivery, or empty.
        rows_in, rows_out, rows_quarantined: Rows; the first is the sum of the
            other two for an ingested delivery.
        seconds: Wall time.
        status: `done`, `skipped` (nothing new), `held` (quality) or `refused`
            (governance).
        rules: For a held delivery, each broken rule and the rows concerned.
        errors: What to tell the user; never a value from a record.
    """

    step: str
    source: str = ""
    period: str = ""
    rows_in: int = 0
    rows_out: int = 0
    rows_quarantined: int = 0
    seconds: float = 0.0
    status: Status = "done"
    rules: tuple[tuple[str, int], ...] = ()
    errors: tuple[ErrorDetail, ...] = field(default=())
