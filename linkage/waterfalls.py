"""Representative comparisons, step by step: how evidence adds up to a weight.

Belongs here: choosing patterns of agreement that many pairs show, and the steps from the
prior to the weight. Does not: any pair, any value: a pattern says only which fields
agreed, and one that few pairs show is not shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from linkage.cards import comparison_words
from linkage.model import Model

_ZONES: tuple[tuple[str, str, float, float, bool], ...] = (
    ("Clearly one person", "The most frequent pattern far above the threshold.", 10.0, math.inf, True),
    ("Just joined", "A frequent pattern a little above the threshold.", 0.0, 5.0, True),
    ("Just not joined", "A frequent pattern a little below the threshold.", -math.inf, 0.0, False),
)
"""(title, words, lowest and highest mean weight, whether such pairs are in one person)."""


@dataclass(frozen=True)
class Step:
    """One step: what was compared, what came of it, how many bits it added."""

    name: str
    level: str
    bits: float


@dataclass(frozen=True)
class Waterfall:
    """One pattern.

    Args:
        title, words: What it stands for.
        pairs: How many pairs show it.
        steps: The prior, each comparison that says something, and last what rare names and
            the odds against kin change.
        weight: Mean weight of the pairs.
    """

    title: str
    words: str
    pairs: int
    steps: tuple[Step, ...]
    weight: float


def waterfalls(connection: duckdb.DuckDBPyConnection, model: Model, smallest: int) -> list[Waterfall]:
    """Return one pattern for each zone in which enough pairs show one.

    Args:
        connection: With `warehouse` attached.
        model: The standing version's.
        smallest: The smallest number of pairs whose pattern may be shown.
    """
    rows = connection.execute(
        """SELECT p.pattern, x.person_key = y.person_key AS joined, count(*) AS n, avg(p.weight) AS weight
            FROM warehouse.spine.pair p
            JOIN warehouse.spine.assignment x ON x.record_key = p.record_key_l AND x.to_version IS NULL
            JOIN warehouse.spine.assignment y ON y.record_key = p.record_key_r AND y.to_version IS NULL
            WHERE len(p.pattern) = ? GROUP BY ALL HAVING count(*) >= ? ORDER BY n DESC, p.pattern""",
        [len(model.comparisons), smallest],
    ).fetchall()
    found = []
    for title, words, low, high, wanted in _ZONES:
        fits = [row for row in rows if row[1] == wanted and low <= row[3] < high]
        if fits:
            pattern, _, pairs, weight = fits[0]
            found.append(Waterfall(title, words, int(pairs), _steps(model, pattern, weight), float(weight)))
    return found


def _steps(model: Model, pattern: Sequence[int], weight: float) -> tuple[Step, ...]:
    prior = math.log2(model.prior / (1 - model.prior))
    steps = [Step("before anything is compared", "", prior)]
    for comparison, number in zip(model.comparisons, pattern, strict=True):
        level = comparison.levels[number]
        if not level.null:
            name = comparison_words(comparison.name)
            steps.append(Step(name, level.label, math.log2(level.m / level.u)))
    rest = weight - sum(step.bits for step in steps)
    return (*steps, Step("rarity, relatives, sources", "", rest))
