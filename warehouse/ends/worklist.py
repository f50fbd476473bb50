"""The worklist of one ending: what goes, in a store of its own that goes with it.

Belongs here: its tables, and the SQL that says what of a table stays. Does not:
filling it (`listing.py`), or rewriting anything (`rewrite.py`).

The worklist is encrypted under a key of its own and destroyed when the ending is
certified. It holds random record keys and keyed hashes, never an id of a source or
an identifier.
"""

from __future__ import annotations

from pathlib import Path

from privacy.keys import Role
from warehouse.contracts_model import Contracts
from warehouse.ends.rewrite import Keep
from warehouse.ingest.content import content_name
from warehouse.opener import Session, Store

_DDL = """
CREATE TABLE IF NOT EXISTS purge.asked (record_key BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS purge.delivery (delivery_id VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS purge.record (record_key BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS purge.pseudonym (namespace VARCHAR NOT NULL, key BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS purge.refused (
    delivery_id VARCHAR NOT NULL, table_name VARCHAR NOT NULL, file_name VARCHAR NOT NULL,
    row_number BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS purge.person (person_key BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS purge.study (project VARCHAR NOT NULL, study_id BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS purge.needle (
    kind VARCHAR NOT NULL, first UBIGINT NOT NULL, size BIGINT NOT NULL, mark UBIGINT NOT NULL
);
"""

DERIVED = "core"
"""Schema of the warehouse that is made anew from the rest, and so is never copied."""


def worklist(ending: str) -> Store:
    """Return an ending's worklist."""
    path = Path("purge") / f"{ending}.duckdb"
    readers = frozenset({Role.SPLITTER, Role.LINKER})
    return Store(f"purge/{ending}", "purge", path, readers, _DDL, counted=False)


def keep_vault(session: Session) -> Keep:
    """Return what stays of the vault. The worklist is attached."""
    crosswalk = (
        "key NOT IN (SELECT record_key FROM purge.record) "
        "AND (namespace, key) NOT IN (SELECT (namespace, key) FROM purge.pseudonym)"
    )
    return Keep({**_by_columns(session, "vault"), "main.crosswalk": crosswalk})


def keep_warehouse(session: Session, contracts: Contracts) -> Keep:
    """Return what stays of the warehouse: everything but what goes, and what is made anew from it."""
    where = _by_columns(session, "warehouse", skip=DERIVED)
    for name, condition in _by_pseudonyms(contracts).items():
        where[name] = f"{where[name]} AND {condition}" if name in where else condition
    return Keep(where, without=(DERIVED,))


def keep_own_spine(session: Session) -> Keep:
    """Return what stays of a project's own spine, which is attached as the warehouse."""
    return Keep(_by_columns(session, "warehouse"))


def keep_quarantine() -> Keep:
    """Return what stays of quarantine."""
    place = "(delivery_id, table_name, file_name, row_number)"
    refused = f"{place} NOT IN (SELECT {place} FROM purge.refused)"
    return Keep({"main.refused": f"{_not_in('delivery_id')} AND {refused}"})


def _by_columns(session: Session, alias: str, skip: str = "") -> dict[str, str]:
    """Return a condition for every table that has a delivery id or record keys, whoever made it."""
    found = session.execute(
        """SELECT c.schema_name, c.table_name, list(c.column_name ORDER BY c.column_index)
        FROM duckdb_columns() c JOIN duckdb_tables() t USING (database_name, schema_name, table_name)
        WHERE c.database_name = $alias AND c.schema_name <> $skip
            AND (c.column_name = 'delivery_id' OR c.column_name LIKE 'record\\_key%' ESCAPE '\\')
        GROUP BY ALL ORDER BY ALL""",
        {"alias": alias, "skip": skip},
    )
    return {f"{schema}.{table}": " AND ".join(map(_not_in, columns)) for schema, table, columns in found}


def _not_in(column: str) -> str:
    listed = (
        "SELECT delivery_id FROM purge.delivery"
        if column == "delivery_id"
        else "SELECT record_key FROM purge.record"
    )
    return f'("{column}" IS NULL OR "{column}" NOT IN ({listed}))'


def _by_pseudonyms(contracts: Contracts) -> dict[str, str]:
    """Return a condition for tables without a person's record id: rows go with their case or claim."""
    found = {}
    for contract in contracts:
        for table in contract.tables:
            keyed = [column for column in table.content_columns if column.pseudonym]
            if keyed and not table.record_id:
                found[f"content.{content_name(contract, table)}"] = " AND ".join(
                    f'("{c.name}" IS NULL OR "{c.name}" NOT IN '
                    f"(SELECT key FROM purge.pseudonym WHERE namespace = '{c.pseudonym}'))"
                    for c in keyed
                )
    return found
