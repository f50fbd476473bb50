"""`commonweal indicators`: results against target and trajectory.

Belongs here: printing. Does not: computing (warehouse.indicators).
"""

from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, note, say, table

ALL = "all"
"""The breakdown that is none."""


@click.command()
@json_option
@click.pass_obj
def indicators(context: Context, as_json: bool) -> None:
    """Show the latest result of each indicator: value, error band, position, staleness."""
    with context.hub() as hub:
        found = [_shown(kept.result) for kept in hub.registry.indicator_results.latest()]
        pages = sorted(hub.deployment.reports.glob("*scorecard*.html"))
    payload = {"schema": "commonweal/indicators/1", "indicators": found}
    emit(payload, as_json=as_json, people=lambda: _show(payload))
    for page in pages if not as_json else ():
        note(f"Scorecard: {page}")


def _shown(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result without what only the next computation needs."""
    return {name: value for name, value in result.items() if name != "input_hash"}


def _show(payload: dict[str, Any]) -> None:
    if not payload["indicators"]:
        say("No indicator has been computed yet. Next: `commonweal run`.")
    whole = [result for result in payload["indicators"] if result["breakdown"] == ALL]
    table(
        ["indicator", "as of", "n", "value", "low", "high", "target", "position", ""],
        [_row(result) for result in whole],
    )
    if broken_down := len(payload["indicators"]) - len(whole):
        say(f"{broken_down} breakdowns are on the scorecard and in --json.")


def _row(result: dict[str, Any]) -> list[object]:
    withheld = "suppressed" if result["suppressed"] else ""
    stale = "stale" if result["stale"] else ""
    return [
        result["id"],
        result["as_of"],
        result["denominator"],
        *(_percent(result[name]) for name in ("value", "low", "high", "target")),
        result["position"],
        " ".join(word for word in (withheld, stale) if word),
    ]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
