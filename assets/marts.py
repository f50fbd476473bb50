"""Marts: a project's tables, as its license permits.

Belongs here: one asset a mart, made together, and what each says of itself. Does
not: SQL, disclosure control, or what a license permits (warehouse.marts).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from assets.lineage import mart_columns
from assets.metadata import column_lineage, plain_schema, row_count
from assets.names import CORE_FACTS, MARTS, POOL, core_key, mart_key
from assets.workplace import Workplace
from data_sharing_agreements.registry import Mart
from warehouse.marts.builder import publish
from warehouse.marts.definition import Definition, MartSpec
from warehouse.steps import StepResult

LICENSED = "license_permits_the_mart"


def mart_assets(projects: Mapping[str, tuple[MartSpec, ...]]) -> list[dg.AssetsDefinition]:
    """Return the marts of every project, made by one step; nothing if there are none.

    Args:
        projects: Project and its marts, as `load_marts` gives them.
    """
    definitions = [spec.definition for specs in projects.values() for spec in specs]
    if not definitions:
        return []

    @dg.multi_asset(
        name="marts",
        specs=[_spec(definition) for definition in definitions],
        check_specs=[_check(definition) for definition in definitions],
        pool=POOL,
    )
    def marts(workplace: dg.ResourceParam[Workplace]) -> Iterator[dg.MaterializeResult[None]]:
        with workplace.working("mart"):
            refused = publish_marts(workplace)
            standing = {(mart.project, mart.mart): mart for mart in workplace.hub.registry.marts.all()}
            results = [
                _result(
                    definition,
                    standing.get((definition.project, definition.mart)),
                    refused.get(definition.project),
                )
                for definition in definitions
            ]
        yield from results

    return [marts]


def publish_marts(workplace: Workplace) -> dict[str, StepResult]:
    """Publish what is new, write down what was done, and return the refusals by project.

    A project that is refused keeps the version before, and does not keep others
    from being published.
    """
    steps = publish(workplace.hub, workplace.progress)
    for step in steps:
        workplace.record(step)
    return {step.source: step for step in steps if step.status == "refused"}


def _spec(definition: Definition) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=mart_key(definition.project, definition.mart),
        deps=[core_key(fact) for fact in CORE_FACTS],
        group_name=MARTS,
        description=f"{definition.title}. {definition.description}\n\nOne row: {definition.grain}.",
        owners=["team:data-office"],
        kinds={"duckdb", "sql"},
        tags={"project": definition.project, "form": definition.kind},
        metadata=_schema(definition),
    )


def _check(definition: Definition) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        LICENSED,
        asset=mart_key(definition.project, definition.mart),
        description=f"A data use license in force permits the marts of {definition.project}. "
        "Where it does not, the version before stays as it is.",
    )


def _result(
    definition: Definition, mart: Mart | None, refused: StepResult | None
) -> dg.MaterializeResult[None]:
    said = {f"{error.document} {error.clause}": error.what for error in refused.errors} if refused else {}
    return dg.MaterializeResult(
        asset_key=mart_key(definition.project, definition.mart),
        metadata=row_count(mart.rows if mart else 0)
        | _schema(definition)
        | (_published(mart) if mart else {"version": "none"}),
        check_results=[
            dg.AssetCheckResult(
                asset_key=mart_key(definition.project, definition.mart),
                check_name=LICENSED,
                passed=refused is None,
                metadata=said,
            )
        ],
    )


def _schema(definition: Definition) -> dict[str, Any]:
    types = {"study_id": "BIGINT"}
    return plain_schema(
        (name, types.get(column.role, column.unit or "?"), column.description)
        for name, column in definition.columns.items()
    )


def _published(mart: Mart) -> dict[str, Any]:
    duties = {f"obligation {o['rule']}": str(o["value"]) for o in mart.obligations}
    about = {"version": mart.version, "link_version": mart.link_version or 0, **duties}
    return about | column_lineage(mart_columns(mart))
