"""The strictest cell rule, and bands in which nothing small stands alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from data_sharing_agreements.cells import banded, smallest_cell, withheld
from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements

SIZES = st.dictionaries(st.integers(1, 60), st.integers(1, 40), max_size=20).map(lambda d: sorted(d.items()))


@given(SIZES, st.integers(1, 15))
def test_every_band_counts_enough_and_nothing_is_lost(sizes: list[tuple[int, int]], smallest: int) -> None:
    bands = banded(sizes, smallest)
    total = sum(count for _, count in sizes)
    assert all(count >= smallest for _, _, count in bands)
    assert sum(count for _, _, count in bands) == (total if total >= smallest else 0)
    edges = [edge for first, last, _ in bands for edge in (first, last)]
    assert edges == sorted(edges)
    for first, last, count in bands:
        assert count == sum(n for size, n in sizes if first <= size <= last)


def test_bands_are_no_wider_than_they_must_be() -> None:
    assert banded([(1, 100), (2, 50), (3, 4), (4, 30), (5, 2)], 11) == [(1, 1, 100), (2, 3, 54), (4, 5, 32)]


def test_a_small_count_is_withheld_and_zero_is_not() -> None:
    assert [withheld(n, 11) for n in (None, 0, 1, 10, 11)] == [None, 0, None, None, 11]


def test_the_strictest_document_or_law_decides() -> None:
    agreements = load_agreements(EVERGREEN_DIRECTORY)
    clauses = [
        agreements.emou.cells.minimum,
        *(d.cells.minimum for d in (*agreements.dsas, *agreements.duls)),
    ]
    laws = [basis.limits.minimum_cell or 1 for basis in agreements.bases.values()]
    assert smallest_cell(agreements) == max(clauses + laws)
