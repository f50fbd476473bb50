"""What was signed in a period: every act that counted, with the office that signed it.

Belongs here: the acts as the log has them, and what was refused at the door. Does not:
judging an act, or who a signatory is beyond the office and the body they signed for.
"""

from __future__ import annotations

from typing import Any

from data_sharing_agreements.documents.history import ACT
from warehouse.hub import Hub
from warehouse.oversight.decided import entries_of
from warehouse.oversight.period import Period


def signed(hub: Hub, period: Period) -> list[dict[str, Any]]:
    """Return the genuine acts signed in a period, document by document, oldest first.

    Returns:
        `document`, `version`, `act`, `office`, `party` and `on` (day of the signature).
    """
    told = [e["summary"] for e in hub.log.show(None, kind=ACT) if e["summary"] is not None]
    own = [act for act in told if period.holds(act["at"])]
    return [
        {
            "document": act["document"],
            "version": act["version"],
            "act": act["act"],
            "office": act["office"],
            "party": act["party"],
            "on": act["at"][:10],
        }
        for act in sorted(own, key=lambda act: (act["document"], act["version"], act["at"]))
    ]


def refused_at_door(hub: Hub, period: Period) -> list[dict[str, Any]]:
    """Return the documents and acts that did not get in, oldest first.

    Returns:
        `what` (document or act), `document` (None where the file named none), `rules`,
        `terms` of the document they are about, and `on`.
    """
    return [
        {
            "what": entry["summary"]["what"],
            "document": entry["summary"]["document"],
            "rules": entry["summary"]["rules"],
            "terms": [clause["clause"] for clause in entry["clauses"]],
            "on": entry["at"][:10],
        }
        for entry in entries_of(hub, period, "refused-at-door")
        if entry["summary"] is not None
    ]
