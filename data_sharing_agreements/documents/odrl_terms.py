"""The words of ODRL and DPV in which our clauses are said to other programs.

Belongs here: the JSON-LD context, the names of things (IRIs), and how purposes, bans and
forms map onto the W3C's vocabularies and the few terms of our own profile
(`vocabularies/profile.ttl`). Does not: building a policy (`odrl.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from data_sharing_agreements.vocabulary import Form, Purpose

Node = dict[str, object]
"""A JSON-LD object."""

PROFILE = "urn:commonweal:odrl"
"""The profile every exported policy names."""

CONTEXT: Mapping[str, object] = {
    "@vocab": "http://www.w3.org/ns/odrl/2/",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "dpv": "https://w3id.org/dpv#",
    "dcterms": "http://purl.org/dc/terms/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "cw": "urn:commonweal:odrl:",
    "uid": {"@id": "odrl:uid", "@type": "@id"},
    "profile": {"@id": "odrl:profile", "@type": "@id"},
    "conflict": {"@id": "odrl:conflict", "@type": "@vocab"},
    "action": {"@id": "odrl:action", "@type": "@vocab"},
    "leftOperand": {"@id": "odrl:leftOperand", "@type": "@vocab"},
    "operator": {"@id": "odrl:operator", "@type": "@vocab"},
    "unit": {"@id": "odrl:unit", "@type": "@vocab"},
    "assigner": {"@id": "odrl:assigner", "@type": "@id"},
    "assignee": {"@id": "odrl:assignee", "@type": "@id"},
    "target": {"@id": "odrl:target", "@type": "@id"},
    "informedParty": {"@id": "odrl:informedParty", "@type": "@id"},
    "title": "dcterms:title",
    "description": "dcterms:description",
    "label": "rdfs:label",
}
"""The context, written out: reading a policy needs no network. Terms of no prefix are ODRL's."""

PURPOSES: Mapping[Purpose, str] = {
    Purpose.PROGRAM_ADMINISTRATION: "dpv:ServiceProvision",
    Purpose.PROGRAM_EVALUATION: "dpv:ImprovePublicServices",
    Purpose.PERFORMANCE_MANAGEMENT: "dpv:OrganisationGovernance",
    Purpose.AUDIT: "dpv:LegalCompliance",
    Purpose.RESEARCH: "dpv:NonCommercialResearch",
    Purpose.PUBLIC_HEALTH: "dpv:ImproveHealthcare",
    Purpose.PUBLIC_REPORTING: "dpv:ProvideOfficialStatistics",
}
"""Each purpose and the purpose of the Data Privacy Vocabulary that comes nearest, one for one."""

MEASURES = (
    "dpv:Pseudonymisation",
    "dpv:Deidentification",
    "dpv:EncryptionAtRest",
    "dpv:EncryptionInTransfer",
    "dpv:AccessControlMethod",
    "dpv:ActivityMonitoring",
)
"""Technical measures that hold for all data at the hub."""

ACTIONS: Mapping[Form, str] = {Form.ROWS: "read", Form.AGGREGATES: "aggregate"}
"""What may be done with data of each form; with `none`, nothing."""


def document_iri(document: str, version: int | None = None) -> str:
    """Return the name of a document, or of one version of it."""
    return f"urn:commonweal:document:{document}" + ("" if version is None else f":{version}")


def party_iri(name: str) -> str:
    """Return the name of a body or an office."""
    return f"urn:commonweal:party:{_slug(name)}"


def asset_iri(source: str) -> str:
    """Return the name of a source's data."""
    return f"urn:commonweal:source:{source}"


def day(value: date) -> Node:
    """Return a date as a typed value."""
    return {"@value": value.isoformat(), "@type": "xsd:date"}


def span(*, hours: int | None = None, days: int | None = None) -> Node:
    """Return a length of time as a typed value."""
    text = f"PT{hours}H" if hours is not None else f"P{days}D"
    return {"@value": text, "@type": "xsd:duration"}


def party(name: str) -> Node:
    """Return a body as a party."""
    return {"@id": party_iri(name), "@type": "Party", "label": name}


def constraint(left: str, operator: str, right: object, **more: object) -> Node:
    """Return a constraint; `right` may be a list of values."""
    return {"@type": "Constraint", "leftOperand": left, "operator": operator, "rightOperand": right, **more}


def purposes(*permitted: Purpose) -> Node:
    """Return the constraint to purposes."""
    named = [{"@id": PURPOSES[purpose]} for purpose in permitted]
    return constraint("purpose", "isAnyOf", named)


def clause(path: str) -> Node:
    """Return where in the document a rule stands."""
    return {"cw:clause": path}


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
