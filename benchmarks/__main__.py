"""Run every benchmark in a process of its own and print its figures beside the goals.

Belongs here: the list of benchmarks. Does not: how one measures.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys

from rich.console import Console
from rich.table import Table

BENCHMARKS = {
    "link": ("benchmarks.link_1m", "link 1 M encoded ÷ plain Splink in clear", "≤ 1.5, F1 higher, < 8 GiB"),
    "increment": (
        "benchmarks.increment",
        "increment of 1 % ÷ full link, 1 M records; difference of F1",
        "≤ 0.05; ≤ 0.001",
    ),
    "link10": (
        "benchmarks.link_10m",
        "link 10 M encoded; a record's time beside that among 1 M",
        "≤ 20 min, ≤ 20 GiB, ≤ 1.3",
    ),
    "accuracy": (
        "benchmarks.accuracy",
        "clusters on known truth: ours, ours in clear, plain Splink at its best",
        "F1: anytown ≥ 0.988, FEBRL 4 ≥ 0.999, historical ≥ plain + 0.03; encoded − clear ≥ −0.002",
    ),
    "accuracy_1m": (
        "benchmarks.accuracy evergreen_1m --ways ours",
        "clusters of Evergreen, 1 M records; largest gap between groups' recall",
        "F1 ≥ 0.99, gap ≤ 0.02",
    ),
    "expected": (
        "benchmarks.expected",
        "errors a link expects of itself, and those it has; groups whose interval holds them",
        "95 of 100 groups",
    ),
    "noise": ("benchmarks.noise", "anytown's simulator with five times its noise", "F1 ≥ 0.93"),
    "difficulty": (
        "benchmarks.difficulty",
        "Evergreen, 20,000 people, cluster F1, ours and plain Splink in clear",
        "≥ 0.98, plain ≤ 0.97",
    ),
    "ingest": ("benchmarks.ingest_5m", "ingest 5 M rows ÷ DuckDB COPY to an encrypted file", "≤ 6"),
    "encoder": (
        "benchmarks.encoder",
        "encoders, values a second ÷ clkhash on the same fields",
        "≥ 30",
    ),
    "attacks": (
        "benchmarks.attacks",
        "encodings from agencies: full, given and last names recovered",
        "best without key ≤ 0.01",
    ),
    "encoded": (
        "benchmarks.encoded",
        "cluster precision, recall, F1 with one source encoded at home",
        "F1 lower by ≤ 0.002",
    ),
    "log": (
        "benchmarks.log",
        "the log on SQLite, 1 M entries",
        "≥ 5,000 appended a second, verified < 30 s, proof < 50 ms",
    ),
    "decide": (
        "benchmarks.decide",
        "decide() with 500 documents in force; impact on Evergreen",
        "median < 1 ms; < 2 s",
    ),
    "again": ("benchmarks.run_again", "second run with nothing new, 1 M people", "< 10 s"),
}


def main() -> None:
    """Run the benchmarks named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], default=[])
    names = parser.parse_args().names or list(BENCHMARKS)
    table = Table(
        "benchmark", "figure", "goal", title=f"{platform.processor() or platform.machine()}, medians"
    )
    for name in names:
        module, what, goal = BENCHMARKS[name]
        done = subprocess.run(
            [sys.executable, "-m", *module.split()], stdout=subprocess.PIPE, text=True, check=False
        )
        figures = json.loads(done.stdout) if done.returncode == 0 else {"failed": done.returncode}
        table.add_row(what, "\n".join(f"{key}: {value}" for key, value in figures.items()), goal)
    Console().print(table)


if __name__ == "__main__":
    main()
