"""Listing what goes with an ending, set-based, into its worklist.

Belongs here: deliveries, record keys, pseudonyms, quarantined rows, persons and study
ids that go, and hashes of what is searched for afterwards. Does not: destroying any
of it (`purge.py`), or finding it again (`search.py`).

Identifiers are read into memory and leave it only as keyed hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from data_sharing_agreements.ends import Scope
from data_sharing_agreements.registry.ends import Ending
from privacy.vault import IDENTIFIER_ROLES
from warehouse.contracts_model import Contract
from warehouse.ends.needles import hashed, needle_key
from warehouse.ends.worklist import worklist
from warehouse.hub import Hub
from warehouse.ingest.content import content_name
from warehouse.opener import Session, Store
from warehouse.readers.staged import literal, quoted
from warehouse.restrictions.tokens import token_key

MOST_VALUES = 200_000
"""Identifier values that are searched for; of more, a sample."""

_SOUGHT_ROLES = ("ssn", "phone", "email", "full_name", "given_name", "surname", "street")
_NUMBERED = ("ssn", "phone", "email")
_TABLES = ("delivery", "record", "pseudonym", "refused", "person", "study", "needle")


def ask_for(hub: Hub, ending_id: str, record_keys: Sequence[int]) -> None:
    """Write down which records an ending by records is to take."""
    with hub.opener.session(write=[worklist(ending_id)]) as session, session.transaction("purge"):
        session.execute("DELETE FROM purge.asked")
        session.execute("INSERT INTO purge.asked SELECT unnest($keys::BIGINT[])", {"keys": list(record_keys)})


def was_asked(hub: Hub, ending: Ending) -> bool:
    """Whether it is known which records an ending by records is to take."""
    if not hub.opener.exists(worklist(ending.id)):
        return False
    with hub.opener.session(read=[worklist(ending.id)]) as session:
        return bool(session.one("SELECT count(*) > 0 FROM purge.asked"))


def list_what_goes(hub: Hub, ending: Ending) -> dict[str, int]:
    """Fill an ending's worklist, from its beginning if it was filled before.

    Args:
        hub: With every role of the hub's stores.
        ending: What ends.

    Returns:
        How many deliveries, records and persons go, for whoever asked; and how many texts
        will be searched for.
    """
    contract = hub.contracts[ending.source]
    projects = [p for p in _projects(hub) if hub.opener.exists(Store.study_ids(p))]
    own = (Store.vault(), Store.warehouse(), Store.quarantine())
    read = [store for store in own if hub.opener.exists(store)]
    with hub.opener.session(read=read, write=[worklist(ending.id)]) as session:
        with session.transaction("purge"):
            for table in _TABLES:
                session.execute(f"DELETE FROM purge.{table}")
            _deliveries(hub, session, ending)
            _records(session, contract, ending)
            _pseudonyms(session, hub, contract, ending)
            if Store.quarantine() in read:
                _refused(session, contract, ending)
            _persons(session)
        for project in projects:
            _study_ids(session, project)
        with session.transaction("purge"):
            _needles(hub, session, ending, contract)
        return {name: int(session.one(f"SELECT count(*) FROM purge.{name}")) for name in _TABLES}


def _projects(hub: Hub) -> list[str]:
    return [project for project in hub.agreements.projects() if hub.registry.marts.history(project)]


def _deliveries(hub: Hub, session: Session, ending: Ending) -> None:
    if ending.kind is Scope.DSA:
        ids = [d.id for d in hub.registry.deliveries.all() if d.source == ending.source]
    else:
        ids = [ending.subject] if ending.kind is Scope.DELIVERY else []
    session.execute("INSERT INTO purge.delivery SELECT unnest($ids::VARCHAR[])", {"ids": ids})


def _content(
    session: Session, contract: Contract, *, with_records: bool | None = None
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the contract's content tables that exist, with (column, namespace) of their pseudonyms."""
    made = session.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'warehouse' AND schema_name = 'content'"
    )
    names = {str(name) for (name,) in made}
    found = []
    for table in contract.tables:
        name = content_name(contract, table)
        if name in names and with_records in (None, bool(table.record_id)):
            keyed = [(c.name, c.pseudonym) for c in table.content_columns if c.pseudonym]
            found.append((f"warehouse.content.{quoted(name)}", keyed))
    return found


def _records(session: Session, contract: Contract, ending: Ending) -> None:
    own = f"SELECT key FROM vault.crosswalk WHERE namespace = {literal(contract.source)}"
    if ending.kind is Scope.RECORDS:
        session.execute(
            f"INSERT INTO purge.record SELECT DISTINCT key FROM ({own}) "
            "WHERE key IN (SELECT record_key FROM purge.asked)"
        )
    elif ending.kind is Scope.DSA:
        session.execute(f"INSERT INTO purge.record {own}")
    else:
        places = [name for name, _ in _content(session, contract, with_records=True)] + ["vault.identity"]
        both = " UNION ALL ".join(f"SELECT record_key, delivery_id FROM {place}" for place in places)
        session.execute(
            f"INSERT INTO purge.record SELECT record_key FROM ({both}) WHERE record_key IS NOT NULL "
            "GROUP BY record_key HAVING bool_and(delivery_id IN (SELECT delivery_id FROM purge.delivery))"
        )


def _pseudonyms(session: Session, hub: Hub, contract: Contract, ending: Ending) -> None:
    """List keys of cases, claims and the like that only rows that go have."""
    by_delivery = "(delivery_id IN (SELECT delivery_id FROM purge.delivery))"
    by_record = "coalesce(record_key IN (SELECT record_key FROM purge.record), false)"
    with_record = True if ending.kind is Scope.RECORDS else None
    rows = []
    for name, keyed in _content(session, contract, with_records=with_record):
        has_record = "record_key" in _columns(session, name)
        rows += _keys_sql(name, keyed, f"({by_delivery} OR {by_record})" if has_record else by_delivery)
    for other in hub.contracts:
        for name, keyed in _content(session, other) if other.source != contract.source else ():
            rows += _keys_sql(name, keyed, "false")
    if rows:
        session.execute(
            f"INSERT INTO purge.pseudonym SELECT namespace, key FROM ({' UNION ALL '.join(rows)}) "
            "WHERE key IS NOT NULL GROUP BY ALL HAVING bool_and(goes)"
        )
    if ending.kind is Scope.DSA:
        _unused_namespaces(session, hub, contract)


def _keys_sql(name: str, keyed: Sequence[tuple[str, str]], goes: str) -> list[str]:
    return [
        f"SELECT {literal(namespace)} AS namespace, {quoted(column)} AS key, {goes} AS goes FROM {name}"
        for column, namespace in keyed
    ]


def _unused_namespaces(session: Session, hub: Hub, contract: Contract) -> None:
    """Add what stands in the crosswalk alone, of namespaces that no other source uses."""
    others = {
        c.pseudonym for o in hub.contracts if o.source != contract.source for t in o.tables for c in t.columns
    }
    own = sorted({c.pseudonym for t in contract.tables for c in t.columns if c.pseudonym} - others)
    session.execute(
        "INSERT INTO purge.pseudonym SELECT namespace, key FROM vault.crosswalk "
        "WHERE namespace IN (SELECT unnest($own::VARCHAR[])) "
        "AND (namespace, key) NOT IN (SELECT (namespace, key) FROM purge.pseudonym)",
        {"own": own},
    )


def _columns(session: Session, name: str) -> set[str]:
    return {str(row[0]) for row in session.execute(f"DESCRIBE {name}")}


def _refused(session: Session, contract: Contract, ending: Ending) -> None:
    """List quarantined rows that hold the record id of a record that goes, wherever it stands in them."""
    if ending.kind is Scope.DSA:
        return
    session.execute(
        f"""INSERT INTO purge.refused
        SELECT DISTINCT delivery_id, table_name, file_name, row_number FROM quarantine.refused AS q
        JOIN (SELECT source_id FROM vault.crosswalk
              WHERE namespace = {literal(contract.source)}
                  AND key IN (SELECT record_key FROM purge.record)) AS x
            ON list_bool_and([contains(q.record, part) FOR part IN string_split(x.source_id, '|')])
        WHERE q.source = {literal(contract.source)}"""
    )


def _persons(session: Session) -> None:
    """List persons of whom no record is left."""
    if not session.one(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'warehouse' "
        "AND schema_name = 'spine' AND table_name = 'assignment'"
    ):
        return
    session.execute(
        "INSERT INTO purge.person SELECT person_key FROM warehouse.spine.assignment GROUP BY person_key "
        "HAVING bool_and(record_key IN (SELECT record_key FROM purge.record))"
    )


def _study_ids(session: Session, project: str) -> None:
    with session.attached(Store.study_ids(project), write=False):
        session.execute(
            f"INSERT INTO purge.study SELECT {literal(project)}, study_id FROM study_ids.study_id "
            "SEMI JOIN purge.person USING (person_key)"
        )


def _needles(hub: Hub, session: Session, ending: Ending, contract: Contract) -> None:
    key = needle_key(token_key(hub.keys), ending.id)
    source = literal(contract.source)
    record = "SELECT record_key FROM purge.record"
    _hash(session, key, "key", f"SELECT CAST(record_key AS VARCHAR) FROM ({record})")
    ids = f"FROM vault.crosswalk WHERE namespace = {source} AND key IN ({record})"
    _hash(session, key, "id", f"SELECT source_id {ids}")
    for role in _SOUGHT_ROLES:
        _hash(session, key, "number" if role in _NUMBERED else "value", _distinctive_sql(role, ending))
    if ending.kind is Scope.DELIVERY:
        session.execute("DELETE FROM purge.needle WHERE kind NOT IN ('key', 'id')")


def _distinctive_sql(role: str, ending: Ending) -> str:
    """SQL of the values of a role that only records which go have, whatever role others have them in."""
    columns = ", ".join(IDENTIFIER_ROLES)
    return f"""
        WITH mine AS (
            SELECT DISTINCT {role} AS value FROM vault.identity
            WHERE record_key IN (SELECT record_key FROM purge.record) AND length({role}) >= 6),
        others AS (
            SELECT DISTINCT unnest(CAST([{columns}] AS VARCHAR[])) AS value FROM vault.identity
            WHERE record_key NOT IN (SELECT record_key FROM purge.record))
        SELECT value FROM mine ANTI JOIN others USING (value)
        ORDER BY hash(value || {literal(ending.id)}) LIMIT {MOST_VALUES}"""


def _hash(session: Session, key: bytes, kind: str, sql: str) -> None:
    texts = session.arrow(f"SELECT value FROM ({sql}) AS t(value) WHERE value IS NOT NULL").column("value")
    session.register("_needles", hashed(key, texts.combine_chunks()))
    session.execute(f"INSERT INTO purge.needle SELECT {literal(kind)}, first, size, mark FROM _needles")
    session.unregister("_needles")


def excuse(session: Session, marks: Iterable[int]) -> int:
    """Leave out of the search what rows that stay hold by right; never a record key.

    Args:
        session: With the worklist attached to write.
        marks: What was found in rows that stay.

    Returns:
        How many texts are left out.
    """
    session.execute(
        "DELETE FROM purge.needle WHERE kind <> 'key' AND mark IN (SELECT unnest($marks::UBIGINT[]))",
        {"marks": sorted(set(marks))},
    )
    return int(session.one("SELECT count(*) FROM purge.needle"))
