"""A document as a policy of ODRL 2.2, in JSON-LD with terms of the Data Privacy Vocabulary.

Belongs here: `policy`, which says a whole document to programs of others: what is
permitted to whom, what is forbidden, what must be done, and every obligation the engine
would apply, each with the clause it comes from. Does not: deciding anything; the engine
reads the documents and never this.
"""

from __future__ import annotations

from collections.abc import Iterable

from data_sharing_agreements.decisions.gather import obligations_of
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.documents.odrl_parts import (
    asset,
    bans,
    compelled,
    duties,
    inform,
    inspection,
    laws,
    limits,
    permission,
    redisclosure,
    rights,
    term,
)
from data_sharing_agreements.documents.odrl_terms import (
    ACTIONS,
    CONTEXT,
    MEASURES,
    PROFILE,
    Node,
    clause,
    constraint,
    document_iri,
    party,
    purposes,
)
from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.models import Document, Dsa, Dul, Emou
from data_sharing_agreements.vocabulary import Form


def policy(agreements: Agreements, name: str) -> Node:
    """Return a document as a policy of ODRL 2.2.

    Args:
        agreements: The documents of the deployment, of which the newest version is said.
        name: The id of a document.

    Raises:
        UsageFault: There is no such document.

    Source: W3C, ODRL Information Model 2.2 and ODRL Vocabulary and Expression 2.2.
    """
    document = named(agreements, name)
    if isinstance(document, Dul):
        return _license(agreements, document)
    return _agreement(agreements, document) if isinstance(document, Dsa) else _memorandum(agreements.emou)


def named(agreements: Agreements, name: str) -> Document:
    """Return the newest version of a document.

    Raises:
        UsageFault: There is no such document.
    """
    for document in agreements.documents():
        if document.id == name:
            return document
    known = ", ".join(document.id for document in agreements.documents())
    raise UsageFault.of(
        "document-unknown",
        "There is no document of that id.",
        why=f"The documents are {known}.",
        next="Give the id of one of them.",
    )


def _memorandum(emou: Emou) -> Node:
    """The frame: its parties may use what agreements under it give, and nothing else."""
    obligations = obligations_of(emou, (), (), None)
    everything = asset("all", ())
    bounds = [purposes(*emou.purposes), *term(emou.term), *limits(obligations)]
    return {
        **_frame(emou, "Set"),
        "permission": [permission("use", everything, bounds) | clause("purposes")],
        "prohibition": bans(emou.prohibited_uses, emou.reidentification, everything),
        "obligation": [
            *duties(obligations),
            inform(emou.breach),
            *compelled(emou.compelled_disclosure),
            *rights(emou.subject_rights),
            inspection(emou.audit),
        ],
    }


def _agreement(agreements: Agreements, dsa: Dsa) -> Node:
    """One source's data to the hub, with the limits of its legal bases."""
    bases = [agreements.bases[use.code] for use in dsa.legal_basis]
    obligations = obligations_of(agreements.emou, bases, (dsa,), None)
    data = asset(dsa.source, dsa.fields)
    bounds = [*term(dsa.term), *limits(obligations)]
    permitted = [permission("use", data, [purposes(*dsa.purposes), *bounds]) | clause("purposes")]
    if dsa.linkage.purposes:
        permitted.append(permission("cw:link", data, [*_linked(dsa), *bounds]) | clause("linkage"))
    return {
        **_frame(dsa, "Agreement"),
        "dcterms:requires": {"@id": document_iri(dsa.parent)},
        **_bound(dsa, ("data_owner", "tribe"), ("hub",)),
        "dpv:hasLegalBasis": laws(bases),
        "permission": permitted,
        "prohibition": [
            *bans(dsa.prohibited_uses, dsa.reidentification, data),
            *redisclosure(dsa.redisclosure, data),
        ],
        "obligation": [*duties(obligations), *_own_duties(dsa)],
    }


def _license(agreements: Agreements, dul: Dul) -> Node:
    """One project: what its recipients may do, under the strictest of everything above it."""
    dsas = [agreements.by_source[source] for source in sorted(dul.sources)]
    bases = [agreements.bases[use.code] for dsa in dsas for use in dsa.legal_basis]
    obligations = obligations_of(agreements.emou, bases, dsas, dul)
    mart: Node = {"@id": f"urn:commonweal:mart:{dul.project}", "@type": "AssetCollection"}
    mart["hasPart"] = [asset(source, _of(source, dul.licensed)) for source in sorted(dul.sources)]
    bounds = [purposes(dul.purpose), *term(dul.term), *limits(obligations)]
    permitted = []
    if (inside := ACTIONS.get(obligations.release_form)) is not None:
        permitted.append(permission(inside, mart, [_recipients(dul), *bounds]) | clause("release.form"))
    if obligations.outputs is not Form.NONE:
        leave = permission("distribute", mart, bounds) | clause("release.outputs")
        permitted.append(leave | {"duty": duties(obligations)})
    return {
        **_frame(dul, "Agreement"),
        "dcterms:requires": [{"@id": document_iri(name)} for name in (dul.parent, *dul.agreements)],
        **_bound(dul, ("hub", "board"), ("licensee",)),
        "dpv:hasLegalBasis": laws(bases),
        "permission": permitted,
        "prohibition": [
            *bans(dul.prohibited_uses, dul.reidentification, mart),
            *redisclosure(dul.redisclosure, mart),
        ],
        "obligation": duties(obligations),
    }


def _frame(document: Emou | Dsa | Dul, kind: str) -> Node:
    """What every policy says of itself. Where rules conflict, the prohibition wins."""
    return {
        "@context": dict(CONTEXT),
        "@id": document_iri(document.id, document.version),
        "@type": kind,
        "uid": document_iri(document.id, document.version),
        "profile": PROFILE,
        "conflict": "prohibit",
        "title": document.title,
        "description": document.summary,
        "dcterms:isVersionOf": {"@id": document_iri(document.id)},
        "dpv:hasTechnicalOrganisationalMeasure": [{"@id": measure} for measure in MEASURES],
        **_retention(document),
    }


def _retention(document: Emou | Dsa | Dul) -> Node:
    if isinstance(document, Emou) or document.destruction is None:
        return {}
    ends = document.destruction
    said = f"Until {ends.by}. {ends.method}"
    return {"dpv:hasStorageCondition": {"@type": "dpv:StorageDuration", "description": said}}


def _bound(document: Document, giving: Iterable[str], taking: Iterable[str]) -> Node:
    """Who gives and who takes, by the roles of the parties."""
    gives, takes = tuple(giving), tuple(taking)
    return {
        "assigner": [party(p.name) for p in document.parties if p.role in gives],
        "assignee": [party(p.name) for p in document.parties if p.role in takes],
    }


def _linked(dsa: Dsa) -> list[Node]:
    others = [{"@id": f"urn:commonweal:source:{source}"} for source in dsa.linkage.sources]
    return [purposes(*dsa.linkage.purposes), constraint("cw:linked_source", "isAnyOf", others)]


def _own_duties(dsa: Dsa) -> list[Node]:
    """Duties an agreement states that are not obligations of a decision."""
    found = [inform(dsa.breach)] if dsa.breach else []
    found += compelled(dsa.compelled_disclosure) if dsa.compelled_disclosure else []
    found += rights(dsa.subject_rights) if dsa.subject_rights else []
    return found + ([inspection(dsa.audit)] if dsa.audit else [])


def _recipients(dul: Dul) -> Node:
    accounts = [{"@id": f"urn:commonweal:account:{r.account}"} for r in dul.recipients]
    return constraint("recipient", "isAnyOf", accounts) | clause("recipients")


def _of(source: str, fields: frozenset[str]) -> frozenset[str]:
    return frozenset(field for field in fields if field.startswith(f"{source}."))
