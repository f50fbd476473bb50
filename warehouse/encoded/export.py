"""The files an encoded delivery consists of, written at the agency.

Belongs here: content by the agency's own tokens, encodings, the manifest, all at once or not
at all. Does not: reading the agency's files (scratch.py), or making encodings (linkage.agency).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from data_sharing_agreements.errors import UsageFault
from privacy.agency_parameters import VERSION, columns, fingerprint
from privacy.encodings import Encoder
from warehouse.contracts_model import Contract, Table
from warehouse.encoded.contract import BIRTH_MONTH, DIRECTORY, ENCODINGS, RECORD, as_received
from warehouse.encoded.manifest import Manifest, digests
from warehouse.ingest.content import content_name
from warehouse.opener import Session
from warehouse.readers.staged import literal, quoted


def open_identities(session: Session) -> None:
    """Make `permitted_identity` of the agency's own records, for encoding them where they are."""
    session.execute("CREATE OR REPLACE TEMP VIEW permitted_identity AS FROM vault.identity")


def make_tokens(session: Session, contract: Contract, own_key: bytes) -> None:
    """Make `agency_token` (namespace, key, token): what stands for each id outside the agency.

    Args:
        session: With the vault that the delivery was split into.
        contract: As written.
        own_key: The agency's own secret for this source; no other party can make the tokens.
    """
    session.execute(
        "CREATE OR REPLACE TEMP TABLE agency_token (namespace VARCHAR, key BIGINT, token VARCHAR)"
    )
    encoder = Encoder(own_key)
    for namespace in sorted(contract.pseudonyms()):
        ids = session.arrow("SELECT source_id, key FROM vault.crosswalk WHERE namespace = ?", [namespace])
        tokens = encoder.token(namespace, ids["source_id"])
        session.register("agency_ids", ids.append_column("token", tokens))
        session.execute(
            "INSERT INTO agency_token SELECT ?, key, "
            "lpad(lower(to_hex((token::HUGEINT + 9223372036854775808)::UBIGINT)), 16, '0') FROM agency_ids",
            [namespace],
        )
        session.unregister("agency_ids")


def export(
    session: Session,
    contract: Contract,
    out: Path,
    period: str,
    terms: Mapping[str, str],
    counts: tuple[int, int, int],
) -> Path:
    """Write the delivery below a directory and return its own.

    Args:
        session: With `warehouse.content`, `agency_token` and `agency_rows`.
        contract: As written, with an `encoding`.
        out: Gets `<source>_encoded/<period>/`.
        period: Of the delivery.
        terms: `agreement` and `key`, for the manifest.
        counts: Records encoded, encoded rows left out, rows refused.

    Raises:
        UsageFault: There is a delivery of this period already.
    """
    place = out / DIRECTORY.format(contract.source) / period
    if place.exists():
        raise UsageFault.of(
            "delivery-exists",
            f"there is an encoded delivery of {period} at the place given",
            why="a delivery is not written over",
            next="move it away, or name another directory",
            source=contract.source,
        )
    building = place.with_name(f".{period}.building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700, parents=True)
    try:
        rows = {t.name: _content(session, contract, t, building) for t in as_received(contract).tables}
        rows[ENCODINGS] = _encodings(session, contract, building)
        _manifest(contract, period, terms, counts, rows, building).write(building)
        building.rename(place)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return place


def _manifest(
    contract: Contract,
    period: str,
    terms: Mapping[str, str],
    counts: tuple[int, int, int],
    rows: dict[str, int],
    building: Path,
) -> Manifest:
    records, left_out, refused = counts
    return Manifest(
        source=contract.source, period=period, contract=contract.version, agreement=terms["agreement"],
        key=terms["key"], parameters=VERSION, parameters_digest=fingerprint(), records=records, rows=rows,
        refused=refused, left_out=left_out, sha256=digests(building),
    )  # fmt: skip


def _content(session: Session, contract: Contract, table: Table, building: Path) -> int:
    """Write one table in the order of its tokens, so that the order of the agency's file is gone."""
    held = f"warehouse.content.{quoted(content_name(contract, table))}"
    values, joins = [], ""
    for column in table.columns:
        if column.name == RECORD:
            values.append(f"_own.token AS {RECORD}")
            joins += _token_join(contract.source, "record_key", "_own")
        elif column.name == BIRTH_MONTH:
            values.append(f"c.birth_month AS {BIRTH_MONTH}")
        elif column.in_content and column.pseudonym:
            alias = f"_k{len(values)}"
            values.append(f"{alias}.token AS {quoted(column.name)}")
            joins += _token_join(column.pseudonym, column.name, alias)
        elif column.in_content:
            values.append(f"c.{quoted(column.name)}")
    return _copy(session, f"SELECT {', '.join(values)} FROM {held} AS c{joins} ORDER BY ALL",
                 building / f"{table.name}.parquet")  # fmt: skip


def _token_join(namespace: str, column: str, alias: str) -> str:
    return (
        f" LEFT JOIN (SELECT key, token FROM agency_token WHERE namespace = {literal(namespace)}) AS {alias}"
        f" ON {alias}.key = c.{quoted(column)}"
    )


def _encodings(session: Session, contract: Contract, building: Path) -> int:
    names = ", ".join(columns())
    select = f"""SELECT t.token AS {RECORD}, {names.replace("token", "e.token")} FROM agency_rows AS e
        JOIN agency_token AS t ON t.key = e.record_key AND t.namespace = {literal(contract.source)}
        ORDER BY t.token, block"""
    return _copy(session, select, building / ENCODINGS)


def _copy(session: Session, select: str, path: Path) -> int:
    target = literal(path)
    return int(session.one(f"COPY ({select}) TO {target} (FORMAT parquet, COMPRESSION zstd)"))
