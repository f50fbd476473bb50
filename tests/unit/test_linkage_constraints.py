"""Constraints: written once, refused where they contradict, withdrawn; due full links; references."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import duckdb
import pytest

from data_sharing_agreements.errors import Refused, UsageFault
from linkage import constraints
from linkage.history import read_reference
from linkage.increment.due import REASONS, Limits, Now, limits_of, too_many, why_full
from linkage.increment.state import Basis
from linkage.increment.touched import difference


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse without a spine."""
    with duckdb.connect() as made:
        made.execute("ATTACH ':memory:' AS warehouse").fetchall()
        yield made


def standing(connection: duckdb.DuckDBPyConnection, kind: constraints.Kind) -> list[tuple[int, int]]:
    left, right = constraints.standing(connection, kind)
    return list(zip(left.tolist(), right.tolist(), strict=True))


def test_a_constraint_is_written_once(connection: duckdb.DuckDBPyConnection) -> None:
    first = constraints.add(connection, 9, 2, "together", "review", 5)
    assert constraints.add(connection, 2, 9, "together", "undo", 6) == first
    assert constraints.add(connection, 9, 3, "apart", "undo", 6) == first + 1
    assert standing(connection, "together") == [(2, 9)]
    assert standing(connection, "apart") == [(3, 9)]


def test_contradictions_are_refused_also_through_others(connection: duckdb.DuckDBPyConnection) -> None:
    constraints.add_many(connection, [(1, 2), (2, 3)], "together", "review", 5)
    constraints.add(connection, 3, 4, "apart", "review", 5)
    constraints.add(connection, 8, 9, "together", "review", 5)
    constraints.add(connection, 5, 9, "apart", "review", 5)
    for left, right, kind in ((1, 3, "apart"), (1, 4, "together")):
        with pytest.raises(Refused, match="constraint-contradicts") as refused:
            constraints.add(connection, left, right, kind, "review", 5)  # type: ignore[arg-type]
        told = "decisions 1, 2;" if kind == "apart" else "decisions 1, 2, 3;"
        assert told in refused.value.details[0].next, "and which ones is said, no others"
    with pytest.raises(UsageFault, match="constraint-on-one-record"):
        constraints.add(connection, 3, 3, "apart", "review", 5)
    assert len(standing(connection, "together")) == 3


def test_what_is_withdrawn_counts_no_more(connection: duckdb.DuckDBPyConnection) -> None:
    number = constraints.add(connection, 1, 2, "together", "review", 5)
    constraints.withdraw(connection, number)
    assert standing(connection, "together") == []
    assert constraints.add(connection, 1, 2, "apart", "review", 6) == number + 1
    with pytest.raises(UsageFault, match="unknown-constraint"):
        constraints.withdraw(connection, number)


BASIS = Basis(
    stamp=3, full_version=1, full_at="2026-01-01", method="2", engine="1.5", model="m", sources=("a", "b"),
    deliveries=(("d1", "a", "1"), ("d2", "b", "1")), restricted="r", purged="", constraints=(1, 2),
    records=100, touched=10, increments=2, priors=(("a", "b", 0.5),),
)  # fmt: skip
NOW = Now(3, "2", "1.5", "m", ("a", "b"), "", date(2026, 1, 2), agency=False)


@pytest.mark.parametrize(
    ("basis", "now", "reason"),
    [
        (BASIS, NOW, None),
        (None, NOW, "nothing-kept"),
        (BASIS, replace(NOW, agency=True), "agency"),
        (BASIS, replace(NOW, method="3"), "method"),
        (BASIS, replace(NOW, engine="1.6"), "method"),
        (BASIS, replace(NOW, model="n"), "model"),
        (BASIS, replace(NOW, sources=("a",)), "sources"),
        (BASIS, replace(NOW, purged="x"), "purge"),
        (replace(BASIS, increments=60), NOW, "increments"),
        (BASIS, replace(NOW, today=date(2026, 6, 1)), "age"),
        (replace(BASIS, touched=21), NOW, "share"),
        (replace(BASIS, drift=0.2), NOW, "drift"),
    ],
)
def test_why_a_full_link_is_due(basis: Basis | None, now: Now, reason: str | None) -> None:
    assert why_full(basis, now, Limits()) == reason
    assert reason is None or reason in REASONS


def test_what_was_kept_is_read_back_and_compared() -> None:
    assert Basis.from_json(BASIS.to_json()) == BASIS
    assert too_many(BASIS, 11, Limits())
    assert not too_many(BASIS, 10, Limits())
    found = difference(BASIS, [("d1", "a", "1"), ("d3", "b", "2")], "r", [2, 3])
    assert (found.new, found.sources, found.bound, found.restricted) == (("d3",), ("b",), (1, 3), False)
    assert difference(BASIS, BASIS.deliveries, "s", [1, 2]).sources == ("a", "b")
    settings = {"full_after_increments": 1, "full_after_days": 2, "full_at_share": 0.5, "full_at_drift": 1}
    assert limits_of(settings) == Limits(1, 2, 0.5, 1.0)


def test_a_change_is_named_by_two_numbers() -> None:
    assert read_reference("12.3") == (12, 3)
    for wrong in ("12", "12.x", "1.2.3", ""):
        with pytest.raises(UsageFault, match="not-a-change"):
            read_reference(wrong)
