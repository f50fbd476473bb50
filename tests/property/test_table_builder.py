"""The table builder over random cells: hidden in one table is hidden in all; noise is the cell's own."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from data_sharing_agreements.decisions import Obligation, Obligations
from data_sharing_agreements.errors import Refused
from privacy.cell_rules import CellRules
from privacy.disclosure import SUPPRESSED
from warehouse.query.table import NoiseSource, controlled, hidden_and_shown, subsets

RULES = CellRules(min_cell=5)
PEOPLE = st.lists(
    st.tuples(st.sampled_from("xyz"), st.sampled_from("FM"), st.sampled_from("12"), st.booleans()),
    min_size=1,
    max_size=90,
)


def tables(people: list[tuple], dimensions: tuple[str, ...]) -> dict[tuple[str, ...], pd.DataFrame]:
    frame = pd.DataFrame(people, columns=["county", "sex", "year", "works"])
    return {
        dims: frame.groupby(list(dims), as_index=False).agg(persons=("works", "size"), part=("works", "sum"))
        for dims in subsets(dimensions)
    }


def pattern(people: list[tuple], dimensions: tuple[str, ...]) -> dict[frozenset, bool]:
    frame = hidden_and_shown(tables(people, dimensions), "share", RULES)
    return {
        frozenset((d, row[d]) for d in dimensions if not pd.isna(row[d])): bool(row[SUPPRESSED])
        for row in frame.to_dict("records")
    }


@settings(max_examples=40, deadline=None)
@given(PEOPLE)
def test_a_cell_is_hidden_in_every_table_or_in_none(people: list[tuple]) -> None:
    seen: dict[frozenset, bool] = {}
    for dimensions in (("county",), ("sex",), ("county", "sex"), ("county", "year"), ("sex", "year")):
        try:
            found = pattern(people, dimensions)
        except Refused:
            continue
        for cell, hidden in found.items():
            assert seen.setdefault(cell, hidden) == hidden, cell


@settings(max_examples=40, deadline=None)
@given(PEOPLE)
def test_no_shown_number_is_small(people: list[tuple]) -> None:
    try:
        frame = hidden_and_shown(tables(people, ("county", "sex")), "share", RULES)
    except Refused:
        return
    shown = frame[~frame[SUPPRESSED]]
    for numbers in (shown["persons"], shown["part"], shown["persons"] - shown["part"]):
        assert not numbers.astype(float).between(1, 4).any()


@settings(max_examples=40, deadline=None)
@given(PEOPLE, st.binary(min_size=32, max_size=32))
def test_noise_belongs_to_the_cell_and_rounding_comes_last(people: list[tuple], key: bytes) -> None:
    rules = {"min_cell": 5, "rounding": 5, "noise_sd": 2.0}
    bound = Obligations(tuple(Obligation(rule, value, "D", rule) for rule, value in rules.items()))
    source = NoiseSource(key, "mart")
    totals = []
    for dimensions in (("county",), ("sex",)):
        try:
            frame = controlled(tables(people, dimensions), "count", bound, source)
        except Refused:  # a table that nothing protects is not shown at all
            continue
        counts = frame["persons"].dropna().to_numpy(dtype=np.int64)
        assert (counts % 5 == 0).all()
        assert (counts >= 0).all()
        total = frame.loc[(frame[list(dimensions)] == "all").all(axis=1), "persons"].iloc[0]
        totals.append(total)
    shown = {int(total) for total in totals if not pd.isna(total)}
    assert len(shown) <= 1
