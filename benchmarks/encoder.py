"""Time our encoders against clkhash on the same fields; print a JSON object.

Belongs here: what is timed, and clkhash in an environment of its own (it needs an old
cryptography). Does not: how well records link, or how well encodings resist (attacks.py).

clkhash makes one record-level Bloom filter of 1,024 bits over all fields with a keyed hash a
pair of letters (BLAKE2 or double HMAC, as its schema says). Ours makes, for a run, a token for
every field and vectors for names, and for an agency every row of a record's blocks, eight with these
fields. All start from standardised values in memory and end with encodings in memory: reading,
standardising and writing are not counted, and a record counts as its six fields, although an
agency's rows also hold their sounds, year and last digits. clkhash runs in one process, ours in
two threads. Each figure is the median of the rounds. With
`--encode 100000 1000000` the whole command is run on files of so many rows, for its memory.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from linkage.agency.encoder import AgencyEncoder
from linkage.vectors import letter_vectors, packed_digits
from privacy.agency_parameters import FIELDS, VERSION
from privacy.agreed_keys import PartyKey, write_key
from privacy.encodings import Encoder, distinct

CONTRACT = Path(__file__).resolve().parents[1] / "examples" / "anytown" / "contracts" / "census.yaml"
TIMED = ("given", "surname", "birth", "sex", "ssn", "zip")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "commonweal" / "clkhash"
CLKHASH = """
import csv, json, sys, time
from clkhash import clk
from clkhash.field_formats import FieldHashingProperties, StringSpec
from clkhash.schema import Schema
from clkhash.comparators import NgramComparison
from clkhash.field_formats import BitsPerTokenStrategy
names = json.loads(sys.argv[2])
fields = [
    StringSpec(name, FieldHashingProperties(
        comparator=NgramComparison(n=2), strategy=BitsPerTokenStrategy(10)), min_length=0)
    for name in names
]
schema = Schema(fields, 1024)
rows = list(csv.reader(open(sys.argv[1])))
seconds = []
for _ in range(int(sys.argv[3])):
    start = time.perf_counter()
    clk.generate_clks(rows, schema, b"secret", validate=False, max_workers=1)
    seconds.append(time.perf_counter() - start)
print(json.dumps(seconds))
"""


def people(count: int, seed: int) -> pa.Table:
    """Return standardised records of invented people: names by rank, as rare as surnames are."""
    random = np.random.default_rng(seed)
    letters = np.array(list("AEIOURNTLSDMCHKPGBYVWZFJQX"))
    lengths = random.integers(3, 10, 20_000)
    names = ["".join(random.choice(letters, n, p=_falling(len(letters)))) for n in lengths]
    given, surname = (_drawn(random, names[:k], count) for k in (2_000, 20_000))
    day = random.integers(0, 28, count) + 1
    birth = [
        f"{y}{m:02}{d:02}"
        for y, m, d in zip(
            random.integers(1930, 2020, count), random.integers(1, 13, count), day, strict=True
        )
    ]
    data = {
        "given": given, "surname": surname, "birth": birth, "sex": random.choice(["F", "M"], count).tolist(),
        "ssn": [f"{n:09}" for n in random.integers(10**8, 9 * 10**8, count)],
        "zip": [f"{n:05}" for n in random.integers(98000, 98600, count)],
    }  # fmt: skip
    data |= {
        "given_phonetic": [name[:4] for name in given], "surname_phonetic": [name[:4] for name in surname],
        "birth_year": [b[:4] for b in birth],
        "day_month": [min(b[4:6], b[6:]) + max(b[4:6], b[6:]) for b in birth],
        "ssn_last": [s[-4:] for s in data["ssn"]],
    }  # fmt: skip
    columns = {
        name: pa.chunked_array([pa.array(data.get(name, [None] * count), pa.string())]) for name in FIELDS
    }
    return pa.table({"node": pa.array(np.arange(count)), **columns})


def _falling(count: int) -> np.ndarray:
    shares = 1 / np.arange(1, count + 1)
    return shares / shares.sum()


def _drawn(random: np.random.Generator, names: list[str], count: int) -> list[str]:
    return [names[i] for i in random.choice(len(names), count, p=_falling(len(names)))]


def run_encodings(table: pa.Table) -> None:
    """Make what a run makes of the fields: tokens, vectors of names, digits of numbers."""
    encoder = Encoder(bytes(32))
    for name in TIMED:
        column = distinct(table[name])
        encoder.token(name, column)
        if name in ("given", "surname"):
            letter_vectors(encoder, name, column)
        if name in ("birth", "ssn"):
            packed_digits(encoder, name, column)


def agency_encodings(table: pa.Table) -> None:
    """Make what an agency makes of them."""
    AgencyEncoder(bytes(32)).encode(table)


def seconds_of(work: Callable[[pa.Table], None], table: pa.Table, rounds: int) -> float:
    """Return the median time of doing something."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work(table)
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def clkhash_seconds(table: pa.Table, rounds: int) -> float | None:
    """Return clkhash's median time for the records, None if it cannot be installed here."""
    python = CACHE / "bin" / "python"
    if not python.exists():
        made = subprocess.run([sys.executable, "-m", "venv", str(CACHE)], stdout=sys.stderr, check=False)
        got = subprocess.run(
            [str(python), "-m", "pip", "install", "-q", "clkhash"], stdout=sys.stderr, check=False
        )
        if made.returncode or got.returncode:
            return None
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "people.csv"
        with path.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows(zip(*(table[name].to_pylist() for name in TIMED), strict=True))
        done = subprocess.run(
            [str(python), "-c", CLKHASH, str(path), json.dumps(TIMED), str(rounds)],
            stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    return statistics.median(json.loads(done.stdout)) if done.returncode == 0 else None


def encode_at_home(rows: int, memory: str, directory: Path) -> dict[str, float]:
    """Run `commonweal encode` on so many rows of a census; return its times in seconds and its most memory.

    Memory is the largest resident set of the process, as the kernel counted it.
    """
    key = PartyKey.new("benchmark", "census", first=True)
    write_key(directory / "census.key", key, new=True)
    terms = f"{{agreement: benchmark, key: '{key.linkage_fingerprint}', parameters: {VERSION}}}"
    cadence = "  - {property: cadence, value: once}\n"
    text = CONTRACT.read_text(encoding="utf-8")
    said = text.replace(cadence, f"{cadence}  - {{property: encoding, value: {terms}}}\n")
    (directory / "census.yaml").write_text(said, encoding="utf-8")
    _write_census(people(rows, 1), directory / "census_2020.csv")
    arguments = [
        "encode", "--contract", f"{directory}/census.yaml", "--key", f"{directory}/census.key",
        "--in", f"{directory}/census_2020.csv", "--out", f"{directory}/send", "--memory", memory,
    ]  # fmt: skip
    start = time.perf_counter()
    program = Path(sys.executable).with_name("commonweal")
    process = subprocess.Popen([program, *arguments], stdout=sys.stderr)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit("commonweal encode failed")
    return {
        "seconds": round(time.perf_counter() - start, 1),
        "of a processor": round(used.ru_utime + used.ru_stime, 1),
        "most memory, MB": round(used.ru_maxrss / 1024),
    }


def _write_census(table: pa.Table, path: Path) -> None:
    with duckdb.connect() as connection:
        connection.register("people", table)
        connection.execute(
            f"""COPY (
                SELECT 'c' || node AS record_id, given AS first_name, NULL AS middle_initial,
                    surname AS last_name, 2020 - birth_year::INTEGER AS age,
                    birth[5:6] || '/' || birth[7:8] || '/' || birth[1:4] AS date_of_birth,
                    node // 3 % 9000 + 1 AS street_number, surname_phonetic || ' st' AS street_name,
                    NULL AS unit_number, 'Anytown' AS city, 'WA' AS state, zip AS zipcode,
                    'Household' AS housing_type, 'Other relative' AS relationship_to_reference_person,
                    if(sex = 'F', 'Female', 'Male') AS sex, 'White' AS race_ethnicity, 2020 AS year
                FROM people) TO '{path}'"""
        ).fetchall()


def main() -> None:
    """Time all three and print values a second and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--clkhash-records", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--encode", type=int, nargs="*", default=[], metavar="ROWS")
    parser.add_argument("--memory", default="500MB")
    arguments = parser.parse_args()
    at_home = {}
    for rows in arguments.encode:
        with tempfile.TemporaryDirectory() as directory:
            at_home[rows] = encode_at_home(rows, arguments.memory, Path(directory))
    table = people(arguments.records, 1)
    values = arguments.records * len(TIMED)
    ours, agency = (
        values / seconds_of(work, table, arguments.rounds) for work in (run_encodings, agency_encodings)
    )
    plain = clkhash_seconds(table.slice(0, arguments.clkhash_records), arguments.rounds)
    theirs = None if plain is None else arguments.clkhash_records * len(TIMED) / plain
    print(
        json.dumps(
            {
                "values a second, for a run": round(ours),
                "values a second, at an agency": round(agency),
                "clkhash, values a second": theirs and round(theirs),
                "run ÷ clkhash": theirs and round(ours / theirs, 1),
                "agency ÷ clkhash": theirs and round(agency / theirs, 1),
                f"commonweal encode --memory {arguments.memory}, by rows": at_home,
            }
        )
    )


if __name__ == "__main__":
    main()
