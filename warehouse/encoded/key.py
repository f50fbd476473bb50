"""The hub's own part in the key agreed with agencies that encode at home.

Belongs here: reading it and holding it to the contracts. Does not: agreeing it
(privacy.agreed_keys), or encodings.
"""

from __future__ import annotations

from data_sharing_agreements.errors import ErrorDetail, Refused
from privacy.agreed_keys import read_key
from warehouse.hub import Hub


def agency_key(hub: Hub) -> bytes | None:
    """Return the key under which clear records are encoded to meet those encoded at home.

    Returns:
        Nothing where the hub has none: then sources encoded at home are linked with each
        other alone.

    Raises:
        Refused: It is not the key the contracts name.
    """
    path = hub.deployment.agency_key
    terms = {c.source: c.encoding for c in hub.contracts if c.encoding}
    if path is None or not terms:
        return None
    key = read_key(path)
    mine = (key.agreement, key.linkage_fingerprint)
    Refused.collect(
        ErrorDetail(
            "encoding-key",
            f"the hub's key is not the one {source} is encoded under",
            why="records encoded under two keys have nothing in common",
            next="accept a grant of the same agreement, or correct the contract",
            source=source,
            document=said.agreement,
        )
        for source, said in terms.items()
        if (said.agreement, said.key) != mine
    )
    return key.encoding_key()
