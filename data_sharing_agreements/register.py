"""The public register: what is shared, under which agreement, with whom, until when.

Belongs here: choosing what may be public, and the page of it. Does not: anything
confidential: no account, no person, no path, no reason of a stop, no count below the
cell rule. Everything public is named here one by one; nothing is passed through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from data_sharing_agreements.cells import smallest_cell, withheld
from data_sharing_agreements.decisions.standing import why_not_in_force
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.ends import Scope, Step
from data_sharing_agreements.limits import limits
from data_sharing_agreements.models import Document, Dsa, Dul
from data_sharing_agreements.pages import render
from data_sharing_agreements.registry import Registry
from data_sharing_agreements.registry.ends import Ending
from data_sharing_agreements.registry.products import LinkVersion, Mart
from data_sharing_agreements.separation import Statement
from data_sharing_agreements.transparency import errors, transparency

SCHEMA = "commonweal/register/1"

FORM_WORDS = {
    "rows": "records without names, inside the enclave",
    "aggregates": "tables of totals",
    "none": "nothing",
}
"""How each form is said to the public."""

ENDED_WORDS = {
    "dsa": "All data under an agreement",
    "project": "A project's data and its key",
    "delivery": "A delivery",
    "records": "Single records",
}
"""How each kind of destruction is said to the public."""


@dataclass(frozen=True)
class OpenState:
    """Where a public table stands.

    Args:
        published: Day it was published, None while its reviewers have it.
        in_review_until: First day it may leave, None once it left.
    """

    published: str | None
    in_review_until: str | None


@dataclass(frozen=True)
class Setting:
    """What the register says that no document and no table does.

    Args:
        title: Title of the deployment.
        on: The day.
        duties: What is said of separation of duties.
        quality: Of the newest link version, as far as known: `basis`, `precision`,
            `recall`, `by_group` without groups too small to show.
        purpose: What the statewide spine is made for.
        open_data: Where each public table stands, by project, mart and version.
    """

    title: str
    on: date
    duties: Statement
    quality: Mapping[str, Any]
    purpose: str = ""
    open_data: Mapping[tuple[str, str, str], OpenState] = field(default_factory=dict)


def register(agreements: Agreements, registry: Registry, setting: Setting) -> dict[str, Any]:
    """Return the register as plain JSON, all of it public.

    Args:
        agreements: The documents under the stops of the moment.
        registry: Marts, link versions, endings.
        setting: Title, day, and what else is said.
    """
    current = agreements.on(setting.on)
    documents: list[Document] = [current.emou, *current.dsas]
    newest = registry.link_versions.latest()
    made_by = registry.link_models.get(newest.counts.get("model", "")) if newest else None
    return {
        "schema": SCHEMA,
        "title": setting.title,
        "as_of": setting.on.isoformat(),
        "cannot_prevent": [{"about": about, "words": words} for about, words in limits()],
        "separation_of_duties": setting.duties.to_json() | {"words": setting.duties.words},
        "agreements": [_agreement(current, document, setting.on) for document in documents],
        "projects": [_project(current, dul, setting.on) for dul in current.duls],
        "open_data": _open_data(registry, setting.open_data),
        "destructions": [_destruction(one) for one in registry.ends.all() if one.state is Step.CERTIFIED],
        "objections": [
            {
                "document": one.document,
                "version": one.version,
                "party": one.party,
                "on": one.day.isoformat(),
                "ground": one.ground,
            }
            for one in agreements.objections()
        ],
        "linkage": _linkage(newest, setting.quality, smallest_cell(agreements)),
        "algorithm": transparency(current, newest, made_by, setting.quality, setting.purpose),
    }


def register_html(content: Mapping[str, Any]) -> str:
    """Return the page of a register, self-contained."""
    return render(
        "data_sharing_agreements.pages",
        "register.html.j2",
        notice=content["separation_of_duties"]["words"],
        r=content,
        form_words=FORM_WORDS,
        ended_words=ENDED_WORDS,
    )


def _agreement(agreements: Agreements, document: Document, on: date) -> dict[str, Any]:
    found = _common(agreements, document, on)
    if isinstance(document, Dsa):
        laws = [agreements.bases[use.code] for use in document.legal_basis]
        found |= {
            "source": document.source,
            "legal_bases": [{"title": law.title, "citation": law.citation} for law in laws],
            "linked_with": sorted(document.linkage.sources),
        }
    return found | {"purposes": list(getattr(document, "purposes", ()))}


def _project(agreements: Agreements, dul: Dul, on: date) -> dict[str, Any]:
    return _common(agreements, dul, on) | {
        "project": dul.project,
        "purpose": str(dul.purpose),
        "question": dul.question,
        "data": [_data(agreements, dul, source) for source in sorted(dul.fields)],
        "who": sorted({recipient.office for recipient in dul.recipients}),
        "form": str(dul.release.form),
        "outputs": str(dul.release.outputs),
        "destroyed_by": dul.destruction.by.isoformat(),
    }


def _common(agreements: Agreements, document: Document, on: date) -> dict[str, Any]:
    why = why_not_in_force(agreements, document, on)
    return {
        "id": document.id,
        "version": document.version,
        "tier": _tier(document),
        "title": document.title,
        "summary": document.summary,
        "parties": [party.name for party in document.parties],
        "in_force": why is None,
        "why_not": None if why is None else why.text,
        "start": document.term.start.isoformat(),
        "until": document.term.expiry.isoformat(),
    }


def _tier(document: Document) -> str:
    return str(getattr(document, "tier", ""))


def _data(agreements: Agreements, dul: Dul, source: str) -> dict[str, Any]:
    owner = agreements.by_source.get(source)
    return {
        "source": source,
        "agreement": owner.id if owner is not None else None,
        "agency": _owner(owner) if owner is not None else None,
        "columns": sum(len(columns) for columns in dul.fields[source].values()),
        "tables": {table: list(columns) for table, columns in dul.fields[source].items()},
    }


def _owner(dsa: Dsa) -> str:
    return next((party.name for party in dsa.parties if party.role == "data_owner"), dsa.agency)


def _open_data(registry: Registry, states: Mapping[tuple[str, str, str], OpenState]) -> list[dict[str, Any]]:
    """Return public tables that are published, then those that wait for their reviewers."""
    retracted = registry.ends.retracted_marts()
    found = [
        _open(mart, state)
        for project in sorted({project for project, _, _ in states})
        for mart in registry.marts.history(project)
        if mart.codebook.get("kind") == "public"
        and (project, mart.version) not in retracted
        and (state := states.get((project, mart.mart, mart.version))) is not None
    ]
    return sorted(found, key=lambda one: one["published"] is None)


def _open(mart: Mart, state: OpenState) -> dict[str, Any]:
    book = mart.codebook
    return {
        "name": mart.mart,
        "title": book.get("title", mart.mart),
        "description": book.get("description", ""),
        "version": mart.version,
        "published": state.published,
        "in_review_until": state.in_review_until,
        "link_version": mart.link_version,
        "columns": [field["name"] for field in book.get("fields", [])],
    }


def _destruction(ending: Ending) -> dict[str, Any]:
    """Return what the public may know of an ending: a delivery's or single records' subject is not told."""
    whole = ending.kind in (Scope.DSA, Scope.PROJECT)
    return {
        "certificate": ending.id,
        "what": str(ending.kind),
        "subject": ending.subject if whole else None,
        "on": (ending.ended_at or ending.begun_at)[:10],
    }


def _linkage(version: LinkVersion | None, quality: Mapping[str, Any], smallest: int) -> dict[str, Any] | None:
    if version is None:
        return None
    return {
        "version": version.version,
        "model": version.model,
        "made": version.created_at[:10],
        "records": withheld(version.records, smallest),
        "persons": withheld(version.persons, smallest),
        **errors(quality),
    }
