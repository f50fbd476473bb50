"""Merging obligations: the strictest wins, its origin is kept, and nothing means no limit."""

from __future__ import annotations

from datetime import date

import pytest

from data_sharing_agreements.decisions import Dominance, Obligation, Obligations
from data_sharing_agreements.decisions.obligations import SourceDay, SourceKind
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


def test_days_of_service_are_bound_source_by_source():
    days = [date(2024, 1, 1), date(2024, 2, 1)]
    merged = Obligations.strictest(
        Obligation(rule, SourceDay(source, day), "DSA-X", rule)
        for rule in ("period_from", "period_until")
        for day in days
        for source in ("one", "two")
        if (rule, source) != ("period_until", "two")
    )
    assert merged.period("one") == (days[1], days[0]), "the later first and the earlier last day"
    assert merged.period("two") == (days[1], None)
    assert merged.period("three") == (None, None)
    assert Obligations().period("one") == (None, None)


def test_kinds_of_restriction_add_up_source_by_source():
    merged = Obligations.strictest(
        Obligation("restriction", SourceKind(source, kind), "DSA-X", "row_restrictions.kinds.0")
        for source, kind in [("one", "sealed"), ("one", "consent"), ("two", "opt_out"), ("one", "sealed")]
    )
    assert merged.restrictions("one") == ("consent", "sealed")
    assert merged.restrictions("two") == ("opt_out",)
    assert merged.restrictions("three") == ()


def test_obligations_come_back_from_what_was_listed():
    made = Obligations(
        (
            Obligation("attribution", "Source: us.", "DSA-X", "attribution"),
            Obligation("destroy_on", date(2030, 1, 2), "DSA-X", "destruction.by"),
            Obligation("dominance", (1, 0.5), "DSA-X", "cells.dominance.shares.0"),
            Obligation("min_cell", 11, "DSA-X", "cells.minimum"),
            Obligation("period_from", SourceDay("one", date(2024, 1, 1)), "DSA-X", "period.start"),
            Obligation("period_until", SourceDay("one", date(2024, 3, 1)), "DSA-X", "period.until"),
            Obligation("restriction", SourceKind("one", "sealed"), "DSA-X", "row_restrictions.kinds.0"),
        )
    )
    again = Obligations.from_listed(made.listed())
    assert again == made
    assert [type(item.value) for item in again.items] == [type(item.value) for item in made.items]
    assert again.period("one") == (date(2024, 1, 1), date(2024, 3, 1))
