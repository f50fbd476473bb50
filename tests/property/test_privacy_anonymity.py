"""Anonymity measures and enforcement, against plain counting."""

from collections import Counter, defaultdict

import duckdb
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.anonymity import k_anonymity, k_anonymity_sql, l_diversity, t_closeness
from privacy.generalise import enforce_k
from privacy.trajectory import trajectory_attack

ROWS = st.lists(
    st.tuples(
        st.integers(1, 8),
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["x", "y", "z"]),
        st.sampled_from([1, 2, 3]),
    ),
    max_size=40,
)
QUASI = ["q1", "q2"]


def table(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["person", "q1", "q2", "secret"]).astype({"q1": object})


def groups(rows: list[tuple]) -> dict[tuple, list[tuple]]:
    found: dict[tuple, list[tuple]] = defaultdict(list)
    for row in rows:
        found[(row[1], row[2])].append(row)
    return found


@settings(deadline=None)
@given(ROWS)
def test_k_is_the_smallest_group_however_it_is_counted(rows: list[tuple]) -> None:
    frame = table(rows)
    by_rows = min((len(g) for g in groups(rows).values()), default=0)
    by_person = min((len({r[0] for r in g}) for g in groups(rows).values()), default=0)
    assert k_anonymity(frame, QUASI) == by_rows
    assert k_anonymity(frame, QUASI, "person") == by_person
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (person INT, q1 VARCHAR, q2 VARCHAR, secret INT)")
        if rows:
            connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
        for person, expected in ((None, by_rows), ("person", by_person)):
            assert connection.execute(k_anonymity_sql("t", QUASI, person)).fetchall() == [(expected,)]
        assert connection.execute(k_anonymity_sql("t", [])).fetchall() == [(len(rows),)]
    assert k_anonymity(frame, []) == len(rows)


@settings(deadline=None)
@given(ROWS)
def test_l_is_the_poorest_group(rows: list[tuple]) -> None:
    expected = min((len({r[3] for r in g}) for g in groups(rows).values()), default=0)
    assert l_diversity(table(rows), QUASI, "secret") == expected


@settings(deadline=None)
@given(ROWS.filter(bool))
def test_t_is_the_group_most_unlike_the_whole(rows: list[tuple]) -> None:
    whole, values = Counter(r[3] for r in rows), sorted({r[3] for r in rows})
    equal, ordered = [], []
    for group in groups(rows).values():
        own = Counter(r[3] for r in group)
        gaps = [own[v] / len(group) - whole[v] / len(rows) for v in values]
        equal.append(sum(abs(g) for g in gaps) / 2)
        ordered.append(sum(abs(sum(gaps[: i + 1])) for i in range(len(gaps))) / max(len(values) - 1, 1))
    frame = table(rows)
    assert abs(t_closeness(frame, QUASI, "secret") - max(equal)) < 1e-9
    assert abs(t_closeness(frame, QUASI, "secret", ordered=True) - max(ordered)) < 1e-9


@settings(deadline=None)
@given(ROWS, st.integers(1, 5), st.booleans())
def test_enforcement_reaches_k_and_changes_nothing_else(rows: list[tuple], k: int, persons: bool) -> None:
    frame, person = table(rows), "person" if persons else None
    before = frame.copy()
    kept, cost = enforce_k(frame, QUASI, k, person)
    pd.testing.assert_frame_equal(frame, before)
    assert cost.k == k_anonymity(kept, QUASI, person)
    assert cost.k >= k or not len(kept)
    assert cost.rows_in == len(kept) + cost.withheld
    if k_anonymity(frame, QUASI, person) >= k:
        pd.testing.assert_frame_equal(kept, frame)
    untouched = [r for r in rows if len(size(groups(rows)[(r[1], r[2])], persons)) >= k]
    shown = Counter(map(tuple, kept.astype(object).where(kept.notna(), None).to_numpy()))
    assert not Counter(untouched) - shown


def size(group: list[tuple], persons: bool) -> list | set:
    return {r[0] for r in group} if persons else group


def test_columns_are_given_up_in_the_order_declared() -> None:
    rows = [(i, "a", "x", 1) for i in range(5)] + [(9, "b", "x", 1)] * 1 + [(10, None, "x", 1)] * 4
    kept, cost = enforce_k(table(rows), QUASI, 5)
    assert cost.suppressed == {"q1": 1, "q2": 0}
    assert cost.withheld == 0
    assert kept["q1"].isna().sum() == 5


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 4), st.integers(0, 2)), min_size=1, max_size=60),
    st.integers(1, 4),
)
def test_knowing_every_period_gives_the_plain_count(rows: list[tuple[int, int, int]], k: int) -> None:
    frame = pd.DataFrame(rows, columns=["person", "month", "band"]).drop_duplicates(["person", "month"])
    (risk,) = trajectory_attack(frame, "person", "month", ["band"], known=[4], k=k, trials=2)
    histories = {
        p: tuple(sorted(zip(g["month"], g["band"], strict=True))) for p, g in frame.groupby("person")
    }
    sizes = Counter(histories.values())
    singled = [sizes[h] < k for h in histories.values()]
    assert abs(risk.mean - sum(singled) / len(singled)) < 1e-9
    assert risk.worst == risk.mean


def test_longer_knowledge_singles_out_more() -> None:
    generator = np.random.default_rng(1)
    frame = pd.DataFrame({"p": np.repeat(np.arange(2000), 6), "t": np.tile(np.arange(6), 2000)})
    frame["band"] = generator.integers(0, 8, len(frame))
    one, two, three = trajectory_attack(frame, "p", "t", ["band"], known=[1, 2, 3])
    assert one.mean <= two.mean <= 0.01
    assert three.mean > 0.9
    assert trajectory_attack(frame.head(0), "p", "t", ["band"])[0].mean == 0
