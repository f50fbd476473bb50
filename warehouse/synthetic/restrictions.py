"""The restrictions of Evergreen: notices its agencies send, and the truth about whom they restrict.

Belongs here: choosing records and signing notices with the demonstration keys, which
protect nothing. Does not: what a restriction does (warehouse.restrictions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv

from data_sharing_agreements.documents import Agreements, load_agreements
from data_sharing_agreements.lifecycle.demonstration import key_of
from data_sharing_agreements.restrictions import Act, Kind, Scope
from warehouse.restrictions.intake import DIRECTORY
from warehouse.restrictions.notice import new_notice
from warehouse.synthetic.arrays import Draws

AGREEMENTS = Path(__file__).parents[2] / "data_sharing_agreements" / "documents"


@dataclass(frozen=True)
class Share:
    """Which share of a source's records one kind of restriction concerns, and how far it reaches."""

    source: str
    kind: Kind
    scope: Scope
    share: float
    basis: str


SHARES: tuple[Share, ...] = (
    Share("com_hmis", Kind.ADDRESS_CONFIDENTIAL, Scope.PERSON, 0.01, "address confidentiality program"),
    Share("dcyf_child_welfare", Kind.SEALED, Scope.RECORD, 0.02, "order of the juvenile court"),
    Share("dshs_tanf", Kind.OPT_OUT, Scope.PERSON, 0.002, "request to be left out"),
    Share("hca_medicaid", Kind.OPT_OUT, Scope.PERSON, 0.002, "request to be left out"),
)
"""What the agencies restrict: little, so that figures stay near the truth."""


def write_restrictions(
    draws: Draws, records: Mapping[str, pa.Table], since: str, landing: Path, truth: Path
) -> None:
    """Write a notice a source into `landing/restrictions`, and `restricted.csv` into the truth.

    Args:
        draws: The simulation's; the same seed restricts the same records.
        records: (record_id, person) of each source.
        since: First day of every restriction, `YYYY-MM-DD`.
        landing, truth: Directories.
    """
    agreements = load_agreements(AGREEMENTS)
    said = []
    for share in SHARES:
        if share.source not in records:
            continue
        found = records[share.source].sort_by("record_id")
        ids = found.take(_chosen(draws, share, len(found)))
        entries = [_entry(share, record, since) for record in ids["record_id"].to_pylist()]
        if entries:
            _write_notice(agreements, share.source, entries, since, landing)
        said += [
            {"source": share.source, "record_id": record, "person_id": person} | _words(share)
            for record, person in zip(
                ids["record_id"].to_pylist(), np.asarray(ids["person"]).tolist(), strict=True
            )
        ]
    truth.mkdir(parents=True, exist_ok=True)
    pcsv.write_csv(pa.Table.from_pylist(said, schema=_SCHEMA), truth / "restricted.csv")


def _chosen(draws: Draws, share: Share, records: int) -> pa.Array:
    """Return the places of the records that are restricted, at least one, in order."""
    drawn = draws.stream("restrictions", share.source, share.kind).random(records)
    count = min(records, max(1, round(share.share * records)))
    return pa.array(np.sort(np.argsort(drawn)[:count]))


def _entry(share: Share, record: str, since: str) -> dict[str, object]:
    parts = record.split("|")
    words = {"act": str(Act.SET), "from": since, "basis": share.basis}
    return {"record_id": parts, **words, **_words(share)}


def _words(share: Share) -> dict[str, str]:
    return {"kind": str(share.kind), "scope": str(share.scope)}


def _write_notice(
    agreements: Agreements, source: str, entries: list[dict[str, object]], since: str, landing: Path
) -> None:
    signatory = _signatory(agreements, source)
    notice = new_notice(
        source,
        entries,
        key_of(signatory),
        signatory=signatory,
        sequence=1,
        at=f"{since}T09:00:00.000000Z",
    )
    path = landing / DIRECTORY / f"{source}_1.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notice.to_text(), encoding="utf-8")


def _signatory(agreements: Agreements, source: str) -> str:
    """Return the id of the first signatory of the source's agency."""
    owners = {party.name for party in agreements.dsa_for(source).parties if party.role == "data_owner"}
    roster = agreements.rosters.current
    assert roster is not None
    return next(entry.id for entry in roster.signatories if entry.party in owners)


_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("record_id", pa.string()),
        ("person_id", pa.int64()),
        ("kind", pa.string()),
        ("scope", pa.string()),
    ]
)
