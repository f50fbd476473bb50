"""Indicators: results against target and trajectory, and the scorecard.

Belongs here: one asset an indicator, computed together. Does not: definitions or
arithmetic (warehouse.indicators).
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from assets.lineage import indicator_columns
from assets.metadata import column_lineage
from assets.names import INDICATORS, POOL, indicator_key, mart_key
from assets.workplace import Workplace
from warehouse.indicators.compute import compute
from warehouse.indicators.definition import Definition

PERMITTED = "license_permits_the_indicator"


def indicator_assets(definitions: Sequence[Definition]) -> list[dg.AssetsDefinition]:
    """Return the indicators, computed by one step; nothing if there are none."""
    if not definitions:
        return []

    @dg.multi_asset(
        name="indicators",
        specs=[_spec(definition) for definition in definitions],
        check_specs=[
            dg.AssetCheckSpec(
                PERMITTED,
                asset=indicator_key(definition.id),
                description="A license in force permits to compute it from its mart.",
            )
            for definition in definitions
        ],
        pool=POOL,
    )
    def indicators(workplace: dg.ResourceParam[Workplace]) -> Iterator[dg.MaterializeResult[None]]:
        with workplace.working("indicators"):
            refused = compute_indicators(workplace)
            results = [_result(workplace, definition, refused) for definition in definitions]
        yield from results

    return [indicators]


def compute_indicators(workplace: Workplace) -> frozenset[str]:
    """Compute what is new, write down what was done, and return the ids that were refused."""
    steps = compute(workplace.hub, workplace.progress)
    for step in steps:
        workplace.record(step)
    return frozenset(step.source for step in steps if step.status == "refused")


def _result(
    workplace: Workplace, definition: Definition, refused: frozenset[str]
) -> dg.MaterializeResult[None]:
    name = definition.id
    found = workplace.hub.registry.indicator_results.latest(name)
    return dg.MaterializeResult(
        asset_key=indicator_key(name),
        metadata={
            "results": len(found),
            "computed_at": found[0].computed_at if found else "never",
            **column_lineage(indicator_columns(definition)),
        },
        check_results=[
            dg.AssetCheckResult(
                asset_key=indicator_key(name), check_name=PERMITTED, passed=name not in refused
            )
        ],
    )


def _spec(definition: Definition) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=indicator_key(definition.id),
        deps=[mart_key(definition.source.project, definition.source.mart)],
        group_name=INDICATORS,
        description=f"{definition.title}. {definition.definition}",
        owners=["team:delivery-unit"],
        kinds={"indicator"},
        tags={"priority": _tag(definition.priority)},
        metadata={
            "owner": definition.owner,
            "target": definition.target.value,
            "target_period": definition.target.period,
            "direction": definition.direction,
            **column_lineage(indicator_columns(definition)),
        },
    )


def _tag(text: str) -> str:
    """Return text as Dagster allows it in a tag."""
    kept = "".join(sign if sign.isalnum() else "_" for sign in text)
    return kept[:63].strip("_")
