"""A hundred versions in a row: persons keep their keys, every version can be rebuilt."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from linkage import history, persons
from linkage.spine import Made, Version, ensure_spine, publish

RECORDS, VERSIONS = 60, 100


def groups(keys: dict[int, int]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for record, person in keys.items():
        found.setdefault(person, set()).add(record)
    return {person: frozenset(records) for person, records in found.items()}


@pytest.mark.parametrize("seed", [1, 2])
def test_keys_survive_a_hundred_random_increments(seed: int) -> None:
    """A version moves, merges or splits a few records, brings some and takes some."""
    rng = np.random.default_rng(seed)
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS warehouse").fetchall()
    ensure_spine(connection)
    label = {record: int(record) // 3 for record in range(RECORDS // 2)}
    seen: list[dict[int, int]] = [{}]
    dead: set[int] = set()
    for number in range(1, VERSIONS + 1):
        _change(rng, label)
        write(connection, number, label)
        now = dict(connection.execute("FROM warehouse.spine.current").fetchall())
        assert groups_of(label) == set(groups(now).values())
        before, after = groups(seen[-1]), groups(now)
        assert not dead & after.keys()
        dead |= before.keys() - after.keys()
        untouched = {person for person, records in before.items() if records in set(after.values())}
        assert all(after[person] == before[person] for person in untouched)
        for records in after.values():
            whole = [person for person, old in before.items() if 2 * len(old & records) > len(old | records)]
            assert all(after.get(person) == records for person in whole)
        seen.append(now)
    for number, then in enumerate(seen[1:], start=1):
        assert dict(connection.execute(history.rebuilt_sql(number)).fetchall()) == then
    connection.close()


def _change(rng: np.random.Generator, label: dict[int, int]) -> None:
    for record in rng.choice(RECORDS, 3, replace=False).tolist():
        draw = rng.random()
        if draw < 0.2:
            label.pop(record, None)
        else:
            label[record] = int(rng.integers(0, RECORDS // 3))
    if rng.random() < 0.2:
        one, other = rng.integers(0, RECORDS // 3, 2).tolist()
        label.update({record: one for record, person in label.items() if person == other})


def groups_of(label: dict[int, int]) -> set[frozenset[int]]:
    return set(groups(label).values())


def write(connection: duckdb.DuckDBPyConnection, number: int, label: dict[int, int]) -> None:
    """Publish a version with the clusters given."""
    records = np.array(list(label), dtype=np.int64)
    clusters = np.array(list(label.values()), dtype=np.int64)
    table = pa.table({"record_key": records, "source": ["s"] * len(records), "cluster": clusters})
    connection.register("clusters", table)
    connection.execute("CREATE OR REPLACE TEMP TABLE link_cluster AS FROM clusters").fetchall()
    people = persons.assign_persons(connection)
    assert people == len(groups_of(label))
    persons.changes(connection)
    publish(connection, Version(number, "m", len(records), people, str(number)), "{}", Made("undo"))
