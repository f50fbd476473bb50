"""Published aggregates and the rows of a mart, after disclosure control."""

import numpy as np
import pandas as pd
import pytest

from data_sharing_agreements.decisions import Obligation, Obligations
from data_sharing_agreements.errors import Refused
from privacy.cell_rules import CellRules
from warehouse.marts.aggregate import NOT_KNOWN, TOTAL, publish_counts
from warehouse.marts.control import protect_rows
from warehouse.marts.definition import Aggregates, Definition

SHAPE = Aggregates(dimensions=("program", "county"), total_over="county", count="persons")
RULES = CellRules(min_cell=10, rounding=5)


def table(rows: list[tuple[str, str | None, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["program", "county", "persons"])


def test_small_cells_are_hidden_with_another_and_the_rest_is_rounded() -> None:
    cells = table([("a", "x", 3), ("a", "y", 41), ("a", "z", 77), ("b", "x", 52)])
    shown = publish_counts(cells, SHAPE, RULES)
    found = {(r.program, r.county): (r.persons, r.suppressed) for r in shown.frame.itertuples()}
    assert found["a", "x"][1]
    assert found["a", "y"][1]
    assert found["a", "z"] == (75, False)
    assert found["a", TOTAL] == (120, False)
    assert found["b", "x"] == (50, False)
    assert shown.withheld == 2
    assert shown.frame.loc[shown.frame["suppressed"], "persons"].isna().all()


def test_a_missing_dimension_has_a_name() -> None:
    shown = publish_counts(table([("a", None, 30), ("a", "x", 40)]), SHAPE, RULES)
    assert set(shown.frame["county"]) == {NOT_KNOWN, "x", TOTAL}


def test_no_cells_give_an_empty_table() -> None:
    assert publish_counts(table([]), SHAPE, RULES).frame.empty


def obligations(**rules: float) -> Obligations:
    return Obligations(tuple(Obligation(rule, value, "DUL-1", rule) for rule, value in rules.items()))


def definition() -> Definition:
    return Definition.model_validate(
        {
            "project": "p",
            "mart": "m",
            "kind": "rows",
            "title": "Mart",
            "description": "A mart.",
            "grain": "one row",
            "columns": {
                "study_id": {"description": "Id.", "role": "study_id"},
                "year": {"description": "Year.", "role": "quasi"},
                "county": {"description": "County.", "role": "quasi"},
                "reason": {"description": "Reason.", "role": "sensitive"},
                "q1": {"description": "Wages."},
                "q2": {"description": "Wages."},
            },
            "trajectory": {"columns": ["q1", "q2"], "points": 2, "band": 1000},
        }
    )


def people(wages: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    n = 200
    return pd.DataFrame(
        {
            "study_id": rng.permutation(n),
            "year": rng.choice(["2023", "2024"], n),
            "county": rng.choice(["x", "y", "rare"], n, p=[0.6, 0.39, 0.01]),
            "reason": rng.choice(["a", "b"], n),
            "q1": rng.integers(0, wages, n),
            "q2": rng.integers(0, wages, n),
        }
    )


def test_k_is_enforced_by_giving_up_the_last_quasi_identifier_first() -> None:
    shown, report = protect_rows(people(2000), definition(), obligations(k_anonymity=5, trajectory_share=1.0))
    assert report["k_before"] < 5 <= report["k"]
    assert shown.groupby(["year", "county"], dropna=False)["study_id"].nunique().min() >= 5
    assert report["share_of_values_emptied"]["county"] > 0
    assert report["share_of_values_emptied"]["year"] <= report["share_of_values_emptied"]["county"]
    assert report["l_diversity"]["reason"] >= 1
    assert 0 <= report["t_closeness"]["reason"] <= 1


def test_the_report_tells_no_counts() -> None:
    _, report = protect_rows(people(2000), definition(), obligations(k_anonymity=5))
    assert not any(name.startswith("rows") for name in report)
    assert report["share_of_rows_withheld"] <= 1


def test_a_mart_that_histories_single_out_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        protect_rows(people(10_000_000), definition(), obligations(k_anonymity=5, trajectory_share=0.5))
    detail = caught.value.details[0]
    assert (detail.code, detail.document, detail.clause) == ("trajectory-attack", "DUL-1", "trajectory_share")


def test_a_mart_without_rows_is_a_mart() -> None:
    shown, report = protect_rows(people(100).head(0), definition(), obligations(k_anonymity=5))
    assert shown.empty
    assert report["k"] == 0
