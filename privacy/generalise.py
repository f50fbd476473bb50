"""Making rows hide: local suppression until every group is large enough.

Belongs here: changing rows to reach k. Does not: measuring (anonymity.py), choosing
quasi-identifiers or k (the license does).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from data_sharing_agreements.errors import UsageFault
from privacy.anonymity import group_sizes, k_anonymity


@dataclass(frozen=True)
class Enforcement:
    """What reaching k cost.

    Attributes:
        k: The smallest group of the result, in persons if asked; 0 if no row is left.
        rows_in: Rows given.
        withheld: Rows left out.
        suppressed: Column → rows in which its value was removed.
    """

    k: int
    rows_in: int
    withheld: int
    suppressed: dict[str, int]


def enforce_k(
    frame: pd.DataFrame, quasi: Sequence[str], k: int, person: str | None = None
) -> tuple[pd.DataFrame, Enforcement]:
    """Return rows in which every group has at least k members, and what that cost.

    Rows of groups that are too small lose their quasi-identifiers one after another, in the
    order given (name first what is missed least), until their group is large enough; a removed
    value is NULL. Rows whose group is too small even without any are withheld. Whole groups
    move, so a group that is large enough never shrinks.

    Args:
        frame: Rows; not changed.
        quasi: Quasi-identifiers, the most expendable first.
        k: The smallest group allowed.
        person: Column of person ids; groups are then counted in persons.

    Raises:
        UsageFault: k is below 1.
    """
    if k < 1:
        raise UsageFault.of("k-too-small", "k must be at least 1", next="take k from the license")
    kept = frame.copy()
    suppressed: dict[str, int] = {}
    for column in quasi:
        small = (group_sizes(kept, quasi, person) < k) & kept[column].notna().to_numpy()
        suppressed[column] = int(small.sum())
        kept[column] = kept[column].mask(small)
    kept = kept[group_sizes(kept, quasi, person) >= k].reset_index(drop=True)
    return kept, Enforcement(k_anonymity(kept, quasi, person), len(frame), len(frame) - len(kept), suppressed)
