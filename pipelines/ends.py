"""Ending something: the home taken, the steps done, what rested on it made anew.

Belongs here: bringing an ending's steps and the run's own steps together, and
finishing what a kill left. Does not: the steps (`warehouse.ends`), or the verbs.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from assets.core import make_core
from assets.indicators import compute_indicators
from assets.link import make_spine
from assets.marts import publish_marts
from assets.workplace import Progress, Workplace
from data_sharing_agreements.ends import Scope, Step
from data_sharing_agreements.errors import Refused
from data_sharing_agreements.registry.ends import Ending
from pipelines.occupation import occupy
from warehouse.deployment import Deployment
from warehouse.ends.listing import ask_for
from warehouse.ends.plan import Plan, begin, overdue, plan_delivery, plan_dsa, plan_project, plan_records
from warehouse.ends.records import records_of_notice
from warehouse.ends.steps import carry_out
from warehouse.hub import Hub
from warehouse.indicators import write_scorecard
from warehouse.restrictions.settle import settle

Planner = Callable[[Hub], Plan]


def end(
    deployment: Deployment, planner: Planner, records: Sequence[int] = (), progress: Progress | None = None
) -> Ending:
    """End what a planner names, from the plan to the certificate.

    Args:
        deployment: Whose home.
        planner: Plans it, once the home is held.
        records: Keys of the records that go, for an ending by records.
        progress: Whoever watches.

    Raises:
        Refused: It has not ended, or a legal hold stands.
        Busy: A run holds the home.
        IntegrityFault: What was purged is still found.
    """
    with occupy(deployment, "end", progress=progress) as workplace, workplace.working("end"):
        ending = begin(workplace.hub, planner(workplace.hub))
        if records:
            ask_for(workplace.hub, ending.id, records)
        return carry_on(workplace, ending)


def end_notice(
    deployment: Deployment, source: str, notice: str, on: date, progress: Progress | None = None
) -> Ending:
    """Purge the records a notice seals, expunges, or withdraws consent for."""
    with occupy(deployment, "end", progress=progress) as workplace, workplace.working("end"):
        hub = workplace.hub
        keys, kinds = records_of_notice(hub, source, notice)
        ending = begin(hub, plan_records(hub, source, notice, "+".join(kinds), on))
        ask_for(hub, ending.id, keys)
        return carry_on(workplace, ending)


def carry_on(workplace: Workplace, ending: Ending) -> Ending:
    """Take an ending from where it stands to its certificate."""
    return carry_out(workplace.hub, ending, lambda: remake(workplace), workplace.progress)


def remake(workplace: Workplace) -> None:
    """Make spine, core, marts, indicators and pages anew, as far as the agreements permit.

    What no agreement permits any more is written down as refused, and the rest goes on.
    """
    hub = workplace.hub
    workplace.record(settle(hub))
    with suppress(Refused):
        make_spine(workplace)
        make_core(workplace)
    publish_marts(workplace)
    compute_indicators(workplace)
    write_scorecard(hub)


def finish_unfinished(workplace: Workplace) -> list[Ending]:
    """Finish the endings that a kill left, before anything else is opened.

    One of which nothing was destroyed yet is withdrawn if a legal hold came to stand.
    """
    ends, done = workplace.hub.registry.ends, []
    for ending in ends.unfinished():
        try:
            done.append(carry_on(workplace, ending))
        except Refused:
            if ends.get(ending.id).state is not Step.PLANNED:
                raise
            done.append(ends.step(ending.id, Step.WITHDRAWN))
    return done


def planner_of(scope: Scope, subject: str, on: date) -> Planner:
    """Return what plans the end of a document, a project or a delivery."""
    plans: dict[Scope, Callable[[Hub, str, date], Plan]] = {
        Scope.DSA: plan_dsa,
        Scope.PROJECT: plan_project,
        Scope.DELIVERY: plan_delivery,
    }
    return lambda hub: plans[scope](hub, subject, on)


def end_overdue(workplace: Workplace) -> list[Ending]:
    """End what ended and should be destroyed by now; what a legal hold keeps is left.

    Raises:
        IntegrityFault: What was purged is still found.
    """
    hub, done = workplace.hub, []
    today = hub.deployment.today()
    for scope, subject, _ in overdue(hub, today):
        with suppress(Refused):
            done.append(carry_on(workplace, begin(hub, planner_of(scope, subject, today)(hub))))
    return done


def told(hub: Hub) -> dict[str, Any]:
    """Return what `status` tells of ends: what is due, what is unfinished, which holds stand."""
    today = hub.deployment.today()
    return {
        "due": [{"scope": s, "subject": n, "by": str(by)} for s, n, by in overdue(hub, today)],
        "unfinished": [
            {"id": e.id, "scope": e.kind, "subject": e.subject, "state": e.state}
            for e in hub.registry.ends.unfinished()
        ],
        "holds": [
            {"id": h.id, "kind": h.kind, "subject": h.subject, "reason": h.reason}
            for h in hub.registry.ends.holds()
        ],
    }
