"""Merging obligations: the strictest wins, its origin is kept, and nothing means no limit."""

from __future__ import annotations

from datetime import date

import pytest

from data_sharing_agreements.decisions import Dominance, Obligation, Obligations
from data_sharing_agreements.vocabulary import Form


def merged(rule, *values):
    return Obligations.strictest(Obligation(rule, value, f"D-{i}", "c") for i, value in enumerate(values))


@pytest.mark.parametrize(
    ("rule", "values", "strictest", "name"),
    [
        ("min_cell", (10, 11, 6), 11, "min_cell"),
        ("zero_is_small", (False, True), True, "zero_is_small"),
        ("rounding", (1, 5, 3), 5, "rounding"),
        ("release_form", (Form.ROWS, Form.AGGREGATES), Form.AGGREGATES, "release_form"),
        ("outputs", (Form.AGGREGATES, Form.NONE), Form.NONE, "outputs"),
        ("public", (True, False), False, "public"),
        ("review_days", (5, 10), 10, "review_days"),
        ("landing_hours", (72, 48), 48, "landing_hours"),
        ("destroy_on", (date(2030, 1, 1), date(2029, 1, 1)), date(2029, 1, 1), "destroy_on"),
        ("k_anonymity", (5, 11), 11, "k_anonymity"),
        ("trajectory_share", (0.9, 0.2), 0.2, "trajectory_share"),
        ("noise_sd", (1.0, 2.0), 2.0, "noise_sd"),
        ("query_budget", (200.0, 50.0), 50.0, "query_budget"),
    ],
)
def test_the_strictest_wins_in_any_order(rule, values, strictest, name):
    assert getattr(merged(rule, *values), name) == strictest
    assert getattr(merged(rule, *reversed(values)), name) == strictest
    origin = merged(rule, *values).origin(rule)
    assert values[int(origin.document.removeprefix("D-"))] == strictest


def test_dominance_is_merged_for_each_number_of_contributors():
    shares = merged("dominance", (1, 0.5), (2, 0.67), (1, 0.4375), (2, 0.86))
    assert shares.dominance == Dominance(((1, 0.4375), (2, 0.67)))
    assert merged("p_percent", 0.1, 0.2).dominance == Dominance((), 0.2)


def test_attributions_and_reviewers_add_up():
    assert merged("attribution", "b", "a", "b").attribution == ("b", "a")
    assert merged("reviewer", "board", "agency", "board").reviewers == ("agency", "board")


def test_nothing_said_is_no_limit_and_no_permission():
    nothing = Obligations()
    assert (nothing.min_cell, nothing.rounding, nothing.k_anonymity, nothing.review_days) == (1, 1, 1, 0)
    assert (nothing.release_form, nothing.outputs, nothing.public) == (Form.NONE, Form.NONE, False)
    assert nothing.dominance is nothing.destroy_on is nothing.landing_hours is None
    assert nothing.trajectory_share is nothing.query_budget is nothing.origin("min_cell") is None
    assert (nothing.noise_sd, nothing.zero_is_small, nothing.attribution) == (0.0, False, ())


def test_obligations_are_listed_as_plain_values():
    items = (
        Obligation("min_cell", 11, "D", "cells.minimum"),
        Obligation("dominance", (1, 0.5), "D", "cells.dominance.shares.0"),
        Obligation("destroy_on", date(2030, 1, 1), "D", "destruction.by"),
    )
    assert Obligations.strictest(items).listed() == [
        {
            "rule": "destroy_on",
            "value": "2030-01-01",
            "document": "D",
            "clause": "destruction.by",
        },
        {
            "rule": "dominance",
            "value": {"n": 1, "share": 0.5},
            "document": "D",
            "clause": "cells.dominance.shares.0",
        },
        {"rule": "min_cell", "value": 11, "document": "D", "clause": "cells.minimum"},
    ]
