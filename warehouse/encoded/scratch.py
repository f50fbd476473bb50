"""Reading an agency's own files where there is no home and no hub.

Belongs here: stores that exist for one command, under keys that are in memory only, and the
agency's files split in them as the hub would. Does not: encodings, or what is sent (export.py).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from data_sharing_agreements.errors import Held, UsageFault
from privacy.keys import KeyRing
from privacy.roles import ALL_ROLES, Role
from warehouse.contracts_model import Contract, Contracts
from warehouse.generations import Generation
from warehouse.ingest.checks import Checked, check_tables, faults_at_the_end, faults_past_tolerance
from warehouse.ingest.content import ensure_content
from warehouse.ingest.delivery_rules import outside_period, profile_tables
from warehouse.ingest.messages import detail_of
from warehouse.ingest.split import write_content, write_vault
from warehouse.ingest.text_scan import identifiers_in_text
from warehouse.opener import Opener, Session, Store
from warehouse.readers.fixed_width import period_of
from warehouse.readers.stage import stage_delivery
from warehouse.readers.staged import DeliveryFile, Fault

_DELIVERY = "here"


class _PassingKeys(KeyRing):
    """Keys of stores that are gone when the process is."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        self.roles = ALL_ROLES

    def ensure_store_key(self, store: str, readers: Collection[Role]) -> str:
        """Return a store's key, drawn when first asked for."""
        return self._keys.setdefault(store, os.urandom(32).hex())

    def store_key(self, store: str) -> str:
        """Return a store's key."""
        return self._keys[store]

    def destroy_store_key(self, store: str) -> None:
        """Forget a store's key."""
        self._keys.pop(store, None)


class _NoBook:
    """No older copy of such a store can be put back: it never closes."""

    def expected(self, store: str) -> Sequence[Generation]:
        """Return nothing."""
        return ()

    def begin(self, store: str, generation: int, nonce: str) -> None:
        """Note nothing."""

    def confirm(self, store: str, generation: int, nonce: str) -> None:
        """Note nothing."""


@contextmanager
def scratch(memory_limit: str, threads: int = 2) -> Iterator[Session]:
    """Open a session with a vault and a warehouse that end with it."""
    place = Path(tempfile.mkdtemp(prefix="commonweal-encode-"))
    try:
        opener = Opener(place, _PassingKeys(), _NoBook(), memory_limit, threads)
        with (
            opener.session(write=[Store.vault(), Store.warehouse()]) as session,
            session.attached(Store.staging(_DELIVERY), write=True),
        ):
            yield session
    finally:
        shutil.rmtree(place, ignore_errors=True)


def find_files(contract: Contract, paths: Sequence[Path]) -> tuple[str, list[DeliveryFile]]:
    """Return the period of the agency's files, and the files by the contract's patterns.

    Raises:
        UsageFault: A file is not there, matches no pattern, or they are of several periods.
    """
    found: list[DeliveryFile] = []
    periods = set()
    for path in paths:
        match = _matching(contract, path)
        if match is None:
            raise UsageFault.of(
                "file-not-in-contract",
                f"{path.name} is not there, or no file of the contract has such a name",
                why="the contract says by patterns which file holds which table",
                next="name the files as the contract does",
                source=contract.source,
            )
        period, pattern_index = match
        periods.add(period)
        found.append(DeliveryFile(len(found), path, path.name, contract.files[pattern_index]))
    if len(periods) != 1:
        raise UsageFault.of(
            "several-periods",
            "the files are of no period, or of several",
            why="an encoded delivery is of one period",
            next="encode each period by itself",
            source=contract.source,
        )
    return periods.pop(), found


def _matching(contract: Contract, path: Path) -> tuple[str, int] | None:
    if not path.is_file():
        return None
    for index, pattern in enumerate(contract.files):
        match = pattern.regex.fullmatch("/".join(path.resolve().parts[-pattern.depth :]))
        if match:
            return period_of(match.groupdict()), index
    return None


def split(session: Session, contract: Contract, period: str, files: Sequence[DeliveryFile]) -> int:
    """Read the files, check them by the contract, and split them into vault and warehouse.

    Returns:
        Rows that broke a rule and were left out.

    Raises:
        Held: They break a rule of deliveries, or an identifier lies in a column that is sent.
    """
    ensure_content(session, [contract])
    staged = stage_delivery(session, Contracts((contract,)), contract, period, files, contract.fields)
    _hold(contract, period, staged.faults)
    checked = check_tables(session, staged)
    faults = faults_at_the_end(session, staged, checked) + faults_past_tolerance(contract, checked)
    faults += outside_period(session, contract, period, checked)
    faults += identifiers_in_text(session, checked)
    _hold(contract, period, faults)
    about = (contract, _DELIVERY, period, checked)
    write_vault(session, *about)
    write_content(session, *about, profile_tables(session, checked))
    return _refused(checked)


def _refused(checked: Sequence[Checked]) -> int:
    return sum(one.rows_in - one.accepted for one in checked)


def _hold(contract: Contract, period: str, faults: Sequence[Fault]) -> None:
    Held.collect(detail_of(fault, contract.source, period) for fault in dict.fromkeys(faults))
