"""Expected errors by group: against a plain reading, and whether intervals mean what they say."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest

from linkage.fairness import expected_quality
from linkage.quality import read_quality, write_quality
from linkage.spine import ensure_spine
from linkage.standardise_groups import name_languages_of
from linkage.sureness import LARGEST_PERSON, Known, Rule, sure_of
from linkage.telling import tell_groups, tell_undone

P = {(1, 2): 0.9, (2, 3): 0.8, (4, 5): 0.5, (1, 6): 0.4, (5, 7): 0.1}
"""Probabilities of pairs; 1 and 3 were never compared, and are joined through 2."""
PERSON = {1: 10, 2: 10, 3: 10, 4: 11, 5: 11, 6: 12, 7: 13}
SEX = {1: "F", 2: "F", 3: "F", 4: "M", 5: "M", 6: "M", 7: None}
SOURCE = {1: "a", 2: "b", 3: "a", 4: "a", 5: "a", 6: "b", 7: "b"}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with a spine of seven records."""
    with duckdb.connect() as opened:
        opened.execute("ATTACH ':memory:' AS warehouse")
        ensure_spine(opened)
        opened.execute("INSERT INTO warehouse.spine.version VALUES (1, now()::TIMESTAMP, 'm', 7, 4, 'h')")
        fill(opened, P, PERSON, SOURCE)
        yield opened


def fill(
    opened: duckdb.DuckDBPyConnection,
    pairs: dict[tuple[int, int], float],
    person: dict[int, int],
    source: dict[int, str],
) -> None:
    assigned = pd.DataFrame({"r": list(person), "p": list(person.values()), "s": [source[r] for r in person]})
    weighed = pd.DataFrame(
        {"l": [left for left, _ in pairs], "r": [r for _, r in pairs], "p": list(pairs.values())}
    )
    opened.register("assigned", assigned)
    opened.register("weighed", weighed)
    opened.execute("INSERT INTO warehouse.spine.assignment SELECT r, p, s, 1, NULL FROM assigned")
    opened.execute(
        """INSERT INTO warehouse.spine.pair (version, record_key_l, record_key_r, weight, probability)
            SELECT 1, l, r, log2(p / (1 - p)), p FROM weighed"""
    )


def members(opened: duckdb.DuckDBPyConnection, sex: dict[int, str | None] = SEX) -> str:
    opened.register("sexes", pd.DataFrame({"record_key": list(sex), "sex": list(sex.values())}))
    return """(SELECT a.record_key, a.person_key, a.source, s.sex FROM warehouse.spine.assignment a
        JOIN sexes s USING (record_key))"""


def weight(left: int, right: int) -> float:
    """Log2 odds of two records; those never compared count as six below even."""
    p = P.get((min(left, right), max(left, right)))
    return -6.0 if p is None else math.log2(p / (1 - p))


def votes(left: int, right: int) -> list[float]:
    """What speaks of two records of one person: their own weight, and the weaker of each way round."""
    others = (k for k in PERSON if PERSON[k] == PERSON[left] and k not in (left, right))
    return [weight(left, right), *(min(weight(left, k), weight(k, right)) for k in others)]


def between(left: int, right: int) -> list[float]:
    """The weights of all pairs between the persons of two records."""
    x, y = ([k for k in PERSON if PERSON[k] == PERSON[end]] for end in (left, right))
    return [weight(i, j) for i in x for j in y]


def chance(weights: list[float], counts: list[float]) -> float:
    """Probability for a mean of weights."""
    return 1 / (1 + 2 ** -(sum(w * c for w, c in zip(weights, counts, strict=True)) / sum(counts)))


def plainly(among: set[int]) -> tuple[float, float]:
    """Precision and recall as seen from some records, in loops."""
    hit = linked = missed = 0.0
    for pair in itertools.combinations(PERSON, 2):
        seen = len(among & set(pair))
        if PERSON[pair[0]] == PERSON[pair[1]]:
            told = votes(*pair)
            hit += seen * chance(told, [1.0 if w > 0 else 0.1 for w in told])
            linked += seen
        elif any(w != weight(0, 0) for w in between(*pair)):
            missed += seen * chance(between(*pair), [1.0] * len(between(*pair)))
    return hit / linked, hit / (hit + missed)


def test_expected_errors_are_those_of_a_plain_reading(connection: duckdb.DuckDBPyConnection) -> None:
    found = expected_quality(connection, members(connection), ("sex",))
    whole = found["clusters"]
    assert (whole["precision"]["value"], whole["recall"]["value"]) == pytest.approx(plainly(set(PERSON)))
    by_sex = {part["group"]: part for part in found["by_subgroup"]}
    assert {group: part["records"] for group, part in by_sex.items()} == {"F": 3, "M": 3, "not_known": 1}
    for group, sex in (("F", "F"), ("M", "M")):
        clusters = by_sex[group]["clusters"]
        among = {record for record, value in SEX.items() if value == sex}
        assert (clusters["precision"]["value"], clusters["recall"]["value"]) == pytest.approx(plainly(among))
    assert by_sex["not_known"]["clusters"]["precision"]["value"] is None
    assert whole["link_rate"]["value"] == pytest.approx(3 / 7), "only person 10 is known to two sources"
    for measure in whole.values():
        assert measure["low"] <= measure["value"] <= measure["high"]


def test_nothing_is_left_behind(connection: duckdb.DuckDBPyConnection) -> None:
    expected_quality(connection, members(connection), ("sex",))
    left = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'temp'"
    ).fetchall()
    assert left == []


def test_a_record_that_may_not_be_counted_is_not(connection: duckdb.DuckDBPyConnection) -> None:
    some = members(connection) + " WHERE record_key <> 2"
    found = expected_quality(connection, f"(FROM {some})", ())
    assert found["clusters"]["precision"]["value"] == pytest.approx((0.5 + 1 / 65) / 2), (
        "1 and 3 have nobody between them, and were not compared"
    )


def test_an_empty_spine_has_no_rates() -> None:
    with duckdb.connect() as opened:
        opened.execute("ATTACH ':memory:' AS warehouse")
        ensure_spine(opened)
        found = expected_quality(opened, members(opened, {}), ("sex",))
        assert found["clusters"]["recall"]["value"] is None
        assert found["by_subgroup"] == []


def precision_of(probability: np.ndarray) -> dict[str, float]:
    """Expected precision of persons of two records each."""
    pairs = {(2 * i, 2 * i + 1): float(p) for i, p in enumerate(probability)}
    person = {record: record // 2 for record in range(2 * len(probability))}
    with duckdb.connect() as opened:
        opened.execute("ATTACH ':memory:' AS warehouse")
        ensure_spine(opened)
        fill(opened, pairs, person, dict.fromkeys(person, "a"))
        given = members(opened, dict.fromkeys(person, "F"))
        return expected_quality(opened, given, ())["clusters"]["precision"]


def test_intervals_hold_the_truth_even_where_the_model_is_off_by_half() -> None:
    """Pairs are right with the odds the model says, half or twice those; eight times is not believed."""
    rng = np.random.default_rng(5)
    probability = np.round(rng.beta(30, 1, 1600), 3).clip(0.05, 0.999)
    found = precision_of(probability)
    wrong = (1 - probability) / probability
    held = {}
    for times in (0.5, 1.0, 2.0, 8.0):
        worlds = (rng.random((2000, 1600)) < 1 / (1 + times * wrong)).mean(axis=1)
        held[times] = ((worlds >= found["low"]) & (worlds <= found["high"])).mean()
    assert min(held[0.5], held[1.0], held[2.0]) > 0.9
    assert held[8.0] < 0.07


def test_where_few_errors_are_expected_there_may_be_none() -> None:
    assert precision_of(np.full(200, 0.99))["high"] == 1.0
    assert precision_of(np.full(800, 0.99))["high"] < 1.0


def test_groups_are_added_to_what_the_link_knew(connection: duckdb.DuckDBPyConnection) -> None:
    first = expected_quality(connection, members(connection), ("source",))
    write_quality(connection, 1, first, "model")
    for _ in range(2):
        tell_groups(connection, members(connection), ("sex",))
    kept = read_quality(connection, 1)["model"]
    assert [part["column"] for part in kept["by_subgroup"]] == ["source", "source", "sex", "sex", "sex"]
    assert kept["clusters"] == first["clusters"]


def test_a_version_made_by_undoing_says_what_it_gets_wrong(connection: duckdb.DuckDBPyConnection) -> None:
    rates = {"precision": {"value": 0.5, "low": 0.1, "high": 0.9}}
    by_name = [{"column": "name_language", "group": "slavic", "records": 70, "clusters": rates}]
    by_name.append({"column": "sex", "group": "F", "records": 70, "clusters": rates})
    write_quality(connection, 1, {"clusters": rates, "by_subgroup": by_name}, "model")
    write_quality(connection, 1, {"model": {"state": "waiting"}}, "facts")
    connection.execute("INSERT INTO warehouse.spine.version VALUES (2, now()::TIMESTAMP, 'm', 7, 5, 'h')")
    connection.execute("UPDATE warehouse.spine.assignment SET person_key = 14 WHERE record_key = 3")
    tell_undone(connection, before=1)
    kept = read_quality(connection, 2)
    assert [(part["column"], part["group"]) for part in kept["model"]["by_subgroup"]] == [
        ("source", "a"),
        ("source", "b"),
        ("name_language", "slavic"),
    ], "by people's attributes it is measured when core knows them"
    assert kept["model"]["clusters"]["precision"]["value"] == pytest.approx((0.9 + 0.5) / 2), "3 stands alone"
    assert kept["facts"]["model"]["state"] == "waiting", "it has the model of the version before it"


NAMES = {
    1: ("Nguyen", "vietnamese"),
    2: ("GARCÍA-Smith", "spanish"),
    3: ("de la Cruz", "spanish"),
    4: ("Shevchenko", "slavic"),
    5: ("Smith", "other"),
    6: (None, "none"),
    7: ("patel", "south_asian"),
}


def test_names_are_classed_by_language_and_kept_under_the_runs_key() -> None:
    with duckdb.connect() as opened:
        rows = pd.DataFrame({"record_key": list(NAMES), "surname": [name for name, _ in NAMES.values()]})
        opened.register("given", rows)
        opened.execute(
            "CREATE TEMP VIEW permitted_identity AS SELECT *, '2023' AS period, NULL AS full_name FROM given"
        )
        found = {}
        for key in (bytes(32), bytes([1] * 32)):
            classes = name_languages_of(opened, key)
            tokens = dict(opened.execute("SELECT record_key, token FROM link_name_language").fetchall())
            assert {record: classes[token] for record, token in tokens.items()} == {
                record: group for record, (_, group) in NAMES.items()
            }
            found[key] = set(tokens.values())
        assert not set.intersection(*found.values()), "the class of one run means nothing in another"


def test_cubes_of_persons_say_what_a_plain_reading_says() -> None:
    generator = np.random.default_rng(4)
    person = np.sort(np.concatenate([generator.integers(0, 9, 40), np.full(LARGEST_PERSON + 1, 9)]))
    _, person = np.unique(person, return_inverse=True)
    weights = {
        (i, j): float(generator.normal() * 6)
        for i, j in itertools.combinations(range(len(person)), 2)
        if generator.random() < (0.5 if person[i] == person[j] else 0.02)
    }
    left, right = (np.array(ends) for ends in zip(*weights, strict=True))
    sure = sure_of(person, Known(left, right, np.array(list(weights.values()))), Rule(-6.0, 0.1, 20.0))

    def told(i: int, j: int) -> float:
        return weights.get((min(i, j), max(i, j)), -6.0)

    for i, of in enumerate(person):
        others = [j for j in np.flatnonzero(person == of) if j != i]
        if len(others) < LARGEST_PERSON:
            ways = [[told(i, j), *(min(told(i, k), told(j, k)) for k in others if k != j)] for j in others]
            hit = [chance(way, [1.0 if w > 0 else 0.1 for w in way]) for way in ways]
        else:
            hit = [chance([told(i, j)], [1.0]) for j in others if (min(i, j), max(i, j)) in weights]
        assert sure.hit[i] == pytest.approx(sum(hit))
        assert sure.linked[i] == len(hit)
