"""Leaving out of a list somebody brings along what is restricted, and what cannot be looked up.

Belongs here: deleting restricted records from a table of sources and record ids, and ids that an
agency which encodes at home alone knows. Does not: any list that the house makes itself, which
reads through `relations`.
"""

from __future__ import annotations

from warehouse.hub import Hub
from warehouse.opener import Session
from warehouse.restrictions.rules_sql import keeps_out_sql, standing_sql
from warehouse.restrictions.tokens import token_key, token_macro


def forget_restricted(session: Session, hub: Hub, table: str) -> None:
    """Delete from a table (source, record_id, …) the records that `restricted` names or that are kept out.

    A record that was never taken in is known by its token alone.

    Args:
        session: With the vault attached, `relations.restrict` called.
        hub: Opened with the splitter's keys.
        table: Its name.
    """
    session.execute(
        f"""DELETE FROM {table} WHERE (source, record_id) IN (
            SELECT (x.namespace, x.source_id) FROM vault.crosswalk AS x
            JOIN memory.main.restricted AS r ON r.record_key = x.key)"""
    )
    with token_macro(session, token_key(hub.keys)):
        session.execute(
            f"""DELETE FROM {table} WHERE restriction_token(source, record_id) IN (
                SELECT token FROM ({standing_sql("vault.restriction")}) WHERE {keeps_out_sql()})""",
            {"day": hub.deployment.today()},
        )


def encoded_sources(session: Session) -> list[str]:
    """Return the sources that were encoded at their agencies; the vault is attached."""
    found = session.one(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'vault' AND table_name = 'encoding'"
    )
    rows = session.execute("SELECT DISTINCT source FROM vault.encoding ORDER BY source") if found else ()
    return [str(source) for (source,) in rows]


def forget_encoded(session: Session, table: str) -> None:
    """Delete from a list somebody brings the ids that only the agency knows, which encodes at home.

    Args:
        session: With the vault attached.
        table: Its name; columns source and record_id. What it names by the agency's tokens stays.
    """
    for source in encoded_sources(session):
        session.execute(
            f"""DELETE FROM {table} WHERE source = ? AND record_id NOT IN (
                SELECT source_id FROM vault.crosswalk WHERE namespace = source)""",
            [source],
        )
