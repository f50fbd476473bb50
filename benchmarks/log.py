"""The log: entries appended a second, time of a proof, entries verified a second.

Belongs here: the three measurements on a SQLite registry. Does not: the log.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from data_sharing_agreements.log import Draft, Log
from data_sharing_agreements.registry import Registry

ENTRIES = 200_000
BATCH = 5_000


def main() -> None:
    """Append in batches, prove, verify, and print the figures."""
    with (
        tempfile.TemporaryDirectory() as place,
        Registry.create(f"sqlite:///{Path(place) / 'registry.sqlite'}") as registry,
    ):
        log = Log(registry, None)
        start = time.perf_counter()
        for first in range(0, ENTRIES, BATCH):
            drafts = (
                Draft("decision", {"on": n, "request": ["a.b.c"] * 5}, (("DSA-X", "term"),))
                for n in range(first, first + BATCH)
            )
            log.append_many(drafts)
        appended = time.perf_counter() - start
        start = time.perf_counter()
        log.inclusion_proof(ENTRIES // 3)
        log.consistency_proof(ENTRIES // 2)
        proved = time.perf_counter() - start
        start = time.perf_counter()
        assert log.verify(public_key=b"k" * 32).ok
        verified = time.perf_counter() - start
    figures = {
        "entries": ENTRIES,
        "appended_a_second": round(ENTRIES / appended),
        "two_proofs_ms": round(proved * 1000, 1),
        "verified_a_second": round(ENTRIES / verified),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
