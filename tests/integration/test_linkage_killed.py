"""A link killed between any two statements: the version before stands whole, and the next link makes it good.

While a link runs, the files of its two stores are copied after every statement that changed one of
them: what is on disk then is what a kill there would leave. Each copy is opened as after a kill.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from linkage import constraints
from linkage.increment.due import Limits
from linkage.spine import latest_version
from tests.linkage_support import World, first_linked

RECORDS = 200
LIMITS = Limits(share=0.9, drift=1.0)

SPINE = {
    "partition": "SELECT list_sort(list(record_key)) FROM warehouse.spine.current GROUP BY person_key",
    "node": "FROM warehouse.spine.node",
    "edge": "SELECT * REPLACE (round(weight, 6) AS weight, round(confidence, 6) AS confidence) "
    "FROM warehouse.spine.edge",
    "pair": "SELECT * REPLACE (round(weight, 6) AS weight, round(probability, 6) AS probability) "
    "FROM warehouse.spine.pair",
    "change": "SELECT version, kind, record_key, cause FROM warehouse.spine.change",
    "version": "SELECT version, model, records, persons, input_hash FROM warehouse.spine.version",
    "made": "SELECT version, mode, reason FROM warehouse.spine.made",
}
"""What is told of a spine, apart from the random keys of new persons and the time."""

KEPT = ("record", "block", "sketch", "shared", "term")


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Invented people in two deliveries a source, the first of which is linked."""
    period = "CASE WHEN record_key % 9 = 0 THEN '2' ELSE '1' END"
    return first_linked(tmp_path_factory.mktemp("killed"), RECORDS, period)


def everything(world: World) -> None:
    """Let records come, go and say something else, and a decision be made."""
    world.deliver("2")
    world.run("DELETE FROM vault.identity WHERE delivery_id = 'tax1' AND record_key % 10 = 7")
    world.run("UPDATE vault.identity SET ssn = NULL WHERE delivery_id = 'tax1' AND record_key % 20 = 3")
    world.run("UPDATE vault.identity SET delivery_id = 'new' WHERE delivery_id = 'tax1'")
    world.run("UPDATE vault.current_delivery SET delivery_id = 'new' WHERE delivery_id = 'tax1'")
    decision(world)


def decision(world: World) -> None:
    """Let people say that two persons are one."""
    first, second = (min(group) for group in sorted(world.partition(), key=min)[:2])
    constraints.add(world.connection, first, second, "together", "review", 7)


@contextmanager
def opened(place: Path, barred: str) -> Iterator[World]:
    """A world as it is found; since the first version some records may no more be linked."""
    world = World(place).open()
    world.run(f"INSERT INTO barred SELECT record_key FROM vault.identity WHERE {barred}")
    world.restricted = barred
    yield world
    world.connection.close()


def spine(world: World) -> dict[str, list[str]]:
    """What the spine says."""
    return {name: sorted(map(repr, world.run(sql))) for name, sql in SPINE.items()}


def left(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """What is kept for an increment to follow."""
    return {name: world.run(f"SELECT count(*), bit_xor(hash(t)) FROM vault.link.{name} t") for name in KEPT}


class Kills:
    """Copies of the stores' files, one for each state a kill could leave."""

    def __init__(self, stores: Path, copies: Path) -> None:
        self._stores = stores
        self._copies = copies
        self._seen: set[tuple[tuple[str, int, int], ...]] = {self._state()}
        self.found: list[Path] = []

    def _files(self) -> list[Path]:
        return sorted(self._stores.glob("*.duckdb*"))

    def _state(self) -> tuple[tuple[str, int, int], ...]:
        return tuple((f.name, (s := f.stat()).st_mtime_ns, s.st_size) for f in self._files())

    def look(self) -> None:
        """Copy the files if they are otherwise than they ever were."""
        if (state := self._state()) in self._seen:
            return
        self._seen.add(state)
        place = self._copies / str(len(self.found))
        place.mkdir(parents=True)
        for file in self._files():
            shutil.copy(file, place)
        self.found.append(place)


def watching(kills: Kills, execute: Callable[..., Any]) -> Callable[..., Any]:
    """Have the files looked at after every statement."""

    def watched(connection: duckdb.DuckDBPyConnection, *words: Any, **named: Any) -> Any:
        try:
            return execute(connection, *words, **named)
        finally:
            kills.look()

    return watched


@pytest.mark.parametrize(
    ("change", "barred", "full"),
    [(everything, "record_key % 31 = 3", False), (decision, "false", False), (everything, "false", True)],
    ids=["increment", "decision", "full"],
)
def test_a_link_killed_after_any_statement_is_made_good(
    linked: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[World], None],
    barred: str,
    full: bool,
) -> None:
    stores = shutil.copytree(linked, tmp_path / "stores")
    with opened(stores, barred) as world:
        change(world)
        keys, stood = world.keys(), spine(world)
        kills = Kills(stores, tmp_path / "kills")
        with monkeypatch.context() as patch:
            execute = duckdb.DuckDBPyConnection.execute
            patch.setattr(duckdb.DuckDBPyConnection, "execute", watching(kills, execute))
            outcome = world.link(full=full, limits=LIMITS)
        assert (outcome.version, outcome.mode) == (2, "full" if full else "increment")
        expected, kept = spine(world), left(world)
        stayed = {record for record, key in world.keys().items() if keys.get(record) == key}
    assert expected["partition"] != stood["partition"]
    found = []
    for place in kills.found:
        with opened(place, barred) as world:
            standing = latest_version(world.connection)
            assert standing is not None
            found.append(standing.version)
            if standing.version == 1:
                assert (world.keys(), spine(world)) == (keys, stood)
                assert not world.link(full=full, limits=LIMITS).skipped
            assert world.link(limits=LIMITS).skipped
            assert (spine(world), left(world)) == (expected, kept)
            assert {record for record, key in world.keys().items() if keys.get(record) == key} == stayed
    assert found == sorted(found)
    assert set(found) == {1, 2}, "there are kills before and after the version is published"
