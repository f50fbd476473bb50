"""The gate: the one door through which every use of data passes.

Belongs here: asking `decide` under the stops of this moment, writing the answer into
the log, raising if it is no. Does not: the rules (`decisions/`). An answer that cannot
be written down is not given: logging comes first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from data_sharing_agreements.decisions import Decision, Request, decide
from data_sharing_agreements.decisions.obligations import Obligations
from data_sharing_agreements.decisions.records import ClauseRef
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.documents.history import write_down_documents
from data_sharing_agreements.errors import ErrorDetail, Refused
from data_sharing_agreements.log import Log
from data_sharing_agreements.publication import WAITS, why_publication_waits
from data_sharing_agreements.registry.stops import standing_stops
from data_sharing_agreements.vocabulary import Verb

DECISION = "decision"
"""Kind of the log entries the gate writes."""


class Gate:
    """Decides and writes down.

    Args:
        agreements: The documents of the deployment.
        log: Where every decision is written, permitted or not.
        today: The day on which agreements are judged.
    """

    def __init__(self, agreements: Agreements, log: Log, today: Callable[[], date]) -> None:
        self.agreements = agreements
        self.log = log
        self.today = today
        self._documents_written = False
        self._kept_on: date | None = None

    def ask(self, request: Request) -> Decision:
        """Decide on a request and write the decision down."""
        self._write_down_documents()
        on = self.today()
        decision = self._unless_waiting(request, decide(request, self.current(), on), on)
        body = {"request": request.to_json(), "on": on, **decision.to_json()}
        del body["clauses"]
        return replace(decision, entry=self.log.append(DECISION, body, decision.clauses))

    def _unless_waiting(self, request: Request, decision: Decision, on: date) -> Decision:
        """Return a decision, or the refusal of what must wait for the log's witnesses."""
        reason = why_publication_waits(request, self.agreements, self.log, on) if decision.permitted else None
        if reason is None:
            return decision
        return replace(
            decision,
            permitted=False,
            clauses=(ClauseRef(reason.document, reason.clause),),
            obligations=Obligations(),
            reasons=(reason,),
        )

    def current(self) -> Agreements:
        """Return the documents under the stops that stand at this moment."""
        self.agreements = self.agreements.with_stops(standing_stops(self.log.database))
        return self.agreements

    def keep(self) -> None:
        """Note, once a process and day, that stores are opened to keep them in order.

        For what reads no row to use it: comparing a store with the registry, naming the
        deliveries that stand, sweeping what a killed run left, counting rows.
        """
        if self._kept_on != self.today():
            self.require(Request(Verb.KEEP))
            self._kept_on = self.today()

    def require(self, request: Request) -> Decision:
        """Decide on a request, write the decision down, and go on only if it is permitted.

        Raises:
            Refused: It is not; one detail for each reason, with document and clause.
        """
        decision = self.ask(request)
        if not decision.permitted:
            raise Refused(*(self._detail(request, i, decision) for i in range(len(decision.reasons))))
        return decision

    def _write_down_documents(self) -> None:
        """Once a process: the log says which documents its decisions rest on."""
        if not self._documents_written:
            write_down_documents(self.log.database, self.log.clock, self.agreements)
            self._documents_written = True

    @staticmethod
    def _detail(request: Request, i: int, decision: Decision) -> ErrorDetail:
        reason = decision.reasons[i]
        source = next(iter(request.sources)) if len(request.sources) == 1 else None
        return ErrorDetail(
            reason.code,
            reason.text,
            why=f"{reason.document}, clause {reason.clause}.",
            next=NEXT_STEPS.get(reason.code, "Ask the governance board to amend the document."),
            source=source,
            document=reason.document,
            clause=reason.clause,
        )


NEXT_STEPS = {
    "agreement-expired": "Renew the document, or leave out what rests on it.",
    "agreement-not-started": "Wait for the first day of the document, or amend it.",
    "agreement-suspended": "Ask whoever suspended the document.",
    "agreement-stopped": "Ask the party that stopped it; `commonweal status` names it.",
    "agreement-terminated": "Sign a new document.",
    "agreement-draft": "Have the parties sign the document and set it active.",
    "agreement-missing": "Sign a data sharing agreement with the source's agency.",
    "license-missing": "Propose the project to the governance board.",
    "field-not-licensed": "Ask the board to amend the document, or leave these fields out.",
    "source-not-licensed": "Ask the board to amend the license, or leave this source out.",
    "recipient-not-named": "Ask the board to name this account as a recipient.",
    "training-out-of-date": "Renew the training and have the license amended.",
    "form-not-permitted": "Ask for a stricter form: tables of aggregates come from `commonweal table`.",
    "destruction-due": "Have the data destroyed, or sign a new document with a later day.",
    "period-not-licensed": "Ask the board to amend the period, or leave these days out.",
    "use-prohibited": "Do not do it. No amendment of a license can permit a banned use.",
    "review-not-over": "Wait until the reviewers have had their days.",
    "redisclosure-not-permitted": "Release aggregates instead of rows.",
    WAITS: "Give the witnesses a checkpoint (`commonweal log checkpoint`) and take in their cosignatures.",
    "nothing-asked": "Name the sources and fields that are needed.",
}
"""What to do about each reason; for others, the board is asked."""
