"""Pairs of nodes that share a blocking key, a few at a time.

Belongs here: from keys to pairs, each pair once, in order. Does not: what the keys are
(encode.py), or whether a pair is worth comparing (sieve.py).

For each rule the nodes that share a key lie side by side, in order of node. A node's
partners under a rule are then those that follow it in its block, and the pairs of a range
of nodes can be made from nothing but their places: memory depends on the range, not on the
number of all pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt

PAIRS_AT_ONCE = 250_000
"""About as many pairs, counted by rule, are made at a time: their columns stay in the cache."""

NOWHERE = -1
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Rule:
    """One rule's blocks.

    Args:
        members: Nodes that share their key with another, block after block.
        following: For each of them, how many of its block follow.
        place: For each node its place among the members, `NOWHERE` if it has none.
    """

    members: npt.NDArray[np.int32]
    following: npt.NDArray[np.int32]
    place: npt.NDArray[np.int32]


class Blocks:
    """The blocks of a table of encodings, and the pairs they make."""

    def __init__(self, nodes: int, rules: Sequence[_Rule]) -> None:
        """Take the number of nodes, numbered from 0, and each rule's blocks; see `read_blocks`."""
        self._nodes = nodes
        self._rules = tuple(rules)
        self._bounds = self._ranges()

    def __len__(self) -> int:
        """Return in how many ranges the pairs are made."""
        return len(self._bounds) - 1

    def pairs(self, part: int) -> tuple[Ints, Ints]:
        """Return the pairs a < b whose a lies in a range of nodes, each once, in order of a and b."""
        low, high = self._bounds[part], self._bounds[part + 1]
        made = [_of_rule(rule, low, high, self._nodes) for rule in self._rules]
        names = np.concatenate(made) if made else np.zeros(0, dtype=np.int64)
        names.sort()
        names = names[np.flatnonzero(np.diff(names, prepend=-1))]
        a, b = np.divmod(names, self._nodes)
        return a + low, b

    def _ranges(self) -> list[int]:
        """Return where the ranges begin, and where the last ends."""
        made = np.zeros(self._nodes, dtype=np.int64)
        for rule in self._rules:
            made[rule.members] += rule.following
        total = np.cumsum(made)
        wanted = np.arange(PAIRS_AT_ONCE, total[-1] if self._nodes else 0, PAIRS_AT_ONCE)
        inner = np.unique(np.searchsorted(total, wanted) + 1)
        return [0, *(int(i) for i in inner if 0 < i < self._nodes), self._nodes]


def read_blocks(connection: duckdb.DuckDBPyConnection, table: str, rules: Sequence[str]) -> Blocks:
    """Return the blocks of a table.

    Args:
        connection: Holds the table.
        table: With `node`, numbered from 0 without gaps, and the keys as BIGINT.
        rules: Columns of keys; NULL is no key.
    """
    found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    nodes = int(found[0]) if found else 0
    return Blocks(nodes, list(_rules(connection, table, rules, nodes)))


def _rules(
    connection: duckdb.DuckDBPyConnection, table: str, rules: Sequence[str], nodes: int
) -> Iterator[_Rule]:
    for rule in rules:
        found = connection.execute(
            f"SELECT node::BIGINT AS node, {rule} AS key FROM {table} WHERE {rule} IS NOT NULL"
        ).fetchnumpy()
        yield _rule(np.asarray(found["node"]), np.asarray(found["key"]), nodes)


def _rule(node: Ints, key: Ints, nodes: int) -> _Rule:
    """Return the blocks of a column of keys."""
    order = np.argsort(key)
    ordered = key[order]
    begins = np.diff(ordered, prepend=ordered[:1] - 1) != 0
    block = np.cumsum(begins) - 1
    size = np.bincount(block)
    shared = size[block] > 1
    names = block[shared] * nodes + node[order[shared]]
    names.sort()
    block, members = np.divmod(names, max(nodes, 1))
    last = np.flatnonzero(np.diff(block, append=-1))
    following = np.repeat(last, np.diff(last, prepend=-1)) - np.arange(len(block))
    place = np.full(nodes, NOWHERE, dtype=np.int32)
    place[members] = np.arange(len(members), dtype=np.int32)
    return _Rule(members.astype(np.int32), following.astype(np.int32), place)


def _of_rule(rule: _Rule, low: int, high: int, nodes: int) -> Ints:
    """Return a rule's pairs of a range as numbers: (a - low) times the nodes, plus b."""
    place = rule.place[low:high]
    near = np.flatnonzero(place != NOWHERE)
    place = place[near]
    count = rule.following[place].astype(np.int64)
    ends = np.cumsum(count)
    step = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - count, count)
    partner = rule.members[np.repeat(place + 1, count) + step]
    name: npt.NDArray[np.int64] = np.repeat(near, count) * nodes + partner
    return name
