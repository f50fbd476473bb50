"""Verifying the log of a home as it lies, whatever state the home is in.

Belongs here: bringing registry, public key and checkpoints together. Does not:
the check (data_sharing_agreements.log). Unlike opening the hub it does not refuse
a registry that contradicts its anchors: it says where it does.
"""

from collections.abc import Iterable
from pathlib import Path

from data_sharing_agreements.log import Log, VerifyReport
from data_sharing_agreements.registry import Registry
from privacy.keys import KeyRing
from warehouse.deployment import Deployment


def verify_log(deployment: Deployment, given: Iterable[Path] = ()) -> VerifyReport:
    """Check every entry, the tree, and every checkpoint of the home or given.

    Args:
        deployment: Whose log.
        given: Checkpoints someone kept elsewhere.

    Raises:
        Invalid: A checkpoint cannot be read.
    """
    keys = KeyRing.open(deployment.keys_dir)
    registry = Registry.open(deployment.registry_url)
    try:
        own = sorted(deployment.checkpoints.glob("*.json"))
        return Log(registry, None).verify([*own, *given], keys.public_key())
    finally:
        registry.close()
