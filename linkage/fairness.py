"""How good links are without a truth, whole and by group: from the model's own probabilities.

Belongs here: link rate, expected precision and recall, with intervals. Does not: which
attributes people have (the caller gives them), what is told (linkquality), truth
(evaluate.py).

A pair of records with probability p of being one person's is right with p if it was
joined, and missed with p if it was not: the expected precision is the mean p of joined
pairs, the expected recall the share of all p that lies on joined pairs. Two records
joined through a third are one person's at least as surely as both pairs with the third
are, so a joined pair's p is no smaller than the largest product over its common
neighbours. Pairs that were never compared are not known of, so that recall is of compared
pairs, and all of it is only as right as the model.

A group's pairs are seen from its records: a pair counts for the group of each of its ends.
Intervals are of 95 %: the variance of a ratio, linearised over persons (Cochran 1977, ch. 6),
and that of each pair being right or not, all pairs of a person together; Wilson's interval
for the number of trials with that variance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from linkage.measures import Estimate, wilson

SCHEMA = "commonweal/link-quality/1"

LARGEST_PERSON = 60
"""Persons with more records count by their compared pairs alone; there are few, and pairs are many."""

LARGEST_GROUPS = 60
"""A column with more different values than this is not one of groups."""

NOT_KNOWN = "not_known"
"""Group of those of whom the attribute is not known."""

_MEMBER = "fair_member"
_TABLES = (_MEMBER, "fair_pair", "fair_record", "fair_chosen", "fair_known")
_SUMS = {
    "people": "count(*)",
    "records": "sum(n)",
    "linked_records": "sum(k)",
    "k2": "sum(k * k)",
    "kn": "sum(k * n)",
    "n2": "sum(n * n)",
    "hit": "sum(h)",
    "linked": "sum(l)",
    "real": "sum(t)",
    "h2": "sum(h * h)",
    "hl": "sum(h * l)",
    "l2": "sum(l * l)",
    "ht": "sum(h * t)",
    "t2": "sum(t * t)",
    "jj": "sum(j * j)",
    "ju": "sum(j * u)",
    "uu": "sum(u * u)",
    "joined_people": "count(*) FILTER (WHERE l > 0)",
    "real_people": "count(*) FILTER (WHERE t > 0)",
}


def expected_quality(
    connection: duckdb.DuckDBPyConnection, members: str, columns: Sequence[str]
) -> dict[str, Any]:
    """Return link rate, expected precision and recall of the standing version, whole and by group.

    Args:
        connection: With `warehouse` attached, and its pairs those of the standing version.
        members: Relation of (record_key, person_key, source) and the columns: the records
            that may be counted, each once.
        columns: Columns of groups; NULL is the group `not_known`.

    Returns:
        A measurement in the shape of quality.py; without groups where the columns are none.
    """
    shown = "".join(f", coalesce({name}::VARCHAR, '{NOT_KNOWN}') AS {name}" for name in columns)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {_MEMBER} AS
            SELECT record_key, person_key, source{shown} FROM {members}"""
    ).fetchall()
    try:
        _make_pairs(connection)
        _make_records(connection, columns)
        (whole,) = _sums(connection, "'all'").values()
        return {
            "schema": SCHEMA,
            "clusters": _measured(whole),
            "by_subgroup": [
                {
                    "column": column,
                    "group": group,
                    "records": int(sums["records"]),
                    "clusters": _measured(sums),
                }
                for column in columns
                for group, sums in _groups(connection, column)
            ],
        }
    finally:
        for table in _TABLES:
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}").fetchall()


def _make_pairs(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `fair_pair` (l, r, p, joined): compared pairs, and joined ones that have no row of their own."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE fair_known AS
            SELECT p.record_key_l AS l, p.record_key_r AS r, max(p.probability) AS p,
                any_value(x.person_key = y.person_key) AS joined, any_value(x.person_key) AS person_key
            FROM warehouse.spine.pair p
            JOIN {_MEMBER} x ON x.record_key = p.record_key_l
            JOIN {_MEMBER} y ON y.record_key = p.record_key_r
            GROUP BY p.record_key_l, p.record_key_r"""
    ).fetchall()
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE fair_chosen AS
            SELECT person_key FROM {_MEMBER} GROUP BY person_key
            HAVING count(*) BETWEEN 2 AND {LARGEST_PERSON}"""
    ).fetchall()
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE fair_pair AS
            WITH inside AS (
                SELECT x.record_key AS l, y.record_key AS r
                FROM {_MEMBER} x JOIN {_MEMBER} y USING (person_key) SEMI JOIN fair_chosen USING (person_key)
                WHERE x.record_key < y.record_key
            ), both_ways AS (
                SELECT l, r, p FROM fair_known WHERE joined
                UNION ALL SELECT r, l, p FROM fair_known WHERE joined
            ), weak AS (
                SELECT i.l, i.r, coalesce(k.p, 0) AS p FROM inside i LEFT JOIN fair_known k USING (l, r)
            ), through AS (
                SELECT w.l, w.r, max(a.p * b.p) AS p
                FROM weak w JOIN both_ways a ON a.l = w.l JOIN both_ways b ON b.l = w.r AND b.r = a.r
                WHERE w.p < 0.999 GROUP BY w.l, w.r
            )
            SELECT w.l, w.r, greatest(w.p, coalesce(t.p, 0)) AS p, TRUE AS joined
            FROM weak w LEFT JOIN through t USING (l, r)
            UNION ALL
            SELECT l, r, p, joined FROM fair_known
            WHERE NOT joined OR person_key NOT IN (SELECT person_key FROM fair_chosen)"""
    ).fetchall()


def _make_records(connection: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> None:
    """Make `fair_record`: for each record what its pairs and its person come to."""
    groups = "".join(f", m.{name}" for name in columns)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE fair_record AS
            WITH ends AS (
                SELECT l AS record_key, p, joined FROM fair_pair
                UNION ALL SELECT r, p, joined FROM fair_pair
            ), of_record AS (
                SELECT record_key, sum(p) FILTER (WHERE joined) AS h, count(*) FILTER (WHERE joined) AS l,
                    sum(p) AS t, sum(sqrt(p * (1 - p))) FILTER (WHERE joined) AS j,
                    sum(sqrt(p * (1 - p))) FILTER (WHERE NOT joined) AS u
                FROM ends GROUP BY record_key
            ), of_person AS (
                SELECT person_key, count(DISTINCT source) AS sources FROM {_MEMBER} GROUP BY person_key
            )
            SELECT m.person_key, (p.sources > 1)::INTEGER AS k, coalesce(h, 0) AS h, coalesce(l, 0) AS l,
                coalesce(t, 0) AS t, coalesce(j, 0) AS j, coalesce(u, 0) AS u{groups}
            FROM {_MEMBER} m JOIN of_person p USING (person_key) LEFT JOIN of_record USING (record_key)"""
    ).fetchall()


def _sums(connection: duckdb.DuckDBPyConnection, group: str) -> dict[str, Mapping[str, float]]:
    """Return sums over persons, by group."""
    sums = ", ".join(sql for sql in _SUMS.values())
    rows = connection.execute(
        f"""WITH of_person AS (
                SELECT {group} AS grp, person_key, count(*)::DOUBLE AS n, sum(k)::DOUBLE AS k,
                    sum(h)::DOUBLE AS h, sum(l)::DOUBLE AS l, sum(t)::DOUBLE AS t,
                    sum(j)::DOUBLE AS j, sum(u)::DOUBLE AS u
                FROM fair_record GROUP BY ALL
            )
            SELECT grp, {sums} FROM of_person GROUP BY grp ORDER BY grp"""
    ).fetchall()
    found: dict[str, Mapping[str, float]] = {
        str(row[0]): dict(zip(_SUMS, map(float, row[1:]), strict=True)) for row in rows
    }
    return found or {"all": dict.fromkeys(_SUMS, 0.0)}


def _groups(connection: duckdb.DuckDBPyConnection, column: str) -> list[tuple[str, Mapping[str, float]]]:
    found = _sums(connection, column)
    return list(found.items()) if 1 < len(found) <= LARGEST_GROUPS else []


def _measured(s: Mapping[str, float]) -> dict[str, Any]:
    """Return the measures of one group's sums."""
    return {
        "precision": _ratio(s["hit"], s["linked"], _spread(s, "h2", "hl", "l2"), s["jj"], s["joined_people"]),
        "recall": _recall(s),
        "link_rate": _ratio(
            s["linked_records"], s["records"], _spread(s, "k2", "kn", "n2"), 0.0, s["people"]
        ),
    }


def _spread(s: Mapping[str, float], yy: str, xy: str, xx: str) -> tuple[float, float, float]:
    return s[yy], s[xy], s[xx]


def _recall(s: Mapping[str, float]) -> dict[str, float | None]:
    share = s["hit"] / s["real"] if s["real"] > 0 else 0.0
    chance = (1 - share) ** 2 * s["jj"] + 2 * share * (1 - share) * s["ju"] + share**2 * s["uu"]
    return _ratio(s["hit"], s["real"], _spread(s, "h2", "ht", "t2"), chance, s["real_people"])


def _ratio(
    part: float, whole: float, second: tuple[float, float, float], chance: float, people: float
) -> dict[str, float | None]:
    """Return a ratio of sums over persons with its interval.

    Args:
        part, whole: The sums.
        second: Sums over persons of part², part × whole, whole².
        chance: Variance of the part for given probabilities.
        people: Persons who have anything in the whole.
    """
    if whole <= 0:
        return Estimate(None, None, None).to_json()
    share = min(max(part / whole, 0.0), 1.0)
    yy, xy, xx = second
    variance = (max(yy - 2 * share * xy + share**2 * xx, 0.0) + chance) / whole**2
    trials = share * (1 - share) / variance if variance > 0 else people
    low, high = wilson(share, max(min(trials, people) if math.isfinite(trials) else people, 1.0))
    return Estimate(share, min(low, share), max(high, share)).to_json()
