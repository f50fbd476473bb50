"""The invented town's files, made by its simulator in an environment of its own.

Belongs here: that environment, from its own lock file, and making the files once by factor of
noise and seed. Does not: what the simulator is told (noise_files.py, which it runs), linking.

`python -m benchmarks.simulated` makes those at the usual noise. They are kept in the user's
cache directory.
"""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "simulator.txt"
UV = Path(sys.executable).with_name("uv")
USUAL, SEED = 1.0, 0


def default_cache() -> Path:
    """Return the user's cache directory for data that are made once."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "commonweal-benchmarks"


def town(cache: Path, factor: float = USUAL, seed: int = SEED) -> Path:
    """Return the directory of the town's files, made if they are not there: `extracts`, `truth.csv`.

    Args:
        cache: Where files and environment are kept.
        factor: Every probability of an error is its default times this.
        seed: The simulator's.

    Raises:
        CalledProcessError: The environment could not be made, or the simulator failed.
    """
    place = standing(cache, factor, seed)
    if (place / "truth.csv").exists():
        return place
    words = [str(Path(__file__).with_name("noise_files.py")), str(place), f"{factor:g}", str(seed)]
    subprocess.run([str(_python(cache)), *words], check=True, stdout=sys.stderr, stderr=subprocess.DEVNULL)
    part = place / "truth.part"
    with part.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("source", "record_id", "person_id"))
        for path in sorted((place / "truth").glob("*.csv")):
            with path.open(newline="", encoding="utf-8") as told:
                rows.writerows([r["source"], r["record_id"], r["person_id"]] for r in csv.DictReader(told))
    part.rename(place / "truth.csv")
    return place


def standing(cache: Path, factor: float = USUAL, seed: int = SEED) -> Path:
    """Return the directory where the files are, or would be."""
    return cache / f"anytown-noise-{factor:g}-{seed}"


def _python(cache: Path) -> Path:
    """Return the Python of the simulator's environment; made on first use."""
    environment = cache / f"simulator-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    if not environment.exists():
        part = environment.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        subprocess.run([str(UV), "venv", "--quiet", "--relocatable", str(part)], check=True)
        install = [str(UV), "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK)]
        subprocess.run([*install, "--python", str(part / "bin" / "python")], check=True)
        part.rename(environment)
    return environment / "bin" / "python"


if __name__ == "__main__":
    sys.stdout.write(f"{town(default_cache())}\n")
