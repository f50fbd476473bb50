"""Ending something from the command line: the home taken, the ending planned and carried out.

Belongs here: what each verb's ending is. Does not: carrying it out (`assets.ends`), its
steps (`warehouse.ends`), or the verbs.
"""

from collections.abc import Callable
from datetime import date

from assets.ends import carry_on
from assets.workplace import Progress
from data_sharing_agreements.ends import Scope
from data_sharing_agreements.registry.ends import Ending
from pipelines.occupation import occupy
from warehouse.deployment import Deployment
from warehouse.ends.listing import ask_for
from warehouse.ends.plan import Plan, begin, plan_delivery, plan_dsa, plan_project, plan_records
from warehouse.ends.records import records_of_notice
from warehouse.hub import Hub

Planner = Callable[[Hub], Plan]


def end(deployment: Deployment, planner: Planner, progress: Progress | None = None) -> Ending:
    """End what a planner names, from the plan to the certificate.

    Args:
        deployment: Whose home.
        planner: Plans it, once the home is held.
        progress: Whoever watches.

    Raises:
        Refused: It has not ended, or a legal hold stands.
        Busy: A run holds the home.
        IntegrityFault: What was purged is still found.
    """
    with occupy(deployment, "end", progress=progress) as workplace, workplace.working("end"):
        ending = begin(workplace.hub, planner(workplace.hub))
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


def planner_of(scope: Scope, subject: str, on: date) -> Planner:
    """Return what plans the end of a document, a project or a delivery."""
    plans: dict[Scope, Callable[[Hub, str, date], Plan]] = {
        Scope.DSA: plan_dsa,
        Scope.PROJECT: plan_project,
        Scope.DELIVERY: plan_delivery,
    }
    return lambda hub: plans[scope](hub, subject, on)
