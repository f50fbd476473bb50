"""A second run with nothing new, on a state of 1 M people, imports included.

Belongs here: the two runs and the time of the second. Does not: the run itself.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PEOPLE = 1_000_000
MONTHS = 3
ROUNDS = 3
ROOT = Path(__file__).resolve().parents[1]
COMMONWEAL = Path(sys.executable).with_name("commonweal")


def call(*words: str) -> float:
    """Seconds a command takes, from the start of Python to its end."""
    start = time.perf_counter()
    subprocess.run([str(COMMONWEAL), *words], check=True, stdout=sys.stderr)
    return time.perf_counter() - start


def main() -> None:
    """Make the state, run it, run it again, and print the seconds."""
    with tempfile.TemporaryDirectory() as place:
        size = ("--people", str(PEOPLE), "--months", str(MONTHS), "--seed", "1")
        synth = call("synth", *size, "--out", f"{place}/state")
        run = (
            *("--config", str(ROOT / "commonweal.toml"), "--home", f"{place}/home"),
            *("run", "--landing", f"{place}/state/landing"),
        )
        first = call(*run)
        again = statistics.median(call(*run) for _ in range(ROUNDS))
    print(json.dumps({"synth_s": round(synth, 1), "first_s": round(first, 1), "again_s": round(again, 1)}))


if __name__ == "__main__":
    main()
