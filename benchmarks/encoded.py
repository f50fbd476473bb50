"""Link with one source encoded at home after another; print cluster F1 beside that of all in clear.

Belongs here: encoding a source of a vault as its agency would, and the score. Does not: the data
(linkage_data.py), or the way of files (tests/integration/test_encoded_delivery.py).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.linkage_data import data_directory, evergreen, febrl, opened
from linkage.agency.batches import encode_records
from linkage.run import link

KEY = hashlib.sha256(b"agreed between the agencies of the benchmark").digest()


def f1_with(place: Path, encoded: Sequence[str]) -> tuple[float, float, float]:
    """Return cluster precision, recall and F1 with these sources encoded at home.

    Args:
        place: Directory with `vault.duckdb` and its truth.
        encoded: Names of sources; the others are in clear.
    """
    spine = place / "spine.duckdb"
    spine.unlink(missing_ok=True)
    with opened(place) as connection:
        connection.execute(f"ATTACH '{spine}' AS warehouse").fetchall()
        if encoded:
            _encode(connection, encoded)
        link(connection, sources=sources_of(connection), run_key=bytes(32), agency_key=KEY)
        return _score(connection)


def sources_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the sources of the vault."""
    found = connection.execute("SELECT DISTINCT source FROM vault.identity ORDER BY source").fetchall()
    return [str(source) for (source,) in found]


def _encode(connection: duckdb.DuckDBPyConnection, encoded: Sequence[str]) -> None:
    """Make `permitted_encoding` of some sources and leave only the others in clear."""
    made = "CREATE TEMP TABLE permitted_encoding AS"
    for source in encoded:
        encode_records(connection, [source], KEY)
        connection.execute(
            f"{made} SELECT record_key, '{source}' AS source, 'd' AS delivery_id, 'all' AS period, "
            "agency_rows.* EXCLUDE (record_key) FROM agency_rows"
        ).fetchall()
        made = "INSERT INTO permitted_encoding"
    connection.execute("DROP TABLE agency_rows").fetchall()
    named = ", ".join(f"'{source}'" for source in encoded)
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW permitted_identity AS "
        f"FROM vault.current_identity WHERE source NOT IN ({named})"
    ).fetchall()


def _score(connection: duckdb.DuckDBPyConnection) -> tuple[float, float, float]:
    hit, made, real = connection.execute(
        """WITH cell AS (
                SELECT person, person_key, count(*) AS n FROM warehouse.spine.current
                JOIN vault.truth ON key = record_key GROUP BY ALL)
            SELECT (SELECT sum(n * (n - 1)) FROM cell),
                (SELECT sum(n * (n - 1)) FROM (SELECT sum(n) AS n FROM cell GROUP BY person_key)),
                (SELECT sum(n * (n - 1)) FROM (SELECT sum(n) AS n FROM cell GROUP BY person))"""
    ).fetchone() or (0, 1, 1)
    return hit / made, hit / real, 2 * hit / (made + real)


def main() -> None:
    """Measure Evergreen, and FEBRL 4 where the public data are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=3_000)
    arguments = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as directory:
        made = {"Evergreen": Path(directory) / "evergreen"}
        made["Evergreen"].mkdir()
        evergreen(made["Evergreen"], arguments.people)
        if (data := data_directory()) is not None:
            made["FEBRL 4"] = Path(directory) / "febrl"
            made["FEBRL 4"].mkdir()
            febrl(made["FEBRL 4"], data)
        for name, place in made.items():
            with opened(place) as connection:
                sources = sources_of(connection)
            for encoded in ((), *((source,) for source in sources), sources):
                told = "none" if not encoded else "all" if len(encoded) > 1 else encoded[0]
                figures[f"{name}, at home: {told}"] = [round(x, 4) for x in f1_with(place, encoded)]
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
