"""The steps of an ending, one after another, each written down when it is done.

Belongs here: which work each step is, for what the hub's stores hold and for a
project. Does not: making spine, core, marts and indicators anew, which is given from
above; nor whether an ending may begin (`plan.py`).

A step may be done again from its beginning: whatever a kill left is finished. Nothing
stops an ending that has listed what goes; before that a legal hold does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from data_sharing_agreements.decisions import Request
from data_sharing_agreements.ends import ORDER, OVER, Scope, Step
from data_sharing_agreements.errors import IntegrityFault
from data_sharing_agreements.registry.ends import Ending
from warehouse.ends.again import seal_records
from warehouse.ends.certificate import write_certificate
from warehouse.ends.destroyed import sign_destroyed
from warehouse.ends.figures import resting_indicators
from warehouse.ends.files import remove_spent_deliveries, search_files
from warehouse.ends.listing import was_asked
from warehouse.ends.plan import check_holds
from warehouse.ends.purge import make_list, rewrite_stores, rewrite_study_ids
from warehouse.ends.retract import destroy_project, project_leftovers, retract
from warehouse.ends.review import left_in_review
from warehouse.ends.search import search_stores
from warehouse.ends.worklist import worklist
from warehouse.hub import Hub

Facts = dict[str, Any]
Remake = Callable[[], None]
"""Makes spine, core, marts, indicators and pages anew, as far as the agreements permit."""

Work = Callable[[Hub, Ending], Facts]


def carry_out(
    hub: Hub, ending: Ending, remake: Remake, progress: Callable[[str], None] | None = None
) -> Ending:
    """Take an ending from where it stands to its certificate.

    Args:
        hub: With every role; the home's lock is held.
        ending: What ends.
        remake: See `Remake`.
        progress: Told each step as it begins.

    Raises:
        Refused: A legal hold stands, and nothing was destroyed yet.
        IntegrityFault: What was purged is still found in a store.
    """
    if ending.state in OVER:
        return ending
    hub.gate.require(_request(ending))
    if ending.state is Step.PLANNED:
        check_holds(hub, ending)
        if ending.kind is Scope.RECORDS and not was_asked(hub, ending):
            return hub.registry.ends.step(ending.id, Step.WITHDRAWN)
    while ending.state not in OVER:
        step = ORDER[ORDER.index(ending.state) + 1]
        if progress:
            progress(f"end {ending.subject}: {step}")
        facts = _remade(hub, ending, remake) if step is Step.REMADE else _work(ending.kind)[step](hub, ending)
        ending = hub.registry.ends.step(ending.id, step, facts)
    if ending.kind is not Scope.PROJECT:
        hub.opener.destroy(worklist(ending.id))
    return ending


def _request(ending: Ending) -> Request:
    """Ask to destroy: in each process that carries an ending on, the first time and after a kill."""
    if ending.kind is Scope.PROJECT:
        return Request("destroy", project=ending.subject)
    return Request("destroy", sources=frozenset({ending.source}))


def _work(kind: Scope) -> Mapping[Step, Work]:
    return _OF_PROJECT if kind is Scope.PROJECT else _OF_HUB


def _rewrite(hub: Hub, ending: Ending) -> Facts:
    rewrite_stores(hub, ending)
    removed, elsewhere = remove_spent_deliveries(hub, ending.source)
    return {"landing": {"removed": removed, "elsewhere": elsewhere}}


def _remade(hub: Hub, ending: Ending, remake: Remake) -> Facts:
    remake()
    if ending.kind is not Scope.PROJECT:
        rewrite_study_ids(hub, ending)
    old = {tuple(mart) for mart in ending.facts.get("marts", ())}
    now = {(mart.project, mart.version) for mart in hub.registry.marts.all()}
    return {
        "marts_made_anew": [{"project": p, "version": v} for p, v in sorted(now - old)],
        "indicators": resting_indicators(hub),
    }


def _search(hub: Hub, ending: Ending) -> Facts:
    stores = search_stores(hub, ending.id).to_json()
    if stores["found"]:
        raise IntegrityFault.of(
            "purge-incomplete",
            f"What was purged is still found in {len(stores['found'])} places of the stores.",
            why=f"The search found it in {', '.join(stores['found'][:5])}. No certificate is signed.",
            next="This is a bug: report the places. `commonweal end resume` searches again.",
            document=ending.document,
            clause=ending.clause,
        )
    left = left_in_review(hub)
    if left:
        raise IntegrityFault.of(
            "review-not-gone",
            f"{len(left)} files that wait for their reviewers rest on a mart that was taken back.",
            why=f"The search found {', '.join(left[:5])}. No certificate is signed.",
            next="Remove them, then run `commonweal end resume`.",
            document=ending.document,
            clause=ending.clause,
        )
    files = search_files(hub, ending)
    return {"searched": {"stores": stores, "files": files, "excused": ending.facts.get("excused", 0)}}


def _certify(hub: Hub, ending: Ending) -> Facts:
    if ending.kind is Scope.RECORDS:
        seal_records(hub, ending, hub.deployment.certificates)
    certificate = write_certificate(hub, ending)
    return {"certificate": certificate["id"], "log_entry": certificate["log"]["entry"]}


def _list_project(hub: Hub, ending: Ending) -> Facts:
    """List nothing: all that a project has is its own, and goes with it."""
    return {}


def _destroy_project(hub: Hub, ending: Ending) -> Facts:
    destroy_project(hub, ending.subject)
    return {}


def _search_project(hub: Hub, ending: Ending) -> Facts:
    left = project_leftovers(hub, ending.subject)
    if left:
        raise IntegrityFault.of(
            "project-not-gone",
            f"{len(left)} files or keys of {ending.subject} are still there.",
            why=f"Found: {', '.join(left[:5])}.",
            next="Remove them, then run `commonweal end resume`.",
            document=ending.document,
            clause=ending.clause,
        )
    return {"searched": {"found": left}}


def _certify_project(hub: Hub, ending: Ending) -> Facts:
    sign_destroyed(hub, ending)
    return _certify(hub, ending)


_OF_HUB: Mapping[Step, Work] = {
    Step.LISTED: make_list,
    Step.REWRITTEN: _rewrite,
    Step.RETRACTED: retract,
    Step.SEARCHED: _search,
    Step.CERTIFIED: _certify,
}

_OF_PROJECT: Mapping[Step, Work] = {
    Step.LISTED: _list_project,
    Step.REWRITTEN: _destroy_project,
    Step.RETRACTED: retract,
    Step.SEARCHED: _search_project,
    Step.CERTIFIED: _certify_project,
}
