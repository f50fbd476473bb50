"""Encodings: likeness is the same under every key, and the key hides everything else."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.vectors import letter_vectors, packed_digits
from privacy.encodings import Encoder

KEYS = st.binary(min_size=32, max_size=32)
NAMES = st.lists(
    st.one_of(st.none(), st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789", max_size=12)),
    min_size=2,
    max_size=8,
)
NUMBERS = st.lists(
    st.one_of(st.none(), st.text("0123456789", min_size=1, max_size=9)), min_size=2, max_size=8
)


def overlaps(key: bytes, names: list[str | None]) -> np.ndarray:
    words, bits = letter_vectors(Encoder(key), "given", pa.chunked_array([pa.array(names, pa.string())]))
    unsigned = words.view(np.uint64)
    shared = np.bitwise_count(unsigned[:, None, :] & unsigned[None, :, :]).sum(axis=2)
    assert (np.diag(shared) == bits).all()
    return shared


@settings(max_examples=60, deadline=None)
@given(NAMES, KEYS, KEYS)
def test_likeness_of_names_does_not_depend_on_the_key(
    names: list[str | None], one: bytes, other: bytes
) -> None:
    assert (overlaps(one, names) == overlaps(other, names)).all()


@settings(max_examples=60, deadline=None)
@given(NUMBERS, KEYS)
def test_digits_apart_are_exact(numbers: list[str | None], key: bytes) -> None:
    packed = packed_digits(
        Encoder(key), "ssn", pa.chunked_array([pa.array(numbers, pa.string())])
    ).to_pylist()
    for x, a in zip(numbers, packed, strict=True):
        assert (x is None) == (a is None)
        for y, b in zip(numbers, packed, strict=True):
            if x is not None and y is not None:
                apart = sum(1 for i in range(9) if x[i : i + 1] != y[i : i + 1])
                assert sum(1 for i in range(9) if (a ^ b) >> (4 * i) & 15) == apart


def test_another_key_gives_other_encodings() -> None:
    names = pa.chunked_array([["MARGARET"]])
    one, other = (letter_vectors(Encoder(bytes([i] * 32)), "given", names)[0] for i in (1, 2))
    assert (one != other).any()
