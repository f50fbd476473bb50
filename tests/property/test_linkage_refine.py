"""Twins, juniors, bridges and contradictions, as weighed pairs; refinement against a plain reading."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.clusters import cluster, counted, within_clip
from linkage.model import read_model
from linkage.predict import Compared
from linkage.refine import NEVER, contradictions
from linkage.train import untrained
from linkage.weigh import Sources, Weigher, Weights

MODEL = untrained(read_model(), 100_000)
NAMES = [c.name for c in MODEL.comparisons]
SSN, BIRTH = NAMES.index("ssn"), NAMES.index("birth_date")
SAME = 1
DIFFERENT = {name: len(c.levels) - 1 for name, c in zip(NAMES, MODEL.comparisons, strict=True)}
Said = dict[str, str]


def compared(people: list[Said]) -> Compared:
    """Return every pair of records, each field the same, different, or not known."""
    pairs = list(combinations(range(len(people)), 2))
    levels = np.array(
        [[level(name, people[a], people[b]) for a, b in pairs] for name in NAMES], dtype=np.int8
    ).reshape(len(NAMES), len(pairs))
    a, b = (np.array([pair[i] for pair in pairs], dtype=np.int64) for i in (0, 1))
    return Compared(a, b, levels, np.zeros(len(pairs)))


def level(name: str, left: Said, right: Said) -> int:
    if name not in left or name not in right:
        return 0
    return SAME if left[name] == right[name] else DIFFERENT[name]


def clusters(people: list[Said]) -> list[int]:
    pairs = compared(people)
    one = Sources(np.zeros(len(people), dtype=np.int64), np.array([len(people)]))
    weigher = Weigher(MODEL, one, np.array([1e-5]))
    told = counted(pairs, weigher.weigh(pairs), MODEL)
    return cluster(np.ones(len(people), dtype=np.int64), told, MODEL).tolist()


def person(given_name: str, birth_date: str, ssn: str, **more: str) -> Said:
    return {"given_name": given_name, "surname": "A", "birth_date": birth_date, "ssn": ssn} | more


def test_twins_survive() -> None:
    ann, amy = person("ANN", "1", "11", address="X", sex="F"), person("AMY", "1", "12", address="X", sex="F")
    assert clusters([ann, amy, ann, amy]) == [0, 1, 0, 1]


def test_a_junior_is_not_his_father() -> None:
    father = person("JOHN", "1", "11", address="X", sex="M", suffix="SR")
    son = person("JOHN", "2", "12", address="X", sex="M", suffix="JR")
    assert clusters([father, son, father, son]) == [0, 1, 0, 1]


def test_one_bridge_does_not_merge_two_families() -> None:
    one, other = person("ANN", "1", "11", address="X"), person("EVE", "2", "12", address="Y")
    bridge = {"given_name": "ANN", "surname": "A", "birth_date": "1", "ssn": "12"}
    found = clusters([one, one, other, other, bridge])
    assert found[0] == found[1] != found[2] == found[3]


def test_two_verified_numbers_contradict_whatever_else_agrees() -> None:
    first, second = person("ANN", "1", "11"), person("ANN", "1", "12")
    together = np.zeros(4, dtype=np.int64)
    pairs = compared([first, first, second, second])
    wrong = contradictions(together, pairs, MODEL)
    assert {(int(a), int(b)) for a, b in zip(pairs.a[wrong], pairs.b[wrong], strict=True)} == {
        (0, 2),
        (0, 3),
        (1, 2),
        (1, 3),
    }
    weight = np.where(wrong, NEVER, 15.0)
    told = counted(pairs, Weights(weight, weight), MODEL)
    assert cluster(np.ones(4, dtype=np.int64), told, MODEL).tolist() == [0, 0, 2, 2]


def test_a_number_seen_once_may_be_wrong() -> None:
    pairs = compared([person("ANN", "1", "11"), person("ANN", "1", "11"), person("ANN", "1", "12")])
    assert not contradictions(np.zeros(3, dtype=np.int64), pairs, MODEL).any()


def test_a_contradiction_that_was_kept_is_no_smaller_in_a_later_link() -> None:
    """Increments and undoing read weights that were kept: the largest are bounded, this one is not."""
    kept = within_clip(np.array([NEVER, -50.0, 3.0, 50.0]), MODEL)
    assert kept.tolist() == [NEVER, -MODEL.clip, 3.0, MODEL.clip]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("123"), st.sampled_from("12"), st.integers(0, 1)), min_size=2, max_size=7
    )
)
def test_contradictions_are_those_of_a_plain_reading(drawn: list[tuple[str, str, int]]) -> None:
    people = [{"ssn": ssn, "birth_date": birth} for ssn, birth, _ in drawn]
    label = np.array([group for *_, group in drawn], dtype=np.int64)
    pairs = compared(people)
    wrong = contradictions(label, pairs, MODEL)

    def verified(i: int, field: str) -> bool:
        mates = [j for j in range(len(people)) if j != i and label[j] == label[i]]
        return any(people[j][field] == people[i][field] for j in mates)

    for a, b, said in zip(pairs.a.tolist(), pairs.b.tolist(), wrong.tolist(), strict=True):
        plain = label[a] == label[b] and any(
            people[a][field] != people[b][field] and verified(a, field) and verified(b, field)
            for field in ("ssn", "birth_date")
        )
        assert said == plain


def test_overlap_of_sources_is_what_clusters_hold() -> None:
    """Of three sources with a hundred nodes each, two that share nothing to compare meet in the third."""
    of_node = np.repeat([0, 1, 2], 100)
    weigher = Weigher(MODEL, Sources(of_node, np.bincount(of_node)))
    label = np.arange(300)
    label[100:150] = np.arange(50)
    label[200:210] = np.arange(10)
    weigher.learn_overlap(label)
    found = weigher.priors.reshape(3, 3) * 100 * 100
    assert np.isclose(found[0, 1], 50 + 1)
    assert np.isclose(found[0, 2], 10 + 1)
    assert np.isclose(found[1, 2], 10 + 1)
    assert found[0, 0] < 3
