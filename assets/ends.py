"""Ends: what has ended and should be destroyed by now, and what is made anew after it.

Belongs here: the asset, and carrying an ending out within a run. Does not: the steps
(`warehouse.ends`), taking the home, or the verbs (`pipelines`).
"""

from contextlib import suppress

import dagster as dg

from assets.core import make_core
from assets.indicators import compute_indicators
from assets.link import make_spine
from assets.marts import publish_marts
from assets.names import ENDS, POOL
from assets.workplace import Workplace
from data_sharing_agreements.ends import Scope, Step
from data_sharing_agreements.errors import Refused
from data_sharing_agreements.registry.ends import Ending
from warehouse.ends.plan import begin, overdue, plan_dsa, plan_project
from warehouse.ends.steps import carry_out
from warehouse.indicators import write_scorecard
from warehouse.restrictions.settle import settle


def ends_asset() -> dg.AssetsDefinition:
    """Return the asset of certificates: what is overdue is destroyed, if the deployment allows it."""

    @dg.asset(
        name="certificates",
        group_name=ENDS,
        description="Agreements and projects that have ended and whose day of destruction is over are "
        "destroyed, and a signed certificate says what was done.\n\n"
        "Only where the setting [ends] automatic allows it; a legal hold stops it.",
        owners=["team:data-office"],
        kinds={"duckdb"},
        pool=POOL,
    )
    def certificates(workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:  # type: ignore[type-arg] # Dagster reads the plain class
        with workplace.working("end"):
            hub = workplace.hub
            due = [subject for _, subject, _ in overdue(hub, hub.deployment.today())]
            done = end_overdue(workplace) if hub.deployment.end_automatically else []
        said = {"due": ", ".join(due) or "none", "certified": ", ".join(e.id for e in done) or "none"}
        return dg.MaterializeResult(metadata={**said, "automatic": hub.deployment.end_automatically})

    return certificates


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


def end_overdue(workplace: Workplace) -> list[Ending]:
    """End what ended and should be destroyed by now; what a legal hold keeps is left.

    Raises:
        IntegrityFault: What was purged is still found.
    """
    hub, done = workplace.hub, []
    today = hub.deployment.today()
    for scope, subject, _ in overdue(hub, today):
        plan = (plan_dsa if scope is Scope.DSA else plan_project)(hub, subject, today)
        if not plan.faults:
            done.append(carry_on(workplace, begin(hub, plan)))
    return done
