"""Rows of a mart withstand the trajectory attack, or are coarsened, withheld or refused."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from data_sharing_agreements.decisions import Obligations
from data_sharing_agreements.errors import Refused
from warehouse.marts.control import protect_rows
from warehouse.marts.definition import Definition

PEOPLE = 40


def definition(wider: list[float]) -> Definition:
    columns: dict[str, Any] = {
        "study_id": {"description": "Id of the person.", "role": "study_id"},
        "region": {"description": "Where.", "role": "quasi"},
        "pay_1": {"description": "Pay."},
        "pay_2": {"description": "Pay."},
    }
    return Definition.model_validate(
        {
            "project": "p",
            "mart": "m",
            "kind": "rows",
            "title": "A mart",
            "description": "A mart of rows.",
            "grain": "one person",
            "columns": columns,
            "trajectory": {"columns": ["pay_1", "pay_2"], "points": 2, "band": 1, "wider": wider},
        }
    )


def obligations(share: float | None) -> Obligations:
    stand_in = SimpleNamespace(k_anonymity=5, trajectory_share=share, origin=lambda rule: None)
    return cast(Obligations, stand_in)


@pytest.fixture
def rows() -> pd.DataFrame:
    pay = np.arange(PEOPLE, dtype=float)
    return pd.DataFrame({"study_id": range(PEOPLE), "region": "north", "pay_1": pay, "pay_2": pay[::-1]})


def test_values_stay_as_they_are_within_the_limit(rows: pd.DataFrame) -> None:
    kept, report = protect_rows(rows, definition([]), obligations(1.0))
    pd.testing.assert_frame_equal(kept.reset_index(drop=True), rows, check_dtype=False)
    assert report["trajectory_attack"]["singled_out_worst"] == 1.0


def test_values_are_rounded_up_to_the_first_band_that_suffices(rows: pd.DataFrame) -> None:
    kept, report = protect_rows(rows, definition([2, 100, 1000]), obligations(0.5))
    assert report["trajectory_attack"]["to_within"] == 100
    assert set(kept["pay_1"]) == {0, 100}
    assert report["trajectory_attack"]["singled_out_worst"] <= 0.5


def test_values_are_withheld_if_no_band_suffices(rows: pd.DataFrame) -> None:
    kept, report = protect_rows(rows, definition([2]), obligations(0.1))
    assert report["trajectory_attack"]["to_within"] is None
    assert kept[["pay_1", "pay_2"]].isna().all(axis=None)
    assert len(kept) == PEOPLE


def test_without_wider_bands_the_mart_is_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(Refused, match="trajectory-attack"):
        protect_rows(rows, definition([]), obligations(0.5))
