"""Encodings persist: a version of the parameters makes what it always made."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest

from linkage.agency import encoder as agency
from privacy.agency_parameters import FIELDS, VERSION, fingerprint

KEY = bytes(range(32))
FEW = (
    {
        "given": "ANNA MARIA", "initial": "A", "formal": "ANNE", "other_formal": "HANNAH",
        "given_phonetic": "A565", "surname": "GARCIA LOPEZ", "part_a": "GARCIA", "part_b": "LOPEZ",
        "part_c": "SMITH", "surname_phonetic": "G62", "middle": "LEE", "middle_initial": "L", "suffix": "JR",
        "birth": "19800229", "birth_year": "1980", "day_month": "0229", "ssn": "123456789",
        "ssn_last": "6789", "sex": "F", "number": "1200", "street": "ELM ST", "unit": "4B", "zip": "98101",
        "phone": "2065550100", "email": "a@example.org",
    },
    {
        "given": "O", "given_phonetic": "O", "surname": "NGUYEN", "surname_phonetic": "N250",
        "birth": "19801302", "birth_year": "1980", "day_month": "0213", "zip": "98101",
    },
    {"ssn": "000000012", "ssn_last": "0012", "sex": "M", "phone": "1"},
    {"given": "", "surname": "X", "birth": "1980", "ssn_last": "6789", "street": "ELM ST"},
    {
        "given_phonetic": "G62", "surname_phonetic": "A565", "day_month": "0229", "zip": "98101",
        "ssn_last": "6789", "street": "ELM ST", "number": "1200", "birth": "19800229", "birth_year": "1980",
    },
)  # fmt: skip
"""Everything known, little known, nothing but a number, nothing usual, names swapped and no names."""

PINNED = {
    2: ("86b902bb734f643e", "a8aa673c22671796fe32a26091c8dcd7", "7e76d406b4a2b061ccc6a38f4dc0f049"),
}
"""By version: the fingerprint of the parameters, and digests of the encodings of few records and of many."""


def table(people: list[dict[str, str]]) -> pa.Table:
    found = {name: pa.array([p.get(name) for p in people], pa.string()) for name in FIELDS}
    return pa.table({"node": pa.array(range(len(people)), pa.int64()), **found})


def many(count: int) -> list[dict[str, str]]:
    """People enough for several chunks, whose fields are missing here and there."""
    draw = np.random.default_rng(7)
    size = {"ssn": 9, "birth": 8, "zip": 3, "ssn_last": 4, "birth_year": 2, "day_month": 3, "phone": 10}
    columns = {
        name: [f"{n:0{size.get(name, 2)}}" for n in draw.integers(0, 10 ** size.get(name, 2), count)]
        for name in FIELDS
    }
    there = {name: draw.random(count) < (1 if name == "ssn" else 0.8) for name in FIELDS}
    return [{name: columns[name][i] for name in FIELDS if there[name][i]} for i in range(count)]


def digest(people: list[dict[str, str]]) -> str:
    """Digest of all values of all rows: the columns' names, which are missing, and what the others are."""
    rows = agency.AgencyEncoder(KEY).encode(table(people))
    found = hashlib.sha256(repr(rows.schema.names).encode())
    for column in rows.columns:
        there = column.is_valid().combine_chunks()
        found.update(np.packbits(there.to_numpy(zero_copy_only=False)).tobytes())
        found.update(column.fill_null(0).to_numpy().astype("<i8").tobytes())
    return found.hexdigest()[:32]


@pytest.mark.parametrize("chunk", [agency.CHUNK, 1_000])
def test_encodings_change_with_the_version_only(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(agency, "CHUNK", chunk)
    made = fingerprint(), digest(list(FEW)), digest(many(20_000))
    assert PINNED.get(VERSION) == made, "count VERSION up, and pin what it makes"
