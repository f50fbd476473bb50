"""Clerical reviews: which were drawn, who looked, who decided what, and what came of it.

Belongs here: two verdicts by two humans, a third where they differ, and that nobody
knows another's before a review is settled. Does not: which records a review is about
(the warehouse), who may review (`separation.py`), or what follows from an outcome
(linkage.review).

The log says at once who gave a verdict, but not which: it holds a salted digest, so that
whoever reads the log before a review is settled is as blind as its reviewers. The salt
stays in the registry, which is held to the digest.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, exists, func, insert, select, update

from data_sharing_agreements.errors import Refused, UsageFault
from data_sharing_agreements.log.subjects_review import sealed
from data_sharing_agreements.registry.accounts import Account
from data_sharing_agreements.registry.audit import AuditEvent, write_down
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, text_of
from data_sharing_agreements.store.tables_review import review, review_draw, review_look, review_verdict

REVIEW, REFUSED = "review", "review-refused"
"""Kinds of the log entries written here."""

SAME, DIFFERENT, UNSURE, UNDETERMINED = "same", "different", "unsure", "undetermined"
VERDICTS = (SAME, DIFFERENT, UNSURE)
"""What a reviewer may say; an outcome is `undetermined` where two, or the third, are unsure."""

STAGES = ("first", "second", "arbitration")
BLIND = 2
"""Verdicts given without knowing of any other."""


@dataclass(frozen=True)
class Draw:
    """One draw: of which link version, under which seed, how many reviews."""

    draw: int
    version: int
    seed: int
    size: int
    at: str
    account: str


@dataclass(frozen=True)
class Settled:
    """A review that is settled: its outcome, and the entry of the log that says so."""

    review: int
    outcome: str
    entry: int


@dataclass(frozen=True)
class Progress:
    """How far the reviews of a draw have come; never what was said in them."""

    draw: int
    version: int
    size: int
    untouched: int
    begun: int
    disputed: int
    settled: int


class Reviews:
    """The reviews of a registry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def next_numbers(self) -> tuple[int, int]:
        """Return the numbers the next draw, and the first review of it, will have."""
        with self._database.reading() as connection:
            return _after(connection, review_draw.c.draw), _after(connection, review.c.review)

    def record(
        self,
        version: int,
        seed: int,
        size: int,
        known: Mapping[int, Settled],
        account: str,
        audit: AuditEvent | None = None,
    ) -> Draw:
        """Write down a draw and its reviews.

        Args:
            version: The link version drawn from.
            seed: Of the sampling.
            size: Number of reviews, whose numbers follow those there are.
            known: Reviews of pairs that an earlier review settled: number → that one.
            account: Who drew.
            audit: More for the log.
        """
        with self._database.writing() as connection:
            number, first = _after(connection, review_draw.c.draw), _after(connection, review.c.review)
            drawn = Draw(number, version, seed, size, text_of(self._clock()), account)
            connection.execute(insert(review_draw).values(**vars(drawn)))
            facts = {
                "act": "drawn",
                "draw": number,
                "version": version,
                "seed": seed,
                "first": first,
                "size": size,
                "known": {str(at): one.outcome for at, one in known.items()},
                "actor": account,
            }
            entry = write_down(connection, self._clock, REVIEW, facts, audit)
            rows = [_new(n, number, known.get(n), drawn.at, entry) for n in range(first, first + size)]
            if rows:
                connection.execute(insert(review), rows)
        return drawn

    def waiting(self, person: str, *, disputed: bool = False) -> list[int]:
        """Return the reviews that wait for a verdict of a human: those of the latest link version first.

        Args:
            person: The human; reviews they gave a verdict in are not among them.
            disputed: Those two others differ about, instead of those with fewer than two verdicts.
        """
        said, own = (
            _verdicts(),
            exists().where(review_verdict.c.review == review.c.review, review_verdict.c.person == person),
        )
        enough = said == BLIND if disputed else said < BLIND
        query = select(review.c.review).join(review_draw).where(review.c.outcome.is_(None), enough, ~own)
        ordered = query.order_by(review_draw.c.version.desc(), review.c.review)
        with self._database.reading() as connection:
            return [int(n) for n in connection.execute(ordered).scalars()]

    def looked(self, number: int, account: Account, mask: str, audit: AuditEvent | None = None) -> int:
        """Write down that somebody was shown a review; return the log's entry."""
        with self._database.writing() as connection:
            _row(connection, number)
            own = (review_look.c.review == number, review_look.c.person == account.person)
            if connection.execute(select(review_look).where(*own)).first() is None:
                connection.execute(
                    insert(review_look).values(
                        review=number,
                        person=account.person,
                        account=account.name,
                        mask=mask,
                        at=text_of(self._clock()),
                    )
                )
            facts = {"act": "looked", "review": number, "actor": account.name, "mask": mask}
            return write_down(connection, self._clock, REVIEW, facts, audit)

    def decide(
        self,
        number: int,
        account: Account,
        verdict: str,
        *,
        arbitrating: bool = False,
        audit: AuditEvent | None = None,
    ) -> Settled | None:
        """Write down a verdict; settle the review if it is the last it needs.

        Args:
            number: The review.
            account: Who gives it; the human behind it counts.
            verdict: One of `VERDICTS`.
            arbitrating: Whether as the third, where two differ.
            audit: More for the log.

        Returns:
            What came of it, or None while more verdicts are needed.

        Raises:
            UsageFault: There is no such review.
            Refused: The human gave a verdict before, has not been shown the review, it is
                settled, or it is not at the stage asked for.
        """
        with self._database.writing() as connection:
            before = _may_decide(connection, number, account, arbitrating=arbitrating)
            stage, salt = STAGES[len(before)], secrets.token_hex(16)
            values = {
                "review": number,
                "stage": stage,
                "person": account.person,
                "account": account.name,
                "verdict": verdict,
                "salt": salt,
            }
            connection.execute(insert(review_verdict).values(**values, at=text_of(self._clock())))
            facts = {
                "act": "verdict",
                "review": number,
                "stage": stage,
                "person": account.person,
                "actor": account.name,
                "sealed": sealed(number, stage, verdict, salt),
            }
            write_down(connection, self._clock, REVIEW, facts, audit)
            outcome = outcome_of([*before, verdict])
            return self._settle(connection, number, outcome, audit) if outcome else None

    def outcomes(self) -> list[Settled]:
        """Return every settled review, in order."""
        query = select(review).where(review.c.outcome.is_not(None)).order_by(review.c.review)
        with self._database.reading() as connection:
            return [Settled(r.review, r.outcome, r.entry) for r in connection.execute(query).all()]

    def draws(self) -> list[Draw]:
        """Return every draw, in order."""
        with self._database.reading() as connection:
            rows = connection.execute(select(review_draw).order_by(review_draw.c.draw)).all()
            return [Draw(**row._mapping) for row in rows]

    def progress(self) -> list[Progress]:
        """Return how far the reviews of each draw have come."""
        said = _verdicts()
        query = select(review.c.draw, review.c.outcome.is_not(None).label("done"), said.label("said"))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        found = []
        for drawn in self.draws():
            own = [(row.done, row.said) for row in rows if row.draw == drawn.draw]
            open_ = [count for done, count in own if not done]
            counts = (open_.count(0), open_.count(1), open_.count(BLIND), len(own) - len(open_))
            found.append(Progress(drawn.draw, drawn.version, drawn.size, *counts))
        return found

    def refused(self, account: Account, act: str, number: int | None, rules: Sequence[str]) -> None:
        """Write down that somebody was refused."""
        with self._database.writing() as connection:
            facts = {"act": act, "review": number, "actor": account.name, "rules": list(rules)}
            write_down(connection, self._clock, REFUSED, facts, None)

    def _settle(self, connection: Connection, number: int, outcome: str, audit: AuditEvent | None) -> Settled:
        facts = {"act": "settled", "review": number, "outcome": outcome}
        entry = write_down(connection, self._clock, REVIEW, facts, audit)
        values = {"outcome": outcome, "entry": entry, "settled_at": text_of(self._clock())}
        connection.execute(update(review).where(review.c.review == number).values(**values))
        return Settled(number, outcome, entry)


def outcome_of(verdicts: Sequence[str]) -> str | None:
    """Return what verdicts in their order come to; None while they do not settle anything.

    Two that agree settle a review; where they differ the third decides alone.
    """
    if len(verdicts) < BLIND or (len(verdicts) == BLIND and len(set(verdicts)) > 1):
        return None
    last = verdicts[-1]
    return UNDETERMINED if last == UNSURE else last


def _may_decide(connection: Connection, number: int, account: Account, *, arbitrating: bool) -> list[str]:
    """Return the verdicts given, once this human may give the next."""
    row = _row(connection, number)
    given = connection.execute(
        select(review_verdict).where(review_verdict.c.review == number).order_by(review_verdict.c.id)
    ).all()
    if any(one.person == account.person for one in given):
        raise _refusal(
            "reviewed-already",
            "This human gave a verdict in this review, with this account or another.",
            "Two different humans look at each pair, and a third where they differ.",
            "Take the next review: `commonweal review next`.",
        )
    if row.outcome is not None:
        raise _refusal(
            "review-settled",
            "This review is settled.",
            "A verdict given after the outcome is known is not blind.",
            "Take the next review: `commonweal review next`.",
        )
    if arbitrating != (len(given) == BLIND):
        raise _refusal(
            "review-not-at-this-stage",
            "This review waits for two blind verdicts."
            if arbitrating
            else "Two have given their verdicts here, and they differ.",
            "A third decides where two differ, and only then.",
            "`commonweal review next` or `commonweal review arbitrate` show what waits.",
        )
    shown = (review_look.c.review == number, review_look.c.person == account.person)
    if connection.execute(select(review_look).where(*shown)).first() is None:
        raise _refusal(
            "review-not-shown",
            "This human has not been shown this review.",
            "A verdict rests on having looked, and looking is written down.",
            "Look first: `commonweal review next`.",
        )
    return [one.verdict for one in given]


def _verdicts() -> Any:
    counted = select(func.count()).where(review_verdict.c.review == review.c.review)
    return counted.correlate(review).scalar_subquery()


def _after(connection: Connection, column: Any) -> int:
    return int(connection.execute(select(func.coalesce(func.max(column), 0))).scalar_one()) + 1


def _new(number: int, draw: int, known: Settled | None, at: str, entry: int) -> dict[str, Any]:
    if known is None:
        return {
            "review": number,
            "draw": draw,
            "outcome": None,
            "settled_at": None,
            "entry": None,
            "same_as": None,
        }
    done = {"outcome": known.outcome, "settled_at": at, "entry": entry, "same_as": known.review}
    return {"review": number, "draw": draw, **done}


def _row(connection: Connection, number: int) -> Row[Any]:
    found = connection.execute(select(review).where(review.c.review == number)).one_or_none()
    if found is None:
        raise UsageFault.of(
            "no-such-review",
            "There is no review of that number.",
            why="Reviews are known by the number they were drawn with.",
            next="See `commonweal review status`; take one with `commonweal review next`.",
        )
    return found


def _refusal(code: str, what: str, why: str, then: str) -> Refused:
    return Refused.of(code, what, why=why, next=then)
