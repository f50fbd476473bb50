"""Suppression against brute force: every table an attacker must think possible is counted."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_sharing_agreements.errors import Refused, UsageFault
from privacy.cell_rules import CellRules
from privacy.disclosure import Magnitude, SuppressedTable, suppress
from privacy.releases import Release

SHAPES = st.sampled_from([(2,), (4,), (2, 2), (2, 3), (3, 2), (2, 2, 2)])


def frame_of(grid: np.ndarray) -> pd.DataFrame:
    dims = [f"d{axis}" for axis in range(grid.ndim)]
    rows = [(*map(str, place), int(n)) for place, n in np.ndenumerate(grid)]
    return pd.DataFrame(rows, columns=[*dims, "n"])


def with_margins(grids: np.ndarray) -> np.ndarray:
    """Append totals along every axis but the first, which counts tables."""
    for axis in range(1, grids.ndim):
        grids = np.concatenate([grids, grids.sum(axis=axis, keepdims=True)], axis=axis)
    return grids.reshape(len(grids), -1)


def all_tables(shape: tuple[int, ...], cap: int) -> np.ndarray:
    tables = np.array(list(itertools.product(range(cap + 1), repeat=int(np.prod(shape)))), dtype=np.int16)
    return with_margins(tables.reshape(-1, *shape))


TABLES = {
    shape: all_tables(shape, cap)
    for shape, cap in {(2,): 14, (4,): 14, (2, 2): 14, (2, 3): 7, (3, 2): 7, (2, 2, 2): 4}.items()
}


def intervals(shown: SuppressedTable, shape: tuple[int, ...], least: int) -> np.ndarray:
    """Return for each hidden cell how far its possible values lie apart, by trying every table."""
    hidden = shown.frame["suppressed"].to_numpy()
    values = shown.frame["n"].fillna(-1).to_numpy(dtype=np.int64)
    tables = TABLES[shape]
    possible = (tables[:, ~hidden] == values[~hidden]).all(axis=1) & (tables[:, hidden] >= least).all(axis=1)
    assert possible.any()
    return np.ptp(tables[possible][:, hidden], axis=0)


@st.composite
def grids(draw: st.DrawFn) -> np.ndarray:
    shape = draw(SHAPES)
    top = 2 if shape == (2, 2, 2) else 4
    cells = draw(st.lists(st.integers(0, top), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    return np.array(cells).reshape(shape)


@settings(max_examples=80, deadline=None)
@given(grids(), st.booleans(), st.sampled_from([2, 3]))
def test_no_hidden_count_can_be_derived_or_told_to_be_small(
    grid: np.ndarray, zero_is_small: bool, min_cell: int
) -> None:
    min_cell = 2 if grid.ndim == 3 else min_cell
    rules = CellRules(min_cell=min_cell, zero_is_small=zero_is_small)
    shown = suppress(frame_of(grid), [f"d{a}" for a in range(grid.ndim)], ["n"], rules)
    truth = with_margins(grid[None])[0]
    hidden = shown.frame["suppressed"].to_numpy()
    small = (truth < min_cell) & ((truth > 0) | zero_is_small)
    assert hidden[small].all()
    assert (shown.frame["n"].to_numpy(dtype=float, na_value=-1)[~hidden] == truth[~hidden]).all()
    assert shown.frame["n"].isna().to_numpy()[hidden].all()
    assert (intervals(shown, grid.shape, 0 if zero_is_small else 1) >= min_cell).all()
    assert shown.primary == small.sum()
    assert shown.withheld == hidden.sum()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=6, max_size=6), st.sampled_from(["d0", "d1"]), st.booleans())
def test_a_table_and_an_earlier_one_together_give_nothing_away(
    cells: list[int], dim: str, zero_is_small: bool
) -> None:
    grid, rules = np.array(cells).reshape(2, 3), CellRules(min_cell=3, zero_is_small=zero_is_small)
    table = frame_of(grid)
    coarse = suppress(table.groupby(dim, as_index=False)["n"].sum(), [dim], ["n"], rules)
    try:
        fine = suppress(table, ["d0", "d1"], ["n"], rules, released=[Release(coarse.frame, (dim,))])
    except Refused:
        return
    again = fine.frame[fine.frame["d1" if dim == "d0" else "d0"].isna()]
    both = again.merge(coarse.frame, on=dim, suffixes=("", "_before"))
    assert (both["suppressed"] == both["suppressed_before"])[
        both["n_before"].notna() | both["n"].isna()
    ].all()
    assert not (both["suppressed_before"] & ~both["suppressed"]).any()
    assert (intervals(fine, grid.shape, 0 if zero_is_small else 1) >= rules.min_cell).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=12, max_size=12), st.sampled_from([5, 10, 11]))
def test_differencing_lines_never_gives_a_hidden_count(cells: list[int], min_cell: int) -> None:
    """The plain attack: a line with one hidden cell gives it away; none is left."""
    grid = np.array(cells).reshape(3, 4)
    shown = suppress(frame_of(grid), ["d0", "d1"], ["n"], CellRules(min_cell=min_cell))
    hidden = shown.frame["suppressed"].to_numpy().reshape(4, 5)
    for axis in (0, 1):
        assert (hidden.sum(axis=axis) != 1).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=6, max_size=6),
)
def test_a_part_its_whole_and_the_rest_are_held_to_the_rule(cells: list[tuple[int, int]]) -> None:
    table = frame_of(np.array([a + b for a, b in cells]).reshape(2, 3)).rename(columns={"n": "leavers"})
    table["employed"] = [a for a, _ in cells]
    rules = CellRules(min_cell=5)
    shown = suppress(table, ["d0", "d1"], ["leavers", "employed"], rules, parts={"employed": "leavers"}).frame
    open_ = shown[~shown["suppressed"]]
    for counts in (open_["leavers"], open_["employed"], open_["leavers"] - open_["employed"]):
        assert not ((counts > 0) & (counts < 5)).any()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(1, 1000), min_size=1, max_size=8), min_size=6, max_size=6))
def test_dominated_sums_are_hidden_and_not_estimable(cells: list[list[int]]) -> None:
    top = [sorted([0, *c])[-2:] for c in cells]
    table = frame_of(np.array([len(c) for c in cells]).reshape(2, 3))
    table["wages"], table["first"], table["second"] = (
        [sum(c) for c in cells],
        [b for _, b in top],
        [a for a, _ in top],
    )
    rules = CellRules(min_cell=3, shares=((1, 0.5), (2, 0.86)), p_percent=0.1)
    shown = suppress(table, ["d0", "d1"], ["n"], rules, magnitudes=[Magnitude("wages", "first", "second")])
    keyed = shown.frame.dropna(subset=["d0", "d1"]).sort_values(["d0", "d1"])
    for cell, suppressed in zip(cells, keyed["suppressed"], strict=True):
        one, two, total = max(cell), sum(sorted(cell)[-2:]), sum(cell)
        if len(cell) < 3 or one > 0.5 * total or two > 0.86 * total or total - two < 0.1 * one:
            assert suppressed


@given(st.lists(st.integers(0, 500), min_size=6, max_size=6), st.sampled_from([3, 5, 10]))
def test_shown_counts_are_multiples_of_the_base(cells: list[int], base: int) -> None:
    rules = CellRules(min_cell=10, rounding=base)
    grid = np.array(cells).reshape(2, 3)
    shown = suppress(frame_of(grid), ["d0", "d1"], ["n"], rules).frame["n"]
    truth = with_margins(grid[None])[0]
    assert (shown.dropna() % base == 0).all()
    assert (np.abs(shown.to_numpy(dtype=float, na_value=np.nan) - truth)[shown.notna()] <= base / 2).all()


def test_a_table_that_earlier_ones_give_away_is_refused() -> None:
    table = frame_of(np.array([[4, 40], [30, 50]]))
    shown = pd.DataFrame({"d0": ["0", "1", "1"], "d1": [None, "0", "1"], "n": [44, 30, 50]})
    row = pd.DataFrame({"d0": ["0"], "d1": ["1"], "n": [40]})
    with pytest.raises(Refused, match="table-not-protectable"):
        suppress(
            table, ["d0", "d1"], ["n"], CellRules(), released=[Release(x, ("d0", "d1")) for x in (shown, row)]
        )


def test_what_is_not_a_table_of_counts_is_a_usage_fault() -> None:
    table = frame_of(np.array([[4, 40], [30, 50]]))
    faulty = [
        table.assign(n=table["n"] - 5),
        table.assign(n=table["n"] + 0.5),
        table.assign(d0=None),
        pd.concat([table, table]),
    ]
    for wrong in faulty:
        with pytest.raises(UsageFault):
            suppress(wrong, ["d0", "d1"], ["n"], CellRules())
    with pytest.raises(UsageFault):
        suppress(table, [], ["n"], CellRules())


@pytest.mark.parametrize("zero_is_small", [False, True])
def test_a_table_without_rows_has_a_total_of_nobody(zero_is_small: bool) -> None:
    nobody = frame_of(np.array([1])).head(0)
    shown = suppress(nobody, ["d0"], ["n"], CellRules(zero_is_small=zero_is_small)).frame
    assert shown["suppressed"].tolist() == [zero_is_small]


@pytest.mark.parametrize("seed", range(2))
def test_a_sparse_public_table_is_protected_in_time(seed: int) -> None:
    generator = np.random.default_rng(seed)
    grid = generator.poisson(generator.gamma(0.6, 25, size=(39, 8, 3)))
    shown = suppress(frame_of(grid), ["d0", "d1", "d2"], ["n"], CellRules(min_cell=11))
    hidden = shown.frame["suppressed"].to_numpy().reshape(40, 9, 4)
    for axis in range(3):
        assert (hidden.sum(axis=axis) != 1).all()
    assert shown.complementary < 2 * shown.primary
