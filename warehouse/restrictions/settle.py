"""Settling: who is restricted today, from the list in the vault to what every read asks.

Belongs here: finding the records an entry reaches, which entries stand on the day, and
writing them where linker and builder see them, as record keys without a reason in
words. Does not: reading notices (intake.py), or leaving records out (relations.py).

An entry of a person's scope reaches the records the spine has linked with its own, in
any version, and those of the vault that carry the same number and birth date (or name),
or the same name and birth date: an excluded record is linked no more, so a later record
of the same person must be recognised here. What was reached once stays reached.
"""

from __future__ import annotations

import time
from datetime import date

from data_sharing_agreements.decisions import Request
from data_sharing_agreements.restrictions import Scope
from data_sharing_agreements.vocabulary import Verb
from privacy.keys import KeyRing
from warehouse.contracts_model import Contract, Contracts
from warehouse.hub import Hub
from warehouse.opener import Session, Store
from warehouse.readers.staged import literal, quoted
from warehouse.restrictions.intake import STEP
from warehouse.restrictions.rules_sql import keeps_out_sql, standing_sql
from warehouse.restrictions.tokens import token_key, token_macro
from warehouse.steps import StepResult

_BIRTHS = """(
    SELECT o.source, o.token, max(CASE WHEN try_strptime(i.birth_date, '%Y%m%d') IS NOT NULL
        THEN i.birth_date::INTEGER ELSE 99999999 END) AS born
    FROM vault.restriction_reach AS o JOIN vault.current_identity AS i USING (record_key)
    WHERE o.own AND i.birth_date IS NOT NULL GROUP BY ALL)"""
"""Birth dates of restricted records; the latest where several were delivered, and a date
that does not exist is later than any: nobody comes of age by a mistake."""

_SAME_PERSON = """
    WITH seed AS (
        SELECT DISTINCT o.source, o.token, o.record_key FROM vault.restriction_reach AS o
        JOIN standing AS s USING (source, token) WHERE o.own AND s.scope <> 'record'
    ),
    last AS (
        SELECT record_key, arg_max(person_key, from_version) AS person_key
        FROM warehouse.spine.assignment GROUP BY record_key
    ),
    linked AS (
        SELECT seed.source, seed.token, o.record_key FROM seed JOIN last AS m USING (record_key)
        JOIN last AS o USING (person_key)
    ),
    said AS (
        SELECT record_key, CASE WHEN length(ssn) = 9 THEN ssn END AS ssn, birth_date AS born,
            upper(given_name) AS given, upper(surname) AS surname
        FROM vault.current_identity
    ),
    asked AS (SELECT seed.source, seed.token, said.* FROM seed JOIN said USING (record_key)),
    alike AS (
        SELECT a.source, a.token, s.record_key FROM asked AS a JOIN said AS s ON s.ssn = a.ssn
        WHERE s.born = a.born OR ((s.born IS NULL OR a.born IS NULL) AND s.surname = a.surname)
        UNION ALL
        SELECT a.source, a.token, s.record_key FROM asked AS a
        JOIN said AS s ON s.born = a.born AND s.surname = a.surname AND s.given = a.given
    )
    SELECT source, token, record_key FROM linked UNION SELECT source, token, record_key FROM alike
"""


def settle(hub: Hub) -> StepResult:
    """Write down whom restrictions bar today, and empty quarantine of rows that may not be kept.

    Args:
        hub: Opened with the splitter's keys.

    Returns:
        A result without counts: how many people are restricted is itself about people.
    """
    start = time.perf_counter()
    today = hub.deployment.today()
    _ask(hub)
    with hub.opener.session(write=[Store.vault(), Store.warehouse()]) as session:
        with token_macro(session, token_key(hub.keys)):
            _resolve(session)
        _make_standing(session, today)
        if _linked(session):
            _reach(session)
        _publish(session, today)
        session.execute("DROP TABLE standing")
    if hub.opener.exists(Store.quarantine()):
        _empty_quarantine(hub.contracts, hub, today)
    return StepResult(STEP, seconds=time.perf_counter() - start)


def _ask(hub: Hub) -> None:
    known = frozenset(hub.contracts.sources) & frozenset(hub.agreements.sources())
    if known:
        hub.gate.require(Request(Verb.RESTRICT, sources=known))
    else:
        hub.gate.keep()


def _resolve(session: Session) -> None:
    """Find the record keys of records that have been delivered since their entry came."""
    session.execute(
        """CREATE OR REPLACE TEMP TABLE unresolved AS
            SELECT DISTINCT source, token FROM vault.restriction
            ANTI JOIN (SELECT source, token FROM vault.restriction_reach AS o
                       JOIN vault.crosswalk AS x ON x.key = o.record_key WHERE o.own) USING (source, token)"""
    )
    if session.one("SELECT count(*) FROM unresolved"):
        with session.transaction("vault"):
            session.execute(
                """INSERT INTO vault.restriction_reach
                    SELECT u.source, u.token, x.key, u.source, true
                    FROM (SELECT namespace, key, restriction_token(namespace, source_id) AS token
                          FROM vault.crosswalk
                          WHERE namespace IN (SELECT source FROM unresolved)) AS x
                    JOIN unresolved AS u ON u.token = x.token AND u.source = x.namespace"""
            )
    session.execute("DROP TABLE unresolved")


def _make_standing(session: Session, today: date) -> None:
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE standing AS {standing_sql('vault.restriction', _BIRTHS)}",
        {"day": today},
    )


def _linked(session: Session) -> bool:
    """Whether there is anything to reach beyond single records; the spine's tables may not be there yet."""
    if not session.one(f"SELECT count(*) FROM standing WHERE scope <> {literal(Scope.RECORD)}"):
        return False
    session.execute(
        """CREATE SCHEMA IF NOT EXISTS warehouse.spine;
        CREATE TABLE IF NOT EXISTS warehouse.spine.assignment (
            record_key BIGINT NOT NULL, person_key BIGINT NOT NULL, source VARCHAR NOT NULL,
            from_version BIGINT NOT NULL, to_version BIGINT)"""
    )
    return True


def _reach(session: Session) -> None:
    """Add the records of the same person to what each entry reaches."""
    with session.transaction("vault"):
        session.execute(
            f"""INSERT INTO vault.restriction_reach
                SELECT f.source, f.token, f.record_key, x.namespace, false
                FROM ({_SAME_PERSON}) AS f JOIN vault.crosswalk AS x ON x.key = f.record_key
                ANTI JOIN vault.restriction_reach AS k
                    ON k.source = f.source AND k.token = f.token AND k.record_key = f.record_key"""
        )


def _publish(session: Session, today: date) -> None:
    """Replace what the warehouse says of today."""
    session.execute(
        f"""CREATE OR REPLACE TEMP TABLE today AS
            SELECT DISTINCT r.record_key, r.record_source AS source, s.kind, s.granted, s.scope, s.bars,
                s.start, s.until
            FROM standing AS s JOIN vault.restriction_reach AS r USING (source, token)
            WHERE CASE s.scope WHEN {literal(Scope.RECORD)} THEN r.own
                WHEN {literal(Scope.SOURCE)} THEN r.record_source = s.source ELSE true END"""
    )
    digest = session.one(
        "SELECT coalesce(md5(string_agg(hash(today)::VARCHAR, ',' ORDER BY hash(today))), '') FROM today"
    )
    with session.transaction("warehouse"):
        session.execute("DELETE FROM warehouse.restriction.entry")
        session.execute("INSERT INTO warehouse.restriction.entry SELECT * FROM today ORDER BY record_key")
        session.execute("DELETE FROM warehouse.restriction.settled")
        session.execute("INSERT INTO warehouse.restriction.settled VALUES (?, ?)", [today, digest])
    session.execute("DROP TABLE today")


def _empty_quarantine(contracts: Contracts, hub: Hub, today: date) -> None:
    """Remove what quarantine holds of records that are kept out, and lines that may be of one."""
    with hub.opener.session(read=[Store.vault()], write=[Store.quarantine()]) as session:
        session.execute(
            "CREATE OR REPLACE TEMP TABLE kept_out AS "
            f"SELECT DISTINCT source, token FROM ({standing_sql('vault.restriction')}) "
            f"WHERE {keeps_out_sql()}",
            {"day": today},
        )
        sources = {str(source) for (source,) in session.execute("SELECT DISTINCT source FROM kept_out")}
        for contract in contracts:
            if contract.source in sources:
                _empty(session, hub.keys, contract)


def _empty(session: Session, keys: KeyRing, contract: Contract) -> None:
    cases = " ".join(
        f"WHEN {literal(table.name)} THEN {_recorded_sql(table.record_id)}"
        for table in contract.tables
        if table.record_id
    )
    with token_macro(session, token_key(keys)), session.transaction("quarantine"):
        session.execute(
            f"""DELETE FROM quarantine.refused WHERE source = $source AND record IS NOT NULL
                AND restriction_token($source, CASE table_name {cases} END)
                    IN (SELECT token FROM kept_out WHERE source = $source)""",
            {"source": contract.source},
        )
        session.execute(
            f"""UPDATE quarantine.refused SET record = NULL
                WHERE source = $source AND (CASE table_name {cases} END) IS NULL""",
            {"source": contract.source},
        )


def _recorded_sql(columns: tuple[str, ...]) -> str:
    """SQL of the record id of a quarantined row, from the record as JSON; NULL where it has none."""
    parts = [f"json_extract_string(try_cast(record AS JSON), {literal('$.' + quoted(c))})" for c in columns]
    if len(parts) == 1:
        return parts[0]
    joined = " || '|' || ".join(f"coalesce({part}, '')" for part in parts)
    return f"CASE WHEN coalesce({', '.join(parts)}) IS NULL THEN NULL ELSE {joined} END"
