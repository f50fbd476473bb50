"""Linkage of the invented town with five times the simulator's usual noise; print a JSON object.

Belongs here: an environment of its own for pseudopeople, making the town's files in it once
(noise_files.py), and measuring ours, ours in clear and plain Splink on them. Does not: ways
of linking or scoring (accuracy.py).

Files and environment are kept in a cache directory, by factor and seed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

from benchmarks.accuracy import WAYS, apart
from benchmarks.linkage_data import ANYTOWN, from_deliveries

PACKAGE = "pseudopeople==1.3.1"
FACTOR, SEED = 5.0, 77
UV = Path(sys.executable).with_name("uv")


def main() -> None:
    """Make the files if they are not there, link them in each way, print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--factor", type=float, default=FACTOR)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    arguments = parser.parse_args()
    place = arguments.cache / f"anytown-noise-{arguments.factor:g}-{arguments.seed}"
    if not (place / "vault.duckdb").exists():
        make(arguments.cache, place, arguments.factor, arguments.seed)
    print(json.dumps({"noise": arguments.factor} | {way: apart(WAYS[way], place) for way in arguments.ways}))


def default_cache() -> Path:
    """Return the user's cache directory for benchmarks."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "commonweal-benchmarks"


def make(cache: Path, place: Path, factor: float, seed: int) -> None:
    """Make the files and the vault of one factor and seed."""
    place.mkdir(parents=True, exist_ok=True)
    words = [str(Path(__file__).with_name("noise_files.py")), str(place), f"{factor:g}", str(seed)]
    subprocess.run([str(simulator(cache)), *words], check=True, stdout=sys.stderr)
    truth = pd.concat(
        [pd.read_csv(path, dtype=str) for path in sorted((place / "truth").glob("*.csv"))], ignore_index=True
    )
    truth.to_csv(place / "truth.csv", index=False)
    apart(from_deliveries, place, ANYTOWN, place / "extracts", place / "truth.csv")


def simulator(cache: Path) -> Path:
    """Return the Python of an environment that has the simulator; made on first use."""
    environment = cache / PACKAGE.replace("==", "-")
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([str(UV), "venv", "--quiet", str(environment)], check=True)
        subprocess.run([str(UV), "pip", "install", "--quiet", "--python", str(python), PACKAGE], check=True)
    return python


if __name__ == "__main__":
    main()
