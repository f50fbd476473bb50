"""Clerical review as a person at the keyboard does it: draw, look, decide, arbitrate, estimate.

Belongs here: the order of asking, reading, writing down and telling. Does not: sampling,
evidence and estimates (linkage.review), verdicts (the registry), printing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from data_sharing_agreements.decisions import Decision, Request
from data_sharing_agreements.errors import Refused, UsageFault
from data_sharing_agreements.registry import Account, AuditEvent
from data_sharing_agreements.restrictions import own_spine_sources
from data_sharing_agreements.separation import check_duty
from data_sharing_agreements.vocabulary import Verb
from linkage.review import draw as drawing
from linkage.review.evidence import evidence
from linkage.review.frame import left_out
from linkage.review.masking import PATTERN, masked_values
from linkage.review.outcomes import bring_in
from linkage.spine import Version, latest_model, latest_version
from warehouse.hub import Hub
from warehouse.opener import Session, Store
from warehouse.restrictions.relations import permit_identities, permit_spine, restrict, spine_use
from warehouse.restrictions.settle import settle

REVIEWER = "reviewer"
"""The role; the memorandum says from which others it is kept apart."""


def draw(hub: Hub, account: Account, size: int | None = None) -> dict[str, Any]:
    """Draw pairs of the standing link version to be reviewed.

    Args:
        hub: The hub, whose home this process holds.
        account: Who draws.
        size: About how many; the deployment's setting if not given.

    Raises:
        Refused: The account may not review, or the agreements do not permit it.
        UsageFault: Nothing is linked yet, or nothing is left to be drawn.
    """
    decision = _permitted(hub, account, "draw")
    settings = hub.deployment.review
    reviews = hub.registry.reviews
    with _opened(hub, write=True) as session:
        version = _standing(session)
        number, first = reviews.next_numbers()
        threshold = float(latest_model(session.raw).get("pair_threshold", 0.0))
        plan = drawing.Plan(version.version, threshold, settings.seed, size or settings.size, number, first)
        with session.transaction("warehouse"):
            drawn = drawing.draw(session.raw, plan)
        if not drawn:
            raise UsageFault.of(
                "nothing-to-draw",
                "Every pair that can be drawn from this link version has been.",
                why="No pair is drawn twice from one version.",
                next="Review what was drawn: `commonweal review next`.",
            )
        settled = {one.review: one for one in reviews.outcomes()}
        before = drawing.settled_before(session.raw, number, settled)
        known = {review: settled[earlier] for review, earlier in before.items()}
        outside = left_out(session.raw)
    made = reviews.record(version.version, plan.seed, drawn, known, account.name, _audit(decision))
    return {
        "draw": made.draw,
        "link_version": made.version,
        "seed": made.seed,
        "reviews": made.size,
        "known_before": len(known),
        "left_out_of_the_frame": bool(outside),
    }


def look(hub: Hub, account: Account, *, disputed: bool = False) -> dict[str, Any] | None:
    """Return the next pair for a reviewer, or None if nothing waits for them.

    Args:
        hub: The hub, whose home this process holds.
        account: Who looks; sees no pair they gave a verdict on.
        disputed: A pair about which two others differ.

    Raises:
        Refused: The account may not review, or the agreements do not permit it.
    """
    decision = _permitted(hub, account, "look")
    mask = hub.deployment.review.mask
    waiting = hub.registry.reviews.waiting(account.person, disputed=disputed)
    if not waiting:
        return None
    with _opened(hub, identities=mask != PATTERN) as session:
        found = drawing.items(session.raw, waiting)
        if not found:
            return None
        item = found[0]
        pair = int(item["record_key_l"]), int(item["record_key_r"])
        shown = evidence(session.raw, item).to_json()
        shown["values"] = [asdict(one) for one in masked_values(session.raw, *pair, mask)]
    hub.registry.reviews.looked(int(item["review"]), account, mask, _audit(decision))
    return shown | {"mask": mask, "stage": "arbitration" if disputed else "blind", "waiting": len(found)}


def decide(
    hub: Hub, account: Account, number: int, verdict: str, *, arbitrating: bool = False
) -> dict[str, Any]:
    """Take a reviewer's verdict; write the constraint if that settles the review.

    Args:
        hub: The hub, whose home this process holds.
        account: Who decides.
        number: The review.
        verdict: `same`, `different` or `unsure`.
        arbitrating: Whether as the third, where two differ.

    Raises:
        Refused: The account may not review, the human may not in this one, or the
            agreements do not permit it.
    """
    decision = _permitted(hub, account, "decide", number)
    try:
        settled = hub.registry.reviews.decide(
            number, account, verdict, arbitrating=arbitrating, audit=_audit(decision)
        )
    except Refused as refusal:
        hub.registry.reviews.refused(account, "decide", number, _codes(refusal))
        raise
    told: dict[str, Any] = {
        "review": number,
        "settled": settled is not None,
        "outcome": None,
        "constraint": None,
        "against": [],
    }
    if settled is None:
        return told
    with _opened(hub, write=True) as session:
        against = bring_in(session.raw, hub.registry.reviews.outcomes())
    asked = settled.outcome in ("same", "different")
    written = "contradicts" if number in against else "written"
    return told | {
        "outcome": settled.outcome,
        "constraint": written if asked else None,
        "against": against.get(number, []),
    }


def measure(hub: Hub, account: Account) -> dict[str, Any]:
    """Estimate the standing version's precision and recall from its reviews, and tell it wherever it stands.

    Raises:
        Refused: The account may not review, or the agreements do not permit it.
        UsageFault: No pair of the version was drawn, or none of the joined ones is settled.
    """
    # Imported here: whoever looks at one pair after another does not wait for what makes pages.
    from assets.linkage_report import write_linkage_report
    from linkage.quality import write_quality
    from linkage.review.estimate import counts_of, estimate, to_json
    from pipelines.pages import write_pages
    from warehouse.indicators import write_scorecard
    from warehouse.marts import tell_link_error

    decision = _permitted(hub, account, "estimate")
    unseen = hub.deployment.review.unseen
    outcomes = {one.review: one.outcome for one in hub.registry.reviews.outcomes()}
    with _opened(hub, write=True) as session:
        version = _standing(session)
        drawing.ensure_review(session.raw)
        counts = counts_of(drawing.counted(session.raw, version.version, outcomes))
        if not (counts.same + counts.different)[counts.joined].any():
            raise UsageFault.of(
                "nothing-reviewed",
                "No joined pair of the standing link version has been reviewed.",
                why="An estimate is of one version, from pairs drawn from it; those drawn from others are "
                "decisions alone.",
                next="Draw and review: `commonweal review draw`, `commonweal review next`.",
            )
        found = to_json(estimate(counts, unseen), counts, version.version, unseen)
        write_quality(session.raw, version.version, found, "review")
        write_linkage_report(hub, session)
        known = tell_link_error(hub, session)
    write_scorecard(hub, known)
    write_pages(hub)
    hub.log.append("evaluation", {"link_version": version.version}, _clauses(decision))
    return found


def progress(hub: Hub) -> dict[str, Any]:
    """Return how far the reviews of each draw have come, never what was said in them."""
    return {"mask": hub.deployment.review.mask, "draws": [asdict(p) for p in hub.registry.reviews.progress()]}


def _permitted(hub: Hub, account: Account, act: str, number: int | None = None) -> Decision:
    """Ask whether an account may review the sources that are linked; a refusal is written down.

    Raises:
        Refused: It may not, or no agreement permits it.
    """
    settings = hub.deployment
    try:
        check_duty(hub.agreements.emou, hub.registry.accounts.all(), account, REVIEWER, settings.today())
    except Refused as refusal:
        hub.registry.reviews.refused(account, act, number, _codes(refusal))
        raise
    sources = frozenset(settings.link_sources or hub.contracts.sources) - own_spine_sources(hub.agreements)
    request = Request(Verb.REVIEW, purpose=settings.link_purpose, sources=sources, actor=account.name)
    return hub.gate.require(request)


@contextmanager
def _opened(hub: Hub, *, write: bool = False, identities: bool = False) -> Iterator[Session]:
    """Open the warehouse, and the vault if values are to be seen, without restricted records."""
    settle(hub)
    warehouse = [Store.warehouse()]
    read = [Store.vault()] if identities else []
    stores = {"read": read, "write": warehouse} if write else {"read": [*read, *warehouse]}
    with hub.opener.session(**stores) as session, session.guard():
        restrict(session, hub, spine_use(hub))
        permit_spine(session)
        if identities:
            permit_identities(session)
        yield session


def _standing(session: Session) -> Version:
    version = latest_version(session.raw)
    if version is None:
        raise UsageFault.of(
            "no-spine", "There is no link version to review.", next="Link first: `commonweal run`."
        )
    return version


def _audit(decision: Decision) -> AuditEvent:
    return AuditEvent(clauses=_clauses(decision))


def _clauses(decision: Decision) -> tuple[tuple[str, str], ...]:
    return tuple((clause.document, clause.clause) for clause in decision.clauses)


def _codes(refusal: Refused) -> list[str]:
    return [detail.code for detail in refusal.details]
