"""Which engine a deployment links with.

Belongs here: from the name in `commonweal.toml` to an engine. Does not: the engines.
"""

from __future__ import annotations

import re
from pathlib import Path

from linkage.predict import IN_DUCKDB, Engine

ENGINES = ("duckdb", "spark")
_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT])i?B?\s*", re.IGNORECASE)
_MEBIBYTES = {"K": 2**-10, "M": 1.0, "G": 2.0**10, "T": 2.0**20}
_USUAL_HEAP = 4096
_LEAST_HEAP = 1024


def engine_named(name: str, spill: Path, memory_limit: str, threads: int) -> Engine:
    """Return an engine.

    Args:
        name: One of `ENGINES`.
        spill: Directory for what Spark cannot hold; whoever made it removes it.
        memory_limit: As DuckDB writes it (`8GB`); Spark's heap beside DuckDB's own memory.
        threads: How many threads compare.
    """
    if name == "spark":
        from linkage.engines.spark import OnSpark

        return OnSpark(spill, java_memory(memory_limit), threads)
    return IN_DUCKDB


def java_memory(memory_limit: str) -> str:
    """Return an amount of memory as Java writes it, 4 GiB where it is not told in bytes."""
    found = _MEMORY.fullmatch(memory_limit)
    mebibytes = round(float(found[1]) * _MEBIBYTES[found[2].upper()]) if found else _USUAL_HEAP
    return f"{max(mebibytes, _LEAST_HEAP)}m"
