"""What a clerical review would have said, where the truth is known: it plays the reviewers.

Belongs here: linking a data set, drawing from it as `commonweal review draw` does, answering by
the truth, and setting the estimate beside the true figures; and what share of all pairs of
one person no sample can reach, because they were never compared or kept. Does not: the data
(linkage_data.py), or any default: what is measured on files of others changes nothing here.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from benchmarks import linkage_data as data
from linkage.review.draw import Plan, counted, draw
from linkage.review.estimate import counts_of, estimate
from linkage.run import link
from linkage.spine import ensure_spine

SETS = ("evergreen", "febrl4", "anytown", "historical_50k")
SIZES = (200, 400, 1_000)
SEEDS = 40
"""Samples of each size, each under a seed of its own."""


def main() -> None:
    """Measure the sets named; print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=["evergreen", "febrl4"], metavar=f"{{{','.join(SETS)}}}")
    parser.add_argument("--people", type=int, default=20_000, help="people of the synthetic state")
    given = parser.parse_args()
    found = {name: measured(name, given.people) for name in given.sets}
    print(json.dumps(found, indent=1))


def measured(name: str, people: int) -> dict[str, Any]:
    """Link one set and review it."""
    with tempfile.TemporaryDirectory() as scratch:
        place, known = Path(scratch), data.data_directory()
        if name == "evergreen":
            data.evergreen(place, people)
        else:
            assert known is not None, "COMMONWEAL_DATA names no directory"
            {"febrl4": data.febrl, "anytown": data.anytown, "historical_50k": data.historical}[name](
                place, known
            )
        with data.opened(place) as connection:
            connection.execute("ATTACH ':memory:' AS warehouse").fetchall()
            ensure_spine(connection)
            sources = [
                row[0] for row in connection.execute("SELECT DISTINCT source FROM vault.identity").fetchall()
            ]
            link(connection, sources=sources, run_key=bytes(32))
            connection.execute(
                """CREATE TEMP VIEW permitted_spine AS
                    SELECT record_key, person_key FROM warehouse.spine.current"""
            ).fetchall()
            return reviewed(connection)


def reviewed(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return the true figures, and for each size of sample how the estimates came out."""
    connection.execute(
        """CREATE TEMP TABLE member AS
            SELECT s.record_key, s.person_key, coalesce(t.person, 'record ' || s.record_key) AS person
            FROM warehouse.spine.current s LEFT JOIN vault.truth t ON t.key = s.record_key"""
    ).fetchall()
    pair = """FROM member x JOIN member y ON x.{by} = y.{by} AND x.record_key < y.record_key"""
    joined, right = one(
        connection,
        f"SELECT count(*), count(*) FILTER (WHERE x.person = y.person) {pair.format(by='person_key')}",
    )
    (true,) = one(connection, f"SELECT count(*) {pair.format(by='person')}")
    (kept,) = one(
        connection,
        """SELECT count(*) FROM warehouse.spine.pair p JOIN member x ON x.record_key = record_key_l
            JOIN member y ON y.record_key = record_key_r
            WHERE x.person = y.person AND x.person_key <> y.person_key""",
    )
    truth = {"precision": right / joined, "recall": right / true, "recall_compared": right / (right + kept)}
    return {
        "true": truth | {"never_compared": (true - right - kept) / true},
        "samples": {size: sampled(connection, size, truth) for size in SIZES},
    }


def sampled(connection: duckdb.DuckDBPyConnection, size: int, truth: dict[str, float]) -> dict[str, Any]:
    """Return coverage, mean width and mean error of the limits over many samples of one size."""
    rows, drawn, start = [], [], time.perf_counter()
    for seed in range(SEEDS):
        connection.execute("DROP SCHEMA IF EXISTS warehouse.review CASCADE").fetchall()
        drawn.append(draw(connection, Plan(1, 0.0, seed, size, 1, 1)))
        found = estimate(counts_of(counted(connection, 1, answers(connection))), 0.0)
        rows.append(
            [
                [float(x) for x in (part.value, part.low, part.high)] + [truth[name]]
                for name, part in (("precision", found.precision), ("recall_compared", found.recall))
            ]
        )
    value, low, high, true = np.moveaxis(np.array(rows), 2, 0)
    holds = ((low <= true + 1e-9) & (true - 1e-9 <= high)).mean(axis=0)
    told: dict[str, Any] = {
        "pairs_drawn": int(np.mean(drawn)),
        "seconds": (time.perf_counter() - start) / SEEDS,
    }
    for at, name in enumerate(("precision", "recall_compared")):
        told[name] = {
            "holds_the_truth": holds[at],
            "mean": value[:, at].mean(),
            "mean_low": low[:, at].mean(),
            "mean_high": high[:, at].mean(),
        }
    print(size, told, file=sys.stderr)
    return told


def answers(connection: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """Return what people who know the truth would say of every review."""
    rows = connection.execute(
        """SELECT review, CASE WHEN x.person = y.person THEN 'same' ELSE 'different' END
            FROM warehouse.review.item JOIN member x ON x.record_key = record_key_l
            JOIN member y ON y.record_key = record_key_r"""
    ).fetchall()
    return {int(number): str(said) for number, said in rows}


def one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[float, ...]:
    """Return the one row of a query, in numbers."""
    row = connection.execute(sql).fetchone()
    assert row is not None
    return tuple(float(value) for value in row)


if __name__ == "__main__":
    main()
