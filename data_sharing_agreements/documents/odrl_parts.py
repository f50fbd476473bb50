"""The parts of a policy: permissions, limits, prohibitions and duties of one clause each.

Belongs here: one clause of ours as one rule of ODRL, with the clause's place. Does not:
which parts make a policy (`odrl.py`), or the vocabulary (`odrl_terms.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

from data_sharing_agreements.bases import Basis
from data_sharing_agreements.decisions import Obligations
from data_sharing_agreements.documents.odrl_obligations import as_constraint, as_duty
from data_sharing_agreements.documents.odrl_terms import (
    Node,
    asset_iri,
    clause,
    constraint,
    day,
    party,
    span,
)
from data_sharing_agreements.terms import Audit, Bans, Breach, Redisclosed, Term
from data_sharing_agreements.terms_people import CompelledDisclosure, SubjectRights
from data_sharing_agreements.vocabulary import Demand, Redisclosure


def asset(source: str, fields: Iterable[str]) -> Node:
    """Return a source's data, with the columns that are meant."""
    columns = sorted(fields)
    return {"@id": asset_iri(source), "@type": "AssetCollection"} | (
        {"cw:column": columns} if columns else {}
    )


def permission(action: str, target: Node, constraints: Iterable[Node]) -> Node:
    """Return the permission to do something with data within limits."""
    return {"@type": "Permission", "action": action, "target": target, "constraint": list(constraints)}


def term(clause_: Term) -> list[Node]:
    """Return first and last day in force, both included, as constraints."""
    return [
        constraint("dateTime", "gteq", day(clause_.start)) | clause("term.start"),
        constraint("dateTime", "lteq", day(clause_.expiry)) | clause("term.expiry"),
    ]


def limits(obligations: Obligations) -> list[Node]:
    """Return every obligation that limits what may be done."""
    found = (as_constraint(item) for item in obligations.items)
    return [node for node in found if node is not None]


def duties(obligations: Obligations) -> list[Node]:
    """Return every obligation to do something."""
    found = (as_duty(item) for item in obligations.items)
    return [node for node in found if node is not None]


def laws(bases: Iterable[Basis]) -> list[Node]:
    """Return the legal bases, each once."""
    by_code = {basis.code: basis for basis in bases}
    return [
        {
            "@id": f"urn:commonweal:basis:{basis.code}",
            "@type": ["dpv:LegalBasis", *(["dpv:Consent"] if basis.consent_required else [])],
            "title": basis.title,
            "dcterms:source": basis.citation,
            "cw:checked_against_text": basis.checked_against_text,
        }
        for basis in by_code.values()
    ]


def bans(banned: Bans | None, reidentification: str | None, target: Node) -> list[Node]:
    """Return each banned use, those in words, and the ban on finding out who somebody is."""
    found = []
    data = {"@id": target["@id"]}
    for i, use in enumerate(banned.uses if banned else ()):
        found.append(_ban(f"cw:{use}", data) | clause(f"prohibited_uses.uses.{i}"))
    for i, words in enumerate(banned.words if banned else ()):
        said = _ban("use", data) | clause(f"prohibited_uses.words.{i}") | {"description": words}
        found.append(said | {"constraint": [constraint("purpose", "eq", words)]})
    if reidentification is not None:
        said = _ban("cw:reidentify", data) | clause("reidentification")
        found.append(said | {"description": reidentification})
    return found


def redisclosure(clause_: Redisclosed | None, target: Node) -> list[Node]:
    """Return the ban on further disclosure, but for whom the clause excepts."""
    if clause_ is None:
        return []
    said = _ban("transfer", {"@id": target["@id"]}) | clause("redisclosure")
    if clause_.to is not Redisclosure.NOBODY:
        said |= {"constraint": [constraint("recipient", "neq", {"@id": f"urn:commonweal:odrl:{clause_.to}"})]}
    return [said | {"description": clause_.words}]


def inform(breach: Breach) -> Node:
    """Return the duty to report a breach within hours."""
    return _told("cw:breach", breach.notify, breach.hours) | clause("breach.hours")


def compelled(disclosure: CompelledDisclosure) -> list[Node]:
    """Return whom to tell of each kind of demand, and that nothing is produced without counsel."""
    found = []
    for demand in Demand:
        clock = disclosure.clock(demand)
        found.append(
            _told(f"cw:{demand}", clock.notify, clock.hours) | clause(f"compelled_disclosure.{demand}")
        )
    counsel = {"@type": "Duty", "action": "cw:obtain_counsel", "description": disclosure.words}
    return [*found, counsel | clause("compelled_disclosure.without_counsel")]


def rights(clause_: SubjectRights) -> list[Node]:
    """Return what a person may ask for and within how many days it is done."""
    asked = {
        "inspect": clause_.inspect,
        "correct": clause_.correct,
        "contest_link": clause_.contest_link,
        "opt_out": clause_.opt_out,
    }
    return [
        {
            "@type": "Duty",
            "action": f"cw:{name}",
            "constraint": [constraint("elapsedTime", "lteq", span(days=right.days))],
            "description": right.how,
        }
        | clause(f"subject_rights.{name}")
        for name, right in asked.items()
    ]


def inspection(audit: Audit) -> Node:
    """Return the duty to let the parties inspect."""
    return {
        "@type": "Duty",
        "action": "cw:permit_inspection",
        "constraint": [constraint("delayPeriod", "lteq", span(days=audit.notice_days))],
        "cw:inspector": list(audit.by),
    } | clause("audit")


def _ban(action: str, target: Node) -> Node:
    return {"@type": "Prohibition", "action": action, "target": target}


def _told(event: str, whom: Iterable[str], hours: int) -> Node:
    return {
        "@type": "Duty",
        "action": "inform",
        "informedParty": [party(name) for name in whom],
        "constraint": [
            constraint("event", "eq", {"@id": event}),
            constraint("elapsedTime", "lteq", span(hours=hours)),
        ],
    }
