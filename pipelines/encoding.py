"""Encoding at the agency: from its files to a delivery without identifiers.

Belongs here: the order of the steps, which takes warehouse's readers and linkage's
encodings together. Does not: either, options, or keys. It needs no home, no hub and no network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_sharing_agreements.errors import ErrorDetail, Refused
from privacy.agency_parameters import VERSION
from privacy.agreed_keys import PartyKey
from warehouse.contracts_model import Contract

MEMORY = "2GB"
Progress = Callable[[str], object]


@dataclass(frozen=True)
class Encoded:
    """What came of encoding: where the delivery is, its period, and how much it is of what."""

    place: Path
    period: str
    records: int
    left_out: int
    refused: int


def encode_at_home(
    contract: Contract,
    key: PartyKey,
    paths: Sequence[Path],
    out: Path,
    *,
    progress: Progress,
    memory_limit: str = MEMORY,
) -> Encoded:
    """Encode an agency's files of one period.

    Args:
        contract: As written.
        key: The agency's.
        paths: Its files.
        out: Where the delivery goes.
        progress: Told in a few words what is being done.
        memory_limit: DuckDB's memory; what does not fit goes to encrypted files.

    Raises:
        Refused: The contract does not have the source encoded, or under another key or parameters.
        Held: The files break the contract's rules.
        UsageFault: No key was agreed yet, or the files are not the contract's.
    """
    from linkage.agency.batches import encode_records
    from warehouse.encoded.export import export, make_tokens, open_identities
    from warehouse.encoded.scratch import find_files, scratch, split

    check_terms(contract, key)
    period, files = find_files(contract, paths)
    with scratch(memory_limit) as session:
        progress("reading and checking")
        refused = split(session, contract, period, files)
        progress("encoding")
        open_identities(session)
        with session.guard():
            records, left_out = encode_records(session.raw, [contract.source], key.encoding_key())
        make_tokens(session, contract, key.own_key(contract.source))
        progress("writing")
        terms = {"agreement": key.agreement, "key": key.linkage_fingerprint}
        place = export(session, contract, out, period, terms, (records, left_out, refused))
    return Encoded(place, period, records, left_out, refused)


def check_terms(contract: Contract, key: PartyKey) -> None:
    """Raise unless the contract has the source encoded under this key and these parameters.

    Raises:
        Refused: It does not; every reason at once.
    """
    terms = contract.encoding
    if terms is None:
        raise Refused.of(
            "not-encoded-at-home",
            f"the contract of {contract.source} does not say that it is encoded at home",
            why="whether names leave the agency is a term of the contract, not of a command",
            next="add the property `encoding` to the contract, and agree on it with the hub",
            source=contract.source,
        )
    said = (
        ("agreement", terms.agreement, key.agreement),
        ("key", terms.key, key.linkage_fingerprint),
        ("parameters", terms.parameters, VERSION),
    )
    Refused.collect(
        ErrorDetail(
            f"encoding-{name}",
            f"the contract names another {name} than is here",
            why="encodings under two keys, agreements or versions of parameters cannot be linked",
            next="compare the contract and `commonweal encode offer` with the other parties'",
            source=contract.source,
            document=terms.agreement,
        )
        for name, wanted, have in said
        if wanted != have
    )
