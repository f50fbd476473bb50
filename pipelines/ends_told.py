"""What `status` tells of ends.

Belongs here: what is overdue, unfinished, or held. Does not: ending anything, or
printing. It opens no store and imports no step, so that a short verb starts fast.
"""

from typing import Any

from warehouse.ends.plan import overdue
from warehouse.hub import Hub


def told(hub: Hub) -> dict[str, Any]:
    """Return what `status` tells of ends: what is due, what is unfinished, which holds stand."""
    today = hub.deployment.today()
    return {
        "due": [{"scope": s, "subject": n, "by": str(by)} for s, n, by in overdue(hub, today)],
        "unfinished": [
            {"id": e.id, "scope": e.kind, "subject": e.subject, "state": e.state}
            for e in hub.registry.ends.unfinished()
        ],
        "holds": [
            {"id": h.id, "kind": h.kind, "subject": h.subject, "reason": h.reason}
            for h in hub.registry.ends.holds()
        ],
    }
