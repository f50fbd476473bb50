"""Time linkage of a million records against a plain Splink script; print a JSON object.

Belongs here: what is timed, and the score of both. Does not: the records (link_people.py)
or the plain script (link_plain.py). Ours is timed from reading the vault to the published
spine; the plain script from a standardised table with its blocking keys to clusters. Each
runs in a process of its own on the same file.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from benchmarks.link_people import SOURCES, fill_vault
from benchmarks.link_plain import link_plainly
from linkage import encode, standardise
from linkage.run import link

KEY = bytes(32)
Figures = dict[str, float]


def main() -> None:
    """Make the records, time both, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1, help="how often each is timed; medians are printed")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        apart(make, place, arguments.records, arguments.seed)
        timed = [(apart(ours, place), apart(_plain, place)) for _ in range(arguments.rounds)]
    mine, plain = (_median([pair[i] for pair in timed]) for i in (0, 1))
    print(
        json.dumps(
            {
                "records": arguments.records,
                "seconds": round(mine["seconds"], 1),
                "plain_seconds": round(plain["seconds"], 1),
                "ratio": round(mine["seconds"] / plain["seconds"], 2),
                "f1": round(mine["f1"], 4),
                "plain_f1": round(plain["f1"], 4),
                "peak_gib": round(mine["peak_gib"], 2),
                "plain_peak_gib": round(plain["peak_gib"], 2),
            }
        )
    )


def _median(figures: list[Figures]) -> Figures:
    return {name: statistics.median(one[name] for one in figures) for name in figures[0]}


def apart(work: Callable[..., Figures], *arguments: object) -> Figures:
    """Do a piece of work in a fresh process and return its figures."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def _open(place: Path, vault: str, memory: str = "6GB") -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={
            "threads": 2,
            "memory_limit": memory,
            "temp_directory": str(place / "spill"),
        }
    )
    connection.execute("SET enable_progress_bar = false").fetchall()
    connection.execute(f"ATTACH '{place / 'vault.duckdb'}' AS vault {vault}").fetchall()
    return connection


def make(place: Path, records: int, seed: int) -> Figures:
    """Make a vault of so many records in a directory, and its truth beside it."""
    connection = _open(place, "")
    fill_vault(connection, records, seed)
    connection.execute(f"COPY truth TO '{place / 'truth.parquet'}'").fetchall()
    connection.close()
    return {}


def ours(place: Path, memory: str = "6GB") -> Figures:
    """Link the vault in a directory with so much memory for DuckDB; return the figures."""
    connection = _open(place, "(READ_ONLY)", memory)
    spine = place / "warehouse.duckdb"
    spine.unlink(missing_ok=True)
    connection.execute(f"ATTACH '{spine}' AS warehouse").fetchall()
    connection.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()
    start = time.perf_counter()
    link(
        connection,
        sources=SOURCES,
        run_key=KEY,
        progress=lambda step: print(f"{time.perf_counter() - start:6.1f} s  {step}", file=sys.stderr),
    )
    seconds = time.perf_counter() - start
    linked = "SELECT record_key AS key, person_key AS cluster FROM warehouse.spine.current"
    return _figures(connection, place, linked, seconds)


def _plain(place: Path) -> Figures:
    connection = _open(place, "(READ_ONLY)")
    connection.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()
    standardise.latest_values(connection, SOURCES)
    standardise.standardise(connection)
    unfold(connection)
    start = time.perf_counter()
    clusters = link_plainly(connection)
    seconds = time.perf_counter() - start
    print(f"{seconds:6.1f} s  plain", file=sys.stderr)
    return _figures(connection, place, f"SELECT node AS key, cluster_id AS cluster FROM {clusters}", seconds)


def unfold(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `plain`: standardised values of every record, with blocking keys made of clear values."""
    fields = ", ".join(f"s.{field}" for field in standardise.FIELDS)
    connection.execute(
        f"""CREATE TEMP VIEW plain_records AS SELECT r.record_key AS node, {fields}
            FROM link_record r JOIN link_standard s USING (node)"""
    ).fetchall()
    encode.add_blocks(connection, "plain_records", "plain")
    connection.execute("DROP VIEW plain_records").fetchall()
    standardise.drop(connection)


def _figures(connection: duckdb.DuckDBPyConnection, place: Path, linked: str, seconds: float) -> Figures:
    """Return seconds, cluster F1 over all pairs, and the process's peak memory."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    hit, made, real = connection.execute(
        f"""WITH cell AS (
                SELECT person, cluster, count(*) AS n FROM ({linked})
                JOIN '{place / "truth.parquet"}' USING (key) GROUP BY ALL)
            SELECT (SELECT sum(n * (n - 1)) FROM cell),
                (SELECT sum(n * (n - 1)) FROM (SELECT sum(n) AS n FROM cell GROUP BY cluster)),
                (SELECT sum(n * (n - 1)) FROM (SELECT sum(n) AS n FROM cell GROUP BY person))"""
    ).fetchone() or (0, 1, 1)
    return {"seconds": seconds, "f1": 2 * hit / (made + real), "peak_gib": peak}


if __name__ == "__main__":
    main()
