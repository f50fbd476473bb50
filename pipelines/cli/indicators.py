"""`commonweal indicators`: results against target and trajectory.

Belongs here: printing. Does not: computing (warehouse.indicators).
"""

from collections.abc import Mapping
from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, note, say, table


@click.command()
@json_option
@click.pass_obj
def indicators(context: Context, as_json: bool) -> None:
    """Show the latest result of each indicator: value, error band, position, staleness.

    Where the latest period is withheld, all periods together. Refused where the license
    of an indicator's project is not in force.
    """
    from warehouse.ends.figures import resting_indicators
    from warehouse.indicators import headlines, links_told, may_be_shown

    with context.hub() as hub:
        attribution = may_be_shown(hub)
        shown = [result.to_json() for result in headlines(hub)]
        destroyed, links = resting_indicators(hub), links_told(hub)
        found = [
            _shown(kept.result, links.get(kept.indicator, {})) | {"retracted": kept.indicator in destroyed}
            for kept in hub.registry.indicator_results.latest()
        ]
        pages = sorted(hub.deployment.reports.glob("*scorecard*.html"))
    payload = {"schema": "commonweal/indicators/1", "indicators": found, "attribution": list(attribution)}
    emit(payload, as_json=as_json, people=lambda: _show(payload, shown))
    for page in pages if not as_json else ():
        note(f"Scorecard: {page}")


def _shown(result: dict[str, Any], link: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result without what only the next computation needs, and its band with linkage errors."""
    from warehouse.indicators import linked_band
    from warehouse.indicators.result import Result

    kept = {name: value for name, value in result.items() if name != "input_hash"}
    return kept | linked_band(Result.from_json(kept), link)


def _show(payload: dict[str, Any], shown: list[dict[str, Any]]) -> None:
    if not shown:
        say("No indicator has been computed yet. Next: `commonweal run`.")
    names = ["indicator", "period", "n", "value", "low", "high", "expected", "target", "position", ""]
    table(names, [_row(result) for result in shown])
    for name in sorted({r["id"] for r in payload["indicators"] if r["retracted"]}):
        say(f"{name}: the data under these figures were destroyed.")
    if others := len(payload["indicators"]) - len(shown):
        say(f"{others} other periods and groups are on the scorecard and in --json.")
    for text in payload["attribution"] if shown else ():
        note(text)


def _row(result: dict[str, Any]) -> list[object]:
    withheld = "suppressed" if result["suppressed"] else ""
    stale = "stale" if result["stale"] else ""
    return [
        result["id"],
        result["period"] if result["periods"] == 1 else f"{result['periods']} to {result['period']}",
        result["denominator"],
        *(_percent(result[name]) for name in ("value", "low", "high", "trajectory", "target")),
        result["position"],
        " ".join(word for word in (withheld, stale) if word),
    ]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
