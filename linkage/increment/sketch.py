"""A sieve before describing: which standing nodes a new record may be of, from rough marks kept of them.

Belongs here: the marks, and the highest weight a pair could have by them. Does not: weights
(weigh.py), which pairs share a blocking key (touched.py).

A new record shares some blocking key with twenty standing ones and is of the same person as two.
To read, standardise and encode all twenty is most of the work of an increment. So of each node a
few bits are kept beside its blocking keys, in the vault: eight of each field's hash, the digits of
numbers, sixty-four of the letters of a name. What differs there differs; what is alike may be. A
pair above the floor is never dropped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlglot import exp

from linkage.encode import NUMBERS, VECTORS
from linkage.engines.conditions import (
    MISSING,
    Answer,
    Condition,
    Pairs,
    columns_of,
    perhaps,
    read_condition,
)
from linkage.model import Comparison, Level, Model
from linkage.vectors import PLACES, letter_vectors
from privacy.encodings import Encoder

LETTERS = "link_letters"
"""Temporary table (field, value, fold, bits): the letters of each value in 64 bits."""

PLACE = "place"
"""The column made of several fields, as `encode` makes it."""

_SLACK = 0.01
"""Taken off a floor: levels are told apart by shifting their u a little."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def fold_letters(connection: duckdb.DuckDBPyConnection, relation: str) -> None:
    """Make `LETTERS` of the names in a relation with standardised fields.

    Two values differ in at least as many letters and pairs of letters as bits are set in only one.
    """
    values = connection.execute(
        " UNION ALL ".join(
            f"SELECT DISTINCT '{field}' AS field, {field} AS value FROM {relation} WHERE {field} IS NOT NULL"
            for field in VECTORS
        )
    ).to_arrow_table()
    words, bits = letter_vectors(Encoder(bytes(32)), "sketch", values["value"])
    fold = np.bitwise_or.reduce(words, axis=1)
    table = values.append_column("fold", pa.array(fold)).append_column("bits", pa.array(bits))
    connection.register("link_letters_data", table)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {LETTERS} AS FROM link_letters_data").fetchall()
    connection.unregister("link_letters_data")


def marks_sql(model: Model, relation: str, first: str) -> str:
    """SELECT of one column and the marks of a relation with standardised fields; needs `LETTERS`."""
    columns = [_mark_sql(name) for name in marked(model)]
    columns += [f"f_{field}.{part} AS {field}_{part}" for field in VECTORS for part in ("fold", "bits")]
    joins = " ".join(
        f"LEFT JOIN (SELECT value, fold, bits FROM {LETTERS} WHERE field = '{field}') f_{field} "
        f"ON f_{field}.value = s.{field}"
        for field in VECTORS
    )
    return f"SELECT {first}, {', '.join(columns)} FROM {relation} s {joins}"


def marked(model: Model) -> list[str]:
    """Return the columns of encodings of which marks are kept."""
    return sorted(
        {name for c in model.comparisons for x in c.levels if x.when for name in columns_of(x.when)}
    )


def _mark_sql(name: str) -> str:
    field = name.removesuffix("_digits")
    if field != name and field in NUMBERS:
        digits = f"translate(left(s.{field}, {PLACES}), '0123456789', '123456789A')"
        return f"try_cast('0x' || reverse({digits}) AS BIGINT) AS {name}"
    if name == PLACE:
        return f"""CASE WHEN s.number IS NOT NULL AND s.street IS NOT NULL
            THEN (hash(s.number, s.street) % 256)::UTINYINT END AS {name}"""
    return f"CASE WHEN s.{name} IS NOT NULL THEN (hash(s.{name}) % 256)::UTINYINT END AS {name}"


def columns_kept(model: Model) -> list[str]:
    """Return the names of the marks, in the order of `marks_sql`."""
    return [*marked(model), *(f"{field}_{part}" for field in VECTORS for part in ("fold", "bits"))]


def read_marks(
    connection: duckdb.DuckDBPyConnection, select: str, first: str, model: Model
) -> tuple[Ints, dict[str, Ints]]:
    """Return a column of a SELECT, and the marks of its rows by name, `MISSING` for none."""
    names = columns_kept(model)
    read = ", ".join(f"coalesce({name}::BIGINT, {MISSING}) AS {name}" for name in names)
    found = connection.execute(f"SELECT {first}::BIGINT AS first, {read} FROM ({select})").fetchnumpy()
    return np.asarray(found["first"]), {name: np.asarray(found[name]) for name in names}


@dataclass(frozen=True)
class _Reached:
    """A level: when it may be reached, and its weight where nothing is known of a value's frequency."""

    level: Level
    condition: Condition | None
    weight: float


class Bound:
    """The highest evidence pairs could have: log2 of m/u, summed, frequencies of values included."""

    def __init__(self, model: Model, columns: Mapping[str, Ints], rarity: Mapping[str, Floats]) -> None:
        """Take the marks of all rows, and of each how rare its values are.

        Args:
            model: What is compared.
            columns: Marks by name.
            rarity: -log2 of the share of a row's value, for each column whose frequencies count; rows
                on the left of pairs need it.
        """
        self._columns = columns
        self._rarity = rarity
        read = [_levels(comparison) for comparison in model.comparisons]
        best = [self._most(levels) for levels in read]
        order = sorted(range(len(read)), key=lambda i: best[i] - min(x.weight for x in read[i]), reverse=True)
        self._levels = [read[i] for i in order]
        self._rest = [sum(best[i] for i in order[n + 1 :]) for n in range(len(order))]

    def above(self, a: Ints, b: Ints, floor: float) -> tuple[Ints, Floats]:
        """Return the places of pairs of rows that may reach a floor, and the most each may have."""
        pairs, kept, most = Pairs(self._columns, a, b), np.arange(len(a)), np.zeros(len(a))
        for levels, rest in zip(self._levels, self._rest, strict=True):
            most += self._highest(levels, pairs, a[kept])
            passes = most >= floor - _SLACK - rest
            pairs, kept, most = pairs.where(passes), kept[passes], most[passes]
        return kept, most

    def _most(self, levels: Sequence[_Reached]) -> float:
        return max(
            x.weight
            if not x.level.term
            else max(x.weight, math.log2(x.level.m) + float(self._rarity[x.level.term].max(initial=0.0)))
            for x in levels
        )

    def _highest(self, levels: Sequence[_Reached], pairs: Pairs, left: Ints) -> Floats:
        highest = np.full(len(pairs), -np.inf)
        open_ = np.ones(len(pairs), dtype=bool)
        for one in levels:
            answer = one.condition(pairs) if one.condition else None
            reached = open_ if answer is None else answer.maybe & open_
            worth: Floats | float = one.weight
            if one.level.term:
                worth = math.log2(one.level.m) + self._rarity[one.level.term][left]
            np.maximum(highest, worth, out=highest, where=reached)
            if one.level.null and answer is not None:
                open_ &= ~answer.sure
        return highest


def _levels(comparison: Comparison) -> tuple[_Reached, ...]:
    return tuple(
        _Reached(
            level,
            read_condition(level.when, _rough) if level.when else None,
            0.0 if level.null else math.log2(level.m / level.u),
        )
        for level in comparison.levels
    )


def _rough(tree: exp.Expression) -> Condition | None:
    """Read what marks cannot tell or tell otherwise: that values differ, and the likeness of names.

    Equal marks are never sure to be of equal values; that is not asked, see `Bound`.
    """
    if isinstance(tree, exp.NEQ):
        return perhaps
    if (
        isinstance(tree, exp.GTE)
        and isinstance(tree.this, exp.Anonymous)
        and tree.this.name.lower() == "dice"
    ):
        return _alike(str(tree.this.expressions[0].name), float(tree.expression.name))
    return None


def _alike(field: str, least: float) -> Condition:
    """Whether the likeness of two names (Dice 1945) may be as large, by the letters only one of them has."""

    def answer(pairs: Pairs) -> Answer:
        x, y = (pairs.column(f"{field}_fold_{side}").view(np.uint64) for side in "lr")
        m, n = (pairs.column(f"{field}_bits_{side}") for side in "lr")
        known = (m != MISSING) & (n != MISSING)
        shared = np.minimum(m - np.bitwise_count(x & ~y), n - np.bitwise_count(y & ~x))
        maybe = known & (2.0 * shared >= (least - 1e-9) * (m + n))
        return Answer(np.zeros(len(pairs), dtype=bool), maybe)

    return answer
