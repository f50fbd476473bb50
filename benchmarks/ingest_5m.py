"""Ingest of 5 M rows ÷ DuckDB's own COPY of the same file into an encrypted database.

Belongs here: the file, both ways to read it, and the ratio. Does not: how either
works. The file is a month of Medicaid eligibility as its contract has it, and a
small file of claims beside it; ingest reads, checks, splits and writes it.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.ingest import discover, ingest_pending, register
from warehouse.opener import Store

ROWS = 5_000_000
ROUNDS = 3
ROOT = Path(__file__).resolve().parents[1]
SOURCE = "hca_medicaid"
PERIOD = "2023-01"

VALUES = {
    "msis_id": "lpad(i::VARCHAR, 10, '0')",
    "ssn": "lpad((100000000 + hash(i) % 500000000)::VARCHAR, 9, '0')",
    "given_name": "chr((65 + i % 26)::INT) || chr((97 + (i // 26) % 26)::INT) || 'lian'",
    "middle_initial": "chr((65 + i % 26)::INT)",
    "surname": "chr((65 + (i // 7) % 26)::INT) || chr((97 + (i // 182) % 26)::INT) || 'worth'",
    "date_of_birth": "strftime(DATE '1940-01-01' + (i % 28000)::INT, '%Y%m%d')",
    "sex": "CASE i % 2 WHEN 0 THEN 'F' ELSE 'M' END",
    "street_number": "(i % 9999)::VARCHAR",
    "street": "'Alder Street'",
    "zip": "'99' || lpad((i % 300)::VARCHAR, 3, '0')",
    "coverage_month": "'202301'",
    "claim_id": "lpad(i::VARCHAR, 12, '0')",
    "service_date": "'20230115'",
    "paid_amount": "'12.50'",
}


def write_files(hub: Hub, landing: Path) -> Path:
    """Write both files of the delivery from the contract's columns; return the large one."""
    contract = hub.contracts[SOURCE]
    with hub.opener.session() as session:
        for table, name, rows in (("claim", "CLAIMS", 5), ("eligibility", "ELIG", ROWS)):
            columns = []
            for column in contract.by_name[table].columns:
                value = VALUES.get(column.name)
                if value is None:
                    value = f"'{next(iter(column.codes))}'" if column.codes else "''"
                columns.append(f"{value} AS {column.physical_name}")
            path = landing / f"MEDICAID_{name}_{PERIOD}.psv"
            session.execute(
                f"COPY (SELECT {', '.join(columns)} FROM range({rows}) r(i)) TO '{path}' "
                "(FORMAT csv, HEADER, DELIMITER '|', QUOTE '')"
            )
    return path


def copy_seconds(hub: Hub, path: Path) -> float:
    """Seconds DuckDB takes to copy the file into an encrypted database."""
    store = Store.staging("copy")
    start = time.perf_counter()
    with hub.opener.session(write=[store]) as session:
        session.execute(
            f"CREATE TABLE staging.eligibility AS SELECT * FROM read_csv('{path}', delim = '|', "
            "header = true, quote = '', all_varchar = true)"
        )
    seconds = time.perf_counter() - start
    hub.opener.destroy(store)
    return seconds


def ingest_seconds(config: Path, home: Path, landing: Path) -> float:
    """Seconds ingest takes in a new home."""
    deployment = Deployment.load(config, home)
    Hub.init(deployment)
    with Hub.open(deployment) as hub:
        start = time.perf_counter()
        register(hub, discover(hub, landing))
        (step,) = ingest_pending(hub, SOURCE)
        seconds = time.perf_counter() - start
    assert step.status == "done", step
    assert step.rows_out == ROWS + 5, step
    return seconds


def main() -> None:
    """Measure both in turn and print the medians and their ratio."""
    config = ROOT / "commonweal.toml"
    ingests, copies = [], []
    with tempfile.TemporaryDirectory() as place:
        landing = Path(place) / "landing"
        landing.mkdir()
        deployment = Deployment.load(config, Path(place) / "home")
        Hub.init(deployment)
        with Hub.open(deployment) as hub:
            path = write_files(hub, landing)
            for i in range(ROUNDS):
                copies.append(copy_seconds(hub, path))
                ingests.append(ingest_seconds(config, Path(place) / f"home{i}", landing))
                print(f"copy {copies[-1]:.1f} s, ingest {ingests[-1]:.1f} s", file=sys.stderr)
    ingest, copy = statistics.median(ingests), statistics.median(copies)
    figures = {
        "rows": ROWS,
        "ingest_s": round(ingest, 1),
        "copy_s": round(copy, 1),
        "ratio": round(ingest / copy, 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
