"""Increments, undoing and their causes, end to end on small in-memory stores."""

import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pytest

from benchmarks.link_people import SOURCES
from data_sharing_agreements.errors import Refused, UsageFault
from linkage import constraints, encode, history, standardise
from linkage.increment import chance, sketch, state
from linkage.increment.blocked import KeptComparer
from linkage.increment.due import Limits
from linkage.model import Model, model_from_json
from linkage.predict import Compared, DuckDBComparer
from linkage.run import LinkOutcome
from linkage.spine import latest_model
from linkage.undo import undo
from tests.linkage_support import World, first_linked

RECORDS = 700


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Invented people in three deliveries a source, the first of which is linked."""
    period = "CASE WHEN record_key % 20 = 0 THEN '2' WHEN record_key % 20 = 1 THEN '3' ELSE '1' END"
    return first_linked(tmp_path_factory.mktemp("increments"), RECORDS, period)


@contextmanager
def copied(linked: Path, place: Path) -> Iterator[World]:
    """A world like the one linked, in another place."""
    for file in linked.glob("*.duckdb"):
        shutil.copy(file, place)
    made = World(place).open()
    yield made
    made.connection.close()


@pytest.fixture
def world(linked: Path, tmp_path: Path) -> Iterator[World]:
    """A world linked in full, once."""
    with copied(linked, tmp_path) as made:
        yield made


def test_increments_give_what_a_full_link_gives(world: World) -> None:
    kept = world.keys()
    for version, period in ((2, "2"), (3, "3")):
        world.deliver(period)
        outcome = world.link()
        assert (outcome.version, outcome.mode, outcome.reason) == (version, "increment", "")
        assert ("new", "delivery") in world.causes(version)
    found, now = world.partition(), world.keys()
    assert outcome.records == len(now) == RECORDS == sum(map(len, found))
    assert outcome.persons == len(found)
    assert sum(kept[key] != now[key] for key in kept) < RECORDS / 50
    pairs = "SELECT count(*), count(DISTINCT (record_key_l, record_key_r)) FROM warehouse.spine.pair"
    ((scored, distinct),) = world.run(pairs)
    assert scored == distinct
    assert world.link().skipped

    relinked = world.link(full=True)
    assert (relinked.mode, relinked.reason) == ("full", "asked")
    again = world.partition()
    assert len(found & again) >= 0.95 * len(again)
    ((full_scored,),) = world.run("SELECT count(*) FROM warehouse.spine.pair")
    assert abs(scored - full_scored) <= full_scored / 10
    temporary = world.run(
        "SELECT table_name FROM duckdb_tables() WHERE database_name IN ('temp', 'memory') ORDER BY ALL"
    )
    assert temporary == [("barred",)]
    assert [world.partition(version) for version in (3, 4)] == [found, again]


def test_what_changed_and_what_went_is_seen(world: World) -> None:
    """A later delivery changes a record and takes others back; it is as if all had been linked so."""
    before = world.keys()
    world.run(
        """UPDATE vault.identity SET delivery_id = 'new', period = '1'
            WHERE source = 'tax' AND period = '1'"""
    )
    world.run("DELETE FROM vault.identity WHERE delivery_id = 'new' AND record_key % 10 = 7")
    world.run("UPDATE vault.identity SET ssn = NULL WHERE delivery_id = 'new' AND record_key % 50 = 3")
    world.run("UPDATE vault.current_delivery SET delivery_id = 'new' WHERE delivery_id = 'tax1'")
    ((stay,),) = world.run("SELECT count(*) FROM permitted_identity")
    outcome = world.link()
    assert (outcome.mode, outcome.records) == ("increment", stay)
    assert outcome.records < len(before)
    assert ("gone", "delivery") in world.causes(2)
    found = world.partition()
    world.link(full=True)
    again = world.partition()
    assert len(found & again) >= 0.95 * len(again)
    told = history.differ(world.connection, 1, 2, 1)
    assert told["went"] == len(before) - stay
    assert told["came"] == 0


def test_restrictions_and_purges_are_told(world: World) -> None:
    """What may not be linked goes; allowed again, everything is exactly as the full link had it."""
    group = max(world.partition(), key=len)
    world.run(
        f"""INSERT INTO barred SELECT record_key FROM permitted_identity
            WHERE record_key % 17 = 3 OR record_key = {min(group)}"""
    )
    world.restricted = "other"
    outcome = world.link()
    assert (outcome.mode, outcome.version) == ("increment", 2)
    assert ("gone", "restriction") in world.causes(2)
    assert world.run(f"FROM warehouse.spine.current WHERE record_key = {min(group)}") == []

    world.run("DELETE FROM barred")
    world.restricted = "none"
    assert world.link().mode == "increment"
    assert ("new", "restriction") in world.causes(3)
    assert world.partition() == world.partition(1)

    world.run(f"DELETE FROM vault.identity WHERE record_key = {min(group)}")
    world.restricted = "none purged E1"
    outcome = world.link()
    assert (outcome.mode, outcome.reason) == ("full", "purge")
    assert ("gone", "purge") in world.causes(4)


def merged(world: World) -> tuple[frozenset[int], frozenset[int], str]:
    """Have two persons of several records merged by a decision; return both, and the change."""
    first, second = sorted((g for g in world.partition() if len(g) > 1), key=min)[:2]
    constraints.add(world.connection, min(first), min(second), "together", "review", 7)
    outcome = world.link()
    assert outcome.mode == "increment"
    assert first | second in world.partition()
    (event,) = history.events(world.connection, outcome.version)
    assert event["cause"] == "review"
    return first, second, event["change"]


def test_an_undone_change_is_exact_and_stays_undone(world: World) -> None:
    keys, groups = world.keys(), world.partition()
    first, second, change = merged(world)
    with pytest.raises(Refused, match="constraint-contradicts"):
        undo(world.connection, *history.read_reference(change), lambda: 8)
    assert world.run('SELECT count(*) FROM warehouse.spine."constraint"') == [(1,)]
    constraints.withdraw(world.connection, 1)

    version = undo(world.connection, *history.read_reference(change), lambda: 9)
    assert version.version == 3
    assert world.partition() == groups
    assert world.keys() == keys
    assert {cause for _, cause in world.causes(3)} == {"undo"}
    assert {entry for (entry,) in world.run('SELECT entry FROM warehouse.spine."constraint"')} == {7, 9}
    with pytest.raises(UsageFault, match="nothing-to-undo"):
        undo(world.connection, *history.read_reference(change), lambda: 10)
    assert world.link().skipped

    world.deliver("2")
    assert world.link().mode == "increment"
    for full in (False, True):
        if full:
            assert world.link(full=True).version == 5
        standing = world.keys()
        persons = {standing[key] for key in first}, {standing[key] for key in second}
        assert [len(person) for person in persons] == [1, 1]
        assert persons[0] != persons[1]


def test_a_merge_by_evidence_stays_undone(world: World) -> None:
    """Records the evidence joins are taken apart by undoing, and no full link joins them again."""
    group = min((g for g in world.partition() if len(g) == 2), key=min)
    number = constraints.add(world.connection, min(group), max(group), "apart", "review", 2)
    assert world.link().mode == "increment"
    assert group not in world.partition()
    assert world.causes(2) == {("split", "review")}
    constraints.withdraw(world.connection, number)
    world.link()
    assert group in world.partition()
    (event,) = history.events(world.connection, 3)
    assert event["kinds"] == ["merge"]
    undo(world.connection, *history.read_reference(event["change"]), lambda: 3)
    world.link(full=True)
    now = world.keys()
    assert now[min(group)] != now[max(group)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda world: world.link(limits=Limits(increments=0)), "nothing-kept"),
        (lambda world: world.link(limits=Limits(days=0)), "age"),
        (lambda world: world.link(limits=Limits(share=0.0)), "share"),
    ],
    ids=["none kept", "old", "much"],
)
def test_a_full_link_is_due(world: World, change: Callable[[World], LinkOutcome], reason: str) -> None:
    world.deliver("2")
    if reason == "nothing-kept":
        assert change(world).reason == "increments"
        world.deliver("3")
        outcome = world.link()
    else:
        outcome = change(world)
    assert (outcome.mode, outcome.reason) == ("full", reason)


def test_nothing_is_kept_where_the_vault_is_only_read(world: World) -> None:
    assert state.may_keep(world.connection)
    assert chance.constraints_changed(world.connection) is False
    kept = {
        name for (name,) in world.run("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'link'")
    }
    assert kept == {"basis", "record", "block", "shared", "sketch", "term"}
    columns = world.run(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'link' "
        "AND data_type = 'VARCHAR' ORDER BY ALL"
    )
    assert columns == [("basis", "facts"), ("record", "source"), ("shared", "field"), ("term", "field")]


def assert_the_sieve_drops_nothing_above_its_floor(
    connection: duckdb.DuckDBPyConnection, model: Model, kept: KeptComparer, pairs: Compared
) -> None:
    sketch.fold_letters(connection, "link_standard")
    marks = sketch.marks_sql(model, "link_standard", "node")
    node, columns = sketch.read_marks(connection, marks, "node", model)
    columns = {name: marked[np.argsort(node)] for name, marked in columns.items()}
    connection.execute(f"DROP TABLE {sketch.LETTERS}").fetchall()
    shares = connection.execute("FROM link_kept_share ORDER BY node").fetchnumpy()
    rarity = {column: -np.log2(shares[f"share_{column}"]) for column in state.term_columns(model)}
    bound = sketch.Bound(model, columns, rarity)
    weight = kept._weight(pairs) - math.log2(model.prior / (1 - model.prior))
    places, most = bound.above(pairs.a, pairs.b, -1e6)
    assert len(places) == len(pairs)
    assert (most >= weight - 0.01).all()
    likely, _ = bound.above(pairs.a, pairs.b, 12.0)
    assert set(np.flatnonzero(weight >= 12.0)) <= set(likely)
    assert len(likely) < 2 * max((weight >= 12.0).sum(), 10)


def test_pairs_are_compared_as_splink_compares_them(world: World) -> None:
    connection = world.connection
    model = model_from_json(latest_model(connection))
    standardise.latest_values(connection, SOURCES)
    standardise.standardise(connection)
    encode.encode(connection, bytes(32))
    connection.execute(
        """CREATE TEMP TABLE some_pairs AS SELECT DISTINCT l.node AS join_key_l, r.node AS join_key_r,
            '0' AS match_key FROM link_encoded l JOIN link_encoded r
            ON l.surname_phonetic = r.surname_phonetic AND l.node < r.node"""
    ).fetchall()
    splink, kept = DuckDBComparer(connection, model), KeptComparer(connection, model)
    expected, found = splink.given("some_pairs"), kept.given("some_pairs")
    assert len(expected) > 500
    assert (expected.a == found.a).all()
    assert (expected.levels == found.levels).all()
    assert abs(expected.terms - found.terms).max() < 1e-6
    fewer = kept.given("some_pairs", 0.0)
    assert 0 < len(fewer) < len(found)
    assert_the_sieve_drops_nothing_above_its_floor(connection, model, kept, found)
    splink.close()
    kept.close()
