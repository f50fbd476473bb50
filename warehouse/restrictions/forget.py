"""Leaving restricted records out of a list somebody brings along.

Belongs here: deleting them from a table of sources and record ids. Does not: any list
that the house makes itself, which reads through `relations`.
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
