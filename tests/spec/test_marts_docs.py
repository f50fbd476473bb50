"""docs/marts.md and docs/indicators.md speak of what there is."""

from pathlib import Path

import pytest
import yaml

from warehouse.core.facts import FACTS
from warehouse.indicators.definition import Definition as Indicator
from warehouse.indicators.definition import load_definitions
from warehouse.marts.definition import Definition as Mart

ROOT = Path(__file__).resolve().parents[2]
MARTS = (ROOT / "docs" / "marts.md").read_text(encoding="utf-8")
INDICATORS = (ROOT / "docs" / "indicators.md").read_text(encoding="utf-8")


def test_every_function_a_query_may_call_is_listed() -> None:
    groups = yaml.safe_load((ROOT / "warehouse" / "query" / "functions.yaml").read_text(encoding="utf-8"))
    named = {f for group, names in groups.items() if group not in ("operator", "sqlglot") for f in names}
    assert {name for name in named if f"`{name}`" not in MARTS} == set()


@pytest.mark.parametrize("fact", FACTS)
def test_every_fact_and_its_columns_are_described(fact: str) -> None:
    row = next(line for line in MARTS.splitlines() if line.startswith(f"| `{fact}`"))
    assert all(f"`{column}`" in row for column in FACTS[fact])


def test_every_key_of_a_mart_is_described() -> None:
    assert {key for key in Mart.model_fields if f"`{key}`" not in MARTS} == set()


def test_every_key_of_an_indicator_is_described() -> None:
    assert {key for key in Indicator.model_fields if f"`{key}`" not in INDICATORS} == set()


def test_every_indicator_of_the_reference_deployment_is_described() -> None:
    shipped = load_definitions(ROOT / "warehouse" / "indicators")
    assert {d.id for d in shipped if f"`{d.id}`" not in INDICATORS} == set()
