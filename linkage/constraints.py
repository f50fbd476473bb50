"""What people decided about pairs of records: always together, or never.

Belongs here: the table of constraints, writing and withdrawing one, refusing one that
contradicts those that stand. Does not: how clusters keep them (bounds.py), who may
decide (the review and undo verbs), the log.

A constraint is of two record keys and outlives every version of the spine. `together`
is transitive: who is together with a record is together with all that it is together with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from data_sharing_agreements.errors import Refused, UsageFault

Kind = Literal["together", "apart"]
Cause = Literal["review", "undo"]
Ints = npt.NDArray[np.int64]

CONSTRAINT_DDL: str = """
CREATE SCHEMA IF NOT EXISTS warehouse.spine;
CREATE TABLE IF NOT EXISTS warehouse.spine."constraint" (
    id BIGINT NOT NULL, record_key_l BIGINT NOT NULL, record_key_r BIGINT NOT NULL,
    kind VARCHAR NOT NULL, cause VARCHAR NOT NULL, decided_at TIMESTAMPTZ NOT NULL,
    entry BIGINT NOT NULL, withdrawn_at TIMESTAMPTZ
);
"""
"""Makes the table in the database attached as `warehouse`; safe to repeat.

`record_key_l` < `record_key_r`; `kind` is `together` or `apart`; `cause` is `review` or
`undo`; `entry` is the entry of the log that says who decided; a row with `withdrawn_at` no
longer counts and is never removed.
"""

_MOST_NAMED = 8

STANDING_SQL = 'SELECT * FROM warehouse.spine."constraint" WHERE withdrawn_at IS NULL'
"""Select of the constraints that count now."""


def ensure(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table if it does not exist."""
    connection.execute(CONSTRAINT_DDL).fetchall()


def add(
    connection: duckdb.DuckDBPyConnection, left: int, right: int, kind: Kind, cause: Cause, entry: int
) -> int:
    """Write one constraint; the next link or re-clustering keeps it.

    Args:
        connection: With `warehouse` attached to write.
        left, right: Two record keys, in any order.
        kind: `together`: in one cluster always; `apart`: never.
        cause: `review`, or `undo` of a change.
        entry: The log's entry of the decision.

    Returns:
        Its id; if the same constraint stands already, that one's.

    Raises:
        UsageFault: Both keys are the same.
        Refused: It contradicts constraints that stand; nothing is written.
    """
    return add_many(connection, [(left, right)], kind, cause, entry)[0]


def add_many(
    connection: duckdb.DuckDBPyConnection,
    pairs: Iterable[tuple[int, int]],
    kind: Kind,
    cause: Cause,
    entry: int,
) -> list[int]:
    """Write constraints of one kind, all of them or none; see `add`.

    Returns:
        The id of each, in the order given.
    """
    given = np.array([(min(pair), max(pair)) for pair in pairs], dtype=np.int64).reshape(-1, 2)
    if (given[:, 0] == given[:, 1]).any():
        raise UsageFault.of(
            "constraint-on-one-record",
            "A constraint needs two records; one was given twice.",
            why="A record is always together with itself.",
            next="Give two different records.",
        )
    ensure(connection)
    _check_agrees(connection, given, kind)
    connection.register("constraint_given", pa.table({"l": given[:, 0], "r": given[:, 1]}))
    try:
        connection.execute(
            f"""INSERT INTO warehouse.spine."constraint"
                SELECT (SELECT coalesce(max(id), 0) FROM warehouse.spine."constraint")
                        + row_number() OVER (ORDER BY l, r),
                    l, r, ?, ?, now(), ?, NULL
                FROM (SELECT DISTINCT l, r FROM constraint_given) g
                ANTI JOIN ({STANDING_SQL}) s
                    ON s.record_key_l = g.l AND s.record_key_r = g.r AND s.kind = ?""",
            [kind, cause, entry, kind],
        ).fetchall()
        found = connection.execute(
            f"""SELECT l, r, min(id) FROM constraint_given
                JOIN ({STANDING_SQL}) s ON record_key_l = l AND record_key_r = r AND kind = ?
                GROUP BY ALL""",
            [kind],
        ).fetchall()
    finally:
        connection.unregister("constraint_given")
    ids = {(left, right): number for left, right, number in found}
    return [ids[left, right] for left, right in given.tolist()]


def withdraw(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    """Let a constraint count no more; its row stays.

    Raises:
        UsageFault: No constraint of that number stands.
    """
    ensure(connection)
    changed = connection.execute(
        'UPDATE warehouse.spine."constraint" SET withdrawn_at = now() WHERE id = ? AND withdrawn_at IS NULL',
        [number],
    ).fetchone()
    if not changed or not changed[0]:
        raise UsageFault.of(
            "unknown-constraint",
            f"No constraint number {number} stands.",
            why="Only a constraint that counts can be withdrawn.",
            next="List those that stand with `commonweal spine constraints`.",
        )


def standing(connection: duckdb.DuckDBPyConnection, kind: Kind) -> tuple[Ints, Ints]:
    """Return both record keys of every standing constraint of a kind, sorted."""
    found = connection.execute(
        f"SELECT DISTINCT record_key_l, record_key_r FROM ({STANDING_SQL}) WHERE kind = ? ORDER BY ALL",
        [kind],
    ).fetchnumpy()
    return (
        np.asarray(found["record_key_l"], dtype=np.int64),
        np.asarray(found["record_key_r"], dtype=np.int64),
    )


def against(connection: duckdb.DuckDBPyConnection, given: Ints, kind: Kind) -> list[int]:
    """Return the numbers of the standing constraints that some new ones contradict; none if they agree.

    Args:
        connection: With `warehouse` attached.
        given: Pairs of record keys, of shape (n, 2).
        kind: Of the new ones.

    Returns:
        In order, those among the records that would be both together and apart.
    """
    found = connection.execute(
        f"SELECT id, record_key_l, record_key_r, kind = 'together' AS joins FROM ({STANDING_SQL}) ORDER BY id"
    ).fetchnumpy()
    number = np.asarray(found["id"], dtype=np.int64)
    stand = np.column_stack([np.asarray(found[f"record_key_{side}"], dtype=np.int64) for side in "lr"])
    joins = np.append(np.asarray(found["joins"], dtype=bool), np.full(len(given), kind == "together"))
    keys, place = np.unique(np.vstack([stand, given]), return_inverse=True)
    place = place.reshape(-1, 2)
    edges = place[joins].T
    graph = coo_array((np.ones(edges.shape[1], dtype=np.int8), edges), shape=(len(keys), len(keys)))
    _, group = connected_components(graph, directed=False)
    left, right = group[place].T
    torn = (left == right) & np.isin(left, left[~joins & (left == right)])
    return [int(one) for one in number[torn[: len(number)]]]


def _check_agrees(connection: duckdb.DuckDBPyConnection, given: Ints, kind: Kind) -> None:
    """Raise if, with the constraints given, two records would be both together and apart."""
    numbers = against(connection, given, kind)
    if numbers:
        raise Refused.of(
            "constraint-contradicts",
            "The decision contradicts one that stands: the same records would be together and apart.",
            why="Records decided to be together, directly or through others, cannot also be apart.",
            next=f"It stands against {named(numbers)}; see `commonweal spine constraints`, and withdraw "
            "the one that is wrong with `commonweal spine withdraw NUMBER`.",
        )


def named(numbers: Sequence[int]) -> str:
    """Return decisions by their numbers, for people."""
    more = f" and {len(numbers) - _MOST_NAMED} more" if len(numbers) > _MOST_NAMED else ""
    listed = ", ".join(map(str, numbers[:_MOST_NAMED]))
    return f"decision{'s' if len(numbers) > 1 else ''} {listed}{more}"
