"""A project's window on core: study ids, and views of what its license covers.

Belongs here: making them in a session's own memory. Does not: deciding what is
licensed (lineage/trace.py), or running a mart's SQL (builder.py).
"""

from __future__ import annotations

from privacy.pseudonyms import assign_study_ids
from warehouse.core.builder import origin_sql
from warehouse.core.catalog import CoreSelect
from warehouse.core.facts import FACTS
from warehouse.core.period import inside_sql
from warehouse.core.person import person_sql
from warehouse.hub import Hub
from warehouse.lineage.trace import PERSON, STUDY_ID
from warehouse.marts.own_core import core_relations
from warehouse.marts.plan import ProjectPlan
from warehouse.opener import Session


def make_views(session: Session, hub: Hub, plan: ProjectPlan) -> None:
    """Make `<source>.<fact>` and `person` in memory, and study ids for all persons in them.

    Args:
        session: With `warehouse` attached to read and `study_ids` to write, and the
            project's own spine to read, if it has one.
        hub: The hub.
        plan: The project; a fact that no delivery has filled yet is there and empty.
    """
    shown = {key: plan.core.selects[key] for key in plan.view.facts}
    made = core_relations(session, hub, plan)
    filled = {
        key: inside_sql(relation, shown[key].fact, plan.days(shown[key].source))
        for key, relation in made.items()
    }
    if filled:
        people = " UNION ".join(f"SELECT person_key FROM {relation}" for relation in filled.values())
        with session.transaction("study_ids"), session.guard():
            assign_study_ids(session.raw, "study_ids.study_id", people)
    for source in sorted({source for source, _ in shown}):
        session.execute(f'CREATE SCHEMA memory."{source}"')
    for key, select in shown.items():
        _make_view(session, select, plan.view.facts[key], filled.get(key))
    _make_person(session, plan)


def _make_view(session: Session, select: CoreSelect, columns: tuple[str, ...], relation: str | None) -> None:
    name = f'memory."{select.source}".{select.fact}'
    if relation:
        body = (
            f"SELECT i.{STUDY_ID}, {', '.join(f'f.{c}' for c in columns)}, {origin_sql(select)} "
            f"FROM {relation} f JOIN study_ids.study_id i USING (person_key)"
        )
    else:
        empty = ", ".join(f"CAST(NULL AS {FACTS[select.fact][c]}) AS {c}" for c in columns)
        body = f"SELECT CAST(NULL AS BIGINT) AS {STUDY_ID}, {empty}, {origin_sql(select)} WHERE false"
    session.execute(f"CREATE VIEW {name} AS {body}")


def _make_person(session: Session, plan: ProjectPlan) -> None:
    relations = {s: f'memory."{s}".demographic' for s, fact in plan.view.facts if fact == "demographic"}
    if relations:
        sql = person_sql(relations, plan.view.voters, key=STUDY_ID)
        session.execute(f"CREATE TABLE memory.main.{PERSON} AS {sql}")
