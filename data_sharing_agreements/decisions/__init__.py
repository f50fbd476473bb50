"""Decisions: may this be done, by which clauses, with which obligations?

Belongs here: `decide`, a pure function of a request, the agreements and a date,
and the records it takes and gives. Does not: writing the decision down or raising
(`gate.py`), storage, or any data value.
"""

from data_sharing_agreements.decisions.engine import decide
from data_sharing_agreements.decisions.obligations import Dominance, Obligation, Obligations
from data_sharing_agreements.decisions.records import ClauseRef, Decision, Reason, Request
from data_sharing_agreements.decisions.standing import agreements_in_force, why_not_in_force

__all__ = [
    "ClauseRef",
    "Decision",
    "Dominance",
    "Obligation",
    "Obligations",
    "Reason",
    "Request",
    "agreements_in_force",
    "decide",
    "why_not_in_force",
]
