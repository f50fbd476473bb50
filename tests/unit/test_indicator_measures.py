"""The arithmetic of indicators against known values and plain identities."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.indicators.measures import expected, is_stale, position, wilson
from warehouse.indicators.periods import is_period, last_day

PATH = (("2023Q1", 0.40), ("2024Q1", 0.44), ("2025Q1", 0.52))


@pytest.mark.parametrize(
    ("period", "end"),
    [
        ("2023-01", date(2023, 1, 31)),
        ("2024-02", date(2024, 2, 29)),
        ("2023-12", date(2023, 12, 31)),
        ("2023Q1", date(2023, 3, 31)),
        ("2023Q4", date(2023, 12, 31)),
        ("2023", date(2023, 12, 31)),
    ],
)
def test_last_day_of_a_period(period: str, end: date) -> None:
    assert is_period(period)
    assert last_day(period) == end


@pytest.mark.parametrize("text", ["2023Q5", "2023-13", "23Q1", "2023q1", "", "all", "2023-1"])
def test_what_is_no_period(text: str) -> None:
    assert not is_period(text)
    with pytest.raises(ValueError, match="not a period"):
        last_day(text)


def test_wilson_as_published() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I: 81/263 and 0/20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_mirrors(counts: tuple[int, int]) -> None:
    numerator, denominator = counts
    low, high = wilson(numerator, denominator)
    assert 0 <= low <= numerator / denominator + 1e-12
    assert numerator / denominator - 1e-12 <= high <= 1
    mirrored = wilson(denominator - numerator, denominator)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize("counts", [(1, 0), (-1, 5), (6, 5)])
def test_counts_that_are_no_share(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="a share needs"):
        wilson(*counts)


def test_the_trajectory_is_straight_between_its_points() -> None:
    assert expected(PATH, "2022Q4") is None
    assert expected(PATH, "2023Q1") == 0.40
    assert expected(PATH, "2023Q3") == pytest.approx(0.42, abs=0.001)
    assert expected(PATH, "2024Q3") == pytest.approx(0.48, abs=0.001)
    assert expected(PATH, "2026Q1") == 0.52
    assert expected((), "2023Q1") is None


@pytest.mark.parametrize(
    ("band", "trajectory", "direction", "where"),
    [
        ((0.50, 0.60), 0.45, "up", "ahead"),
        ((0.50, 0.60), 0.45, "down", "behind"),
        ((0.50, 0.60), 0.65, "up", "behind"),
        ((0.50, 0.60), 0.65, "down", "ahead"),
        ((0.50, 0.60), 0.55, "up", "on"),
        ((0.50, 0.60), 0.50, "down", "on"),
        ((None, None), 0.55, "up", "unknown"),
        ((0.50, 0.60), None, "up", "unknown"),
    ],
)
def test_position_compares_the_band_with_the_trajectory(band, trajectory, direction, where) -> None:
    assert position(*band, trajectory, direction) == where


def test_a_result_is_stale_once_the_next_one_is_overdue() -> None:
    # 2023Q4 ends on 31 December; 2024Q1's result is due 92 + 30 days later.
    assert not is_stale("2023Q4", "quarter", 30, date(2024, 5, 1))
    assert is_stale("2023Q4", "quarter", 30, date(2024, 5, 2))
