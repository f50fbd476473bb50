"""Restrictions: who may not be read today, settled before anybody is linked or counted.

Belongs here: the asset and what it says of itself, which is never how many. Does not:
notices, rules, or leaving anybody out (warehouse.restrictions).
"""

from collections.abc import Iterable

import dagster as dg

from assets.names import POOL, RESTRICTED, RESTRICTIONS, content_key
from assets.workplace import Workplace
from privacy.keys import Role
from warehouse.contracts_model import Contracts
from warehouse.restrictions.settle import settle
from warehouse.steps import StepResult


def restrictions_asset(contracts: Contracts) -> dg.AssetsDefinition:
    """Return the asset of the list of restricted records."""

    @dg.asset(
        name=RESTRICTED,
        deps=[content_key(source) for source in contracts.sources],
        group_name=RESTRICTIONS,
        description="Whom signed restrictions bar today: consent, opt-out, sealed and expunged records, "
        "minors, tribal authority, confidential addresses, 42 CFR Part 2.\n\n"
        "Every reader of people's rows reads through it. How many they are is told nowhere.",
        owners=["team:data-office"],
        kinds={"duckdb"},
        tags={"sensitivity": "sensitive"},
        pool=POOL,
    )
    def restricted(workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:  # type: ignore[type-arg] # Dagster reads the plain class
        with workplace.working("restrictions"):
            notices = settle_restrictions(workplace)
        return dg.MaterializeResult(metadata={"day": str(workplace.hub.deployment.today()), **notices})

    return restricted


def settle_restrictions(workplace: Workplace) -> dict[str, int]:
    """Take new notices and settle the list, if this process may; write down that it was done.

    A process without the splitter's keys reads through the list of today, or is refused.

    Returns:
        How many notices of each state the registry knows.
    """
    if Role.SPLITTER in workplace.hub.keys.roles:
        workplace.register_arrivals()
        workplace.record(settle(workplace.hub))
    else:
        workplace.record(StepResult("restrictions", status="skipped"))
    return _states(notice.state for notice in workplace.hub.registry.restriction_notices.all())


def _states(states: Iterable[str]) -> dict[str, int]:
    found = list(states)
    return {f"notices {state}": found.count(state) for state in ("applied", "refused")}
