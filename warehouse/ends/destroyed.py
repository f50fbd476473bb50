"""The hub's own act: what a license allowed was destroyed.

Belongs here: signing it with the hub's key and putting it into the home. Does not:
whether it counts (`data_sharing_agreements.lifecycle`), or destroying anything.
"""

from __future__ import annotations

from data_sharing_agreements.lifecycle import Act, ActKind, place_act, subject_of
from data_sharing_agreements.lifecycle.judging import HUB
from data_sharing_agreements.registry.ends import Ending
from data_sharing_agreements.store.clock import text_of, utc_now
from warehouse.hub import Hub


def sign_destroyed(hub: Hub, ending: Ending) -> None:
    """Sign that a project's data were destroyed; once, however often it is called.

    Args:
        hub: With the signing key.
        ending: A project's.
    """
    documents = [d for d in hub.agreements.versions if d.id == ending.document]
    document = next(d for d in documents if d.version == ending.document_version)
    subject, signer = subject_of(document), hub.keys.signer()
    if any((hub.deployment.hub_acts / f"{subject.id}@{subject.version}").glob(f"*-{ActKind.DESTROYED}-*")):
        return
    unsigned = Act(
        act=ActKind.DESTROYED,
        document=subject.id,
        version=subject.version,
        sha256=subject.sha256,
        signatory=HUB,
        at=text_of(utc_now()),
        public_key=signer.public_key_bytes.hex(),
    )
    signature = signer.sign(unsigned.signed_bytes).hex()
    place_act(hub.deployment.hub_acts, unsigned.model_copy(update={"signature": signature}))
