"""The board's report on governance: everything in one place, its limits first.

Belongs here: putting the sections together, and the page. Does not: any fact of its own.
It names people who can read names, so it is for the board and not for the public.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from data_sharing_agreements.decisions.standing import why_not_in_force
from data_sharing_agreements.limits import limits
from data_sharing_agreements.pages import render
from data_sharing_agreements.registry.incidents import Incident
from warehouse.hub import Hub
from warehouse.oversight import facts
from warehouse.oversight.decided import decided, stopped_by_gateway
from warehouse.oversight.duties import duties_of
from warehouse.oversight.expiring import DAYS, expiring
from warehouse.oversight.names import who_can_read_names
from warehouse.oversight.period import Period
from warehouse.oversight.signed import refused_at_door, signed

SCHEMA = "commonweal/report-governance/1"

GATEWAY_WORDS = {
    "query-refused": "not one SELECT over the project's own mart with listed functions",
    "query-syntax": "not SQL that can be read",
    "query-unresolved": "a column that is not there, or mixed types",
    "budget-spent": "the budget of tables is spent",
}
"""Reasons of the gateway in words; others are said by their code."""


def governance(hub: Hub, period: Period) -> dict[str, Any]:
    """Return the report on a period as plain JSON.

    Args:
        hub: The hub; no store is opened.
        period: What is told of the past; what is due and who can read names is as of today.
    """
    today, agreements = hub.deployment.today(), hub.gate.current()
    duties = duties_of(hub)
    return {
        "schema": SCHEMA,
        "title": hub.deployment.title,
        "period": {"name": period.name, "from": period.start.isoformat(), "to": period.end.isoformat()},
        "words": period.words_on(today),
        "made": today.isoformat(),
        "cannot_prevent": [{"about": about, "words": said} for about, said in limits()],
        "names": who_can_read_names(hub),
        "separation_of_duties": duties.to_json() | {"words": duties.words},
        "decisions": decided(hub, period),
        "gateway": stopped_by_gateway(hub, period),
        "signed": signed(hub, period),
        "refused_at_door": refused_at_door(hub, period),
        "expiring_days": DAYS,
        "expiring": expiring(agreements, today),
        "not_in_force": [
            {"document": document.id, "title": document.title, "why": why.text}
            for document in agreements.on(today).documents()
            if (why := why_not_in_force(agreements, document, today)) is not None
        ],
        "stops": [
            {"document": s.document, "by": s.by, "since": s.start.isoformat(), "incident": s.incident}
            for s in hub.registry.stops.standing()
        ],
        "incidents": [
            _incident(one)
            for one in hub.registry.incidents.all()
            if one.state == "open" or period.holds(one.opened_at) or period.holds(one.closed_at)
        ],
        "deliveries": facts.deliveries(hub, period),
        "links": facts.links(hub, period),
        "outputs": facts.outputs(hub, period),
        "restrictions": facts.restrictions(hub, period),
        "ends": facts.ends(hub, period),
        "objections": [
            {"party": o.party, "document": o.document, "on": o.day.isoformat(), "ground": o.ground}
            for o in agreements.objections()
        ],
        "log": facts.log_facts(hub, period),
    }


def governance_html(content: Mapping[str, Any]) -> str:
    """Return the page of a report, self-contained."""
    from warehouse.marts.codebook import share_words
    from warehouse.oversight.charts import groups_svg, weeks_svg

    weeks, groups = content["decisions"]["by_week"], content["links"]["quality"].get("by_group") or []
    return render(
        "warehouse.oversight",
        "governance.html.j2",
        notice=content["separation_of_duties"]["words"],
        r=content,
        gateway_words=GATEWAY_WORDS,
        most=max((v["permitted"] + v["refused"] for v in content["decisions"]["by_verb"]), default=1),
        weeks=Markup(weeks_svg(weeks)) if weeks else None,  # noqa: S704 - drawn by us
        groups=Markup(groups_svg(groups)),  # noqa: S704 - drawn by us
        share=share_words,
        groups_rows=groups,
    )


def _incident(one: Incident) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "incident": one.id,
        "kind": one.kind,
        "state": one.state,
        "opened": one.opened_at[:10],
        "closed": one.closed_at[:10] if one.closed_at else None,
        "documents": list(one.documents),
        "due": [
            {
                "tell": due.duty.tell,
                "by": due.due_at[:16].replace("T", " "),
                "overdue": due.overdue(now),
                "checked": due.duty.checked,
            }
            for due in one.undone
        ],
    }
