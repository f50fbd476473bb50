"""Spines of a project's own: where a source's records may stand in no lasting one.

Belongs here: which projects have one, what it is made under, its store, and its end.
Does not: linkage, which makes it as it makes the statewide one, or a project's tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from data_sharing_agreements.decisions import Decision, Request
from data_sharing_agreements.restrictions import Use, own_spine_projects
from data_sharing_agreements.vocabulary import Verb
from warehouse.hub import Hub
from warehouse.opener import Session, Store
from warehouse.restrictions.relations import permit_encodings, permit_identities, restrict

ALIAS = "own_spine"
"""Name under which the builder attaches a project's own spine."""

_HOUSE = "house"


def own_spines(hub: Hub) -> tuple[str, ...]:
    """Return the projects with a spine of their own, in order of name."""
    return tuple(sorted(own_spine_projects(hub.agreements.on(hub.gate.today()))))


def has_own_spine(hub: Hub, project: str) -> bool:
    """Whether a project links in a spine of its own."""
    return project in own_spine_projects(hub.agreements.on(hub.gate.today()))


def ask_for_spine(hub: Hub, project: str) -> Decision:
    """Ask whether a project's sources may be linked with one another, inside it, for its purpose.

    Raises:
        Refused: They may not.
    """
    license_ = hub.agreements.on(hub.gate.today()).dul_for(project)
    return hub.gate.require(
        Request(
            Verb.BUILD,
            purpose=license_.purpose,
            sources=license_.sources,
            fields=license_.licensed,
            project=project,
            form="aggregates",
        )
    )


def own_spine_use(hub: Hub, project: str) -> Use:
    """Return the use for which a project's own spine is made."""
    return Use(
        frozenset({Verb.LINK, Verb.BUILD}),
        hub.agreements.on(hub.gate.today()).dul_for(project).purpose,
        own_spine=True,
    )


@contextmanager
def linking(hub: Hub, project: str) -> Iterator[tuple[Session, str]]:
    """Open a project's own spine to be linked: the session, and a digest of what it leaves out.

    The spine stands in the place of the warehouse, so that linkage writes it as always;
    the warehouse itself can only be read.
    """
    spine = Store.own_spine(project)
    read = [Store.vault(), Store.warehouse().called(_HOUSE)]
    with hub.opener.session(read=read, write=[spine]) as session, session.guard():
        restricted = restrict(session, hub, own_spine_use(hub, project), house=_HOUSE)
        permit_identities(session)
        permit_encodings(session)
        yield session, restricted


def destroy_own_spine(hub: Hub, project: str) -> bool:
    """Destroy a project's own spine, key first; return whether there was one."""
    spine = Store.own_spine(project)
    there = hub.opener.exists(spine) or spine.name in hub.keys.stores()
    hub.opener.destroy(spine)
    return there
