"""The log: appended a second, time of a proof, entries verified a second, and a start held to it.

Belongs here: the measurements on a SQLite registry. Does not: the log.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from data_sharing_agreements.log import Draft, Log
from data_sharing_agreements.registry import Registry

ENTRIES = 1_000_000
BATCH = 5_000
VERIFIER = Path(__file__).parents[1] / "data_sharing_agreements/log/standalone/commonweal_verify.py"


class _Signer:
    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    @property
    def public_key_bytes(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def main() -> None:
    """Append in batches, prove, verify, and print the figures."""
    with (
        tempfile.TemporaryDirectory() as place,
        Registry.create(f"sqlite:///{Path(place) / 'registry.sqlite'}") as registry,
    ):
        log, figures = Log(registry, _Signer()), {"entries": ENTRIES}
        figures["appended_a_second"] = round(ENTRIES / _timed(lambda: _append(log)))
        kept = log.checkpoint()
        figures["proof_ms"] = round(1000 * _timed(lambda: log.prove(ENTRIES // 3)), 1)
        figures["consistency_ms"] = round(1000 * _timed(lambda: log.consistency_proof(ENTRIES // 2)), 1)
        figures["held_to_the_log_ms"] = round(1000 * _timed(log.check_registry), 1)
        figures["verified_s"] = round(_timed(lambda: log.verify([kept])), 1)
        out = Path(place) / "log.jsonl"
        figures["exported_s"] = round(_timed(lambda: log.export(out)), 1)
        words = [sys.executable, "-I", str(VERIFIER), str(out)]
        figures["verified_alone_s"] = round(_timed(lambda: subprocess.run(words, check=True, stdout=2)), 1)
    print(json.dumps(figures))


def _append(log: Log) -> None:
    for first in range(0, ENTRIES, BATCH):
        drafts = (
            Draft("decision", {"on": n, "request": ["a.b.c"] * 5}, (("DSA-X", "term"),))
            for n in range(first, first + BATCH)
        )
        log.append_many(drafts)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
