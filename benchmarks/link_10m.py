"""Time linkage of ten million records, and how much more a record costs than among a million.

Belongs here: what is timed at both sizes, and the figures. Does not: the records
(link_people.py), or the comparison with a plain script (link_1m.py). Both sizes run one after
the other, each in a process of its own, from reading the vault to the published spine; peak
memory is of the process that links, DuckDB's included. Prints a JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.link_1m import apart, make, ours

MEMORY = "12GB"
"""DuckDB's part; the arrays of linkage come on top."""


def main() -> None:
    """Make the records of both sizes, link both, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--fewer", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        timed = {}
        for records in (arguments.fewer, arguments.records):
            place = Path(directory) / str(records)
            place.mkdir()
            apart(make, place, records, arguments.seed)
            timed[records] = apart(ours, place, MEMORY)
    few, many = (timed[records] for records in (arguments.fewer, arguments.records))
    ratio = (many["seconds"] / arguments.records) / (few["seconds"] / arguments.fewer)
    print(
        json.dumps(
            {
                "records": arguments.records,
                "minutes": round(many["seconds"] / 60, 1),
                "peak_gib": round(many["peak_gib"], 2),
                "f1": round(many["f1"], 4),
                "fewer_records": arguments.fewer,
                "fewer_seconds": round(few["seconds"], 1),
                "fewer_peak_gib": round(few["peak_gib"], 2),
                "per_record_ratio": round(ratio, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
