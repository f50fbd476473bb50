"""Errors of writing change values and never make what no keyboard could."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.synthetic.noise import (
    date_of,
    mishear,
    misread,
    mistype,
    mistype_dates,
    mistype_digits,
    parts,
    plain_letters,
)

names = st.lists(st.text("abcdefhilmnorstuzéñÁÐ -'", min_size=1, max_size=14), min_size=1, max_size=20)
seeds = st.integers(0, 2**32)
dates = st.lists(st.dates(dt.date(1900, 1, 1), dt.date(2030, 12, 31)), min_size=1, max_size=20)


@given(names, seeds)
@settings(max_examples=60, deadline=None)
def test_an_error_changes_a_name_by_little(values: list[str], seed: int) -> None:
    for error in (mistype, mishear, misread):
        written = error(np.random.default_rng(seed), pa.array(values)).to_pylist()
        for before, after in zip(values, written, strict=True):
            assert "\0" not in after
            assert abs(len(after) - len(before)) <= 1


@given(st.lists(st.from_regex(r"[0-9]{9}", fullmatch=True), min_size=1, max_size=20), seeds)
@settings(max_examples=60, deadline=None)
def test_an_error_in_digits_keeps_nine_and_changes_one_or_two(values: list[str], seed: int) -> None:
    written = mistype_digits(np.random.default_rng(seed), pa.array(values)).to_pylist()
    for before, after in zip(values, written, strict=True):
        assert len(after) == 9
        assert after.isdigit()
        assert 1 <= sum(a != b for a, b in zip(before, after, strict=True)) <= 2


@given(dates, seeds)
@settings(max_examples=60, deadline=None)
def test_a_wrong_date_is_a_date_near_the_right_one(values: list[dt.date], seed: int) -> None:
    days = np.array(values, dtype="datetime64[D]")
    written = mistype_dates(np.random.default_rng(seed), days)
    assert not np.isnat(written).any()
    assert (np.abs(written - days).astype(int) < 366 * 11).all()


@given(dates)
def test_a_date_is_its_parts(values: list[dt.date]) -> None:
    days = np.array(values, dtype="datetime64[D]")
    assert (date_of(*parts(days)) == days).all()


@given(names)
def test_plain_letters_have_no_marks(values: list[str]) -> None:
    plain = plain_letters(pa.array(values)).to_pylist()
    assert all("é" not in p and "ñ" not in p and "Á" not in p for p in plain)
    assert [len(p) for p in plain] == [len(v) for v in values]
