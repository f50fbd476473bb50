"""What may be told of restrictions: notices, and counts that are not small.

Belongs here: counting what stands, suppressed. Does not: any id, token or key.
"""

from __future__ import annotations

from typing import Any

from data_sharing_agreements.cells import smallest_cell
from data_sharing_agreements.decisions import Request
from data_sharing_agreements.vocabulary import Verb
from warehouse.hub import Hub
from warehouse.opener import Session, Store
from warehouse.restrictions.rules_sql import standing_sql

_STANDING = """
    SELECT s.source, s.kind, count(DISTINCT s.token),
        count(DISTINCT CASE WHEN o.record_key IS NULL THEN s.token END)
    FROM ({standing}) AS s
    LEFT JOIN (FROM vault.restriction_reach WHERE own) AS o USING (source, token)
    WHERE NOT s.granted GROUP BY ALL ORDER BY ALL
"""


def restriction_status(hub: Hub) -> dict[str, Any]:
    """Return notices, restrictions that stand today by source and kind, and rows that were withheld.

    `records` counts records that entries name, not all that they reach; `awaited` those
    of them that were never delivered. None is a count too small to tell. Who has given
    consent is not restricted and is not counted; who has come of age still is.

    Args:
        hub: Opened with the splitter's keys.
    """
    sources = frozenset(hub.contracts.sources) & frozenset(hub.agreements.sources())
    if sources:
        hub.gate.require(Request(Verb.RESTRICT, sources=sources))
    smallest = smallest_cell(hub.agreements)
    notices = [
        {
            "source": n.source,
            "notice": n.notice_id,
            "sequence": n.sequence,
            "signatory": n.signatory,
            "state": n.state,
        }
        for n in hub.registry.restriction_notices.all()
    ]
    standing: list[dict[str, Any]] = []
    withheld: list[dict[str, Any]] = []
    if notices and hub.opener.exists(Store.vault()):
        with hub.opener.session(read=[Store.vault()]) as session:
            standing, withheld = _counts(session, hub, smallest)
    return {"smallest": smallest, "notices": notices, "standing": standing, "withheld": withheld}


def _counts(session: Session, hub: Hub, smallest: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    def shown(count: int) -> int | None:
        return None if 0 < count < smallest else count

    found = session.execute(
        _STANDING.format(standing=standing_sql("vault.restriction")), {"day": hub.deployment.today()}
    )
    standing = [
        {
            "source": source,
            "kind": kind,
            "records": shown(records),
            "awaited": shown(awaited) if shown(records - awaited) is not None else None,
            "suppressed": shown(records) is None
            or shown(awaited) is None
            or shown(records - awaited) is None,
        }
        for source, kind, records, awaited in found
    ]
    rows = session.execute(
        """SELECT source, sum(rows)::BIGINT FROM vault.restriction_withheld
            SEMI JOIN vault.current_delivery USING (delivery_id) GROUP BY ALL ORDER BY ALL"""
    )
    withheld = [{"source": s, "rows": shown(n), "suppressed": shown(n) is None} for s, n in rows]
    return standing, withheld
