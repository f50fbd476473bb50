"""Linkage models from the command line, where a run has finished, and what is told of the errors of links."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.integration.test_oversight_cli import sign_in


def test_the_board_looks_at_a_model_and_decides(call_here: Callable, home: Path) -> None:
    (model,) = call_here("model", "list", "--json", home=home).json["models"]
    assert model["state"] == "admitted", "a deployment works out of the box"
    compared = call_here("model", "compare", model["digest"], "--json", home=home).json
    assert (compared["bits"], compared["within"]) == (0.0, True)

    words = ("model", "approve", model["digest"], "--reason", "Card and report were looked at.", "--json")
    assert call_here(*words, home=home).code == 3, "nobody is signed in"
    sign_in(call_here, home, "hub")
    assert call_here(*words, home=home).code == 3, "who runs linkage does not approve"
    sign_in(call_here, home, "board")
    assert call_here(*words, home=home).json["state"] == "approved"
    pointing = ("model", "withdraw", model["digest"], "--reason", "Case 123-45-6789", "--json")
    assert call_here(*pointing, home=home).code == 2
    withdrawn = ("model", "withdraw", model["digest"], "--reason", "The report is unclear.", "--json")
    assert call_here(*withdrawn, home=home).json["state"] == "withdrawn"
    again = call_here(*withdrawn, home=home)
    assert (again.code, again.json["errors"][0]["code"]) == (2, "model-withdrawn"), "it is not logged twice"
    card = call_here("model", "show", "--json", home=home).json
    assert (card["state"], card["decided_by"]) == ("withdrawn", "board")


def test_figures_are_told_with_what_linkage_errors_do_to_them(call_here: Callable, finished: tuple) -> None:
    told = call_here("indicators", "--json", home=finished[0]).json["indicators"]
    banded = [one for one in told if one["low_with_linkage"] is not None]
    assert banded
    for one in banded:
        assert one["low_with_linkage"] <= one["low"] <= one["high"] <= one["high_with_linkage"]
    assert any(one["low_with_linkage"] < one["low"] for one in banded if one["low"])
    withheld = [one for one in told if one["suppressed"]]
    assert {one["high_with_linkage"] for one in withheld} == {None}


def test_the_truth_lies_where_errors_were_expected(call_here: Callable, home: Path, evergreen: Path) -> None:
    register = json.loads((home / "reports" / "register" / "algorithm.json").read_text(encoding="utf-8"))
    expected = register["errors"]["intervals"]
    measured = call_here("evaluate", "--truth", evergreen / "truth" / "records.csv", "--json", home=home).json
    assert measured["kept"]
    for measure in ("precision", "recall"):
        low, high = expected[measure]
        assert low <= measured["clusters"][measure]["value"] <= high, measure
        assert high - low < 0.05, "and something is said"
    register = json.loads((home / "reports" / "register" / "algorithm.json").read_text(encoding="utf-8"))
    assert register["errors"]["basis"] == "measured against known persons", "the public is told at once"
    precision = measured["clusters"]["precision"]["value"]
    assert register["errors"]["precision"] == round(precision, 4)
