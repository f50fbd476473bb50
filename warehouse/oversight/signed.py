"""What was signed in a period: every act that counted, with the office that signed it.

Belongs here: the acts as the log has them. Does not: judging an act, or who a signatory is
beyond the office and the body they signed for.
"""

from __future__ import annotations

from typing import Any

from data_sharing_agreements.documents.history import ACT
from warehouse.hub import Hub
from warehouse.oversight.period import Period


def signed(hub: Hub, period: Period) -> list[dict[str, Any]]:
    """Return the genuine acts signed in a period, document by document, oldest first.

    Returns:
        `document`, `version`, `act`, `office`, `party` and `on` (day of the signature). An
        act that was refused on arrival is not among them; it never reached the log.
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
