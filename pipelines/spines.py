"""Versions of the spine for people: looking at them, undoing a change, withdrawing a decision.

Belongs here: who may, the stores, the log and the registry around `linkage`. Does not: history
and undoing themselves (linkage.history, linkage.undo), printing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from data_sharing_agreements.cells import smallest_cell
from data_sharing_agreements.decisions import Decision, Request
from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.registry import Account
from data_sharing_agreements.restrictions import own_spine_sources
from data_sharing_agreements.separation import check_duty
from data_sharing_agreements.vocabulary import Verb
from linkage import constraints, history
from linkage.spine import Version, ensure_spine, is_made, latest_model
from linkage.telling import tell_undone
from linkage.undo import undo
from warehouse.hub import Hub
from warehouse.opener import Session, Store

REVIEWER = "reviewer"
"""The role that undoes a change; the memorandum says from which others it is kept apart."""

_OF_MODEL = ("model", "model_state")


def listed(hub: Hub) -> list[dict[str, Any]]:
    """Return every version in short."""
    with _opened(hub) as session:
        return history.versions(session.raw, smallest_cell(hub.agreements))


def shown(hub: Hub, version: int | None) -> dict[str, Any]:
    """Return what a version was and changed, counts suppressed."""
    with _opened(hub) as session:
        return history.show(session.raw, version, smallest_cell(hub.agreements))


def difference(hub: Hub, first: int, second: int) -> dict[str, Any]:
    """Return how two versions differ, counts suppressed."""
    with _opened(hub) as session:
        return history.differ(session.raw, first, second, smallest_cell(hub.agreements))


def changes(hub: Hub, account: Account, version: int | None) -> list[dict[str, Any]]:
    """Return the merges, splits and moves of a version.

    Raises:
        Refused: The account may not review.
    """
    _permitted(hub, account)
    with _opened(hub) as session:
        return history.events(session.raw, version)


def decisions(hub: Hub, account: Account) -> list[dict[str, Any]]:
    """Return every constraint that stands: its number, kind, cause and when it was decided.

    Raises:
        Refused: The account may not review.
    """
    _permitted(hub, account)
    with _opened(hub) as session:
        rows = session.execute(
            f"""SELECT id, kind, cause, decided_at::VARCHAR, entry
                FROM ({constraints.STANDING_SQL}) ORDER BY id"""
        )
    names = ("number", "kind", "cause", "decided_at", "entry")
    return [dict(zip(names, row, strict=True)) for row in rows]


def undone(hub: Hub, account: Account, reference: str) -> dict[str, Any]:
    """Undo a change; the version that follows has its records as they were before it.

    Args:
        hub: The hub, whose home this process holds.
        account: Who undoes it.
        reference: `VERSION.NUMBER`.

    Raises:
        Refused: The account may not, the agreements do not permit it, or decisions stand against it.
        UsageFault: There is no such change, or it is undone already.
    """
    version, event = history.read_reference(reference)
    decision = _permitted(hub, account)

    def write_down() -> int:
        said = {"act": "undo", "version": version, "change": reference, "actor": account.name}
        return hub.log.append("spine", said, _clauses(decision))

    with _opened(hub, write=True) as session:
        made = undo(session.raw, version, event, write_down)
        tell_undone(session.raw, made.version - 1)
        model = latest_model(session.raw)
    _register(hub, made, model)
    return {"change": reference, "version": made.version}


def withdrawn(hub: Hub, account: Account, number: int) -> dict[str, Any]:
    """Let a decision about two records count no more, from the next link on.

    Raises:
        Refused: The account may not, or the agreements do not permit it.
        UsageFault: No decision of that number stands.
    """
    decision = _permitted(hub, account)
    with _opened(hub, write=True) as session:
        constraints.withdraw(session.raw, number)
    entry = hub.log.append(
        "spine", {"act": "withdraw", "constraint": number, "actor": account.name}, _clauses(decision)
    )
    return {"constraint": number, "entry": entry}


def _register(hub: Hub, made: Version, model: dict[str, Any]) -> None:
    """Write the version down; it has the model of the one before."""
    thresholds = {name: value for name, value in model.items() if name.endswith("threshold")}
    before = hub.registry.link_versions.latest()
    counts = {name: value for name, value in before.counts.items() if name in _OF_MODEL} if before else {}
    hub.registry.link_versions.add(
        made.version, made.model, thresholds, made.input_hash, made.records, made.persons, counts
    )


def _permitted(hub: Hub, account: Account) -> Decision:
    """Ask whether an account may review the sources that are linked.

    Raises:
        Refused: It may not, or no agreement permits it.
    """
    settings = hub.deployment
    check_duty(hub.agreements.emou, hub.registry.accounts.all(), account, REVIEWER, settings.today())
    sources = frozenset(settings.link_sources or hub.contracts.sources) - own_spine_sources(hub.agreements)
    return hub.gate.require(
        Request(Verb.REVIEW, purpose=settings.link_purpose, sources=sources, actor=account.name)
    )


def _clauses(decision: Decision) -> tuple[tuple[str, str], ...]:
    return tuple((clause.document, clause.clause) for clause in decision.clauses)


@contextmanager
def _opened(hub: Hub, *, write: bool = False) -> Iterator[Session]:
    """Open the warehouse; what a version says of a record is told in counts and numbers alone."""
    warehouse = [Store.warehouse()]
    stores = {"write": warehouse} if write else {"read": warehouse}
    hub.gate.keep()
    with hub.opener.session(**stores) as session, session.guard():
        if write:
            ensure_spine(session.raw)
        if not is_made(session.raw):
            raise UsageFault.of(
                "no-spine", "There is no link version to look at.", next="Link first: `commonweal run`."
            )
        yield session
