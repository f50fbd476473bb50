"""What linkage errors do to a figure: the band widened by joins that are wrong or missing.

Belongs here: one bound, from what is known of the link version, of the group where it is
known. Does not: measuring linkage, or the band of chance (measures.py).

An indicator counts people of one source for whom something is found in another. A wrong
join can find it for somebody it is not of; a missing one hides it. If a share q of what was
found is wrong, the true share is no smaller than low times (1 - q); if a share r of what
there is was joined, it is no larger than high divided by r. Precision and recall are taken
at the unfavourable end of their intervals, and as if all errors went one way: the band is
a bound of the first order, not a correction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from warehouse.indicators.result import Result


def link_band(result: Result, link: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the lowest and highest share that chance and linkage errors together leave.

    Args:
        result: One number.
        link: A codebook's `link`; of a breakdown's group, the group's own errors are taken.

    Returns:
        None where the number is withheld or nothing is known of the linkage.
    """
    if result.low is None or result.high is None:
        return None
    known = _of_group(result, link)
    precision, recall = (_worst(known, measure) for measure in ("precision", "recall"))
    if precision is None or recall is None or recall <= 0:
        return None
    return result.low * precision, min(1.0, result.high / recall)


def _of_group(result: Result, link: Mapping[str, Any]) -> Mapping[str, Any]:
    groups = link.get("by_group") or ()
    own = (g for g in groups if (g["column"], g["group"]) == (result.dimension, result.group))
    return next(own, link)


def _worst(known: Mapping[str, Any], measure: str) -> float | None:
    value = known.get(measure)
    low = known.get("intervals", {}).get(measure, [value])[0]
    return None if low is None else float(low)
