"""Measure the spine against known truth.

Belongs here: reading a file of truth, counting pairs, overall, by source pair and by
subgroup. Does not: the arithmetic of shares and intervals (measures.py), or tuning:
nothing measured here flows back into the model.

`clusters` counts all pairs of records that share a person key, within sources too; a
record of the truth that is not in the spine is alone. `pairs` counts pairs of records
scored at or above the model's threshold, whatever cluster they ended in. A subgroup's
pairs are seen from its records: a pair of which one end lies in the group counts once,
and twice if both do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from data_sharing_agreements.errors import UsageFault
from linkage.measures import Measures, measures
from linkage.spine import latest_model, latest_version

REQUIRED: tuple[str, ...] = ("source", "record_id", "person_id")
LARGEST_GROUPS = 60
"""A column with more different values than this is not a subgroup (an id, say)."""

FEWEST_IN_GROUPS = 5
"""Nor is one whose values have on average fewer records."""

FEWEST_PAIRS = 100
"""A truth with fewer pairs of records of one person tells too little to be kept with the version."""


@dataclass(frozen=True)
class Part:
    """Measures of pairs and of clusters over the same records."""

    pairs: Measures
    clusters: Measures

    def to_json(self) -> dict[str, Any]:
        """Return them as an object."""
        return {"pairs": self.pairs.to_json(), "clusters": self.clusters.to_json()}


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Args:
        link_version: The version measured.
        truth, matched, missing: Records in the truth, of them in the spine, and not.
        whole: Over all records.
        by_source_pair: By two sources' names, in order, the same twice for within one; with how many
            pairs of records there are, joined or true, whichever are fewer.
        by_subgroup: By column, group and number of its records.
        pairs: Pairs of records of one person in the truth.
    """

    link_version: int
    truth: int
    matched: int
    missing: int
    whole: Part
    by_source_pair: tuple[tuple[tuple[str, str], int, Part], ...]
    by_subgroup: tuple[tuple[str, str, int, Part], ...]
    pairs: int = 0

    def tells_enough(self) -> bool:
        """Whether the truth has pairs enough to say more of the version than the model itself expects."""
        return self.pairs >= FEWEST_PAIRS

    def to_json(self) -> dict[str, Any]:
        """Return the object of `commonweal/evaluate/1`."""
        return {
            "schema": "commonweal/evaluate/1",
            "link_version": self.link_version,
            "records": {"truth": self.truth, "matched": self.matched, "missing": self.missing},
            **self.whole.to_json(),
            "by_source_pair": [{"sources": list(s), **part.to_json()} for s, _, part in self.by_source_pair],
            "by_subgroup": [
                {"column": column, "group": group, "records": n, **part.to_json()}
                for column, group, n, part in self.by_subgroup
            ],
        }

    def kept(self, fewest: int) -> dict[str, Any]:
        """Return the object as it is kept with the version, for readers who do not hold the truth.

        Args:
            fewest: Two sources with fewer pairs of records are left out: a share of few tells how many.
        """
        rows = [
            {"sources": list(sources), **part.to_json()}
            for sources, pairs, part in self.by_source_pair
            if pairs >= fewest
        ]
        return self.to_json() | {
            "by_source_pair": rows,
            "few_source_pairs": len(self.by_source_pair) - len(rows),
        }


def evaluate(
    connection: duckdb.DuckDBPyConnection, truth: Path, leave_out: Callable[[str], object]
) -> Evaluation:
    """Measure the standing version of the spine.

    Args:
        connection: With `vault` and `warehouse` attached to read.
        truth: CSV of source, record_id, person_id and any columns of subgroups.
        leave_out: Called with the name of the table of the truth's records; deletes those
            that may not be looked up.

    Raises:
        UsageFault: The file lacks a column, or there is no spine yet.
    """
    version = latest_version(connection)
    if version is None:
        raise UsageFault.of(
            "no-spine", "There is no link version to measure.", next="Link first: `commonweal run`."
        )
    columns = _read_truth(connection, truth, leave_out)
    threshold = float(latest_model(connection).get("pair_threshold", 0.0))
    _make_counts(connection, threshold)
    total, matched = connection.execute("SELECT count(*), count(record_key) FROM eval_record").fetchone() or (
        0,
        0,
    )
    found = Evaluation(
        version.version,
        int(total),
        int(matched),
        int(total) - int(matched),
        _part(connection, "SELECT kind, person, sum(hit) AS hit, sum(linked) AS linked, sum(real) AS real"
              " FROM eval_source GROUP BY ALL"),
        _by_source_pair(connection),
        tuple(row for column in columns for row in _by_subgroup(connection, column)),
        _pairs(connection),
    )  # fmt: skip
    for table in ("eval_record", "eval_pair", "eval_source"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}").fetchall()
    return found


def _read_truth(
    connection: duckdb.DuckDBPyConnection, truth: Path, leave_out: Callable[[str], object]
) -> list[str]:
    """Make `eval_record` (source, person, cluster, record_key, groups…); return the groups' columns."""
    data = _csv(truth)
    if missing := [name for name in REQUIRED if name not in data.columns]:
        raise UsageFault.of(
            "truth-columns",
            f"The truth has no column {', '.join(missing)}.",
            why="Truth is a CSV of source, record_id, person_id and any columns of subgroups.",
            next="Name the columns so, and run again.",
        )
    groups = [name for name in data.columns if name not in REQUIRED and _is_groups(data[name])]
    connection.register("eval_given", data)
    connection.execute("CREATE OR REPLACE TEMP TABLE eval_truth AS FROM eval_given").fetchall()
    connection.unregister("eval_given")
    leave_out("eval_truth")
    shown = "".join(f', t."{name}"' for name in groups)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE eval_record AS
            WITH joined AS (
                SELECT t.source, dense_rank() OVER (ORDER BY t.person_id) AS person, s.record_key,
                    s.person_key, row_number() OVER () AS line{shown}
                FROM (SELECT DISTINCT ON (source, record_id) * FROM eval_truth) t
                LEFT JOIN vault.crosswalk x ON x.namespace = t.source AND x.source_id = t.record_id
                LEFT JOIN warehouse.spine.current s ON s.record_key = x.key
            )
            SELECT *, dense_rank() OVER (
                ORDER BY person_key, CASE WHEN person_key IS NULL THEN line END) AS cluster
            FROM joined"""
    ).fetchall()
    connection.execute("DROP TABLE eval_truth").fetchall()
    return groups


def _csv(truth: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(truth, dtype=str, keep_default_na=False)
    except (
        ValueError,
        pd.errors.ParserError,
        pd.errors.EmptyDataError,
    ):  # UnicodeDecodeError is a ValueError
        raise UsageFault.of(
            "truth-unreadable",
            f"{truth.name} cannot be read as a CSV file in UTF-8.",
            why="Truth is a CSV of source, record_id, person_id and any columns of subgroups.",
            next="Write it so, with the columns' names in the first line.",
        ) from None


def _is_groups(column: pd.Series[str]) -> bool:
    """Whether a column's values are groups of records, and no ids."""
    values = column.nunique()
    return 1 < values <= LARGEST_GROUPS and len(column) >= FEWEST_IN_GROUPS * values


def _make_counts(connection: duckdb.DuckDBPyConnection, threshold: float) -> None:
    """Make `eval_pair`, scored pairs as seen from both ends, and `eval_source`, counts by person and sources.

    Each pair's count is shared between the persons at its ends, so that sums over persons
    are sums over pairs.
    """
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE eval_pair AS
            WITH scored AS (
                SELECT record_key_l AS l, record_key_r AS r FROM warehouse.spine.pair
                WHERE weight >= {threshold}
            ), seen AS (FROM scored UNION ALL SELECT r, l FROM scored)
            SELECT x.line, x.person, y.person = x.person AS hit, least(x.source, y.source) AS s1,
                greatest(x.source, y.source) AS s2
            FROM seen JOIN eval_record x ON x.record_key = l JOIN eval_record y ON y.record_key = r"""
    ).fetchall()
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE eval_source AS
            WITH cell AS (SELECT person, cluster, source, count(*) AS n FROM eval_record GROUP BY ALL),
            by_person AS (SELECT person, source, sum(n) AS n FROM cell GROUP BY ALL),
            by_cluster AS (SELECT cluster, source, sum(n) AS n FROM cell GROUP BY ALL),
            real AS (
                SELECT a.person, a.source AS s1, b.source AS s2,
                    CASE WHEN a.source = b.source THEN a.n * (a.n - 1) / 2 ELSE a.n * b.n END AS real
                FROM by_person a JOIN by_person b ON a.person = b.person AND a.source <= b.source
            ), hit AS (
                SELECT a.person, a.source AS s1, b.source AS s2,
                    sum(CASE WHEN a.source = b.source THEN a.n * (a.n - 1) / 2 ELSE a.n * b.n END) AS hit
                FROM cell a JOIN cell b
                    ON a.person = b.person AND a.cluster = b.cluster AND a.source <= b.source
                GROUP BY ALL
            ), linked AS (
                SELECT c.person, least(c.source, o.source) AS s1, greatest(c.source, o.source) AS s2,
                    sum(c.n * (o.n - (c.source = o.source)::INTEGER) / 2) AS linked
                FROM cell c JOIN by_cluster o USING (cluster) GROUP BY ALL
            ), scored AS (
                SELECT person, s1, s2, count(*) / 2 AS linked, count(*) FILTER (WHERE hit) / 2 AS hit
                FROM eval_pair GROUP BY ALL
            )
            SELECT 'clusters' AS kind, person, s1, s2, coalesce(hit, 0) AS hit, coalesce(linked, 0) AS linked,
                coalesce(real, 0) AS real
            FROM real FULL JOIN hit USING (person, s1, s2) FULL JOIN linked USING (person, s1, s2)
            UNION ALL
            SELECT 'pairs', person, s1, s2, coalesce(hit, 0), coalesce(linked, 0), coalesce(real, 0)
            FROM real FULL JOIN scored USING (person, s1, s2)"""
    ).fetchall()


def _part(connection: duckdb.DuckDBPyConnection, select: str) -> Part:
    """Return the measures of a SELECT of kind, person, hit, linked, real."""
    rows = connection.execute(
        f"SELECT kind, hit, linked, real, count(*) AS people FROM ({select}) GROUP BY ALL ORDER BY ALL"
    ).df()
    return Part(measures(rows[rows.kind == "pairs"]), measures(rows[rows.kind == "clusters"]))


def _by_source_pair(connection: duckdb.DuckDBPyConnection) -> tuple[tuple[tuple[str, str], int, Part], ...]:
    rows = connection.execute(
        """SELECT s1, s2, kind, hit, linked, real, count(*) AS people
            FROM eval_source GROUP BY ALL ORDER BY ALL"""
    ).df()
    return tuple(
        ((str(first), str(second)), _fewer(part), _of(part))
        for (first, second), part in rows.groupby(["s1", "s2"], sort=True)
    )


def _fewer(rows: pd.DataFrame) -> int:
    """Return the smaller of how many pairs of records clusters join and how many are true."""
    clusters = rows[rows.kind == "clusters"]
    return int(min((clusters[name] * clusters.people).sum() for name in ("linked", "real")))


def _pairs(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT sum(real) FROM eval_source WHERE kind = 'clusters'").fetchone()
    return int(row[0] or 0) if row else 0


def _of(rows: pd.DataFrame) -> Part:
    return Part(measures(rows[rows.kind == "pairs"]), measures(rows[rows.kind == "clusters"]))


def _by_subgroup(connection: duckdb.DuckDBPyConnection, column: str) -> list[tuple[str, str, int, Part]]:
    rows = connection.execute(
        f"""WITH of_record AS (
                SELECT r."{column}" AS grp, person, line,
                    count(*) OVER (PARTITION BY person) - 1 AS real,
                    count(*) OVER (PARTITION BY cluster) - 1 AS linked,
                    count(*) OVER (PARTITION BY person, cluster) - 1 AS hit
                FROM eval_record r
            ), scored AS (
                SELECT line, count(*) AS linked, count(*) FILTER (WHERE hit) AS hit
                FROM eval_pair GROUP BY line
            ), ends AS (
                SELECT 'clusters' AS kind, grp, person, line, hit, linked, real FROM of_record
                UNION ALL
                SELECT 'pairs', grp, person, line, coalesce(s.hit, 0), coalesce(s.linked, 0), real
                FROM of_record LEFT JOIN scored s USING (line)
            ), of_person AS (
                SELECT kind, grp, person, count(*) AS records, sum(hit) AS hit, sum(linked) AS linked,
                    sum(real) AS real
                FROM ends WHERE grp <> '' GROUP BY ALL
            )
            SELECT kind, grp, hit, linked, real, count(*) AS people, sum(records) AS records
            FROM of_person GROUP BY ALL ORDER BY ALL"""
    ).df()
    return [
        (column, str(group), int(part[part.kind == "clusters"].records.sum()), _of(part))
        for group, part in rows.groupby("grp", sort=True)
    ]
