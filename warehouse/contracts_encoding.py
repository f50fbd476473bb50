"""What a contract says of a source that is encoded at the agency.

Belongs here: the terms, as frozen values, and reading them. Does not: what the hub's side of
such a contract looks like (encoded/contract.py), or encodings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.contracts_properties import Properties

_KEY = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Encoding:
    """The terms on which a source is encoded at home.

    Args:
        agreement: Under which the key was agreed.
        key: Fingerprint of the linkage's secret, as `encode` shows it.
        parameters: Version of the parameters.
        at_home: Fields the agency reads and does not send.
        record_ids: Fields of its own record ids, which it does not send either.
        encoded: Fields that encodings are made of; an encoding is no permission, so an
            agreement must license them as if they came.
        added: Fields that are only in what it sends.
    """

    agreement: str
    key: str
    parameters: int
    at_home: frozenset[str] = frozenset()
    record_ids: frozenset[str] = frozenset()
    encoded: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()

    def sent(self, fields: frozenset[str]) -> frozenset[str]:
        """Return what is read of a delivery, of the fields that may be taken in."""
        return (fields - self.at_home) | self.added


def read_encoding(properties: Properties | None) -> Encoding | None:
    """Read the contract's property `encoding`, collecting its faults."""
    if properties is None:
        return None
    found = Encoding(
        agreement=properties.scalar("agreement", ""),
        key=properties.scalar("key", ""),
        parameters=properties.scalar("parameters", 0),
    )
    if not found.agreement:
        properties.fault("agreement", "is missing")
    if not _KEY.fullmatch(found.key):
        properties.fault("key", "must be the 16 digits of the key's fingerprint, in quotes")
    if found.parameters < 1:
        properties.fault("parameters", "must be the version of the parameters")
    properties.finish()
    return found
