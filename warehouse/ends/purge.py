"""The purge of the hub's stores, step by step, each of which may be done again.

Belongs here: barring deliveries, burying records, rewriting vault, warehouse and
quarantine, and rewriting study ids once the spine is made anew. Does not: the order
of the steps (`pipelines.ends`), listing (`listing.py`), marts (`retract.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from data_sharing_agreements.cells import smallest_cell
from data_sharing_agreements.ends import Scope, shown
from data_sharing_agreements.registry import DeliveryState
from data_sharing_agreements.registry.ends import Ending
from warehouse.ends.listing import excuse, list_what_goes
from warehouse.ends.rewrite import Keep, copy_kept, put_in_place
from warehouse.ends.search import Findings, read_needles, search_store
from warehouse.ends.worklist import keep_own_spine, keep_quarantine, keep_vault, keep_warehouse, worklist
from warehouse.hub import Hub
from warehouse.opener import Session, Store
from warehouse.restrictions.tokens import token_key, token_macro

Facts = dict[str, Any]

_IN_SPINE = "person_key IN (SELECT person_key FROM warehouse.spine.assignment WHERE to_version IS NULL)"

_KEEP: Mapping[str, Callable[[Hub, Session], Keep]] = {
    "vault": lambda _, session: keep_vault(session),
    "warehouse": lambda hub, session: keep_warehouse(session, hub.contracts),
    "quarantine": lambda *_: keep_quarantine(),
}


def make_list(hub: Hub, ending: Ending) -> Facts:
    """List what goes, keep it from coming back, and leave out of the search what others hold by right."""
    counts = list_what_goes(hub, ending)
    deliveries = hub.registry.deliveries
    if ending.kind is not Scope.RECORDS:
        gone = [d for d in deliveries.all() if d.source == ending.source]
        gone = [d for d in gone if ending.kind is Scope.DSA or d.id == ending.subject]
        whole = ending.kind is Scope.DSA
        told = {(d["period"], d["sha256"]) for d in ending.facts.get("deliveries", ())}
        known = sorted(told | {(d.period, d.sha256) for d in gone})
        hub.registry.ends.bar(ending.id, ending.source, [(p, s, whole) for p, s in known])
        for delivery in gone:
            deliveries.update(delivery.id, state=DeliveryState.PURGED)
    _bury(hub, ending)
    return {
        "goes": {
            "delivery": shown(counts["delivery"], 0),
            **{name: shown(counts[name], _minimum(hub)) for name in ("record", "person")},
        },
        "excused": _excuse(hub, ending),
    }


def _bury(hub: Hub, ending: Ending) -> None:
    """Leave a tombstone for each record that goes by itself."""
    if ending.kind is not Scope.RECORDS or not hub.opener.exists(Store.vault()):
        return
    with (
        hub.opener.session(read=[worklist(ending.id)], write=[Store.vault()]) as session,
        token_macro(session, token_key(hub.keys)),
        session.transaction("vault"),
    ):
        session.execute("DELETE FROM vault.tombstone WHERE ending = ?", [ending.id])
        session.execute(
            "INSERT INTO vault.tombstone SELECT namespace, restriction_token(namespace, source_id), $ending "
            "FROM vault.crosswalk WHERE namespace = $source "
            "AND key IN (SELECT record_key FROM purge.record)",
            {"ending": ending.id, "source": ending.source},
        )


def _excuse(hub: Hub, ending: Ending) -> int:
    """Search the rows that stay before anything is destroyed: what they hold is theirs by right."""
    found: set[int] = set()
    for store in _existing(hub):
        with hub.opener.session(read=[store, worklist(ending.id)]) as session:
            keep = _keep(hub, store, session)
            findings = Findings()
            needles = read_needles(hub, session, ending.id, "id", "number", "value")
            search_store(session, store, needles, findings, keep.where)
            found |= findings.marks
    with hub.opener.session(write=[worklist(ending.id)]) as session:
        before = int(session.one("SELECT count(*) FROM purge.needle"))
        return before - excuse(session, found)


def rewrite_stores(hub: Hub, ending: Ending) -> Facts:
    """Rewrite vault, warehouse and quarantine without what goes; a store that is done is not done again."""
    hub.opener.wipe_spill()
    for store in _existing(hub):
        rewrite_one(hub, ending, store, partial(_keep, hub, store))
    return {}


def rewrite_one(
    hub: Hub,
    ending: Ending,
    store: Store,
    keep: Callable[[Session], Keep],
    beside: Sequence[Store] = (),
) -> None:
    """Rewrite one store of an ending, from wherever a kill left it.

    Args:
        hub: With the roles of the store.
        ending: What ends; its journal says how far the store has come.
        store: The store.
        keep: Returns what stays, given a session with the store and the worklist.
        beside: More stores that the conditions read.
    """
    facts = hub.registry.ends.get(ending.id).facts
    rewritten: Facts = dict(facts.get("rewritten", {}))
    if rewritten.get(store.name, {}).get("done"):
        return
    if store.name not in rewritten:
        around = [worklist(ending.id), *beside]
        with hub.opener.session(read=[store, *around]) as session:
            kept = keep(session)
        left_out = copy_kept(hub, store, kept, around)
        rewritten[store.name] = {
            "left_out": {t: shown(n, _smallest(hub, t)) for t, n in left_out.items() if n},
            "key_destroyed": hub.keys.store_key_id(store.name),
            "done": False,
        }
        hub.registry.ends.note(ending.id, {"rewritten": rewritten})
    put_in_place(hub, store)
    rewritten[store.name] = {**rewritten[store.name], "done": True}
    hub.registry.ends.note(ending.id, {"rewritten": rewritten})


def rewrite_study_ids(hub: Hub, ending: Ending) -> None:
    """Rewrite each project's study ids without persons whom the spine no longer has."""
    for project in hub.agreements.projects():
        store, own = Store.study_ids(project), Store.own_spine(project)
        if hub.opener.exists(store):
            spine = own if hub.opener.exists(own) else Store.warehouse()
            rewrite_one(hub, ending, store, lambda _: Keep({"main.study_id": _IN_SPINE}), [spine])


def _existing(hub: Hub) -> list[Store]:
    """Return the hub's own stores, and projects' own spines, that exist."""
    own = [Store.vault(), Store.warehouse(), Store.quarantine()]
    own += [Store.own_spine(project) for project in hub.agreements.projects()]
    return [store for store in own if hub.opener.exists(store)]


def _keep(hub: Hub, store: Store, session: Session) -> Keep:
    return _KEEP[store.name](hub, session) if store.name in _KEEP else keep_own_spine(session)


def _smallest(hub: Hub, table: str) -> int:
    """Return the smallest number shown of a table: tables about deliveries speak of nobody."""
    return 0 if table.rsplit(".", 1)[-1] in ("current_delivery", "profile") else _minimum(hub)


def _minimum(hub: Hub) -> int:
    return smallest_cell(hub.agreements)
