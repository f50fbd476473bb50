"""Time an increment of one per cent against linking everything again; print a JSON object.

Belongs here: what is timed, and the score of both. Does not: the records (link_people.py).
One process, one file: all but one per cent of the records are linked in full, the rest come with
a second delivery and are linked as an increment, then everything is linked in full once more.
Each is timed from reading the vault to the published spine, what is kept for the next increment
included; by the clock, and by the processor's time, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from benchmarks.link_people import SOURCES, fill_vault
from linkage.increment.chance import Wish
from linkage.run import LinkOutcome, link


def main() -> None:
    """Make the records, link them three times, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--per-mille", type=int, default=10, help="records that come with the increment")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, _open(Path(directory)) as connection:
        _deliver(connection, arguments.records, arguments.per_mille, arguments.seed)
        first, _ = _link(connection)
        connection.execute(
            """INSERT INTO vault.current_delivery SELECT DISTINCT delivery_id, source, period
                FROM vault.identity WHERE period = 'later'"""
        ).fetchall()
        increment, processor = _link(connection)
        f1, groups = _f1(connection), _groups(connection, "increment")
        full, full_processor = _link(connection, full=True)
        full_f1 = _f1(connection)
        _groups(connection, "relinked")
        shared = connection.execute(
            "SELECT count(*) FROM increment SEMI JOIN relinked USING (said)"
        ).fetchone()
    print(
        json.dumps(
            {
                "records": full.records,
                "came": full.records - first.records,
                "mode": increment.mode,
                "first_seconds": round(first.seconds, 2),
                "seconds": round(increment.seconds, 2),
                "full_seconds": round(full.seconds, 2),
                "ratio": round(increment.seconds / full.seconds, 4),
                "processor_seconds": round(processor, 2),
                "full_processor_seconds": round(full_processor, 2),
                "processor_ratio": round(processor / full_processor, 4),
                "f1": round(f1, 5),
                "full_f1": round(full_f1, 5),
                "f1_difference": round(f1 - full_f1, 5),
                "same_persons": round((shared or (0,))[0] / groups, 5),
            }
        )
    )


def _open(place: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={"threads": 2, "memory_limit": "6GB", "temp_directory": str(place / "spill")}
    )
    connection.execute("SET enable_progress_bar = false").fetchall()
    for name in ("vault", "warehouse"):
        connection.execute(f"ATTACH '{place / name}.duckdb' AS {name}").fetchall()
    return connection


def _deliver(connection: duckdb.DuckDBPyConnection, records: int, per_mille: int, seed: int) -> None:
    fill_vault(connection, records, seed)
    connection.execute(
        f"""UPDATE vault.identity SET delivery_id = source || '-later', period = 'later'
            WHERE hash(record_key) % 1000 < {per_mille}"""
    ).fetchall()
    connection.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()


def _link(connection: duckdb.DuckDBPyConnection, *, full: bool = False) -> tuple[LinkOutcome, float]:
    """Link; return what came of it, and the processor's seconds."""
    start, before = time.perf_counter(), time.process_time()
    outcome = link(
        connection,
        sources=SOURCES,
        run_key=bytes(32),
        wish=Wish(full=full),
        progress=lambda step: print(f"{time.perf_counter() - start:6.1f} s  {step}", file=sys.stderr),
    )
    return outcome, time.process_time() - before


def _f1(connection: duckdb.DuckDBPyConnection) -> float:
    """Return the F1 of all pairs of records of one person."""
    hit, made, real = connection.execute(
        """WITH cell AS (
                SELECT person, person_key, count(*) AS n FROM warehouse.spine.current
                JOIN truth ON key = record_key GROUP BY ALL)
            SELECT (SELECT sum(n * (n - 1)) FROM cell),
                (SELECT sum(n * (n - 1)) FROM (SELECT sum(n) AS n FROM cell GROUP BY person_key)),
                (SELECT sum(n * (n - 1)) FROM (SELECT sum(n) AS n FROM cell GROUP BY person))"""
    ).fetchone() or (0, 1, 1)
    return float(2 * hit / (made + real))


def _groups(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Make a table of one hash a person, of the records it has; return how many persons there are."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {table} AS
            SELECT hash(list(record_key ORDER BY record_key)) AS said
            FROM warehouse.spine.current GROUP BY person_key"""
    ).fetchall()
    found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found[0]) if found else 0


if __name__ == "__main__":
    main()
