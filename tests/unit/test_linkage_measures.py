"""Precision, recall, F1 and their intervals."""

import pandas as pd
import pytest

from linkage.measures import measures, wilson


def table(*rows: tuple[float, float, float, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["hit", "linked", "real", "people"])


def test_shares_are_sums_over_people() -> None:
    found = measures(table((3, 3, 3, 10), (1, 2, 4, 5)))
    assert found.precision.value == pytest.approx(35 / 40)
    assert found.recall.value == pytest.approx(35 / 50)
    assert found.f1.value == pytest.approx(70 / 90)


def test_intervals_hold_the_value_and_narrow_with_people() -> None:
    few, many = (
        measures(table((1, 1, 1, 40), (0, 1, 1, 10))),
        measures(table((1, 1, 1, 4000), (0, 1, 1, 1000))),
    )
    for found in (few, many):
        assert found.precision.low < found.precision.value < found.precision.high
    assert many.precision.high - many.precision.low < few.precision.high - few.precision.low


def test_no_error_seen_is_not_certainty() -> None:
    found = measures(table((1, 1, 1, 30)))
    assert found.precision.value == 1
    assert found.precision.low == pytest.approx(wilson(1.0, 30)[0])
    assert found.precision.low < 0.95


def test_nothing_to_divide_by_has_no_value() -> None:
    found = measures(table((0, 0, 0, 30)))
    assert found.to_json()["recall"] == {"value": None, "low": None, "high": None}


def test_wilson_known_value() -> None:
    low, high = wilson(0.5, 10)
    assert (low, high) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
