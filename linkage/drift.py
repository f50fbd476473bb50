"""How far a trained model has moved from another: one number in bits, and the comparison it is of.

Belongs here: the measure, by comparison. Does not: the limit, or what follows from
passing it (assets).

What a level is worth is its weight, in bits: log2(m/u) against strangers, log2(m/kin)
against kin. A comparison's drift is the mean change of its weights, either way, over the
levels that records of one person fall into: by how many bits the evidence of one field has
changed for a typical true pair. Against strangers and kin both are measured, the greater
counts. The model's drift is that of the comparison that moved most.

Weights that follow from the number of records alone (a number's chance of being shared)
are left out: a larger file is no other model. So are comparisons that one of the two does
not have; those are told by name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linkage.model import Comparison, Level, Model


@dataclass(frozen=True)
class Drift:
    """How far one model is from another.

    Args:
        bits: Mean change of a true pair's weight in the comparison that moved most.
        comparison: That comparison; empty where nothing could be compared.
        by_comparison: Comparison → its drift.
        changed: Comparisons only one of the two has, or with other levels.
        matches_per_record: How many matches each record has on average, in the older and in
            the newer; None where the number of records is not known.
    """

    bits: float
    comparison: str
    by_comparison: Mapping[str, float]
    changed: tuple[str, ...]
    matches_per_record: tuple[float, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as an object."""
        return {
            "bits": round(self.bits, 3),
            "comparison": self.comparison,
            "by_comparison": {name: round(bits, 3) for name, bits in self.by_comparison.items()},
            "changed": list(self.changed),
            "matches_per_record": (
                [round(n, 4) for n in self.matches_per_record] if self.matches_per_record else None
            ),
        }


def drift(before: Model, after: Model, records: tuple[int, int] | None = None) -> Drift:
    """Return how far `after` has moved from `before`.

    Args:
        before, after: Trained models.
        records: How many records each was trained on.
    """
    old, new = ({c.name: c for c in model.comparisons} for model in (before, after))
    same = [name for name in old if name in new and _labels(old[name]) == _labels(new[name])]
    moved = {name: _moved(old[name], new[name]) for name in same}
    most = max(moved, key=lambda name: (moved[name], name), default="")
    matches = None
    if records and min(records) > 0:
        matches = (before.prior * (records[0] - 1) / 2, after.prior * (records[1] - 1) / 2)
    return Drift(
        moved.get(most, 0.0), most, moved, tuple(sorted((old.keys() | new.keys()) - set(same))), matches
    )


def _labels(comparison: Comparison) -> tuple[str, ...]:
    return tuple(level.label for level in comparison.levels)


def _moved(old: Comparison, new: Comparison) -> float:
    """Return the mean change of the weights, over the levels of true pairs."""
    pairs = [(a, b) for a, b in zip(old.levels, new.levels, strict=True) if not a.null]
    known = sum(a.m for a, _ in pairs) or 1.0
    strangers = sum(a.m * abs(_worth(b, b.u) - _worth(a, a.u)) for a, b in pairs if not _by_size(a))
    strangers += sum(a.m * abs(math.log2(b.m / a.m)) for a, b in pairs if _by_size(a) and a.m > 0 and b.m > 0)
    kin = sum(a.m * abs(_worth(b, b.kin) - _worth(a, a.kin)) for a, b in pairs)
    return max(strangers, kin) / known


def _worth(level: Level, other: float) -> float:
    return math.log2(level.m / other) if level.m > 0 and other > 0 else 0.0


def _by_size(level: Level) -> bool:
    """Whether `u` is set by the number of records and not seen in them."""
    return level.u_per_record > 0
