"""How good links are without a truth, whole and by group: from the model's own probabilities.

Belongs here: link rate, expected precision and recall, with intervals. Does not: which
attributes people have (the caller gives them), how sure each pair is (sureness.py), what is told
(linkquality), truth (evaluate.py).

What the clusters are made by also says how sure they are. Two records of one person are that with
the mean of the weights between them: their own, and through each third record of the person
the weaker of the two pairs with it. Weights count as clusters count them: what says neither
yes nor no a tenth, what was never compared little. Two persons of whose records some pair was
compared are one with the mean weight of all pairs between them, and then each of those pairs
is missed. So the expected precision is the mean probability of joined pairs, the expected recall
the share of all probability that lies on joined pairs. Persons no pair of whom was compared are
not known of, so that recall is of compared ones.

A group's pairs are seen from its records: a pair counts for the group of each of its ends.
Intervals are of 95 %: the variance of a ratio, linearised over persons (Cochran 1977, ch. 6),
that of each pair being right or not, all pairs of a person together, and that of the model
itself, whose odds of an error are known to a factor only (`MODEL_DOUBT`); Wilson's interval
for the number of trials with that variance. Where no error at all is likelier than one case in
forty, it reaches to none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.measures import Estimate, wilson
from linkage.model import Model
from linkage.spine import latest_model
from linkage.sureness import Known, Rule, sure_of

SCHEMA = "commonweal/link-quality/1"

MODEL_DOUBT = 0.5
"""Standard deviation of the model's log odds of an error; set on Evergreen of several sizes and seeds."""

LARGEST_GROUPS = 60
"""A column with more different values than this is not one of groups."""

NOT_KNOWN = "not_known"
"""Group of those of whom the attribute is not known."""

_NONE_AT_ALL = -math.log(0.025)
"""So many independent errors expected that none at all (Poisson) is as unlikely as an end of the interval."""

_MEMBER = "fair_member"
_TABLES = (_MEMBER, "fair_record")
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
            SELECT row_number() OVER () - 1 AS row, record_key, person_key, source{shown} FROM {members}"""
    ).fetchall()
    try:
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


def _rule(connection: duckdb.DuckDBPyConnection) -> Rule:
    model = latest_model(connection)
    return Rule(*(float(model.get(name, getattr(Model, name))) for name in Rule._fields))


def _make_records(connection: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> None:
    """Make `fair_record`: for each record what its pairs and its person come to."""
    rule = _rule(connection)
    members = connection.execute(
        f"SELECT person_key, dense_rank() OVER (ORDER BY source) AS source FROM {_MEMBER} ORDER BY row"
    ).fetchnumpy()
    _, person = np.unique(members["person_key"], return_inverse=True)
    found = connection.execute(
        f"""SELECT x.row AS l, y.row AS r, greatest(least(max(weight), {rule.clip}), {-rule.clip}) AS w
            FROM warehouse.spine.pair p JOIN {_MEMBER} x ON x.record_key = p.record_key_l
            JOIN {_MEMBER} y ON y.record_key = p.record_key_r GROUP BY ALL"""
    ).fetchnumpy()
    known = Known(*(np.asarray(found[name]) for name in ("l", "r", "w")))
    sure = sure_of(person, known, rule)
    values = {
        "row": np.arange(len(person)),
        "person": person,
        "k": _several(person, np.asarray(members["source"]))[person],
        "h": sure.hit,
        "l": sure.linked,
        "t": sure.real,
        "j": sure.joined_spread,
        "u": sure.missed_spread,
    }
    connection.register("fair_value", pa.table(values))
    groups = "".join(f", m.{name}" for name in columns)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE fair_record AS
            SELECT v.*{groups} FROM fair_value v JOIN {_MEMBER} m USING (row)"""
    ).fetchall()
    connection.unregister("fair_value")


def _several(person: npt.NDArray[np.int64], source: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return of each person whether there are records of several sources: 1, else 0."""
    count = int(person.max(initial=-1)) + 1
    least, most = np.full(count, np.iinfo(np.int64).max), np.zeros(count, dtype=np.int64)
    np.minimum.at(least, person, source)
    np.maximum.at(most, person, source)
    return (least < most).astype(np.int64)


def _sums(connection: duckdb.DuckDBPyConnection, group: str) -> dict[str, Mapping[str, float]]:
    """Return sums over persons, by group."""
    sums = ", ".join(sql for sql in _SUMS.values())
    rows = connection.execute(
        f"""WITH of_person AS (
                SELECT {group} AS grp, person, count(*)::DOUBLE AS n, sum(k)::DOUBLE AS k,
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
    sampling, model = max(yy - 2 * share * xy + share**2 * xx, 0.0) / whole**2, 0.0
    if chance > 0:
        model = (MODEL_DOUBT * share * (1 - share)) ** 2
    variance = sampling + chance / whole**2 + model
    trials = share * (1 - share) / variance if variance > 0 else people
    low, high = wilson(share, max(min(trials, people) if math.isfinite(trials) else people, 1.0))
    if 0 < (whole - part) ** 2 < chance * _NONE_AT_ALL:
        high = 1.0
    return Estimate(share, min(low, share), max(high, share)).to_json()
