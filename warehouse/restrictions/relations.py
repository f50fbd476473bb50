"""The relations through which people's rows are read: what is restricted is not in them.

Belongs here: the one place where content, identities and the spine are opened to a
reader, without the records that may not be read for its use. Does not: who is
restricted (settle.py), or what a reader does. A test holds every other module to this.

A reader finds `restricted` and `address_hidden` (record_key) in memory, and what it
asks for: `permitted_identity` of the vault, `permitted_spine`, or content under
`current.<source>__<table>` and the spine under `spine`, as core's SELECTs name them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from data_sharing_agreements.documents import Agreements
from data_sharing_agreements.errors import ErrorDetail, IntegrityFault, Refused
from data_sharing_agreements.restrictions import Use, consent_sources
from data_sharing_agreements.vocabulary import Verb
from privacy.agency_parameters import ADDRESS_FIELDS, VERSION, address_blocks
from privacy.vault import IDENTIFIER_ROLES
from warehouse.contracts_model import Contract, Table
from warehouse.hub import Hub
from warehouse.ingest.content import content_name
from warehouse.opener import Session
from warehouse.readers.staged import quoted
from warehouse.restrictions.rules_sql import excluded_sql, hides_address_sql

ADDRESS_ROLES: tuple[str, ...] = ("street_number", "street", "unit", "city", "state", "zip", "household")
"""Roles that say where, or with whom, a person lives."""

WAREHOUSE = "warehouse"
"""Name under which the warehouse is attached, and in it the statewide spine."""


def spine_use(hub: Hub) -> Use:
    """Return the use for which the statewide spine and core are made."""
    return Use(frozenset({Verb.LINK}), hub.deployment.link_purpose)


def restrict(session: Session, hub: Hub, use: Use, *, house: str = "warehouse") -> str:
    """Make `restricted` and `address_hidden` for a use, in place of those of another.

    Args:
        session: With the warehouse attached.
        hub: Its agreements say which sources ask consent.
        use: What will be read for.
        house: Name under which the warehouse is attached.

    Returns:
        A digest of both, for the hash of what is made from the rows.

    Raises:
        IntegrityFault: Nobody has settled today who is restricted.
    """
    _check_settled(session, hub, house)
    asked = [
        (source, records)
        for source in sorted(consent_sources(_documents(hub)))
        if (records := _records_sql(session, hub, source, house))
    ]
    entry = f"{house}.restriction.entry"
    session.execute(f"CREATE OR REPLACE TABLE memory.main.restricted AS {excluded_sql(use, asked, house)}")
    session.execute(
        "CREATE OR REPLACE TABLE memory.main.address_hidden AS "
        f"SELECT DISTINCT record_key FROM {entry} WHERE {hides_address_sql()}"
    )
    return str(
        session.one(
            f"SELECT md5(concat_ws(';', {_keys_sql('restricted')}, 'address', {_keys_sql('address_hidden')}))"
        )
    )


def _documents(hub: Hub) -> Agreements:
    return hub.agreements.on(hub.gate.today())


def _keys_sql(table: str) -> str:
    return f"(SELECT string_agg(record_key::VARCHAR, ',' ORDER BY record_key) FROM memory.main.{table})"


def permit_identities(session: Session) -> None:
    """Make `permitted_identity`: the identities that stand, without restricted records.

    A record whose address is confidential has none, nor a household. Call `restrict` first.
    """
    hidden = ", ".join(
        f"CASE WHEN h.record_key IS NULL THEN i.{role} END AS {role}" for role in ADDRESS_ROLES
    )
    kept = ", ".join(f"i.{role}" for role in IDENTIFIER_ROLES if role not in ADDRESS_ROLES)
    session.execute(
        f"""CREATE OR REPLACE TEMP VIEW permitted_identity AS
            SELECT i.record_key, i.source, i.delivery_id, i.period, {kept}, {hidden}
            FROM (FROM vault.current_identity ANTI JOIN memory.main.restricted USING (record_key)) AS i
            LEFT JOIN memory.main.address_hidden AS h ON h.record_key = i.record_key"""
    )


def permit_encodings(session: Session) -> None:
    """Make `permitted_encoding`: encodings from agencies that stand, without restricted records.

    Of a record whose address is confidential nothing made of an address is there. Call
    `restrict` first. Without any there is no such view.

    Raises:
        Refused: Some were made with other parameters than those of today.
    """
    made = _tables(session, "main", "vault")
    if ("encoding",) not in made or not session.one("SELECT count(*) FROM vault.encoding"):
        return
    _check_parameters(session)
    hidden = ", ".join(
        f"CASE WHEN h.record_key IS NULL THEN e.{name} END AS {name}" for name in ADDRESS_FIELDS
    )
    blocks = ", ".join(str(block) for block in address_blocks())
    session.execute(
        f"""CREATE OR REPLACE TEMP VIEW permitted_encoding AS
            SELECT e.* REPLACE ({hidden})
            FROM (FROM vault.current_encoding ANTI JOIN memory.main.restricted USING (record_key)) AS e
            LEFT JOIN memory.main.address_hidden AS h ON h.record_key = e.record_key
            WHERE h.record_key IS NULL OR e.block NOT IN ({blocks})"""
    )


def _check_parameters(session: Session) -> None:
    """Raise if encodings stand that nothing encoded today can meet: they would link with nobody."""
    other = session.execute(
        "SELECT DISTINCT source FROM vault.current_encoding WHERE parameters <> ? ORDER BY source", [VERSION]
    )
    Refused.collect(
        ErrorDetail(
            "encoding-parameters",
            f"deliveries of {source} stand that were encoded with other parameters",
            why="encodings under two versions of the parameters cannot be linked",
            next="ask the agency to encode them again with this version",
            source=str(source),
        )
        for (source,) in other
    )


def permit_spine(session: Session, house: str = WAREHOUSE) -> None:
    """Make `permitted_spine`: a spine as it stands, without restricted records. Call `restrict` first.

    Args:
        session: With the store of the spine attached.
        house: Under which name. (The store's own view is not asked: it would look for its
            table in whatever is attached as the warehouse.)
    """
    session.execute(
        f"""CREATE OR REPLACE TEMP VIEW permitted_spine AS
            SELECT record_key, person_key FROM {house}.spine.assignment
            ANTI JOIN memory.main.restricted USING (record_key) WHERE to_version IS NULL"""
    )


@contextmanager
def as_written(session: Session, hub: Hub, house: str = WAREHOUSE) -> Iterator[None]:
    """Let a SELECT of core find content, spine and lists under the names it is written with.

    Args:
        session: With the warehouse attached, `restrict` called.
        hub: Its contracts say which columns are addresses.
        house: Name under which the store of the spine is attached.
    """
    permit_spine(session, house)
    session.execute("CREATE OR REPLACE TEMP VIEW spine AS SELECT record_key, person_key FROM permitted_spine")
    session.execute("CREATE SCHEMA memory.current; CREATE SCHEMA memory.reference")
    for contract in hub.contracts:
        for table in contract.tables:
            _open_content(session, contract, table)
    for (name,) in _tables(session, "reference"):
        session.execute(
            f"CREATE VIEW memory.reference.{quoted(name)} AS SELECT * FROM warehouse.reference.{quoted(name)}"
        )
    try:
        yield
    finally:
        session.execute("DROP SCHEMA memory.current CASCADE; DROP SCHEMA memory.reference CASCADE")
        session.execute("DROP VIEW temp.spine")


def _open_content(session: Session, contract: Contract, table: Table) -> None:
    name = content_name(contract, table)
    if (name,) not in _tables(session, "current"):
        return
    held = f"warehouse.current.{quoted(name)}"
    if not table.record_id:
        session.execute(f"CREATE VIEW memory.current.{quoted(name)} AS SELECT * FROM {held}")
        return
    hidden = [column.name for column in table.content_columns if column.role in ADDRESS_ROLES]
    shown = ", ".join(f"CASE WHEN h.record_key IS NULL THEN c.{quoted(c)} END AS {quoted(c)}" for c in hidden)
    columns = f"c.* REPLACE ({shown})" if hidden else "c.*"
    session.execute(
        f"""CREATE VIEW memory.current.{quoted(name)} AS SELECT {columns}
            FROM (SELECT * FROM {held} ANTI JOIN memory.main.restricted USING (record_key)) AS c
            LEFT JOIN memory.main.address_hidden AS h ON h.record_key = c.record_key"""
    )


def _tables(session: Session, schema: str, house: str = "warehouse") -> list[tuple[str]]:
    found = session.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_catalog = ? AND table_schema = ?",
        [house, schema],
    )
    return [(str(name),) for (name,) in found]


def _records_sql(session: Session, hub: Hub, source: str, house: str) -> str:
    """SQL of the keys of all records of a source that were ever taken in, to stand after FROM; or nothing."""
    if source not in hub.contracts.by_source:
        return ""
    contract = hub.contracts[source]
    there = _tables(session, "content", house)
    names = [content_name(contract, table) for table in contract.tables if table.record_id]
    parts = [f"SELECT record_key FROM {house}.content.{quoted(n)}" for n in names if (n,) in there]
    return f"({' UNION '.join(parts)})" if parts else ""


def _check_settled(session: Session, hub: Hub, house: str) -> None:
    today = hub.deployment.today()
    if session.one(f"SELECT max(day) FROM {house}.restriction.settled") != today:
        raise IntegrityFault.of(
            "restrictions-not-settled",
            "Nobody has settled today who is restricted.",
            why="A restriction may begin or end, and a person come of age, on any day; "
            "without today's list nobody's rows are read.",
            next="Use `commonweal run`, which settles it first.",
            document=hub.agreements.emou.id,
            clause="subject_rights",
        )
