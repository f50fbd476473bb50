"""The facts a project sees: core's, or the project's own where core may not serve it.

Belongs here: choosing between them, and making a project's own in the session's
memory. Does not: who is restricted (warehouse.restrictions), or the project's window
on its facts (views.py).

Core is made for the statewide purpose. A project has facts of its own where more
records are barred from its purpose than from that one, where it links in a spine of its
own, or where core was last made under other restrictions than today's.
"""

from __future__ import annotations

import hashlib

from data_sharing_agreements.restrictions import Use
from data_sharing_agreements.vocabulary import Verb
from warehouse.core.builder import fact_sql
from warehouse.hub import Hub
from warehouse.marts.plan import ProjectPlan
from warehouse.opener import Session, Store
from warehouse.restrictions.own_spine import ALIAS, has_own_spine
from warehouse.restrictions.relations import as_written, permit_spine, restrict, spine_use

_VERBS = frozenset({Verb.BUILD, Verb.SHOW, Verb.QUERY, Verb.RELEASE})
_PUBLIC = frozenset({Verb.PREPARE, Verb.EXPORT})

_Key = tuple[str, str]


def project_use(hub: Hub, plan: ProjectPlan) -> Use:
    """Return what a project's rows are read for: its purpose, and all that is done with its marts."""
    public = any(mart.spec.definition.kind == "public" for mart in plan.marts)
    purpose = hub.agreements.on(hub.gate.today()).dul_for(plan.project).purpose
    return Use(_VERBS | _PUBLIC if public else _VERBS, purpose, own_spine=has_own_spine(hub, plan.project))


def stores_of(hub: Hub, plan: ProjectPlan) -> list[Store]:
    """Return the stores a project's facts come from."""
    own = [Store.own_spine(plan.project).called(ALIAS)] if has_own_spine(hub, plan.project) else []
    return [Store.warehouse(), *own]


def spine_house(hub: Hub, plan: ProjectPlan) -> str:
    """Return the name under which the store of the project's spine is attached."""
    return ALIAS if has_own_spine(hub, plan.project) else "warehouse"


def restricted_digest(hub: Hub, plan: ProjectPlan) -> str:
    """Return a digest of the records a project may not see today, and of its own spine."""
    with hub.opener.session(read=stores_of(hub, plan)) as session:
        found = restrict(session, hub, project_use(hub, plan))
        version = ""
        if has_own_spine(hub, plan.project):
            version = str(session.one(f"SELECT max(version) FROM {ALIAS}.spine.version"))
    return hashlib.sha256(f"{found} {version}".encode()).hexdigest()


def core_relations(session: Session, hub: Hub, plan: ProjectPlan) -> dict[_Key, str]:
    """Return the relation of each fact of a project that deliveries have filled.

    Leaves `restricted` as it is for the project, and `permitted_spine` with its spine.

    Args:
        session: With the stores of `stores_of` attached.
        hub: The hub.
        plan: The project.
    """
    today = restrict(session, hub, spine_use(hub))
    session.execute("CREATE TABLE memory.main.barred_from_core AS FROM memory.main.restricted")
    restrict(session, hub, project_use(hub, plan))
    permit_spine(session, spine_house(hub, plan))
    own = has_own_spine(hub, plan.project) or _core_shows_too_much(session, plan, today)
    session.execute("DROP TABLE memory.main.barred_from_core")
    return _own(session, hub, plan) if own else _of_core(session, plan)


def _core_shows_too_much(session: Session, plan: ProjectPlan, today: str) -> bool:
    """Whether core holds a record that is barred from the project, or was made on another day's list."""
    barred = "FROM memory.main.restricted ANTI JOIN memory.main.barred_from_core USING (record_key)"
    if session.one(f"SELECT count(*) {barred}"):
        return True
    made = dict(session.execute("SELECT source, digest FROM warehouse.restriction.applied"))
    return any(
        made.get(source) != today for source in {source for source, _ in plan.view.facts} & made.keys()
    )


def _of_core(session: Session, plan: ProjectPlan) -> dict[_Key, str]:
    made = _tables(session, "core")
    tables = {key: plan.core.selects[key].table for key in plan.view.facts}
    return {key: f'warehouse.core."{table}"' for key, table in tables.items() if table in made}


def _own(session: Session, hub: Hub, plan: ProjectPlan) -> dict[_Key, str]:
    """Make the project's own facts with core's SELECTs, from what it may see."""
    content = _tables(session, "current")
    found = {}
    session.execute("CREATE SCHEMA memory.own")
    with as_written(session, hub, spine_house(hub, plan)):
        for key in plan.view.facts:
            select = plan.core.selects[key]
            read = {ref.table for ref in select.lineage.rows if ref.schema == "current"}
            if not read <= content:
                continue
            found[key] = f'memory.own."{select.table}"'
            session.execute(
                f"CREATE TABLE {found[key]} AS {fact_sql(select, plan.days(select.source))}",
                rule=select.place,
            )
    return found


def _tables(session: Session, schema: str) -> frozenset[str]:
    rows = session.execute(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_catalog = 'warehouse' AND table_schema = ?",
        [schema],
    )
    return frozenset(str(name) for (name,) in rows)
