"""The rules of days: in force, before destruction, inside the period, after review.

Belongs here: pure rules over a `Case` that compare the day asked about, or the days the
data are about, with the documents. Does not: whether one document is in force
(`standing.py`), or which verb asks which rule (`verbs.py`).
"""

from __future__ import annotations

from datetime import date, timedelta

from data_sharing_agreements.decisions.case import Case
from data_sharing_agreements.decisions.standing import why_not_in_force
from data_sharing_agreements.terms import Period, Term

_SATURDAY = 5
"""Number of the first day of the week that is not a working day, Monday being 0."""


def documents_in_force(case: Case) -> None:
    """Every document concerned is in force on the day, the memorandum first."""
    for document in case.documents:
        if (reason := why_not_in_force(case.agreements, document, case.on)) is not None:
            case.refuse(reason.code, reason.text, reason.document, reason.clause)
        else:
            case.cite(document.id, "term")


def before_destruction(case: Case) -> None:
    """No document concerned has passed the day by which its data must be destroyed."""
    for document in case.below:
        if document.destruction is not None and case.on > document.destruction.by:
            case.refuse(
                "destruction-due",
                f"{document.id} has its data destroyed by {document.destruction.by}.",
                document.id,
                "destruction.by",
            )


def period_licensed(case: Case) -> None:
    """The days of service asked for lie inside the period of every document concerned."""
    if case.request.period is None:
        return
    for dsa in case.dsas:
        _inside(case, dsa.period, dsa.term, dsa.id, "period")
        if case.dul is not None:
            named = dsa.source in case.dul.periods
            clause = f"periods.{dsa.source}" if named else "period"
            _inside(case, case.dul.period_for(dsa.source), case.dul.term, case.dul.id, clause)


def review_over(case: Case) -> None:
    """The reviewers have had their working days since the output was made."""
    origin = case.obligations.origin("review_days")
    if case.request.made is None:
        case.refuse_by_default("made-missing", "The request does not say when the output was made.")
    elif origin is not None:
        ends = after_working_days(case.request.made, case.obligations.review_days)
        if case.on < ends:
            case.refuse(
                "review-not-over",
                f"{origin.document} gives reviewers until {ends}.",
                origin.document,
                origin.clause,
            )
        else:
            case.cite(origin.document, origin.clause)


def after_working_days(start: date, days: int) -> date:
    """Return the first day after so many working days that follow `start`.

    Saturdays and Sundays do not count. A state's holidays are not known here: they make
    the time longer for nobody, so a board that keeps them sets more days.

    Args:
        start: The day the output was made, which does not count.
        days: Working days the reviewers have.
    """
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < _SATURDAY
    return day + timedelta(days=1) if day > start else start


def _inside(case: Case, period: Period | None, term: Term, document: str, clause: str) -> None:
    if period is None or case.request.period is None:
        return
    first, last = case.request.period
    if first < period.start:
        case.refuse(
            "period-not-licensed",
            f"{document} licenses no day of service before {period.start}.",
            document,
            f"{clause}.start",
        )
    elif last > (period.until or term.expiry):
        case.refuse(
            "period-not-licensed",
            f"{document} licenses no day of service after {period.until or term.expiry}.",
            document,
            f"{clause}.until" if period.until else "term.expiry",
        )
    else:
        case.cite(document, clause)
