"""Compute every indicator and write the scorecard.

Belongs here: permission, reading the mart, recording results, the page. Does not: the
counting (counting.py) or the arithmetic (measures.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from data_sharing_agreements.decisions import Decision, Request
from data_sharing_agreements.errors import Invalid, Refused
from data_sharing_agreements.registry import AuditEvent
from privacy.cell_rules import CellRules
from warehouse.core.builder import input_hash
from warehouse.hub import Hub
from warehouse.indicators.counting import Made, counts_sql, results_of
from warehouse.indicators.definition import Definition, load_definitions
from warehouse.indicators.result import Result
from warehouse.marts.codebook import link_quality_words
from warehouse.marts.published import Published, find_published
from warehouse.oversight.duties import duties_of
from warehouse.steps import StepResult

STEP = "indicators"
SCORECARD = "scorecard.html"
_FORMAT = 1
"""Counted up when the same mart would give other results."""


DESTROYED = "The data under these figures were destroyed; the figures stay as they were last computed."
"""What is said of figures whose mart version was retracted."""


def compute(hub: Hub, progress: Callable[[str], None] | None = None) -> list[StepResult]:
    """Bring every indicator up to date with its mart, and the scorecard with them.

    Args:
        hub: The hub; its roles must open marts.
        progress: Told the id of each indicator as it begins.

    Returns:
        One result an indicator: skipped where mart, definition and date are those of
        the last time or nobody is counted, refused where no agreement permits it.

    Raises:
        Invalid: A definition is faulty, or names what its mart does not have.
    """
    definitions = load_definitions(hub.deployment.indicators_dir)
    steps = [_step(hub, definition, progress) for definition in definitions]
    if any(step.status == "done" for step in steps) or not hub.reports(SCORECARD).exists():
        write_scorecard(hub)
    return steps


def latest_results(hub: Hub, definition: Definition) -> list[Result]:
    """Return an indicator's results as last computed; none if it never was."""
    stored = [row.result for row in hub.registry.indicator_results.latest(definition.id)]
    return [Result.from_json({k: v for k, v in r.items() if k != "input_hash"}) for r in stored]


def _step(hub: Hub, definition: Definition, progress: Callable[[str], None] | None) -> StepResult:
    start = time.perf_counter()
    current = find_published(hub, definition.source.project)
    if current is None or definition.source.mart not in current.codebooks:
        return StepResult(STEP, definition.id, status="skipped")
    try:
        decision = _permission(hub, definition, current)
    except Refused as error:
        return StepResult(STEP, definition.id, status="refused", errors=error.details)
    made_from = _input_hash(hub, definition, current, decision)
    if _is_current(hub, definition, made_from):
        return StepResult(STEP, definition.id, status="skipped")
    if progress:
        progress(definition.id)
    results, rows = _compute(hub, definition, current, decision)
    if not results:
        return StepResult(STEP, definition.id, rows_in=rows, status="skipped")
    stored: list[dict[str, Any]] = [{**r.to_json(), "input_hash": made_from} for r in results]
    hub.registry.indicator_results.put(definition.id, stored, audit=AuditEvent(clauses=_clauses(decision)))
    return StepResult(
        STEP, definition.id, rows_in=rows, rows_out=len(results), seconds=time.perf_counter() - start
    )


def _permission(hub: Hub, definition: Definition, current: Published) -> Decision:
    """Ask to build aggregates of the fields behind every column the indicator uses."""
    fields = {f["name"]: f for f in current.codebooks[definition.source.mart]["fields"]}
    used = [name for _, name in definition.uses]
    if missing := sorted(set(used) - fields.keys()):
        raise Invalid.of(
            "indicator-column",
            f"{definition.id} uses {', '.join(missing)}, which {definition.source.mart} does not have.",
            next="Correct the definition, or add the column to the mart.",
            rule=definition.id,
        )
    licensed = frozenset(field for name in used for field in fields[name]["fields"])
    return hub.gate.require(indicator_request(definition, licensed))


def indicator_request(definition: Definition, fields: frozenset[str]) -> Request:
    """Ask to compute an indicator from the fields behind the columns it uses."""
    return Request("build", fields=fields, project=definition.source.project, form="aggregates")


def _input_hash(hub: Hub, definition: Definition, current: Published, decision: Decision) -> str:
    return input_hash(
        [
            _FORMAT,
            definition.model_dump(mode="json"),
            current.version,
            current.input_hash,
            decision.obligations.listed(),
            hub.deployment.scorecard_date(),
        ]
    )


def _is_current(hub: Hub, definition: Definition, made_from: str) -> bool:
    latest = hub.registry.indicator_results.latest(definition.id)
    return bool(latest) and latest[0].result.get("input_hash") == made_from


def _compute(
    hub: Hub, definition: Definition, current: Published, decision: Decision
) -> tuple[list[Result], int]:
    rules = CellRules.from_obligations(decision.obligations)
    made = Made(current.version, current.link_version, hub.deployment.scorecard_date())
    with hub.opener.session(read=[current.store]) as session:
        counts = {
            name: session.frame(counts_sql(definition, name))
            for name in (definition.source.period, *definition.breakdowns)
        }
        rows = int(session.one(f"SELECT count(*) FROM mart.{definition.source.mart}"))
    return results_of(definition, counts, rules, made), rows


def _clauses(decision: Decision) -> tuple[tuple[str, str], ...]:
    return tuple((c.document, c.clause) for c in decision.clauses)


def destroyed_on(hub: Hub, definition: Definition, results: Sequence[Result]) -> date | None:
    """Return the day on which the mart under an indicator's results was taken back; None if it stands."""
    gone = hub.registry.ends.retraction_days()
    days = [gone.get((definition.source.project, result.mart_version)) for result in results]
    return min((day for day in days if day), default=None)


def write_scorecard(hub: Hub, link: Mapping[str, Any] | None = None) -> None:
    """Write the page of every indicator's last results.

    Args:
        hub: The hub; no store is opened.
        link: What is known by now of the current link version, where that is more than
            the marts' codebooks say.
    """
    from warehouse.indicators.scorecard import Scored, scorecard_html  # draws: only who writes the page waits

    scored: list[Scored] = []
    rules: set[str] = set()
    attribution: dict[str, None] = {}
    for definition in load_definitions(hub.deployment.indicators_dir):
        current = find_published(hub, definition.source.project)
        codebook = current.codebooks.get(definition.source.mart, {}) if current else {}
        known = codebook.get("link", {})
        if link is not None and link["version"] == known.get("version"):
            known = link
        words = link_quality_words(known, definition.quality.link_recall_at_least)
        results = latest_results(hub, definition)
        destroyed = destroyed_on(hub, definition, results)
        if destroyed:
            words = f"{DESTROYED} {words}"
        scored.append(Scored(definition, results, words, known, destroyed))
        duties = codebook.get("obligations", [])
        rules |= {_rule_words(o) for o in duties if o["rule"] in _RULE_WORDS}
        attribution |= {str(o["value"]): None for o in duties if o["rule"] == "attribution"}
    computed = hub.deployment.scorecard_date()
    page = scorecard_html(
        hub.deployment.title, scored, sorted(rules), tuple(attribution), computed, duties_of(hub).words
    )
    hub.reports(SCORECARD).write_text(page, encoding="utf-8")


_RULE_WORDS: Mapping[str, Callable[[Any], str]] = {
    "min_cell": "no number from 1 to under {} persons is shown".format,
    "rounding": lambda base: "counts are not rounded" if base == 1 else f"counts are rounded to {base}",
    "zero_is_small": lambda small: f"a count of zero is {'withheld like a small one' if small else 'shown'}",
}


def _rule_words(obligation: dict[str, Any]) -> str:
    words = _RULE_WORDS[obligation["rule"]](obligation["value"])
    return f"{words} ({obligation['document']}, {obligation['clause']})"
