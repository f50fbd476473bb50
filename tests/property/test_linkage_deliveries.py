"""Random deliveries, one after another, each linked as an increment: persons keep their keys."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.link_people import SOURCES, fill_vault
from linkage import history
from linkage.increment.due import Limits
from tests.linkage_support import World

RECORDS, DELIVERIES = 160, 8
LIMITS = Limits(increments=1_000, share=100.0, drift=1.0)
Groups = dict[int, frozenset[int]]


def groups(keys: dict[int, int]) -> Groups:
    found: dict[int, set[int]] = {}
    for record, person in keys.items():
        found.setdefault(person, set()).add(record)
    return {person: frozenset(records) for person, records in found.items()}


def begin(place: Path) -> World:
    """Link three of four records; the others lie in reserve."""
    world = World(place)
    fill_vault(world.connection, RECORDS, seed=11)
    world.run("CREATE TABLE reserve AS FROM vault.identity WHERE record_key % 4 = 0")
    world.run("DELETE FROM vault.identity WHERE record_key % 4 = 0")
    world.open().link(limits=LIMITS)
    return world


def deliver(world: World, number: int, rng: np.random.Generator) -> None:
    """A source delivers again: a record comes, one goes into the reserve, one says something else."""
    source = SOURCES[number % len(SOURCES)]
    came, went, other = (int(draw) for draw in rng.integers(0, 1 << 30, 3))
    field = rng.choice(["ssn", "surname", "birth_date", "zip"])
    one = "(SELECT record_key FROM {} WHERE source = '{}' ORDER BY hash(record_key, {}) LIMIT 1)"
    world.run(
        f"INSERT INTO vault.identity FROM reserve WHERE record_key = {one.format('reserve', source, came)}"
    )
    world.run("DELETE FROM reserve WHERE record_key IN (SELECT record_key FROM vault.identity)")
    going = one.format("vault.identity", source, went)
    world.run(f"INSERT INTO reserve FROM vault.identity WHERE record_key = {going}")
    world.run("DELETE FROM vault.identity WHERE record_key IN (SELECT record_key FROM reserve)")
    changing = one.format("vault.identity", source, other)
    world.run(f"UPDATE vault.identity SET {field} = NULL WHERE record_key = {changing}")
    delivery = f"{source} {number}"
    world.run(f"UPDATE vault.identity SET delivery_id = '{delivery}' WHERE source = '{source}'")
    world.run(f"UPDATE vault.current_delivery SET delivery_id = '{delivery}' WHERE source = '{source}'")


@pytest.mark.slow
def test_keys_survive_many_random_deliveries(tmp_path: Path) -> None:
    rng, world = np.random.default_rng(4), begin(tmp_path)
    seen, dead = [world.keys()], set()
    for number in range(DELIVERIES):
        deliver(world, number, rng)
        outcome = world.link(limits=LIMITS)
        assert outcome.mode == "increment", outcome.reason
        now = world.keys()
        assert set(now) == {key for (key,) in world.run("SELECT record_key FROM vault.identity")}
        before, after = groups(seen[-1]), groups(now)
        assert not dead & after.keys(), "a key is never used again"
        dead |= before.keys() - after.keys()
        standing = set(after.values())
        for person, records in before.items():
            assert records not in standing or after[person] == records, "who stays whole keeps the key"
        seen.append(now)
    for number, then in enumerate(seen, start=1):
        assert dict(world.run(history.rebuilt_sql(number))) == then
    found = world.partition()
    assert world.link(full=True, limits=LIMITS).mode == "full"
    again = world.partition()
    assert len(found & again) >= 0.95 * len(again), "as if all had been linked at once"
    world.connection.close()
