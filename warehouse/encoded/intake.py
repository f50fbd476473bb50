"""Taking the encodings of a delivery into the vault.

Belongs here: their columns, and writing those of accepted records. Does not: content, which
goes the way of every delivery, or comparing them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from data_sharing_agreements.errors import CommonwealError
from privacy.agency_parameters import VERSION, columns
from warehouse.contracts_model import Contract
from warehouse.encoded.contract import ENCODINGS, RECORD
from warehouse.opener import Session
from warehouse.readers.staged import DeliveryFile, Fault, literal

if TYPE_CHECKING:
    from warehouse.ingest.checks import Checked  # ingest itself takes encodings in


def encoding_faults(session: Session, files: Sequence[DeliveryFile]) -> list[Fault]:
    """Return a fault if the encodings are not a whole Parquet file of the parameters' columns."""
    for file in _encodings(files):
        read = f"read_parquet({literal(file.path)})"
        try:
            found = {str(row[0]): str(row[1]) for row in session.execute(f"DESCRIBE FROM {read}")}
        except CommonwealError:
            return [Fault("truncated-file", file=file.name)]
        if found != {RECORD: "VARCHAR", **columns()}:
            return [Fault("encoding-columns", file=file.name)]
    return []


def write_encodings(
    session: Session,
    contract: Contract,
    delivery_id: str,
    period: str,
    checked: Sequence[Checked],
    files: Sequence[DeliveryFile],
) -> None:
    """Write the encodings of records that were accepted; those of others are not kept.

    They are of this version of the parameters, or the manifest had held the delivery.
    """
    accepted = [f"SELECT _record FROM {one.accepted_sql()}" for one in checked if one.staged.table.record_id]
    names = ", ".join(columns())
    with session.transaction("vault"):
        session.execute("DELETE FROM vault.encoding WHERE delivery_id = ?", [delivery_id])
        for file in _encodings(files) if accepted else ():
            session.execute(
                f"""INSERT INTO vault.encoding (record_key, source, delivery_id, period, parameters, {names})
                    SELECT x.key, $source, $delivery, $period, {VERSION}, {names}
                    FROM read_parquet({literal(file.path)}) AS e
                    SEMI JOIN ({" UNION ".join(accepted)}) AS a ON a._record = e.{RECORD}
                    JOIN (SELECT source_id, key FROM vault.crosswalk WHERE namespace = $source) AS x
                        ON x.source_id = e.{RECORD}""",
                {"source": contract.source, "delivery": delivery_id, "period": period},
            )


def _encodings(files: Sequence[DeliveryFile]) -> list[DeliveryFile]:
    return [file for file in files if file.path.name == ENCODINGS]
