"""Progress on standard error: a bar where people watch, lines where a file does.

Belongs here: showing. Does not: what is done.
"""

import sys
from types import TracebackType
from typing import Self

import click

from warehouse.steps import StepResult


class Lines:
    """Says each step on a line of its own, for logs."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def __call__(self, message: str) -> None:
        """Say what is being done."""
        click.echo(f"  {message}", err=True)

    def part(self, message: str, done: int, total: int) -> None:
        """Say what is being done, and how far that is."""
        click.echo(f"  {message} ({done} of {total})", err=True)

    def done(self, step: StepResult) -> None:
        """Say what came of a step."""
        click.echo(f"  {summary(step)}", err=True)


class Live:
    """A moving line with the time, above it what has been done."""

    def __init__(self) -> None:
        """Make the bar; nothing is shown yet."""
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=16, pulse_style="cyan"),
            TimeElapsedColumn(),
            console=Console(stderr=True, highlight=False, markup=False),
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def __call__(self, message: str) -> None:
        """Show what is being done."""
        self._bar.update(self._task, description=message)

    def part(self, message: str, done: int, total: int) -> None:
        """Show what is being done, and how far that is."""
        self._bar.update(self._task, description=message, completed=done, total=total)

    def done(self, step: StepResult) -> None:
        """Say what came of a step, above the bar."""
        self._bar.console.print(f"  {summary(step)}")


def watch() -> Lines | Live:
    """Return what fits standard error: a bar for a terminal, lines for anything else."""
    return Live() if sys.stderr.isatty() else Lines()


def summary(step: StepResult) -> str:
    """Return one line about a step: what, how many rows, how it ended."""
    name = " ".join(part for part in (step.step, step.source, step.period) if part)
    rows = f"{step.rows_in:,} → {step.rows_out:,} rows" if step.rows_in or step.rows_out else ""
    aside = f"{step.rows_quarantined:,} quarantined" if step.rows_quarantined else ""
    parts = (name, step.status, rows, aside, f"{step.seconds:.1f} s")
    return " · ".join(part for part in parts if part)
