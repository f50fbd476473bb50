"""The decision itself: every rule of the verb, and the obligations if all pass.

Belongs here: `decide`. Does not: the rules (`verbs.py`) or writing the answer down
(`gate.py`).
"""

from __future__ import annotations

from datetime import date

from data_sharing_agreements.decisions.case import Case
from data_sharing_agreements.decisions.obligations import Obligations
from data_sharing_agreements.decisions.records import ClauseRef, Decision, Request
from data_sharing_agreements.decisions.verbs import RULES
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.vocabulary import VERBS, Verb


def decide(request: Request, agreements: Agreements, on: date) -> Decision:
    """Decide whether a request is permitted on a day.

    A pure function: the same request, documents and day give the same answer. What
    no document permits is refused, and every reason is given, not only the first.

    Args:
        request: What is asked.
        agreements: The documents of the deployment.
        on: The day on which it would be done.
    """
    case = Case(request, agreements.on(on), on)
    if request.verb not in VERBS:
        case.refuse_by_default("verb-unknown", "No document speaks of such an act.")
    else:
        for rule in RULES[Verb(request.verb)]:
            rule(case)
    if case.reasons:
        reasons = tuple(case.reasons)
        refusing = dict.fromkeys(ClauseRef(r.document, r.clause) for r in reasons)
        return Decision(False, tuple(refusing), Obligations(), reasons)
    return Decision(True, tuple(case.clauses), case.obligations)
