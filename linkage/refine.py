"""Contradictions within a cluster: which pairs can never be one person, whatever else agrees.

Belongs here: finding such pairs in clusters made without this rule. Does not: weighing
(weigh.py), making clusters (clusters.py), what people decided (bounds.py).

A number or a date may be wrong once; so it counts as verified only where two records of the
cluster carry the same. Two records that carry two different verified numbers, or verified
birth dates that differ in more than two digits and in the year, are of two people: their pair gets a weight
that no agreement outweighs, and clusters made anew come apart at their weakest edges.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from linkage.model import Model
from linkage.predict import Compared

NEVER = -1000.0
"""Weight of a pair that contradicts; as many pairs of the largest weight as a cluster has do not lift
its mean above zero unless there are fifty to one of them."""

VERIFYING: tuple[str, ...] = ("ssn", "birth_date")
"""Comparisons a contradiction is read from: level 1 is agreement, the last is difference."""

Mask = npt.NDArray[np.bool_]


def contradictions(label: npt.NDArray[np.int64], pairs: Compared, model: Model) -> Mask:
    """Tell which pairs contradict.

    Args:
        label: For each node its cluster.
        pairs: All pairs that were compared.
        model: Its comparisons say which level is which.
    """
    inside = label[pairs.a] == label[pairs.b]
    found = np.zeros(len(pairs), dtype=np.bool_)
    for comparison, levels in zip(model.comparisons, pairs.levels, strict=True):
        if comparison.name in VERIFYING:
            verified = np.zeros(len(label), dtype=np.bool_)
            same = inside & (levels == 1)
            verified[pairs.a[same]] = verified[pairs.b[same]] = True
            differ = levels == len(comparison.levels) - 1
            found |= inside & differ & verified[pairs.a] & verified[pairs.b]
    return found
