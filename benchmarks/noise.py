"""Linkage of the invented town with five times the simulator's usual noise; print a JSON object.

Belongs here: measuring ours, ours in clear and plain Splink on such files. Does not: making
the files (simulated.py), ways of linking or scoring (accuracy.py).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.accuracy import WAYS, apart
from benchmarks.linkage_data import ANYTOWN, from_deliveries
from benchmarks.simulated import default_cache, town

FACTOR, SEED = 5.0, 77


def main() -> None:
    """Make the files if they are not there, link them in each way, print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--factor", type=float, default=FACTOR)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    arguments = parser.parse_args()
    place = town(arguments.cache, arguments.factor, arguments.seed)
    if not (place / "vault.duckdb").exists():
        apart(from_deliveries, place, ANYTOWN, place / "extracts", place / "truth.csv")
    print(json.dumps({"noise": arguments.factor} | {way: apart(WAYS[way], place) for way in arguments.ways}))


if __name__ == "__main__":
    main()
