"""What is done to a value on its way, named in words.

Belongs here: the operations a lineage can name, and finding them in a syntax tree.
Does not: which columns they are done to (select.py), or what a page says around them.

An operation says the kind of thing that is done and no literal of it: a lineage is
public, and a limit in SQL may say more than the column it limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from sqlglot import exp


class Operation(StrEnum):
    """Something done to a value, in the order in which people are told of it."""

    REPLACED = "replaced"
    MONTH_ONLY = "month_only"
    RECODED = "recoded"
    SCALED = "scaled"
    SCANNED = "scanned"
    LINKED = "linked"
    FILTERED = "filtered"
    JOINED = "joined"
    GROUPED = "grouped"
    DISTINCT = "distinct"
    CHOSEN_ROW = "chosen_row"
    SPREAD = "spread"
    LOOKED_UP = "looked_up"
    ELSEWHERE = "elsewhere"
    PRESENCE = "presence"
    VOTED = "voted"
    NEIGHBOURS = "neighbours"
    PERIOD = "period"
    DURATION = "duration"
    TEXT = "text"
    CALCULATED = "calculated"
    ONCE_EACH = "once_each"
    ADDED_UP = "added_up"
    AVERAGED = "averaged"
    SMALLEST = "smallest"
    LARGEST = "largest"
    AT_LATEST = "at_latest"
    ANY = "any"
    EVERY = "every"
    AGGREGATED = "aggregated"
    FIRST_KNOWN = "first_known"
    ONLY_WHERE = "only_where"
    TESTED = "tested"
    WORKED_OUT = "worked_out"
    LIMITED = "limited"
    ROUNDED = "rounded"
    BANDED = "banded"
    COUNTED = "counted"
    SHARE = "share"
    EMPTIED = "emptied"
    COARSENED = "coarsened"
    WITHHELD = "withheld"
    ROUNDED_COUNT = "rounded_count"

    @property
    def words(self) -> str:
        """What was done, to follow the name of a column."""
        return _WORDS[self]


_WORDS: dict[Operation, str] = {
    Operation.REPLACED: "replaced by a random key",
    Operation.MONTH_ONLY: "the day left out",
    Operation.RECODED: "brought to common codes",
    Operation.SCALED: "read with its decimals",
    Operation.SCANNED: "searched for names and numbers of people",
    Operation.LINKED: "joined by linkage",
    Operation.FILTERED: "rows chosen by it",
    Operation.JOINED: "rows joined by it",
    Operation.GROUPED: "rows grouped by it",
    Operation.DISTINCT: "each combination kept once",
    Operation.CHOSEN_ROW: "one row chosen of several",
    Operation.SPREAD: "spread over a range",
    Operation.LOOKED_UP: "looked up in a public list",
    Operation.ELSEWHERE: "found in other rows",
    Operation.PRESENCE: "asked whether there is such a record",
    Operation.VOTED: "chosen among the sources by vote",
    Operation.NEIGHBOURS: "compared along the rows",
    Operation.PERIOD: "reduced to a period",
    Operation.DURATION: "turned into a length of time",
    Operation.TEXT: "written as text",
    Operation.CALCULATED: "calculated with",
    Operation.ONCE_EACH: "each value once",
    Operation.ADDED_UP: "added up",
    Operation.AVERAGED: "averaged",
    Operation.SMALLEST: "the smallest taken",
    Operation.LARGEST: "the largest taken",
    Operation.AT_LATEST: "the one at the highest or lowest taken",
    Operation.ANY: "asked whether any is so",
    Operation.EVERY: "asked whether all are so",
    Operation.AGGREGATED: "brought together over rows",
    Operation.FIRST_KNOWN: "the first known taken",
    Operation.ONLY_WHERE: "kept only where a condition holds",
    Operation.TESTED: "asked whether a condition holds",
    Operation.WORKED_OUT: "worked out by a function",
    Operation.LIMITED: "held to a limit",
    Operation.ROUNDED: "rounded",
    Operation.BANDED: "sorted into groups",
    Operation.COUNTED: "counted",
    Operation.SHARE: "divided into a share",
    Operation.EMPTIED: "emptied where too few people are alike",
    Operation.COARSENED: "rounded further where people would stand out",
    Operation.WITHHELD: "withheld where numbers are small",
    Operation.ROUNDED_COUNT: "the count rounded",
}

_BY_NODE: dict[type[exp.Expression], Operation] = {
    exp.Explode: Operation.SPREAD,
    exp.Unnest: Operation.SPREAD,
    exp.GenerateSeries: Operation.SPREAD,
    exp.Window: Operation.NEIGHBOURS,
    exp.Lag: Operation.NEIGHBOURS,
    exp.Lead: Operation.NEIGHBOURS,
    exp.RowNumber: Operation.NEIGHBOURS,
    exp.FirstValue: Operation.NEIGHBOURS,
    exp.LastValue: Operation.NEIGHBOURS,
    exp.DateTrunc: Operation.PERIOD,
    exp.TimestampTrunc: Operation.PERIOD,
    exp.Year: Operation.PERIOD,
    exp.Quarter: Operation.PERIOD,
    exp.Month: Operation.PERIOD,
    exp.Extract: Operation.PERIOD,
    exp.LastDay: Operation.PERIOD,
    exp.TimeToStr: Operation.PERIOD,
    exp.DateDiff: Operation.DURATION,
    exp.DPipe: Operation.TEXT,
    exp.Concat: Operation.TEXT,
    exp.Upper: Operation.TEXT,
    exp.Lower: Operation.TEXT,
    exp.Trim: Operation.TEXT,
    exp.Substring: Operation.TEXT,
    exp.Add: Operation.CALCULATED,
    exp.Sub: Operation.CALCULATED,
    exp.Mul: Operation.CALCULATED,
    exp.Div: Operation.CALCULATED,
    exp.IntDiv: Operation.CALCULATED,
    exp.Mod: Operation.CALCULATED,
    exp.Neg: Operation.CALCULATED,
    exp.Abs: Operation.CALCULATED,
    exp.DateFromParts: Operation.CALCULATED,
    exp.Count: Operation.COUNTED,
    exp.Sum: Operation.ADDED_UP,
    exp.Avg: Operation.AVERAGED,
    exp.Median: Operation.AVERAGED,
    exp.Min: Operation.SMALLEST,
    exp.Max: Operation.LARGEST,
    exp.ArgMax: Operation.AT_LATEST,
    exp.ArgMin: Operation.AT_LATEST,
    exp.LogicalOr: Operation.ANY,
    exp.LogicalAnd: Operation.EVERY,
    exp.Coalesce: Operation.FIRST_KNOWN,
    exp.Filter: Operation.ONLY_WHERE,
    exp.Nullif: Operation.ONLY_WHERE,
    exp.Least: Operation.LIMITED,
    exp.Greatest: Operation.LIMITED,
    exp.Ceil: Operation.ROUNDED,
    exp.Floor: Operation.ROUNDED,
    exp.Round: Operation.ROUNDED,
    exp.EQ: Operation.TESTED,
    exp.NEQ: Operation.TESTED,
    exp.GT: Operation.TESTED,
    exp.GTE: Operation.TESTED,
    exp.LT: Operation.TESTED,
    exp.LTE: Operation.TESTED,
    exp.Is: Operation.TESTED,
    exp.In: Operation.TESTED,
    exp.Between: Operation.TESTED,
    exp.Like: Operation.TESTED,
    exp.ILike: Operation.TESTED,
}

_SILENT = (exp.Cast, exp.TryCast, exp.And, exp.Or, exp.Not, exp.If, exp.Case, exp.Distinct)
"""Functions that are told by what stands in or around them."""


def done_to(leaf: exp.Expression, top: exp.Expression) -> frozenset[Operation]:
    """Return what an expression does to a column on the way up to its own value.

    Args:
        leaf: The column, somewhere below `top`.
        top: The expression whose value is meant, or the column itself.
    """
    found = {operation for node in _above(leaf, top) for operation in _of(node)}
    if found & {Operation.BANDED, Operation.ONLY_WHERE}:
        found.discard(Operation.TESTED)
    return frozenset(found)


def told(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """Return operations in the order in which people are told of them."""
    wanted = set(operations)
    return tuple(operation for operation in Operation if operation in wanted)


def in_words(operations: Iterable[Operation]) -> str:
    """Return what was done as the end of a sentence; empty if nothing was."""
    return ", ".join(operation.words for operation in told(operations))


def _above(leaf: exp.Expression, top: exp.Expression) -> Iterator[exp.Expression]:
    node = leaf
    while node is not top:
        parent = node.parent
        if parent is None:
            return
        yield parent
        node = parent


def _of(node: exp.Expression) -> tuple[Operation, ...]:
    if isinstance(node, exp.Case):
        return (_case(node),)
    if isinstance(node, exp.If):
        return () if isinstance(node.parent, exp.Case) else (Operation.ONLY_WHERE,)
    if isinstance(node, exp.Distinct):
        return (Operation.ONCE_EACH,)
    if (known := _BY_NODE.get(type(node))) is not None:
        return (known,)
    if isinstance(node, _SILENT):
        return ()
    if isinstance(node, exp.AggFunc):
        return (Operation.AGGREGATED,)
    return (Operation.WORKED_OUT,) if isinstance(node, exp.Func) else ()


def _case(node: exp.Case) -> Operation:
    """A CASE that keeps one value under a condition limits; one that names groups sorts."""
    branches = node.args.get("ifs") or []
    default = node.args.get("default")
    kept = [branch for branch in branches if branch.args["true"].find(exp.Column)]
    one = len(branches) == 1 and len(kept) == 1 and (default is None or isinstance(default, exp.Null))
    return Operation.ONLY_WHERE if one else Operation.BANDED
