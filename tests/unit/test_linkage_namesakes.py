"""Whole names that strangers share: what is counted, and what it takes off a pair's weight."""

from __future__ import annotations

import json
from dataclasses import replace

import duckdb
import numpy as np
import pytest

from linkage.model import model_from_json, read_model
from linkage.namesakes import CLASSES, Namesakes, class_of, count_namesakes, unknown
from linkage.predict import Compared
from linkage.weigh import Sources, Weigher

MODEL = replace(
    read_model(),
    comparisons=tuple(
        replace(c, levels=tuple(replace(x, u=x.u or 0.01) for x in c.levels))
        for c in read_model().comparisons
    ),
)
SAME_NAME = {"given_name": 1, "surname": 1}


def counted(rows: list[tuple[object, object]]) -> Namesakes:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE link_encoded (node INTEGER, given BIGINT, surname BIGINT)")
    connection.executemany(
        "INSERT INTO link_encoded VALUES (?, ?, ?)", [(i, *row) for i, row in enumerate(rows)]
    )
    return count_namesakes(connection, len(rows))


def two_peoples(size: int) -> list[tuple[object, object]]:
    """Names of two peoples who share none: within each, every given name goes with every surname."""
    chance = np.random.default_rng(3)
    return [(int(p * 100 + g), int(p * 100 + s)) for p, g, s in chance.integers((2, 20, 20), size=(size, 3))]


def test_two_peoples_with_names_of_their_own_share_whole_names_twice_as_often() -> None:
    names = counted(two_peoples(4000))
    assert names.shared.sum() == pytest.approx(2 * names.expected.sum(), rel=0.05)
    assert max(names.bits(0.0)) == pytest.approx(1.0, abs=0.1)


def test_independent_names_count_in_full() -> None:
    chance = np.random.default_rng(4)
    names = counted([(int(g), int(s)) for g, s in chance.integers(40, size=(4000, 2))])
    assert max(names.bits(0.0)) < 0.1


def test_pairs_of_one_person_are_no_strangers() -> None:
    names = counted([row for row in two_peoples(4000) for _ in range(2)])
    assert max(names.bits(4000.0)) == pytest.approx(1.0, abs=0.15)
    assert max(names.bits(0.0)) > 1.0


def test_where_nearly_all_are_of_one_person_the_more_common_names_say_it() -> None:
    names = unknown(0)
    shared, expected = np.zeros(CLASSES), np.zeros(CLASSES)
    shared[[10, 20, 30]], expected[[10, 20, 30]] = (1000, 900, 400), (60, 100, 200)
    part = np.zeros(CLASSES)
    part[10] = 0.9
    bits = replace(names, shared=shared, expected=expected, part=part).bits(1000.0)
    assert bits[10] == bits[20] == pytest.approx(np.log2(9), abs=1e-4)
    assert bits[30] == 1.0
    assert bits[CLASSES - 1] == 0.0


def test_few_pairs_say_nothing() -> None:
    assert set(counted([(1, 1), (1, 1), (2, 2), (None, 1), (3, None)]).bits(0.0)) == {0.0}
    assert set(counted([(None, 1), (2, None)]).bits(0.0)) == {0.0}


def test_the_rarer_the_lower_the_class() -> None:
    rare, common = class_of(np.array([1e-5, 0.1]), np.array([1e-5, 0.1]))
    assert 0 <= rare < common < CLASSES
    assert class_of(np.array([1e-30]), np.array([1e-30])) == [0]


def test_a_shared_whole_name_weighs_less_by_its_class_and_nothing_else_does() -> None:
    bits = np.zeros(CLASSES)
    bits[7] = 3.0
    known = replace(MODEL, namesakes=tuple(bits))
    assert model_from_json(json.loads(known.to_json())) == known
    levels = np.zeros((len(MODEL.comparisons), 3), dtype=np.int8)
    for row, comparison in enumerate(MODEL.comparisons):
        levels[row, :2] = SAME_NAME.get(comparison.name, 0)
    levels[[c.name for c in MODEL.comparisons].index("given_name"), 2] = 1
    a = np.array([0, 1, 0])
    pairs = Compared(a, np.array([2, 3, 2]), levels, np.zeros(3))
    sources = Sources(np.zeros(4, dtype=np.int64), np.array([4]))
    names = Namesakes(np.array([7, 9, 7, 9]))
    plain = Weigher(MODEL, sources, np.array([1e-3]), names).weigh(pairs).evidence
    less = Weigher(known, sources, np.array([1e-3]), names).weigh(pairs).evidence
    assert (plain - less)[1:] == pytest.approx([0.0, 0.0])
    assert 0 < (plain - less)[0] <= 3.0
