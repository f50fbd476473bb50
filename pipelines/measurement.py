"""Linkage measured against a truth, and the measurement told wherever the link version is.

Belongs here: the order of asking, measuring, keeping and telling. Does not: how
linkage is measured (linkage.evaluate), or what pages look like.
"""

from functools import partial
from pathlib import Path
from typing import Any

from assets.linkage_report import write_linkage_report
from data_sharing_agreements.decisions import Request
from data_sharing_agreements.linkquality import FEWEST_RECORDS
from data_sharing_agreements.restrictions import own_spine_sources
from linkage.evaluate import evaluate
from linkage.quality import write_quality
from pipelines.pages import write_pages
from warehouse.hub import Hub
from warehouse.indicators import write_scorecard
from warehouse.marts import tell_link_error
from warehouse.opener import Session, Store
from warehouse.restrictions.forget import encoded_sources, forget_encoded, forget_restricted
from warehouse.restrictions.relations import permit_spine, restrict, spine_use
from warehouse.restrictions.settle import settle


def measure(hub: Hub, truth: Path) -> dict[str, Any]:
    """Measure the current link version and keep the result with it.

    Args:
        hub: The hub, whose home this process holds.
        truth: CSV with `source,record_id,person_id` and any columns of subgroups.

    Returns:
        The object of `commonweal/evaluate/1`; `kept` says whether it stands with the version from now
        on, and `encoded_sources` whose records a truth may name by the agency's own tokens alone.

    Raises:
        Refused: The sources may not be linked, and so not be looked up either.
    """
    settings = hub.deployment
    sources = frozenset(settings.link_sources or hub.contracts.sources) - own_spine_sources(hub.agreements)
    decision = hub.gate.require(Request("evaluate", purpose=settings.link_purpose, sources=sources))
    settle(hub)
    with hub.opener.session(read=[Store.vault()], write=[Store.warehouse()]) as session, session.guard():
        restrict(session, hub, spine_use(hub))
        permit_spine(session)
        found = evaluate(session.raw, truth, partial(_leave_out, session, hub))
        encoded = encoded_sources(session)
        if found.tells_enough():
            write_quality(session.raw, found.link_version, found.kept(FEWEST_RECORDS))
            write_linkage_report(hub, session)
        known = tell_link_error(hub, session)
    if found.tells_enough():
        write_scorecard(hub, known)
        write_pages(hub)
    hub.log.append(
        "evaluation",
        {"link_version": found.link_version},
        tuple((clause.document, clause.clause) for clause in decision.clauses),
    )
    told = {"kept": found.tells_enough(), "encoded_sources": encoded}
    return found.to_json() | told


def _leave_out(session: Session, hub: Hub, table: str) -> None:
    """Delete from a truth what may not be looked up, and what cannot: ids that only an agency knows."""
    forget_restricted(session, hub, table)
    forget_encoded(session, table)
