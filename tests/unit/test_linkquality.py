"""What is told of linkage errors: the surest measurement, small groups left out, gaps and their words."""

from __future__ import annotations

import math
from typing import Any

import pytest

from data_sharing_agreements.linkquality import BASES, told


def estimate(value: float, half: float = 0.005) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": min(1.0, value + half)}


def part(column: str, group: str, recall: float, records: int = 1000, half: float = 0.005) -> dict[str, Any]:
    clusters = {"precision": estimate(0.99, half), "recall": estimate(recall, half)}
    return {"column": column, "group": group, "records": records, "clusters": clusters}


def measurement(*parts: dict[str, Any], recall: float = 0.9) -> dict[str, Any]:
    return {
        "clusters": {"precision": estimate(0.99), "recall": estimate(recall)},
        "by_subgroup": list(parts),
    }


def test_the_surest_measurement_is_told_and_said() -> None:
    model, review, truth = (measurement(recall=recall) for recall in (0.7, 0.8, 0.9))
    assert told({"model": model})["basis"] == BASES["model"]
    assert told({"model": model, "review": review})["recall"] == 0.8
    known = told({"model": model, "review": review, "truth": truth})
    assert (known["method"], known["recall"]) == ("truth", 0.9)
    assert told({}) == {} == told({"facts": {"blocking": {}}})


def test_a_column_the_surest_lacks_comes_from_the_next() -> None:
    found = told(
        {
            "model": measurement(part("county", "A", 0.8), part("sex", "F", 0.8)),
            "truth": measurement(part("sex", "F", 0.95)),
        }
    )
    rows = {(row["column"], row["group"]): (row["method"], row["recall"]) for row in found["by_group"]}
    assert rows == {("county", "A"): ("model", 0.8), ("sex", "F"): ("truth", 0.95)}


def test_link_rates_come_from_whoever_counted_them() -> None:
    model = measurement(part("sex", "F", 0.8))
    model["clusters"]["link_rate"] = estimate(0.4)
    model["by_subgroup"][0]["clusters"]["link_rate"] = estimate(0.3)
    found = told({"model": model, "truth": measurement(part("sex", "F", 0.95))})
    assert found["link_rate"] == 0.4
    assert found["by_group"][0]["link_rate"] == 0.3
    assert found["by_group"][0]["recall"] == 0.95


@pytest.mark.parametrize(
    ("records", "smallest", "shown"), [(49, 1, 1), (50, 1, 2), (80, 100, 1), (100, 100, 2)]
)
def test_small_groups_are_left_out(records: int, smallest: int, shown: int) -> None:
    found = told(
        {"model": measurement(part("sex", "F", 0.8), part("sex", "M", 0.5, records))}, smallest=smallest
    )
    assert len(found["by_group"]) == shown
    assert bool(found["gaps"]) == (shown == 2)
    assert not any(name == "records" for row in found["by_group"] for name in row)


def test_a_gap_wider_than_the_policys_warns_and_another_does_not() -> None:
    groups = part("race_ethnicity", "white", 0.98), part("race_ethnicity", "two_or_more", 0.95)
    found = told({"model": measurement(*groups)}, max_gap=0.02)
    gap = next(g for g in found["gaps"] if g["measure"] == "recall")
    assert (gap["worst"], gap["best"], gap["gap"]) == ("two_or_more", "white", 0.03)
    assert gap["low"] == pytest.approx(0.03 - math.hypot(0.005, 0.005), abs=1e-4)
    assert gap["too_wide"]
    assert gap["beyond_chance"]
    (warning,) = found["warnings"]
    assert warning == (
        "By race and ethnicity, records of one person joined differ by 3.0 percentage points between "
        "Two or more and White; the limit is 2.0, and chance alone does not explain it."
    )
    assert told({"model": measurement(*groups)}, max_gap=0.03)["warnings"] == []


def test_chance_is_said_where_groups_are_small() -> None:
    groups = part("sex", "F", 0.98, half=0.02), part("sex", "M", 0.95, half=0.03)
    found = told({"model": measurement(*groups)})
    assert len(found["warnings"]) == 1
    assert "part of it may be chance" in found["warnings"][0]


def test_many_wide_gaps_are_told_in_two_sentences() -> None:
    sexes = part("sex", "F", 0.98, half=0.02), part("sex", "M", 0.95, half=0.03)
    names = part("name_language", "east_african", 0.9), part("name_language", "other", 0.98)
    found = told({"model": measurement(*sexes, *names)})
    wide = [gap for gap in found["gaps"] if gap["too_wide"]]
    assert found["warning"].startswith(f"In {len(wide)} of {len(found['gaps'])} comparisons between groups")
    assert "East African against Other" in found["warning"]
    assert "certain of 1 of them" in found["warning"]
    assert told({"model": measurement(*sexes)})["warning"] == found["warnings"][0]
    assert told({"model": measurement(*sexes)}, max_gap=0.5)["warning"] == ""


def test_ages_come_in_their_order_and_what_is_not_known_last() -> None:
    bands = ["18_to_24", "6_to_17", "not_known", "under_6", "65_and_over"]
    found = told({"model": measurement(*(part("age_band", band, 0.9) for band in bands))})
    assert [row["group"] for row in found["by_group"]] == [
        "under_6", "6_to_17", "18_to_24", "65_and_over", "not_known",
    ]  # fmt: skip


def test_link_rates_differ_without_a_warning() -> None:
    groups = part("source", "a", 0.9), part("source", "b", 0.9)
    for group, rate in zip(groups, (0.1, 0.9), strict=True):
        group["clusters"]["link_rate"] = estimate(rate)
    assert told({"model": measurement(*groups)})["warnings"] == []
