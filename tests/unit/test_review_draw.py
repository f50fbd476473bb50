"""The sample and what is shown of it, on a small spine made up in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from data_sharing_agreements.registry.reviews import Settled
from linkage.constraints import withdraw
from linkage.model import read_model
from linkage.review.draw import Plan, counted, draw, items, settled_before
from linkage.review.estimate import counts_of, estimate
from linkage.review.evidence import LEVELS_NOT_KEPT, NOTHING_KNOWN, SAME_THROUGHOUT, compared, evidence
from linkage.review.frame import LARGEST_PERSON, LEAST, allocate, left_out
from linkage.review.masking import masked_values
from linkage.review.outcomes import bring_in
from linkage.spine import ensure_spine
from privacy.vault import IDENTIFIER_ROLES

RECORDS = 1_200
SOURCES = np.array(["schools", "tax", "wages"])
MODEL = read_model()


def made_up(seed: int = 1) -> pd.DataFrame:
    """Records of people, each with a true person, and the person the spine has: mostly the same."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, RECORDS // 3, RECORDS)
    linked = np.where(rng.random(RECORDS) < 0.05, rng.integers(0, RECORDS // 3, RECORDS), true)
    keys = rng.permutation(10 * RECORDS)[:RECORDS] + 10**12
    return pd.DataFrame(
        {
            "record_key": keys,
            "true": true,
            "person_key": linked + 10**15,
            "source": rng.choice(SOURCES, RECORDS),
        }
    )


@pytest.fixture
def people() -> pd.DataFrame:
    return made_up()


@pytest.fixture
def connection(people: pd.DataFrame) -> Iterator[duckdb.DuckDBPyConnection]:
    """A spine of these people in memory; likely pairs and some doubtful ones have a weight."""
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("ATTACH ':memory:' AS warehouse").fetchall()
        ensure_spine(connection)
        connection.register("people", people)
        connection.execute(
            """INSERT INTO warehouse.spine.assignment
                SELECT record_key, person_key, source, 1, NULL FROM people"""
        ).fetchall()
        connection.execute(
            f"""INSERT INTO warehouse.spine.pair
                SELECT 1, x.record_key, y.record_key, w, 1 / (1 + pow(2.0, -w)),
                    [1 FOR _ IN range({len(MODEL.comparisons)})]
                FROM people x JOIN people y ON x.record_key < y.record_key,
                LATERAL (SELECT CASE WHEN x.true = y.true THEN 11 ELSE -3 END
                    + ((hash(x.record_key, y.record_key) % 1000)::BIGINT - 500) / 60.0 AS w)
                WHERE w >= -4 AND (x.true = y.true OR hash(y.record_key, x.record_key) % 500 = 0)"""
        ).fetchall()
        connection.execute(
            "INSERT INTO warehouse.spine.version VALUES (1, now()::TIMESTAMP, 'm', 1200, 400, 'h')"
        ).fetchall()
        connection.execute("INSERT INTO warehouse.spine.model VALUES (1, ?)", [MODEL.to_json()]).fetchall()
        connection.execute(
            """CREATE TEMP TABLE barred (record_key BIGINT);
            CREATE TEMP VIEW permitted_spine AS SELECT record_key, person_key FROM warehouse.spine.assignment
                ANTI JOIN barred USING (record_key) WHERE to_version IS NULL"""
        ).fetchall()
        yield connection


def plan(size: int = 200, *, draw: int = 1, first: int = 1, seed: int = 3, version: int = 1) -> Plan:
    return Plan(version, 0.0, seed, size, draw, first)


def drawn(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return connection.execute("SELECT * FROM warehouse.review.item ORDER BY review").df()


def truth_of(connection: duckdb.DuckDBPyConnection) -> dict[int, str]:
    rows = connection.execute(
        """SELECT review, CASE WHEN x.true = y.true THEN 'same' ELSE 'different' END
            FROM warehouse.review.item i JOIN people x ON x.record_key = i.record_key_l
            JOIN people y ON y.record_key = i.record_key_r"""
    ).fetchall()
    return dict(rows)


def rates(people: pd.DataFrame, connection: duckdb.DuckDBPyConnection) -> tuple[float, float]:
    """The spine's true precision and recall among joined and kept pairs, by a plain reading."""
    pairs = people.merge(people, how="cross", suffixes=("", "_r"))
    pairs = pairs[pairs.record_key < pairs.record_key_r]
    kept = connection.execute(
        "SELECT record_key_l AS record_key, record_key_r FROM warehouse.spine.pair"
    ).df()
    pairs = pairs.merge(kept.assign(kept=True), how="left")
    same, joined = pairs.true == pairs.true_r, pairs.person_key == pairs.person_key_r
    seen = joined | pairs.kept.notna()
    return (same & joined).sum() / joined.sum(), (same & joined).sum() / (same & seen).sum()


def test_strata_part_the_frame_and_the_estimate_holds_the_truth(
    connection: duckdb.DuckDBPyConnection, people: pd.DataFrame
) -> None:
    count = draw(connection, plan(400))
    found = drawn(connection)
    assert len(found) == count
    assert 350 < count < 520
    assert list(found.review) == list(range(1, count + 1))
    strata = connection.execute("SELECT * FROM warehouse.review.stratum ORDER BY stratum").df()
    joined = people.groupby("person_key").size()
    assert strata[strata.joined].pairs.sum() == (joined * (joined - 1) // 2).sum()
    assert {"not compared", "far below", "far above"} <= set(strata.band)
    taken = found.groupby("stratum").size().reindex(strata.stratum).fillna(0).to_numpy()
    assert (taken == np.minimum(np.maximum(taken, LEAST), strata.pairs)).all()
    assert not found[["record_key_l", "record_key_r"]].duplicated().any()

    result = estimate(counts_of(counted(connection, 1, truth_of(connection))), 0.0)
    precision, recall = rates(people, connection)
    assert result.precision.low <= precision <= result.precision.high
    assert result.recall.low <= recall <= result.recall.high
    assert result.precision.high - result.precision.low < 0.15


def test_the_whole_frame_reviewed_is_the_truth(
    connection: duckdb.DuckDBPyConnection, people: pd.DataFrame
) -> None:
    draw(connection, plan(1_000_000))
    found = estimate(counts_of(counted(connection, 1, truth_of(connection))), 0.0)
    precision, recall = rates(people, connection)
    for limits, value in ((found.precision, precision), (found.recall, recall)):
        assert [float(limits.low), float(limits.value), float(limits.high)] == pytest.approx([value] * 3)
    assert draw(connection, plan(10, draw=2, first=10**6)) == 0, "nothing is left"


def test_the_same_seed_draws_the_same_and_a_second_draw_continues(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    draw(connection, plan(150))
    first = drawn(connection)
    connection.execute("DROP SCHEMA warehouse.review CASCADE").fetchall()
    draw(connection, plan(150))
    pd.testing.assert_frame_equal(drawn(connection), first)
    more = draw(connection, plan(100, draw=2, first=len(first) + 1))
    both = drawn(connection)
    assert len(both) == len(first) + more
    assert more > 50
    assert not both[["record_key_l", "record_key_r"]].duplicated().any()
    pd.testing.assert_frame_equal(both.head(len(first)), first)

    connection.execute("DROP SCHEMA warehouse.review CASCADE").fetchall()
    draw(connection, plan(150, seed=4))
    assert set(drawn(connection).record_key_l) != set(first.record_key_l)


def test_what_a_killed_draw_left_is_removed(connection: duckdb.DuckDBPyConnection) -> None:
    draw(connection, plan(150))
    once = drawn(connection)
    draw(connection, plan(150))
    pd.testing.assert_frame_equal(drawn(connection), once)


def test_restricted_records_are_neither_drawn_nor_shown(
    connection: duckdb.DuckDBPyConnection, people: pd.DataFrame
) -> None:
    draw(connection, plan(150))
    item = drawn(connection).iloc[0]
    connection.execute("INSERT INTO barred VALUES (?)", [int(item.record_key_l)]).fetchall()
    assert [one["review"] for one in items(connection, [1, 2])] == [2]
    connection.execute("INSERT INTO barred SELECT record_key FROM people WHERE source = 'tax'").fetchall()
    connection.execute("DROP SCHEMA warehouse.review CASCADE").fetchall()
    draw(connection, plan(150))
    assert "tax" not in set(drawn(connection).source_l) | set(drawn(connection).source_r)


def test_a_pair_settled_before_is_known_in_a_later_draw(connection: duckdb.DuckDBPyConnection) -> None:
    draw(connection, plan(10**6))
    count = len(drawn(connection))
    connection.execute(
        "INSERT INTO warehouse.spine.version VALUES (2, now()::TIMESTAMP, 'm', 1200, 400, 'h2')"
    ).fetchall()
    draw(connection, plan(30, draw=2, first=count + 1, version=2))
    known = settled_before(connection, 2, range(1, count + 1))
    later = drawn(connection).query("draw == 2")
    assert set(known) == set(later.review)
    pair = ["record_key_l", "record_key_r"]
    table = drawn(connection).set_index("review")[pair]
    assert all(tuple(table.loc[a]) == tuple(table.loc[b]) for a, b in known.items())
    assert settled_before(connection, 2, []) == {}


def test_a_person_of_too_many_records_is_left_out_and_said(connection: duckdb.DuckDBPyConnection) -> None:
    assert left_out(connection) == 0
    many = LARGEST_PERSON + 1
    connection.execute(
        f"INSERT INTO warehouse.spine.assignment SELECT -range - 1, 7, 'tax', 1, NULL FROM range({many})"
    ).fetchall()
    assert left_out(connection) == many * (many - 1) // 2
    draw(connection, plan(150))
    assert (drawn(connection).record_key_l > 0).all()


def test_outcomes_become_constraints_once(connection: duckdb.DuckDBPyConnection) -> None:
    draw(connection, plan(150))
    outcomes = [Settled(1, "same", 11), Settled(2, "different", 12), Settled(3, "undetermined", 13)]
    for _ in range(2):
        assert bring_in(connection, outcomes) == {}
    read = 'SELECT kind, cause, entry FROM warehouse.spine."constraint" ORDER BY entry'
    assert connection.execute(read).fetchall() == [("together", "review", 11), ("apart", "review", 12)]
    withdraw(connection, 1)
    bring_in(connection, outcomes)
    assert len(connection.execute(read).fetchall()) == 2, "what was withdrawn stays so"


def test_an_outcome_that_contradicts_is_named_and_not_written(connection: duckdb.DuckDBPyConnection) -> None:
    draw(connection, plan(20))
    connection.execute("DELETE FROM warehouse.review.item").fetchall()
    connection.execute(
        """INSERT INTO warehouse.review.item
            SELECT review, 1, 1, 1, l, r, 'tax', 'tax', NULL, NULL
            FROM (VALUES (1, 1, 2), (2, 2, 3), (3, 1, 3), (4, 5, 6)) t(review, l, r)"""
    ).fetchall()
    said = [(1, "same", 11), (2, "same", 12), (3, "different", 13), (4, "different", 14)]
    outcomes = [Settled(*one) for one in said]
    assert bring_in(connection, outcomes) == {3: [1, 2]}, "with the decisions it contradicts"
    kinds = connection.execute('SELECT kind FROM warehouse.spine."constraint" ORDER BY entry').fetchall()
    assert [kind for (kind,) in kinds] == ["together", "together", "apart"]


def test_evidence_is_levels_and_weights_and_no_key(
    connection: duckdb.DuckDBPyConnection, people: pd.DataFrame
) -> None:
    draw(connection, plan(200))
    found = drawn(connection)
    joined = people.set_index("record_key").person_key
    item = next(
        row
        for row in found.to_dict("records")
        if joined[row["record_key_l"]] == joined[row["record_key_r"]]
        and (people.person_key == joined[row["record_key_l"]]).sum() > 2
    )
    shown = evidence(connection, item)
    assert shown.joined
    assert len(shown.left) == len(shown.right) > 0
    text = json.dumps(shown.to_json())
    keys = set(people.record_key) | set(people.person_key)
    assert not [key for key in keys if str(key) in text]


def test_patterns_in_words() -> None:
    comparisons: list[dict[str, Any]] = json.loads(MODEL.to_json())["comparisons"]
    assert compared(comparisons, None, None).words == NOTHING_KNOWN
    assert compared(comparisons, 20.0, None).words == SAME_THROUGHOUT
    assert compared(comparisons, -9.0, None).words == LEVELS_NOT_KEPT
    found = compared(comparisons, 3.21, [1, 0, *[len(c["levels"]) - 1 for c in comparisons[2:]]])
    assert found.weight == 3.2
    assert found.unknown == ("surname",)
    first = found.lines[0]
    level = comparisons[0]["levels"][1]
    assert (first.comparison, first.level) == ("given name", level["label"])
    assert first.strangers == round(float(np.log2(level["m"] / level["u"])), 1)
    assert found.lines[1].level == "different"


@pytest.fixture
def identities(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Two records as the vault has them; the first was delivered twice."""
    roles = ", ".join(f"{role} VARCHAR" for role in IDENTIFIER_ROLES)
    connection.execute(
        f"CREATE TABLE permitted_identity (record_key BIGINT, source VARCHAR, period VARCHAR, {roles})"
    ).fetchall()
    connection.execute(
        """INSERT INTO permitted_identity
                (record_key, period, given_name, surname, birth_date, ssn, street, sex)
            VALUES (1, '2020', 'Old', 'Lopez', '19900102', '123456789', '12 Elm St', 'F'),
                (1, '2021', 'Maria Eva', 'Lopez', '19900102', '123456789', '12 Elm St', 'F'),
                (2, '2021', 'Mary', 'Lopes', '19900201', '123456798', '7 Oak Ave', NULL)"""
    ).fetchall()
    return connection


def test_masks(identities: duckdb.DuckDBPyConnection) -> None:
    assert masked_values(identities, 1, 2, "pattern") == ()
    masked = {one.field: (one.left, one.right) for one in masked_values(identities, 1, 2, "initials")}
    assert masked["given name"] == ("M· E·", "M·")
    assert masked["surname"] == ("L·", "L·")
    assert masked["birth date"] == ("1990· =====≠=≠", "1990· =====≠=≠")
    assert masked["ssn"] == ("=======≠≠", "=======≠≠")
    assert masked["street"] == ("other", "other")
    assert masked["sex"] == ("F", None)
    text = json.dumps(list(masked.values()))
    assert not [v for v in ("Maria", "Lopez", "Lopes", "6789", "0102", "Elm") if v in text]
    clear = {one.field: (one.left, one.right) for one in masked_values(identities, 1, 2, "none")}
    assert clear["given name"] == ("Maria Eva", "Mary")


def test_strata_are_drawn_from_by_size_and_spread() -> None:
    known = pd.DataFrame({"pairs": [100_000, 1_000, 3, 1_000], "p": [1.0, 0.5, 0.5, 1.0]})
    taken = allocate(known, 400)
    assert taken[2] == 3, "all there are"
    assert taken[0] > taken[1] > taken[3] >= LEAST
