"""The log: append-only, and anyone with an earlier checkpoint can check it.

Belongs here: entries as salted commitments, the Merkle tree over them (RFC 6962,
RFC 9162), signed checkpoints, anchors outside the registry, verification. Does
not: keys (a `Signer` is given), or deciding what is to be written. The log proves
what was recorded and in which order; it cannot prove that nothing went unrecorded.
"""

from data_sharing_agreements.log.anchors import check_anchor
from data_sharing_agreements.log.checkpoints import Signer
from data_sharing_agreements.log.entries import Draft
from data_sharing_agreements.log.journal import Log
from data_sharing_agreements.log.verify import Fault, VerifyReport

__all__ = ["Draft", "Fault", "Log", "Signer", "VerifyReport", "check_anchor"]
