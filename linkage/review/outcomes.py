"""What settled reviews do to the spine: constraints that the next link keeps.

Belongs here: writing the constraint of each settled review that has none. Does not:
constraints themselves (`linkage.constraints`), or settling (the registry).
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pandas as pd

from data_sharing_agreements.registry.reviews import Settled
from linkage.constraints import Kind, add, against, ensure
from linkage.review.draw import ensure_review

KINDS: dict[str, Kind] = {"same": "together", "different": "apart"}
"""Outcome → constraint; an undetermined review has none."""


def bring_in(connection: duckdb.DuckDBPyConnection, settled: Sequence[Settled]) -> dict[int, list[int]]:
    """Write the constraints that settled reviews ask for and that were never written.

    One that was withdrawn since is not written again. Safe to repeat: what a killed
    process left undone is done.

    Args:
        connection: With `warehouse` attached to write.
        settled: Every settled review.

    Returns:
        Reviews whose outcome contradicts constraints that stand, with their numbers; theirs are not
        written.
    """
    ensure_review(connection)
    ensure(connection)
    table = pd.DataFrame(
        [(one.review, KINDS[one.outcome], one.entry) for one in settled if one.outcome in KINDS],
        columns=["review", "kind", "entry"],
    ).astype({"review": "int64", "kind": "object", "entry": "int64"})
    connection.register("review_settled", table)
    try:
        missing = connection.execute(
            """SELECT o.review, i.record_key_l, i.record_key_r, o.kind, o.entry FROM review_settled o
                JOIN warehouse.review.item i USING (review)
                ANTI JOIN warehouse.spine."constraint" c
                    ON c.record_key_l = i.record_key_l AND c.record_key_r = i.record_key_r
                        AND c.kind = o.kind AND (c.withdrawn_at IS NULL OR c.entry >= o.entry)
                ORDER BY o.entry, o.review"""
        ).fetchall()
    finally:
        connection.unregister("review_settled")
    contradicted = {}
    for review, left, right, kind, entry in missing:
        numbers = against(connection, np.array([[left, right]], dtype=np.int64), kind)
        if numbers:
            contradicted[int(review)] = numbers
        else:
            add(connection, left, right, kind, "review", entry)
    return contradicted
