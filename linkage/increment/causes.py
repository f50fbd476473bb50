"""Why a version changed what it changed.

Belongs here: the cause of each row of `link_change`. Does not: the rows (persons.py).
"""

from __future__ import annotations

import duckdb

from linkage.increment.touched import Difference

CAUSES: tuple[str, ...] = (
    "delivery", "restriction", "purge", "increment", "full", "review", "undo",
)  # fmt: skip
"""`delivery`: the record came or went with one; `restriction`, `purge`: it may not, or may again, be
linked, or was destroyed, and what then became of its person; `review`, `undo`: people decided so;
`increment`, `full`: the evidence, in a link of that mode."""


def tell_causes(
    connection: duckdb.DuckDBPyConnection, found: Difference | None, *, purged: bool = False
) -> None:
    """Correct the causes in `link_change`.

    Args:
        connection: Holds it, and the standing spine.
        found: What is otherwise than before; none if nobody knows.
        purged: Whether records were purged since.
    """
    if purged or (found is not None and found.restricted):
        away = "purge" if purged else "restriction"
        delivered = list(found.new) if found else []
        connection.execute(
            f"""UPDATE link_change SET cause = CASE kind WHEN 'gone' THEN '{away}' ELSE 'restriction' END
                WHERE kind = 'gone' OR (kind = 'new' AND record_key IN (
                    SELECT record_key FROM warehouse.spine.assignment)
                    AND record_key NOT IN (SELECT record_key FROM permitted_identity
                        WHERE delivery_id IN (SELECT unnest($new::VARCHAR[]))))""",
            {"new": delivered},
        ).fetchall()
        connection.execute(
            """UPDATE link_change SET cause = g.cause FROM (
                    SELECT from_person, min(cause) AS cause FROM link_change
                    WHERE kind = 'gone' GROUP BY from_person) g
                WHERE g.from_person = link_change.from_person AND event IS NOT NULL"""
        ).fetchall()
    connection.execute(
        """UPDATE link_change SET cause = d.cause FROM (
                SELECT event, max(c.cause) AS cause FROM link_change
                JOIN (SELECT unnest([record_key_l, record_key_r]) AS record_key, cause
                    FROM warehouse.spine."constraint" WHERE coalesce(withdrawn_at, decided_at)::TIMESTAMP
                        >= (SELECT max(created_at) FROM warehouse.spine.version)) c USING (record_key)
                WHERE event IS NOT NULL GROUP BY event) d
            WHERE d.event = link_change.event"""
    ).fetchall()
