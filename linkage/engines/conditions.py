"""A level's condition read on columns of numbers: certainly true, or possibly.

Belongs here: from the model's SQL to arrays. Does not: what a level is worth (sieve.py),
or comparing for good, which the engine does.

Conditions are read from their SQL, so that a model says once what is compared. What cannot
be told from single columns (the likeness of two bit vectors, anything this module does not
know) is possibly true and not certainly. A comparison with a missing value is not true, as
in SQL; a condition has no NOT but `IS NOT …`, so nothing turns that round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import sqlglot
from sqlglot import exp

MISSING = np.iinfo(np.int64).min
"""Stands for NULL in a column."""

Ints: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
_NIBBLES = np.int64(0x111111111111111)


class Pairs:
    """Columns of both records of some pairs, taken from the table only when asked for."""

    def __init__(self, columns: Mapping[str, Ints], a: Ints, b: Ints) -> None:
        """Take the table's columns by name, with `MISSING` for NULL, and the pairs' rows."""
        self._columns = columns
        self._rows = {"l": a, "r": b}
        self._taken: dict[str, Ints] = {}

    def __len__(self) -> int:
        return len(self._rows["l"])

    def column(self, name: str) -> Ints:
        """Return a column as a condition names it: with `_l` or `_r` behind it."""
        if name not in self._taken:
            self._taken[name] = self._columns[name[:-2]].take(self._rows[name[-1]])
        return self._taken[name]

    def forget(self) -> None:
        """Let go of the columns that were taken."""
        self._taken.clear()

    def least(self, of_row: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the lesser of both rows' numbers."""
        return np.minimum(of_row.take(self._rows["l"]), of_row.take(self._rows["r"]))

    def where(self, mask: Mask) -> Pairs:
        """Return some of the pairs."""
        chosen = np.flatnonzero(mask)
        return Pairs(self._columns, self._rows["l"].take(chosen), self._rows["r"].take(chosen))


@dataclass(frozen=True)
class Answer:
    """Of each pair, whether a condition certainly holds, and whether it may."""

    sure: Mask
    maybe: Mask


Condition: TypeAlias = Callable[[Pairs], Answer]
Atom: TypeAlias = Callable[[exp.Expression], Condition | None]


def read_condition(sql: str, atom: Atom | None = None) -> Condition:
    """Return a condition as a function of pairs.

    Args:
        sql: As the model has it, `dice(field)` and `apart(field)` not written out.
        atom: Asked first of every part that is no AND or OR; None where it does not know better.
    """
    return _condition(_parsed(sql), atom)


@cache
def _parsed(sql: str) -> exp.Expression:
    """Return the tree of a condition, which nobody may change."""
    return sqlglot.parse_one(sql, read="duckdb")


@cache
def columns_of(sql: str) -> frozenset[str]:
    """Return the columns of the table that reading a condition needs, without `_l` and `_r`."""
    tree = _parsed(sql)
    named = {column.name[:-2] for column in tree.find_all(exp.Column) if column.name[-2:] in ("_l", "_r")}
    return frozenset(
        named | {f"{field}_digits" for field in map(_apart_field, tree.find_all(exp.Anonymous)) if field}
    )


def _condition(tree: exp.Expression, atom: Atom | None) -> Condition:
    match tree:
        case exp.Paren():
            return _condition(tree.this, atom)
        case exp.And():
            return _both(_condition(tree.left, atom), _condition(tree.right, atom))
        case exp.Or():
            return _either(_condition(tree.left, atom), _condition(tree.right, atom))
        case exp.In(args={"expressions": [*choices]}) if choices and not tree.args.get("query"):
            return reduce(
                _either, (_condition(exp.EQ(this=tree.this, expression=one), atom) for one in choices)
            )
    return (atom(tree) if atom else None) or _atom(tree) or perhaps


def _atom(tree: exp.Expression) -> Condition | None:
    """Return a condition on two columns, on the digits of two numbers, or TRUE; None for any other."""
    if isinstance(tree, exp.Boolean):
        return _always(bool(tree.this))
    sides = [tree.args.get("this"), tree.args.get("expression")]
    if all(isinstance(side, exp.Column) for side in sides):
        return _compared(type(tree), *(side.name for side in sides if side is not None))
    if isinstance(tree, exp.Is) and isinstance(sides[0], exp.Column) and isinstance(sides[1], exp.Null):
        return _missing(sides[0].name)
    if (
        isinstance(tree, exp.LTE)
        and isinstance(sides[0], exp.Anonymous)
        and isinstance(sides[1], exp.Literal)
    ):
        field = _apart_field(sides[0])
        return _near(f"{field}_digits", int(sides[1].this)) if field else None
    return None


def _apart_field(tree: exp.Expression | None) -> str:
    """Return the field of `apart(field)`, or nothing."""
    if isinstance(tree, exp.Anonymous) and tree.name.lower() == "apart":
        return str(tree.expressions[0].name)
    return ""


def _certain(mask: Mask) -> Answer:
    return Answer(mask, mask)


def perhaps(pairs: Pairs) -> Answer:
    """Answer of a condition that single columns do not tell."""
    return Answer(np.zeros(len(pairs), dtype=bool), np.ones(len(pairs), dtype=bool))


def _both(one: Condition, other: Condition) -> Condition:
    def answer(pairs: Pairs) -> Answer:
        x, y = one(pairs), other(pairs)
        return Answer(x.sure & y.sure, x.maybe & y.maybe)

    return answer


def _either(one: Condition, other: Condition) -> Condition:
    def answer(pairs: Pairs) -> Answer:
        x, y = one(pairs), other(pairs)
        return Answer(x.sure | y.sure, x.maybe | y.maybe)

    return answer


def _always(holds: bool) -> Condition:
    return lambda pairs: _certain(np.full(len(pairs), holds))


def _missing(name: str) -> Condition:
    return lambda pairs: _certain(pairs.column(name) == MISSING)


def _compared(kind: type[exp.Expression], one: str, other: str) -> Condition | None:
    def equal(pairs: Pairs) -> Answer:
        x = pairs.column(one)
        return _certain((x == pairs.column(other)) & (x != MISSING))

    def different(pairs: Pairs) -> Answer:
        x, y = pairs.column(one), pairs.column(other)
        return _certain((x != y) & (x != MISSING) & (y != MISSING))

    def same_or_both_missing(pairs: Pairs) -> Answer:
        return _certain(pairs.column(one) == pairs.column(other))

    known = {exp.EQ: equal, exp.NEQ: different, exp.NullSafeEQ: same_or_both_missing}
    return known.get(kind)  # type: ignore[call-overload, no-any-return, unused-ignore] # a class as a key


def _near(name: str, most: int) -> Condition:
    def answer(pairs: Pairs) -> Answer:
        x, y = pairs.column(f"{name}_l"), pairs.column(f"{name}_r")
        differing = x ^ y
        differing |= differing >> 1
        differing |= differing >> 2
        near = np.bitwise_count(differing & _NIBBLES) <= most
        return _certain(near & (x != MISSING) & (y != MISSING))

    return answer
