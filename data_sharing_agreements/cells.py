"""The strictest cell rule of a deployment, for pages that rest on all of its documents.

Belongs here: the one number, and withholding a count below it. Does not: the rules of
one project's tables (`decisions/obligations.py`), or hiding a cell that could be
computed from others (privacy).
"""

from __future__ import annotations

from collections.abc import Sequence

from data_sharing_agreements.documents.agreements import Agreements


def smallest_cell(agreements: Agreements) -> int:
    """Return the smallest number of persons that any of the documents lets a page show."""
    rules = [agreements.emou.cells, *(d.cells for d in agreements.dsas), *(d.cells for d in agreements.duls)]
    clauses = [cells.minimum for cells in rules]
    limits = [basis.limits.minimum_cell or 1 for basis in agreements.bases.values()]
    return max([*clauses, *limits])


def withheld(count: int | None, smallest: int) -> int | None:
    """Return a count, or None if it is from 1 to below the smallest that may be shown."""
    return None if count is not None and 0 < count < smallest else count


def banded(sizes: Sequence[tuple[int, int]], smallest: int) -> list[tuple[int, int, int]]:
    """Take neighbouring sizes together until no band counts fewer than may be shown.

    Nothing is hidden, so nothing can be computed from a total.

    Args:
        sizes: (size, how many have it), by size.
        smallest: The smallest count that may be shown.

    Returns:
        (first size, last size, how many), by size; empty if all together are too few.
    """
    bands: list[tuple[int, int, int]] = []
    for size, count in reversed(sizes):
        if bands and bands[-1][2] < smallest:
            _, last, so_far = bands.pop()
            bands.append((size, last, so_far + count))
        else:
            bands.append((size, size, count))
    if len(bands) > 1 and bands[-1][2] < smallest:
        first, _, few = bands.pop()
        _, last, more = bands.pop()
        bands.append((first, last, few + more))
    return [band for band in reversed(bands) if band[2] >= smallest]
