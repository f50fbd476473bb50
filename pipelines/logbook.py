"""Verifying the log of a home as it lies, whatever state the home is in.

Belongs here: bringing registry, public key and checkpoints together. Does not:
the check (data_sharing_agreements.log). Unlike opening the hub it does not refuse
a registry that contradicts its anchors: it says where it does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from data_sharing_agreements.documents import load_agreements
from data_sharing_agreements.errors import IntegrityFault, Invalid
from data_sharing_agreements.log import Fault, Log, VerifyReport
from data_sharing_agreements.log.comparing import Comparison, compared
from data_sharing_agreements.publication import witnessed_size
from data_sharing_agreements.registry import Registry
from privacy.keys import KeyRing
from warehouse.deployment import Deployment


def verify_log(deployment: Deployment, given: Iterable[Path] = ()) -> VerifyReport:
    """Check every entry, the tree, every checkpoint of the home or given, and the registry's tables.

    Args:
        deployment: Whose log.
        given: Checkpoints someone kept elsewhere.

    Raises:
        Invalid: A checkpoint cannot be read.
    """
    keys = KeyRing.open(deployment.keys_dir)
    with Registry.open(deployment.registry_url) as registry:
        log, own = Log(registry, None), sorted(deployment.checkpoints.glob("*.json"))
        report = log.verify([*own, *given], keys.public_key())
        faults = set(report.faults)
        try:
            log.check_registry(keys.public_key())
        except IntegrityFault as fault:
            faults |= {Fault(report.size, detail.code) for detail in fault.details}
        witnessed = None if faults else _witnessed(deployment, log)
    unwitnessed = None if witnessed is None else report.size - witnessed
    return replace(report, ok=not faults, faults=tuple(sorted(faults)), unwitnessed=unwitnessed)


def compare_with_log(deployment: Deployment, given: Sequence[Mapping[str, Any]]) -> Comparison:
    """Compare checkpoints that several parties kept, with one another and with the home's log."""
    keys = KeyRing.open(deployment.keys_dir)
    with Registry.open(deployment.registry_url) as registry:
        log = Log(registry, None)
        size = log.size
        return compared(
            given, keys.public_key(), lambda wanted: log.root_at(wanted) if wanted <= size else None
        )


def _witnessed(deployment: Deployment, log: Log) -> int | None:
    """Return how far the log is witnessed; None too where the documents cannot say who witnesses it."""
    try:
        agreements = load_agreements(deployment.agreements_dir)
    except Invalid:
        return None
    return witnessed_size(agreements, log, deployment.today())
