"""Which deliveries stand: the registry says it, vault and warehouse follow.

Belongs here: making the stores agree with the registry, after a delivery was
accepted and after a run was killed in between. Does not: writing rows.
"""

from __future__ import annotations

from collections.abc import Iterable

from data_sharing_agreements.registry import Delivery
from warehouse.opener import Opener, Session, Store

_TABLES = {"vault": "vault.current_delivery", "warehouse": "warehouse.content.current_delivery"}


def make_standing(session: Session, source: str, standing: Iterable[Delivery]) -> None:
    """Make vault and warehouse name exactly these deliveries as those of a source that stand.

    What superseded deliveries left in quarantine is removed.
    """
    rows = [(delivery.id, delivery.source, delivery.period) for delivery in standing]
    for alias, table in _TABLES.items():
        if _named(session, table, source) == {row[0] for row in rows}:
            continue
        with session.transaction(alias):
            session.execute(f"DELETE FROM {table} WHERE source = ?", [source])
            for row in rows:
                session.execute(f"INSERT INTO {table} VALUES (?, ?, ?)", list(row))
    listed = [row[0] for row in rows]
    with session.transaction("quarantine"):
        session.execute(
            "DELETE FROM quarantine.refused "
            "WHERE source = $source AND NOT list_contains($standing, delivery_id)",
            {"source": source, "standing": listed},
        )


def stores_agree(opener: Opener, source: str, standing: Iterable[Delivery]) -> bool:
    """Return whether vault and warehouse name the deliveries of a source that the registry says stand."""
    ids = {delivery.id for delivery in standing}
    stores = [Store.vault(), Store.warehouse()]
    if not all(opener.exists(store) for store in stores):
        return not ids
    with opener.session(read=stores) as session:
        return all(_named(session, table, source) == ids for table in _TABLES.values())


def _named(session: Session, table: str, source: str) -> set[str]:
    found = session.execute(f"SELECT delivery_id FROM {table} WHERE source = ?", [source])
    return {str(row[0]) for row in found}
