"""Encodings made at an agency: deterministic under a key, independent between keys and blocks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.agency.encoder import AgencyEncoder, schema
from linkage.agency.hidden import DIGIT_NOISE, ORDER_NOISE, hide_digits, put_in_order
from privacy.agency_parameters import BLOCKS, FIELDS, NUMBERS, PLACE, VECTOR_WORDS, VECTORS, columns

NAMES = st.sampled_from(["ANNA", "ANN", "MARIA", "JOSE", "SMITH", "SMYTH", "GARCIA", "LEE", "OBRIEN"])
PERSON = st.fixed_dictionaries(
    {
        "given": NAMES, "surname": NAMES, "given_phonetic": st.sampled_from(["A5", "M6"]),
        "surname_phonetic": st.sampled_from(["S53", "G62"]),
        "birth": st.sampled_from(["19800102", "19800103"]),
        "birth_year": st.just("1980"), "day_month": st.sampled_from(["0102", "0103"]),
        "ssn": st.sampled_from(["123456789", "123456780", None]), "ssn_last": st.sampled_from(["6789", None]),
        "zip": st.sampled_from(["98101", None]), "street": st.just("ELM ST"), "number": st.just("7"),
    }
)  # fmt: skip
PEOPLE = st.lists(PERSON, min_size=1, max_size=5)
FEW = settings(max_examples=12, deadline=None)


def table(people: list[dict[str, str | None]]) -> pa.Table:
    found = {name: pa.array([p.get(name) for p in people], pa.string()) for name in FIELDS}
    return pa.table({"node": pa.array(range(len(people)), pa.int64()), **found})


encoder = lru_cache(AgencyEncoder)


def rows(people: list[dict[str, str | None]], key: bytes = bytes(32)) -> pd.DataFrame:
    return encoder(key).encode(table(people)).to_pandas()


@FEW
@given(PEOPLE)
def test_a_record_has_the_same_rows_whatever_is_beside_it(people: list[dict[str, str | None]]) -> None:
    together = AgencyEncoder(bytes(32)).encode(table(people))
    for node, person in enumerate(people):
        alone = encoder(bytes(32)).encode(table([person]))
        mine = together.filter(pc.equal(together["node"], node))
        assert mine.drop_columns("node").equals(alone.drop_columns("node"))


@FEW
@given(PEOPLE)
def test_two_keys_have_nothing_in_common(people: list[dict[str, str | None]]) -> None:
    one, other = rows(people), rows(people, bytes([1] * 32))
    assert one[["node", "block"]].equals(other[["node", "block"]])
    assert not set(one["token"]) & set(other["token"])
    for name in (*FIELDS, PLACE):
        marks = pd.DataFrame({"one": one[name], "other": other[name]}).dropna().drop_duplicates()
        assert (marks["one"] == marks["other"]).mean() < 0.2 or len(marks) < 40
        assert (one[name].isna() == other[name].isna()).all()


@FEW
@given(PERSON, PERSON)
def test_in_a_block_equality_is_kept_and_outside_there_is_none(
    one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    found = rows([one, other])
    for number, block in enumerate(BLOCKS):
        part = found[found["block"] == number].set_index("node")
        same = [
            sorted(str(p.get(f)) for f in block.fields[:2]) if block.unordered else None for p in (one, other)
        ]
        rest = [[p.get(f) for f in block.fields[2 if block.unordered else 0 :]] for p in (one, other)]
        if len(part) < 2:
            continue
        meets = same[0] == same[1] and rest[0] == rest[1]
        assert (part.loc[0, "token"] == part.loc[1, "token"]) == meets
        if not meets:
            continue
        for name in FIELDS:
            if one.get(name) and other.get(name):
                assert (part.loc[0, name] == part.loc[1, name]) == (one[name] == other[name])
        for name in NUMBERS:
            left, right = one.get(name), other.get(name)
            if left and right:
                x = int(part.loc[0, f"{name}_digits"]) ^ int(part.loc[1, f"{name}_digits"])
                apart = sum(bool(x >> (4 * place) & 15) for place in range(16))
                assert apart == sum(a != b for a, b in zip(left, right, strict=True))


def test_vectors_show_neither_length_nor_letters() -> None:
    short = rows(
        [{"given": "AL", "surname": "LI", "birth": f"{1900 + i}0101", "ssn": f"{i:09}"} for i in range(400)]
    )
    words = short[[f"{name}_{i}" for name in VECTORS for i in range(VECTOR_WORDS)]].to_numpy(dtype=np.int64)
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1)
    assert abs(bits.mean() - 0.5) < 0.01
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.15


def test_similar_names_have_similar_vectors_under_one_salt() -> None:
    people = [{"ssn": "123456789", "surname": name} for name in ("WILLIAMSON", "WILIAMSON", "RODRIGUEZ")]
    found = rows(people)
    words = found[[f"surname_{i}" for i in range(VECTOR_WORDS)]].to_numpy(dtype=np.int64)
    apart = [int(np.bitwise_count((words[0] ^ words[i]).view(np.uint64)).sum()) for i in (1, 2)]
    assert apart[0] <= 8 < 20 <= apart[1]


def test_columns_are_those_the_vault_has() -> None:
    assert schema().names[1:] == list(columns())
    assert all(field in FIELDS for block in BLOCKS for field in block.fields)
    alone = {block.fields for block in BLOCKS if len(block.fields) == 1}
    assert alone == {("ssn",)}, "no single common value is a block"


def test_hidden_digits_and_vectors_show_how_many_differ_and_not_where() -> None:
    random = np.random.default_rng(3)
    noise = random.integers(0, 2**64, (DIGIT_NOISE, 4_000, 1), dtype=np.uint64)
    one, other = (np.full((4_000, 1), number, dtype=np.uint64) for number in (0x987654321, 0x987654329))
    apart = hide_digits(one, noise) ^ hide_digits(other, noise)
    places = np.stack([(apart[:, 0] >> np.uint64(4 * i)) & np.uint64(15) for i in range(16)])
    assert ((places > 0).sum(axis=0) == 1).all(), "one digit differs"
    assert np.abs((places > 0).mean(axis=1) - 1 / 16).max() < 0.02, "in any place"
    values = np.bincount(places[places > 0].astype(np.int64), minlength=16)[1:] / 4_000
    assert values.max() < 0.15, "by any amount"

    noise = random.integers(0, 2**64, (ORDER_NOISE, 4_000, 2), dtype=np.uint64)
    vectors = np.zeros((2, 4_000, 2), dtype=np.uint64)
    vectors[1, :, 0] = 0b1011
    put_in_order(vectors, noise)
    bits = np.unpackbits(vectors[1].copy().view(np.uint8), axis=1)
    assert not vectors[0].any()
    assert (bits.sum(axis=1) == 3).all()
    assert np.abs(bits.mean(axis=0) - 3 / 128).max() < 0.012
