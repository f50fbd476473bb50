"""What it takes to purge again on a restored backup: the certificates, and sealed record keys.

Belongs here: sealing the random keys of purged records beside their certificate, and
planning a purge again from both. Does not: restoring (`pipelines.backup`), or the
steps of a purge (`steps.py`).

Record keys are random; only a vault that still has the records leads from them to
anybody. They are sealed to the splitter, so that the file may lie beside the
certificate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_sharing_agreements.ends import Scope
from data_sharing_agreements.errors import CommonwealError, IntegrityFault
from data_sharing_agreements.registry.ends import Ending
from privacy.keys import Role
from warehouse.ends.listing import ask_for
from warehouse.ends.retract import keys_of_marts, standing_versions
from warehouse.ends.worklist import worklist
from warehouse.hub import Hub

SUFFIX = ".sealed"


def seal_records(hub: Hub, ending: Ending, directory: Path) -> None:
    """Seal the keys of the records an ending took, beside where its certificate will lie."""
    store = worklist(ending.id)
    with hub.opener.session(read=[store]) as session:
        keys = session.arrow("SELECT record_key FROM purge.record").column("record_key").to_numpy()
    payload = np.asarray(keys, dtype="<i8").tobytes()
    directory.mkdir(mode=0o700, exist_ok=True)
    path = directory / f"{ending.id}{SUFFIX}"
    path.write_bytes(hub.keys.seal(store.name, {Role.SPLITTER}, payload))
    path.chmod(0o600)


def plan_again(hub: Hub, certificate: Mapping[str, Any], sealed: bytes | None) -> Ending:
    """Plan an ending again from its certificate, under the id it had.

    Args:
        hub: A restored home's.
        certificate: Genuine, and not in the registry.
        sealed: The sealed record keys beside it, for an ending by records.

    Raises:
        IntegrityFault: The record keys are missing.
    """
    scope = Scope(certificate["scope"])
    if scope is Scope.RECORDS and sealed is None:
        raise _no_records(certificate)
    project = certificate["subject"] if scope is Scope.PROJECT else None
    marts = standing_versions(hub, project)
    name = str(certificate["id"])
    if sealed is not None:
        ask_for(hub, name, _keys(hub, name, sealed))
    return hub.registry.ends.plan(
        scope,
        str(certificate["subject"]),
        source=str(certificate["source"] or ""),
        document=str(certificate["document"]),
        document_version=int(certificate["document_version"]),
        clause=str(certificate["clause"]),
        facts={
            "marts": [list(mart) for mart in marts],
            "keys": keys_of_marts(hub, marts),
            "reason": certificate.get("reason"),
            "deliveries": certificate.get("deliveries", []),
            "again": name,
        },
        known_as=name,
    )


def _keys(hub: Hub, name: str, sealed: bytes) -> Sequence[int]:
    payload = hub.keys.unseal(worklist(name).name, sealed)
    return [int(key) for key in np.frombuffer(payload, dtype="<i8")]


def _no_records(certificate: Mapping[str, Any]) -> CommonwealError:
    return IntegrityFault.of(
        "purge-not-repeatable",
        f"The sealed record keys of certificate {certificate['id']} are not beside it.",
        why="Records that were purged stand in this backup again, and nobody can tell which.",
        next=f"Put the file {certificate['id']}{SUFFIX} beside the certificate, and restore again.",
    )
