"""The manifest of an encoded delivery, and what the hub checks before it reads a row.

Belongs here: writing and reading it, and the faults of a delivery that does not fit. Does
not: making the delivery, or its rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from privacy.agency_parameters import VERSION
from privacy.agency_parameters import fingerprint as parameters_fingerprint
from warehouse.contracts_model import Contract
from warehouse.encoded.contract import ENCODINGS, MANIFEST
from warehouse.readers.scan import digest_file
from warehouse.readers.staged import DeliveryFile, Fault

SCHEMA = "commonweal/encoded-delivery/1"
_LARGEST = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What came and how it was made; counts only, no value.

    Args:
        source, period: Of the delivery.
        contract: Version of the contract it was made by.
        agreement, key, parameters: Terms of the encoding, as the contract has them.
        parameters_digest: Digest of the parameters themselves.
        records: Records encoded.
        rows: Rows of each file.
        refused: Rows that broke the contract's rules and stayed at home.
        left_out: Encoded rows left out because too many records share their block.
        sha256: Digest of each file.
    """

    source: str
    period: str
    contract: str
    agreement: str
    key: str
    parameters: int
    parameters_digest: str
    records: int
    rows: dict[str, int]
    refused: int
    left_out: int
    sha256: dict[str, str]

    def write(self, directory: Path) -> None:
        """Write it beside the files it speaks of."""
        text = json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1, sort_keys=True)
        (directory / MANIFEST).write_text(text + "\n", encoding="utf-8")


def digests(directory: Path) -> dict[str, str]:
    """Return the digest of each Parquet file of a delivery that was made."""
    return {path.name: digest_file(path)[0] for path in sorted(directory.glob("*.parquet"))}


def manifest_faults(contract: Contract, period: str, files: Sequence[DeliveryFile]) -> list[Fault]:
    """Return why an encoded delivery cannot be taken in, from its manifest and digests alone."""
    given = next((file for file in files if file.path.name == MANIFEST), None)
    if given is None:
        return [Fault("missing-file", file=MANIFEST)]
    said = _read(given.path)
    if said is None or contract.encoding is None:
        return [Fault("encoding-manifest", file=MANIFEST)]
    terms = contract.encoding
    faults = []
    if said["key"] != terms.key:
        faults.append(Fault("encoding-key", file=MANIFEST))
    if (said["parameters"], said["parameters_digest"]) != (VERSION, parameters_fingerprint()) or (
        terms.parameters != VERSION
    ):
        faults.append(Fault("encoding-parameters", file=MANIFEST))
    if [said[n] for n in ("source", "period", "contract", "agreement")] != [
        contract.source, period, contract.version, terms.agreement,
    ]:  # fmt: skip
        faults.append(Fault("encoding-contract", file=MANIFEST))
    there = {file.path.name: digest_file(file.path)[0] for file in files if file is not given}
    if there != said["sha256"] or ENCODINGS not in there:
        faults.append(Fault("checksum-differs", file=MANIFEST))
    return faults


def _read(path: Path) -> dict[str, Any] | None:
    """Return what a manifest says, or nothing if it is not one."""
    if path.stat().st_size > _LARGEST:
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return None
    names = set(Manifest.__dataclass_fields__) | {"schema"}
    return said if isinstance(said, dict) and set(said) == names and said["schema"] == SCHEMA else None


def data_files(files: Sequence[DeliveryFile]) -> list[DeliveryFile]:
    """Return the files that readers read."""
    return [file for file in files if file.path.name != MANIFEST]
