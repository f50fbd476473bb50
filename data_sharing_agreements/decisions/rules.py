"""The rules a request must pass, one small function each.

Belongs here: pure rules over a `Case` (request, documents, date). Does not: which verb
asks which (`verbs.py`), which documents a request concerns (`case.py`), rules of days
(`rules_time.py`), obligations, or raising. A rule either
cites the clauses that permit, or gives a reason with the clause that refuses; it
never stays silent about a thing it is responsible for.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from data_sharing_agreements.bases import Basis
from data_sharing_agreements.decisions.case import Case
from data_sharing_agreements.models import Dsa
from data_sharing_agreements.vocabulary import Form, Redisclosure


def sources_have_agreements(case: Case) -> None:
    """At least one source is concerned, and each has an agreement."""
    if not case.sources:
        case.refuse_by_default("nothing-asked", "The request names no source.")
    for source in sorted(case.sources - case.agreements.by_source.keys()):
        case.refuse_by_default("agreement-missing", f"No agreement covers the source {source}.")


def fields_named(case: Case) -> None:
    """The request says which fields it needs: the least that is necessary."""
    if not case.request.fields:
        case.refuse_by_default("nothing-asked", "The request names no field.")


def fields_in_agreements(case: Case) -> None:
    """Every field asked for is licensed by its source's agreement as delivered."""
    for dsa in case.dsas:
        asked = case.fields_of(dsa.source)
        _fields(case, asked, dsa.fields, dsa.id, "tables")


def fields_in_license(case: Case) -> None:
    """Every field asked for is in the license and in its source's agreement."""
    for dsa in case.dsas:
        asked = case.fields_of(dsa.source)
        _fields(case, asked, dsa.licensable, dsa.id, "tables")
        if case.dul is not None:
            _fields(case, asked, case.dul.licensed, case.dul.id, f"fields.{dsa.source}")


def sources_in_license(case: Case) -> None:
    """Every source concerned is one of the license, under an agreement it names."""
    if case.dul is None:
        return
    for source in sorted(case.sources - case.dul.sources):
        case.refuse("source-not-licensed", f"{case.dul.id} does not license {source}.", case.dul.id, "fields")
    for dsa in case.dsas:
        if dsa.id not in case.dul.agreements:
            case.refuse(
                "agreement-not-named", f"{case.dul.id} does not rest on {dsa.id}.", case.dul.id, "agreements"
            )


def project_has_license(case: Case) -> None:
    """The request names a project, and the project has a license."""
    if case.request.project is None:
        case.refuse_by_default("project-missing", "The request names no project.")
    elif case.dul is None:
        case.refuse_by_default("license-missing", f"No license covers the project {case.request.project}.")


def purpose_named(case: Case) -> None:
    """A linkage always has a purpose; linking for no purpose is linking for all."""
    if case.purpose is None:
        case.refuse_by_default("purpose-missing", "The request names no purpose.")


def purpose_permitted(case: Case) -> None:
    """The purpose is permitted by the license, the agreements, and their legal bases."""
    purpose = case.purpose
    if purpose is None:
        return
    if case.dul is not None:
        _purpose(case, purpose, (case.dul.purpose,), case.dul.id, "purpose")
    _purpose(case, purpose, case.agreements.emou.purposes, case.agreements.emou.id, "purposes")
    for dsa in case.dsas:
        _purpose(case, purpose, dsa.purposes, dsa.id, "purposes")
        for basis in case.bases_of(dsa):
            _purpose(case, purpose, basis.purposes, basis.code, "purposes")
        if dsa.public_notice is not None:
            _purpose(case, purpose, dsa.public_notice.purposes, dsa.id, "public_notice.purposes")


def use_not_prohibited(case: Case) -> None:
    """What will be done with the data is none of the uses that a document bans."""
    if (use := case.request.use) is None:
        return
    for document in case.documents:
        banned = () if document.prohibited_uses is None else document.prohibited_uses.uses
        if use in banned:
            clause = f"prohibited_uses.uses.{banned.index(use)}"
            case.refuse("use-prohibited", f"{document.id} prohibits the use {use}.", document.id, clause)


def linkage_permitted(case: Case) -> None:
    """Each pair of sources may be linked, both agreements say so, for this purpose.

    One source alone is linked with itself (finding the same person twice in it):
    that needs the purpose and no pair.
    """
    for left, right in combinations(case.dsas, 2):
        _pair(case, left, right.source)
        _pair(case, right, left.source)
    if (purpose := case.purpose) is None:
        return
    for dsa in case.dsas:
        _purpose(case, purpose, dsa.linkage.purposes, dsa.id, "linkage.purposes")
        for basis in case.bases_of(dsa):
            _purpose(case, purpose, basis.linkage_purposes, basis.code, "linkage_purposes")
            _lasting(case, basis)


def project_linkage_permitted(case: Case) -> None:
    """A project of several sources rests on their linkage, so that must be permitted."""
    if len(case.dsas) > 1:
        linkage_permitted(case)


def actor_named(case: Case) -> None:
    """The request says who asks."""
    if case.request.actor is None:
        case.refuse_by_default("actor-missing", "The request does not say who asks.")


def recipient_named(case: Case) -> None:
    """Whoever asks is a recipient of the license, and the training holds on the day."""
    actor_named(case)
    if case.dul is None or case.request.actor is None:
        return
    at = case.dul.recipient(case.request.actor)
    if at is None:
        case.refuse(
            "recipient-not-named", f"{case.dul.id} does not name this account.", case.dul.id, "recipients"
        )
    elif not case.dul.recipients[at].trained_on(case.on):
        case.refuse(
            "training-out-of-date",
            "The training of this account does not hold on this day.",
            case.dul.id,
            f"recipients.{at}.valid_until",
        )
    else:
        case.cite(case.dul.id, f"recipients.{at}")


def form_named(case: Case) -> None:
    """The request says in which form it needs the data."""
    if case.request.form is None:
        case.refuse_by_default("form-missing", "The request does not say in which form.")


def form_permitted(case: Case) -> None:
    """The form asked for is permitted inside the enclave by every document."""
    _form(case, "release_form")


def output_permitted(case: Case) -> None:
    """The form asked for may leave the enclave by every document."""
    _form(case, "outputs")


def rows_may_go_on(case: Case) -> None:
    """Rows leave the enclave only where every document lets them be disclosed further."""
    if case.form is not Form.ROWS:
        return
    for document in case.below:
        if document.redisclosure is not None and document.redisclosure.to is Redisclosure.UNDER_LICENSE:
            case.cite(document.id, "redisclosure")
        else:
            case.refuse(
                "redisclosure-not-permitted",
                f"{document.id} does not let rows be disclosed further.",
                document.id,
                "redisclosure",
            )


def kept_in_order(case: Case) -> None:
    """Keeping the stores whole uses nobody's data; the memorandum asks for the records."""
    case.cite(case.agreements.emou.id, "records_schedule")


def something_to_destroy(case: Case) -> None:
    """Destroying needs no permission, in or out of force, only a name of what is to go."""
    if not case.sources and case.request.project is None:
        case.refuse_by_default("nothing-asked", "The request names neither a source nor a project.")
    case.cite(case.agreements.emou.id, "records_schedule")
    for document in case.below:
        if document.destruction is not None:
            case.cite(document.id, "destruction")


def restriction_taken(case: Case) -> None:
    """A restriction is taken whenever the source's agreement is there, in force or not."""
    for dsa in case.dsas:
        case.cite(dsa.id, "subject_rights" if dsa.row_restrictions is None else "row_restrictions")


def public_permitted(case: Case) -> None:
    """Only aggregates are published, and every document says they may be."""
    if case.form is not None and not Form.AGGREGATES.allows(case.form):
        emou = case.agreements.emou
        case.refuse("form-not-permitted", "Only aggregates may be published.", emou.id, "cells")
    for document in case.below:
        if document.release.public:
            case.cite(document.id, "release.public")
        else:
            case.refuse(
                "export-not-permitted",
                f"{document.id} does not permit publication.",
                document.id,
                "release.public",
            )


def _fields(case: Case, asked: frozenset[str], licensed: frozenset[str], document: str, clause: str) -> None:
    extra = sorted(asked - licensed)
    if extra:
        names = ", ".join(extra)
        case.refuse("field-not-licensed", f"{document} does not license {names}.", document, clause)
    elif asked:
        case.cite(document, clause)


def _purpose(case: Case, purpose: str, permitted: Iterable[str], document: str, clause: str) -> None:
    if purpose in permitted:
        case.cite(document, clause)
    else:
        case.refuse(
            "purpose-not-permitted", f"{document} does not permit the purpose {purpose}.", document, clause
        )


def _pair(case: Case, dsa: Dsa, other: str) -> None:
    if other in dsa.linkage.sources:
        case.cite(dsa.id, "linkage.sources")
    else:
        case.refuse(
            "linkage-not-permitted",
            f"{dsa.id} does not permit linkage with {other}.",
            dsa.id,
            "linkage.sources",
        )


def _lasting(case: Case, basis: Basis) -> None:
    """Only inside a project may records be linked that no lasting spine may hold."""
    if basis.lasting_spine or case.dul is not None:
        return
    case.refuse(
        "lasting-spine-not-permitted",
        f"{basis.code} lets records be linked inside one project only.",
        basis.code,
        "lasting_spine",
    )


def _form(case: Case, rule: str) -> None:
    origin = case.obligations.origin(rule)
    if case.request.form is None or origin is None:
        return
    if case.form is None or not Form(origin.value).allows(case.form):
        case.refuse(
            "form-not-permitted",
            f"{origin.document} permits {origin.value} at most.",
            origin.document,
            origin.clause,
        )
    else:
        case.cite(origin.document, origin.clause)
