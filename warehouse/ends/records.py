"""Which records a notice of restriction has purged: their random keys, and nothing else of them.

Belongs here: from a notice's tokens to record keys. Does not: taking notices in
(`warehouse.restrictions`), or purging (`purge.py`).

Sealed and expunged records, and those whose consent was withdrawn, are purged by the
notice that says so. Other restrictions leave a record where it is and keep it out of
uses.
"""

from __future__ import annotations

from data_sharing_agreements.decisions import Request
from data_sharing_agreements.errors import UsageFault
from warehouse.hub import Hub
from warehouse.opener import Store
from warehouse.restrictions.tokens import token_key, token_macro

_PURGING = """(kind IN ('sealed', 'expunged') AND act = 'set') OR (kind = 'consent' AND act = 'revoke')"""


def records_of_notice(hub: Hub, source: str, notice_id: str) -> tuple[list[int], list[str]]:
    """Return the keys of the records a notice has purged, and the kinds of its entries.

    Raises:
        UsageFault: No such notice was applied, or it says nothing that purges a record
            the vault knows.
    """
    hub.gate.require(Request("destroy", sources=frozenset({source})))
    params = {"source": source, "notice": notice_id}
    with (
        hub.opener.session(read=[Store.vault()]) as session,
        token_macro(session, token_key(hub.keys)),
    ):
        found = session.execute(
            f"""SELECT x.key, r.kind FROM vault.crosswalk AS x
            JOIN vault.restriction AS r ON r.source = x.namespace
                AND r.token = restriction_token(x.namespace, x.source_id)
            WHERE x.namespace = $source AND r.notice_id = $notice AND ({_PURGING})""",
            params,
        )
    if not found:
        raise UsageFault.of(
            "no-such-records",
            "No record is purged by a notice of this id.",
            why="A notice that was applied purges the records it seals, expunges or withdraws consent for.",
            next="See `commonweal restrict status`, and run `commonweal run` to have new notices applied.",
            source=source,
        )
    return sorted({int(key) for key, _ in found}), sorted({str(kind) for _, kind in found})
