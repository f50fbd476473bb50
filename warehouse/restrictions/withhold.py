"""Withholding: rows of sealed, expunged and withdrawn records are not taken in again.

Belongs here: hiding such rows of a staged delivery before anything looks at them, and
counting them in the vault. Does not: rows that are already there (settle.py), or
purging. Staging, where the rows still lie, is destroyed when the delivery is done.
"""

from __future__ import annotations

from datetime import date

from privacy.keys import KeyRing
from warehouse.contracts_model import Contract
from warehouse.opener import Session
from warehouse.readers.staged import Staged, StagedTable, literal, quoted
from warehouse.restrictions.rules_sql import keeps_out_sql, standing_sql
from warehouse.restrictions.tokens import token_key, token_macro


def withhold(
    session: Session, keys: KeyRing, contract: Contract, delivery_id: str, staged: Staged, today: date
) -> None:
    """Take the rows of records that are kept out of what is staged.

    Where a source has such records, a line that could not be read, or has no record
    id, may be of one of them: it is counted and its text is not kept.

    Args:
        session: With `vault` to write and `staging` attached.
        keys: The splitter's.
        contract, delivery_id, staged: The delivery; its counts of rows are corrected.
        today: The day.
    """
    session.execute("DELETE FROM vault.restriction_withheld WHERE delivery_id = ?", [delivery_id])
    session.execute(
        "CREATE OR REPLACE TEMP TABLE kept_out AS "
        f"SELECT DISTINCT token FROM ({standing_sql('vault.restriction')}) "
        f"WHERE source = $source AND {keeps_out_sql()} "
        "UNION SELECT mark FROM vault.tombstone WHERE namespace = $source",
        {"day": today, "source": contract.source},
    )
    if session.one("SELECT count(*) FROM kept_out"):
        session.execute("UPDATE staging.work.unreadable SET record = NULL")
        with token_macro(session, token_key(keys)):
            found = sum(_withhold_table(session, contract, one) for one in staged.tables.values())
        session.execute(
            "INSERT INTO vault.restriction_withheld VALUES (?, ?, ?)", [delivery_id, contract.source, found]
        )
    session.execute("DROP TABLE kept_out")


def _withhold_table(session: Session, contract: Contract, one: StagedTable) -> int:
    """Put a view without the rows in the place of the table's view; return how many it leaves out."""
    one.careful = True
    if not one.table.record_id:
        return 0
    view, whole = quoted(one.table.name), quoted(f"{one.table.name} and what is withheld")
    held = f"staging.work.{quoted(f'withheld_{one.table.name}')}"
    session.execute(
        f"""CREATE TABLE {held} AS
            WITH ids AS (SELECT DISTINCT _record FROM staging.rows.{view} WHERE _record IS NOT NULL),
            hit AS (SELECT _record FROM ids
                    SEMI JOIN kept_out ON token = restriction_token({literal(contract.source)}, _record))
            SELECT _id FROM staging.rows.{view} SEMI JOIN hit USING (_record)"""
    )
    count = int(session.one(f"SELECT count(*) FROM {held}"))
    if count:
        session.execute(f"ALTER VIEW staging.rows.{view} RENAME TO {whole}")
        session.execute(
            f"CREATE VIEW staging.rows.{view} AS "
            f"SELECT * FROM staging.rows.{whole} ANTI JOIN {held} USING (_id)"
        )
        one.rows -= count
    return count
