"""What binds an answer, in one line for people: every rule, and every value of it."""

from __future__ import annotations

from pipelines.cli.query import duties


def bound(rule: str, value: object) -> dict[str, object]:
    return {"rule": rule, "value": value, "document": "DUL-X", "clause": "x"}


def test_every_reviewer_restriction_and_share_is_named() -> None:
    agency = "Department of Children, Youth and Families"
    said = duties(
        [
            bound("attribution", "Told in a line of its own."),
            bound("dominance", {"n": 1, "share": 0.6}),
            bound("dominance", {"n": 3, "share": 0.9}),
            bound("min_cell", 11),
            bound("period_from", {"source": "wages", "day": "2021-01-01"}),
            bound("release_form", "aggregates"),
            bound("restriction", {"source": "clinic", "kind": "opted_out"}),
            bound("restriction", {"source": "wages", "kind": "opted_out"}),
            bound("restriction", {"source": "wages", "kind": "sealed"}),
            bound("reviewer", "Department of Commerce"),
            bound("reviewer", agency),
            bound("zero_is_small", False),
        ]
    )
    assert said == (
        "dominance 60% by the largest 1 and 90% by the largest 3; min cell 11; "
        "period from 2021-01-01; release form aggregates; restriction opted out and sealed; "
        f"reviewer Department of Commerce and {agency}; zero is small no"
    )


def test_nothing_binds() -> None:
    assert duties([]) == "nothing"
