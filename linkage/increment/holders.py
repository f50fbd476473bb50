"""Who holds a blocking key: the standing nodes that share one, looked up in the vault once.

Belongs here: keys as rows, and their holders by the keys kept. Does not: whose keys are asked for
(near.py, blocked.py), how many may share one for what.

Makes `link_sought` (rule, shared), the keys that were looked up, and `link_holder` (rule, shared, lead),
all nodes that held them before anything was corrected. `rule` is the key's place in `encode.BLOCKS`.
"""

from __future__ import annotations

import duckdb

from linkage.encode import BLOCKS
from linkage.increment.state import SCHEMA

TABLES: tuple[str, ...] = ("link_sought", "link_holder", "link_asked")
"""Temporary tables made here."""

RULES: tuple[str, ...] = tuple(BLOCKS)
"""Names of the keys by their number."""

MOST_SQL: str = f"[{', '.join(str(most) for _, most in BLOCKS.values())}][rule + 1]"
"""SQL of the largest block that is used, from `rule`."""


def start(connection: duckdb.DuckDBPyConnection) -> None:
    """Make both tables, empty."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_sought (rule UTINYINT, shared UINTEGER);
        CREATE OR REPLACE TEMP TABLE link_holder (rule UTINYINT, shared UINTEGER, lead BIGINT)"""
    ).fetchall()


def as_rows_sql(relation: str, first: str) -> str:
    """SELECT of (a column, rule, shared) from a relation with a column a key: a row for each known key."""
    keys = ", ".join(f'"{name}"' for name in RULES)
    return f"""SELECT * FROM (SELECT {first}, unnest(range({len(RULES)}))::UTINYINT AS rule,
            unnest([{keys}]) AS shared FROM {relation}) WHERE shared IS NOT NULL"""


def look_up(connection: duckdb.DuckDBPyConnection, keys: str) -> None:
    """Add to `link_holder` who holds the keys of a table (rule, shared) that were not looked up yet."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_asked AS
            SELECT rule, shared FROM {keys} ANTI JOIN link_sought USING (rule, shared)"""
    ).fetchall()
    rules = [rule for (rule,) in connection.execute("SELECT DISTINCT rule FROM link_asked").fetchall()]
    if rules:
        found = " UNION ALL ".join(
            f"""SELECT {rule}::UTINYINT, "{RULES[rule]}", record_key_lead FROM {SCHEMA}.block
                WHERE "{RULES[rule]}" IN (SELECT shared FROM link_asked WHERE rule = {rule})"""
            for rule in sorted(rules)
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE link_holder AS FROM link_holder UNION ALL {found}"
        ).fetchall()
        connection.execute("INSERT INTO link_sought FROM link_asked").fetchall()
