"""Link error of the spine, whole and by group, in the few numbers a codebook shows.

Belongs here: reading the spine's version and what was measured of it, and what its model
expects where nothing was. Does not: linking, measuring (linkage), or choosing among
measurements (`data_sharing_agreements.linkquality`).

A project's own spine is not measured when it is made. What its model expects: a pair of
records with probability p of being one person's is right with p if it was joined, and
missed with p if it was not. So the expected precision is the mean p of joined pairs, and
the expected recall the share of all p that lies on joined pairs. It knows nothing of
pairs that were never compared.
"""

from __future__ import annotations

import json
from typing import Any

from data_sharing_agreements.linkquality import BASES, DEFAULT_MAX_GAP, told
from warehouse.opener import Session

GROUPED_BY: tuple[str, ...] = ("sex", "race_ethnicity", "language_group")
"""Attributes of `core.person` by which link error is told."""

_FEWEST_PAIRS = 50
_DIGITS = 4

_PAIRS = """
CREATE OR REPLACE TEMP TABLE _pair AS
SELECT l.person_key AS left_key, r.person_key AS right_key, p.probability
FROM {house}.spine.pair AS p
JOIN permitted_spine AS l ON l.record_key = p.record_key_l
JOIN permitted_spine AS r ON r.record_key = p.record_key_r
WHERE p.version <= ?
"""
_RATES = (
    "avg(probability) FILTER (WHERE left_key = right_key), "
    "sum(probability) FILTER (WHERE left_key = right_key) / nullif(sum(probability), 0)"
)


def link_facts(
    session: Session, house: str = "warehouse", *, max_gap: float = DEFAULT_MAX_GAP, smallest: int = 1
) -> dict[str, Any]:
    """Return the newest link version: its size, and its precision and recall, whole and by group.

    Args:
        session: With `warehouse` attached, its core made, and `permitted_spine`.
        house: Name under which the store of the spine is attached.
        max_gap: Gap between two groups' errors above which readers are warned.
        smallest: The smallest group that may be told of.

    Returns:
        `version` (None if there is none), `records`, `persons`, and what `linkquality.told`
        gives where there is something to tell.
    """
    rows = session.execute(
        f"SELECT version, records, persons FROM {house}.spine.version ORDER BY version DESC LIMIT 1"
    )
    if not rows:
        return {"version": None}
    version, records, persons = (int(value) for value in rows[0])
    found: dict[str, Any] = {"version": version, "records": records, "persons": persons}
    measured = told(_measured(session, version, house), max_gap=max_gap, smallest=smallest)
    return found | _model(session, version, house) | (measured or _expected(session, version, house))


def _measured(session: Session, version: int, house: str) -> dict[str, Any]:
    """Return every measurement of a version, by method."""
    methods = session.execute(
        "SELECT count(*) FROM information_schema.columns WHERE table_catalog = ? "
        "AND table_schema = 'spine' AND table_name = 'quality' AND column_name = 'method'",
        [house],
    )
    method = "coalesce(method, 'truth')" if methods[0][0] else "'truth'"
    rows = session.execute(f"SELECT {method}, json FROM {house}.spine.quality WHERE version = ?", [version])
    return {str(name): json.loads(text) for name, text in rows}


def _model(session: Session, version: int, house: str) -> dict[str, Any]:
    """Return what is said of the model that made a version, if anything is."""
    said = _measured(session, version, house).get("facts", {}).get("model")
    return {"model_state": said["state"], "model_words": said["words"]} if said else {}


def _expected(session: Session, version: int, house: str) -> dict[str, Any]:
    session.execute(_PAIRS.format(house=house), [version])
    precision, recall = session.execute(f"SELECT {_RATES} FROM _pair")[0]
    if precision is None or recall is None:
        return {}
    return {
        "method": "model",
        "basis": BASES["model"],
        "precision": round(precision, _DIGITS),
        "recall": round(recall, _DIGITS),
        "by_group": [group for column in GROUPED_BY for group in _groups(session, column)],
    }


def _groups(session: Session, column: str) -> list[dict[str, Any]]:
    """Return the rates by group; a pair of two persons counts in the group of each."""
    rows = session.execute(
        f"""
        WITH sided AS (
            SELECT left_key AS person_key, left_key, right_key, probability FROM _pair
            UNION ALL
            SELECT right_key, left_key, right_key, probability FROM _pair WHERE right_key <> left_key
        )
        SELECT {column}, {_RATES} FROM sided JOIN warehouse.core.person USING (person_key)
        WHERE {column} IS NOT NULL GROUP BY {column} HAVING count(*) >= {_FEWEST_PAIRS} ORDER BY {column}
        """
    )
    return [
        {
            "column": column,
            "group": str(group),
            "precision": round(precision or 0.0, _DIGITS),
            "recall": round(recall or 0.0, _DIGITS),
        }
        for group, precision, recall in rows
    ]
