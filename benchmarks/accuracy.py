"""How well records are linked, on every set of known truth: ours, ours in clear, plain Splink.

Belongs here: linking each set in the three ways, scoring by all pairs of records in a
cluster, and the table. Does not: the sets (linkage_data.py), the plain script (link_plain.py).

*Plain* is Splink in clear text with connected components, at the threshold that is best by
the truth, which a state does not have. *In clear* is our own model, training and clusters,
with comparisons on the clear values (Jaro-Winkler likeness, Damerau-Levenshtein distance) in
place of bit vectors and packed digits: what encoding costs is the difference.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import linkage_data as data
from benchmarks.link_1m import unfold
from benchmarks.link_plain import clusters_at
from linkage import encode, standardise, train
from linkage.clusters import resolve
from linkage.engines.blocks import read_blocks
from linkage.model import Model, read_model
from linkage.predict import DuckDBComparer, Ints
from linkage.run import link
from linkage.spine import ensure_spine

KEY = bytes(32)
PARTS_AT_ONCE = 12
THRESHOLDS = (0.3, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999)
LIKE = {"0.72": 0.92, "0.65": 0.9, "0.55": 0.85}
"""Jaro-Winkler likeness that stands for a Dice similarity of bit vectors."""

GROUPS = ("race_ethnicity", "sex", "language_group", "age_group")
SETS: dict[str, Callable[[Path, Any], None]] = {
    "anytown": data.anytown,
    "febrl4": data.febrl,
    "historical_50k": data.historical,
    "fake_1000": data.fake,
    "evergreen_20k": lambda place, _: data.evergreen(place, 20_000),
    "evergreen_20k_noise3": lambda place, _: data.evergreen(place, 20_000, noise=3.0, seed=7),
    "evergreen_1m": lambda place, _: data.evergreen(place, 787_000),
}
MADE = frozenset(name for name in SETS if name.startswith("evergreen"))
FULL = "evergreen_1m"
Figures = dict[str, Any]


def main() -> None:
    """Measure the sets named, or all; print one JSON object, and the table on standard error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*SETS, []], default=[])
    parser.add_argument("--full", action="store_true", help="a million records of the synthetic state too")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--cache", type=Path, help="directory in which made sets are kept")
    arguments = parser.parse_args()
    names = arguments.names or [name for name in SETS if name != FULL or arguments.full]
    with tempfile.TemporaryDirectory() as temporary:
        cache = arguments.cache or Path(temporary)
        figures = {name: of_set(name, cache / name, arguments.ways) for name in names}
    _show(figures)
    print(json.dumps(figures))


def of_set(name: str, place: Path, ways: Sequence[str]) -> Figures:
    """Make a set if it is not there yet, and measure it each way in a process of its own."""
    public = data.data_directory()
    if public is None and name not in MADE | {"anytown"}:
        return {"left_out": "COMMONWEAL_DATA names no directory of public data"}
    if not (place / "vault.duckdb").exists():
        place.mkdir(parents=True, exist_ok=True)
        apart(_make, name, place, public)
    return {way: apart(WAYS[way], place) for way in ways}


def _make(name: str, place: Path, public: Path | None) -> None:
    SETS[name](place, public)


def apart(work: Callable[..., Any], *arguments: object) -> Any:
    """Do a piece of work in a process of its own and return what it returns."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(work, arguments)


def ours(place: Path) -> Figures:
    """Link as `commonweal run` does, and score."""
    with data.opened(place) as connection:
        connection.execute("ATTACH ':memory:' AS warehouse").fetchall()
        start = time.perf_counter()
        link(connection, sources=sources_of(connection), run_key=KEY)
        seconds = time.perf_counter() - start
        connection.execute(
            """CREATE TEMP TABLE linked AS
                SELECT record_key AS key, person_key AS cluster FROM warehouse.spine.current"""
        ).fetchall()
        return score(connection) | gaps(connection) | {"seconds": round(seconds, 1)}


def in_clear(place: Path) -> Figures:
    """Link by the same model, training and clusters on clear values, and score."""
    with data.opened(place) as connection:
        connection.execute("ATTACH ':memory:' AS warehouse").fetchall()
        ensure_spine(connection)
        standardise.latest_values(connection, sources_of(connection))
        nodes = standardise.standardise(connection)
        encode.add_blocks(connection, "link_standard", "link_encoded")
        numbered = ", ".join(
            f"CASE WHEN block_{name} IS NOT NULL THEN (hash(block_{name}) >> 1)::BIGINT END AS block_{name}"
            for name in encode.BLOCKS
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE link_encoded AS SELECT * REPLACE ({numbered}) FROM link_encoded"
        ).fetchall()
        trained = train.train(connection, clear_model(read_model()), nodes)
        resolve(connection, trained, _Unsifted())
        connection.execute(
            "CREATE TEMP TABLE linked AS SELECT record_key AS key, cluster FROM link_cluster"
        ).fetchall()
        return score(connection)


class _Unsifted:
    """Compares every pair of the blocks: the sieve reads encodings, not values."""

    def comparer(self, connection: duckdb.DuckDBPyConnection, model: Model) -> DuckDBComparer:
        return _UnsiftedComparer(connection, model)


class _UnsiftedComparer(DuckDBComparer):
    def _sifted(self) -> Iterator[tuple[Ints, Ints]]:
        blocks = read_blocks(self._connection, "link_encoded", [f"block_{name}" for name in encode.BLOCKS])
        for part in range(0, len(blocks), PARTS_AT_ONCE):
            several = [blocks.pairs(i) for i in range(part, min(part + PARTS_AT_ONCE, len(blocks)))]
            yield np.concatenate([a for a, _ in several]), np.concatenate([b for _, b in several])


def plain(place: Path) -> Figures:
    """Score plain Splink at each threshold; return the best by the truth."""
    with data.opened(place) as connection:
        standardise.latest_values(connection, sources_of(connection))
        standardise.standardise(connection)
        unfold(connection)
        found = []
        for clusters in clusters_at(connection, THRESHOLDS):
            connection.execute(
                f"""CREATE OR REPLACE TEMP TABLE linked AS
                    SELECT p.node AS key, coalesce(c.cluster_id, -p.node) AS cluster
                    FROM plain p LEFT JOIN {clusters} c USING (node)"""
            ).fetchall()
            found.append(score(connection))
        return max(found, key=lambda figures: float(figures["f1"]))


WAYS: dict[str, Callable[[Path], Figures]] = {"ours": ours, "in_clear": in_clear, "plain": plain}


def clear_model(model: Model) -> Model:
    """Return the model with its comparisons on clear values."""

    def dice(match: re.Match[str]) -> str:
        return f"jaro_winkler_similarity({match[1]}_l, {match[1]}_r) >= {LIKE[match[2]]}"

    def clear(when: str) -> str:
        when = re.sub(r"dice\((\w+)\) >= ([0-9.]+)", dice, when)
        return re.sub(r"apart\((\w+)\)", r"damerau_levenshtein(\1_l, \1_r)", when)

    comparisons = tuple(
        replace(c, levels=tuple(replace(level, when=clear(level.when)) for level in c.levels))
        for c in model.comparisons
    )
    return replace(model, comparisons=comparisons)


def score(connection: duckdb.DuckDBPyConnection) -> Figures:
    """Return precision, recall and F1 over all pairs of records, of the table `linked` (key, cluster)."""
    hit, made, real = connection.execute(
        """WITH cell AS (
                SELECT person, cluster, count(*) AS n FROM linked JOIN vault.truth USING (key) GROUP BY ALL)
            SELECT (SELECT sum(n * (n - 1)) FROM cell),
                (SELECT sum(n * (n - 1)) FROM (SELECT sum(n) AS n FROM cell GROUP BY cluster)),
                (SELECT sum(n * (n - 1)) FROM (SELECT sum(n) AS n FROM cell GROUP BY person))"""
    ).fetchone() or (0, 1, 1)
    return {
        "f1": round(float(2 * hit / (made + real)), 4),
        "precision": round(float(hit / made), 4),
        "recall": round(float(hit / real), 4),
    }


def gaps(connection: duckdb.DuckDBPyConnection) -> Figures:
    """Return the largest difference between two groups' recall, where the truth tells groups.

    Groups of fewer than a thousand true pairs, as seen from their records, are too small to tell.
    """
    told = {row[0] for row in connection.execute("DESCRIBE vault.truth").fetchall()}
    found = {}
    for column in (name for name in GROUPS if name in told):
        rows = connection.execute(
            f"""WITH pair AS (
                    SELECT {column} AS grp, count(*) OVER (PARTITION BY person) - 1 AS real,
                        count(*) OVER (PARTITION BY person, cluster) - 1 AS hit
                    FROM linked JOIN vault.truth USING (key))
                SELECT sum(hit) / sum(real) FROM pair WHERE grp <> '' GROUP BY grp HAVING sum(real) >= 1000"""
        ).fetchall()
        shares = [float(row[0]) for row in rows]
        if len(shares) > 1:
            found[column] = round(max(shares) - min(shares), 4)
    return {"recall_gap": found} if found else {}


def sources_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute("SELECT DISTINCT source FROM vault.current_delivery ORDER BY ALL").fetchall()
    return [str(row[0]) for row in rows]


def _show(figures: dict[str, Figures]) -> None:
    table = Table("set", "F1", "precision", "recall", "in clear", "encoded − clear", "plain, best", "gap")
    for name, found in figures.items():
        if "left_out" in found:
            table.add_row(name, str(found["left_out"]))
            continue
        mine, clear, other = (found.get(way, {}) for way in WAYS)
        cost = f"{mine['f1'] - clear['f1']:+.4f}" if mine and clear else ""
        shown = [mine.get("f1"), mine.get("precision"), mine.get("recall"), clear.get("f1"), cost]
        shown += [other.get("f1"), max(mine.get("recall_gap", {"": ""}).values())]
        table.add_row(name, *("" if value is None else str(value) for value in shown))
    Console(file=sys.stderr).print(table)


if __name__ == "__main__":
    main()
