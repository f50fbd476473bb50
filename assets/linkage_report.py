"""The report of the standing link version, with what the deployment says of it.

Belongs here: the cell rule, the largest gap allowed and the sources' titles, brought together for
the report. Does not: the report itself (linkage.report), or when it is written.
"""

from __future__ import annotations

from data_sharing_agreements.cells import smallest_cell
from linkage.report import write_report
from warehouse.hub import Hub
from warehouse.opener import Session


def write_linkage_report(hub: Hub, session: Session) -> None:
    """Write the report of the standing version anew.

    Args:
        hub: Says where it goes and what it may tell.
        session: With the warehouse open.
    """
    write_report(
        session.raw,
        hub.reports("linkage", "index.html").parent,
        smallest=smallest_cell(hub.agreements),
        max_gap=hub.deployment.max_gap,
        titles={contract.source: contract.title for contract in hub.contracts},
    )
