"""What the command line prints: one JSON object, tables for people, errors.

Belongs here: rendering. Does not: deciding what is said; errors and reports
come ready, without data values.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import click

from assets.faults import safe
from data_sharing_agreements.errors import CommonwealError, ErrorDetail, UsageFault

Row = Sequence[object]

TITLES = {1: "Failed", 2: "Not understood", 3: "Refused", 4: "Held", 5: "Invalid", 6: "Integrity", 7: "Busy"}

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print exactly one JSON object on standard output."
)


def emit(payload: dict[str, Any], *, as_json: bool, people: Callable[[], None]) -> None:
    """Print a result: as one JSON object, or for people."""
    if as_json:
        click.echo(json.dumps(payload, ensure_ascii=False, default=_plain))
    else:
        people()


def say(text: str = "") -> None:
    """Print one line of a result for people."""
    click.echo(text)


def note(text: str) -> None:
    """Print one line about the work on standard error, where progress goes."""
    click.echo(text, err=True)


def table(columns: Sequence[str], rows: Sequence[Row], *, title: str = "", apart: bool = True) -> None:
    """Print a table for people; numbers stand to the right.

    Args:
        columns: Their names.
        rows: Their values.
        title: Printed above.
        apart: Whether thousands stand apart; not for ids, which people paste.
    """
    from rich.console import Console
    from rich.table import Table

    if not rows:
        return
    grid = Table(title=title or None, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for index, name in enumerate(columns):
        numeric = all(isinstance(row[index], int | float) or row[index] in (None, "") for row in rows)
        grid.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(show(value, apart=apart) for value in row))
    console = Console(file=sys.stdout, highlight=False, markup=False)
    console.width = max(console.width, 120) if not console.is_terminal else console.width
    console.print(grid)


def records(columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Print rows that are too wide for a table: one line a value, ids as they are."""
    width = max(map(len, columns), default=0)
    for number, row in enumerate(rows, 1):
        say(f"row {number}")
        for name, value in zip(columns, row, strict=True):
            say(f"  {name:<{width}}  {show(value, apart=False)}")


def show(value: object, *, apart: bool = True) -> str:
    """Return a value as people read it: thousands apart, no false precision, – for none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if apart else str(value)
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, list | tuple):
        return ", ".join(show(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {show(part)}" for name, part in value.items())
    return str(value)


def show_error(error: Exception, *, as_json: bool) -> int:
    """Print an error and return its exit code.

    With JSON the object goes to standard output, else text to standard error.
    """
    ours = _usage(error) if isinstance(error, click.ClickException) else safe(error)
    if as_json:
        click.echo(json.dumps(ours.to_json(), ensure_ascii=False))
    else:
        click.echo(error_text(ours), err=True)
    return ours.exit_code


def error_text(error: CommonwealError) -> str:
    """Return an error for people: what, why, what next, and where."""
    head = f"{TITLES.get(error.exit_code, 'Failed')} (exit {error.exit_code})"
    if len(error.details) > 1:
        head += f": {len(error.details)} faults"
    return "\n".join([head, *(line for detail in error.details for line in _detail_lines(detail))])


def details_json(details: Sequence[ErrorDetail]) -> list[dict[str, object]]:
    """Return error details as the error object holds them."""
    return [asdict(detail) for detail in details]


def _detail_lines(detail: ErrorDetail) -> list[str]:
    lines = [f"  {detail.what} [{detail.code}]"]
    if detail.why:
        lines.append(f"    Why:   {detail.why}")
    if detail.next:
        lines.append(f"    Next:  {detail.next}")
    if where := _where(detail):
        lines.append(f"    Where: {where}")
    return lines


def _where(detail: ErrorDetail) -> str:
    clause = f", clause {detail.clause}" if detail.clause else ""
    parts = [
        f"source {detail.source}" if detail.source else "",
        f"rule {detail.rule}" if detail.rule else "",
        f"{detail.count:,} rows" if detail.count is not None else "",
        f"{detail.document}{clause}" if detail.document else "",
    ]
    return " · ".join(part for part in parts if part)


def _usage(error: click.ClickException) -> CommonwealError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "commonweal"
    return UsageFault.of(
        "usage",
        error.format_message(),
        why="The command line was not understood.",
        next=f"See `{path} --help`.",
    )


def _plain(value: object) -> object:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    return str(value)
