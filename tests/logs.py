"""Logs for tests: a signer, a log with two checkpoints, the stand-alone verifier loaded from its file.

Belongs here: what several tests of the log share. Does not: assertions.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from data_sharing_agreements.log import Draft, Log
from data_sharing_agreements.registry import Registry

ROOT = Path(__file__).resolve().parents[1]
VERIFIER = ROOT / "data_sharing_agreements" / "log" / "standalone" / "commonweal_verify.py"
SIZE = 21


class Signer:
    """A signing key of its own, as the key ring gives one."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()

    @property
    def public_key_bytes(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)


def filled(registry: Registry, signer: Signer) -> Log:
    """A log of 21 entries with a checkpoint at 13 and one at the end."""
    made = Log(registry, signer)
    made.append_many(Draft("decision", {"on": n}, (("DSA-X", "term"),)) for n in range(13))
    made.checkpoint()
    made.append_many(Draft("query", {"version": n}) for n in range(13, SIZE))
    made.checkpoint()
    return made


def verifier() -> ModuleType:
    """The stand-alone verifier, loaded from its file alone."""
    spec = importlib.util.spec_from_file_location("commonweal_verify", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["commonweal_verify"] = module
    spec.loader.exec_module(module)
    return module
