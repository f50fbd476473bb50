"""Contradictions within a cluster: which pairs can never be one person, whatever else agrees.

Belongs here: finding such pairs in clusters made without this rule. Does not: weighing
(weigh.py), making clusters (clusters.py), what people decided (bounds.py).

A number or a date may be wrong once; so it counts as verified only where two records of the
cluster carry the same. Two records that carry two different verified numbers, or verified
birth dates that differ in more than two digits and in the year, are of two people. So are two
records of one period in a source that gives each person one id, where its contract says so. Their
pair gets a weight that no agreement outweighs, and clusters made anew come apart at their weakest
edges.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.model import Model
from linkage.predict import Compared
from linkage.standardise import IDENTITY

NEVER = -1000.0
"""Weight of a pair that contradicts; as many pairs of the largest weight as a cluster has do not lift
its mean above zero unless there are fifty to one of them."""

VERIFYING: tuple[str, ...] = ("ssn", "birth_date")
"""Comparisons a contradiction is read from: level 1 is agreement, the last is difference."""

ONE_ID = "link_one_id"
"""Table (source) of the sources that give each person one id."""

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


def name_one_id(connection: duckdb.DuckDBPyConnection, sources: Sequence[str]) -> None:
    """Make the table `ONE_ID` of sources' names."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {ONE_ID} (source VARCHAR)").fetchall()
    connection.execute(f"INSERT INTO {ONE_ID} SELECT unnest($1::VARCHAR[])", [list(sources)]).fetchall()


def rivals(connection: duckdb.DuckDBPyConnection, label: npt.NDArray[np.int64], pairs: Compared) -> Mask:
    """Tell which pairs within a cluster are of two ids of one period in a source named in `ONE_ID`.

    Records that say exactly the same are one node and no pair: they are an id given twice.

    Args:
        connection: Holds `link_record` and the identities it was made from.
        label: For each node its cluster.
        pairs: All pairs that were compared.
    """
    found = np.zeros(len(pairs), dtype=np.bool_)
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {ONE_ID} (source VARCHAR)").fetchall()
    if connection.execute(f"SELECT count(*) FROM {ONE_ID}").fetchone() == (0,):
        return found
    place = np.flatnonzero(label[pairs.a] == label[pairs.b])
    inside = pa.table({"place": place, "a": pairs.a[place], "b": pairs.b[place]})
    connection.register("link_inside", inside)
    rows = connection.execute(
        f"""WITH named AS (SELECT node, record_key FROM link_record SEMI JOIN {ONE_ID} USING (source)),
            seen AS (
                SELECT DISTINCT node, source, period FROM {IDENTITY} JOIN named USING (record_key)
            )
            SELECT DISTINCT place FROM link_inside JOIN seen x ON x.node = a JOIN seen y ON y.node = b
            WHERE x.source = y.source AND x.period = y.period"""
    ).fetchnumpy()
    connection.unregister("link_inside")
    found[np.asarray(rows["place"], dtype=np.int64)] = True
    return found
