"""The public record of the algorithm that links: what for, on which data, how, whose, with which errors.

Belongs here: one JSON object, as public registers of algorithms have it. Does not: anything
confidential; measuring; the page (`pages/register.html.j2`).

The parts follow what the algorithmic transparency standards of public bodies ask for:
owner and contact, purpose, what it decides, the tool, the data, human oversight, errors and
risks. Everything is named one by one; nothing is passed through.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_sharing_agreements.cells import smallest_cell, withheld
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.linkquality import BASES, MEASURES
from data_sharing_agreements.models import Dsa
from data_sharing_agreements.registry.models import LinkModel, state_words
from data_sharing_agreements.registry.products import LinkVersion

SCHEMA = "commonweal/transparency/1"

DECIDES = (
    "It groups records into persons, for the purposes of the agreements named here and no others. Any join "
    "can be wrong, and none is made to decide anything about one person: no benefit, service or sanction "
    "may rest on it."
)
METHOD = (
    "Names, birth dates, numbers and addresses are turned into keyed codes, and records are compared code "
    "by code. Agreement counts for one person, disagreement against, each by how often it is seen among "
    "one person's records, among strangers' and among relatives' (a Fellegi-Sunter model). Records are "
    "grouped where the evidence of all their pairs together speaks for one person. It learns from the "
    "records themselves, without known answers."
)
OVERSIGHT = (
    "A model is used after its settings are approved; the board looks again when it moves too far.",
    "Uncertain pairs can be judged by two people independently; what they decide binds later versions.",
    "Every merge and split is written down, and can be undone.",
)
NOT_USED = (
    "Race, ethnicity and language take no part in linking. They are used afterwards, with age, sex and "
    "county, to measure errors by group."
)
KEPT = (
    "Codes made for a link are dropped when it ends. For the next one stay random keys, weights of pairs "
    "and, in the encrypted vault beside the identifiers, short hashes of what records are compared "
    "by. Codes that an agency makes at home stand in the vault in place of its identifiers."
)
INTERVALS = "Of 100 ranges so made, 95 hold the true share."
REDRESS = "Ask the agency that holds your record to see it, correct it, contest a join, or be left out."
RISKS = (
    "Two people taken for one: somebody's history then holds what is not theirs.",
    "One person taken for two: their history is then incomplete.",
    "More errors for some groups than for others: they are measured, and a wide difference is said.",
)


def transparency(
    agreements: Agreements,
    version: LinkVersion | None,
    model: LinkModel | None,
    quality: Mapping[str, Any],
    purpose: str,
) -> dict[str, Any]:
    """Return the record as plain JSON, all of it public.

    Args:
        agreements: Documents of the day.
        version: The newest link version, if there is one.
        model: The model that made it, if it is known.
        quality: What is told of its errors.
        purpose: Purpose the statewide spine is made for.
    """
    smallest = smallest_cell(agreements)
    hub = [party.name for party in agreements.emou.parties if party.role == "hub"]
    return {
        "schema": SCHEMA,
        "name": "Linkage of records across agencies",
        "owner": hub,
        "contact": [
            {"party": signatory.party, "office": signatory.office}
            for signatory in agreements.emou.signatories
            if signatory.party in hub and signatory.role == "signatory"
        ],
        "purpose": purpose.replace("_", " "),
        "decides": DECIDES,
        "method": METHOD,
        "tool": {
            "name": "Commonweal, on Splink",
            "version": version.version if version else None,
            "made": version.created_at[:10] if version else None,
            "records": withheld(version.records, smallest) if version else None,
            "persons": withheld(version.persons, smallest) if version else None,
            "model": version.model if version else None,
            **_model(model),
        },
        "not_used": NOT_USED,
        "kept": KEPT,
        "data": [_data(agreements, dsa) for dsa in agreements.dsas],
        "oversight": list(OVERSIGHT),
        "risks": list(RISKS),
        "errors": errors(quality),
        "redress": REDRESS,
    }


def errors(quality: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the public is told of errors, whole and by group."""
    return {
        "basis": quality.get("basis"),
        **{name: quality.get(name) for name in MEASURES},
        "intervals": _intervals(quality),
        "intervals_mean": INTERVALS,
        "by_group": [_group(group) for group in quality.get("by_group") or ()],
        "warning": str(quality.get("warning") or ""),
        "warnings": [str(words) for words in quality.get("warnings") or ()],
    }


def _group(group: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: group.get(name) for name in ("column", "group", "share_of_records", *MEASURES)}
    basis = BASES.get(str(group.get("method")))
    return named | {"basis": basis, "intervals": _intervals(group)}


def _intervals(row: Mapping[str, Any]) -> dict[str, list[float]]:
    given = row.get("intervals") or {}
    return {name: [float(end) for end in given[name]] for name in MEASURES if name in given}


def _model(model: LinkModel | None) -> dict[str, Any]:
    if model is None:
        return {"digest": None, "approved": None, "approval": "Nothing is written down about its model."}
    return {"digest": model.digest, "approved": model.usable, "approval": state_words(model.state)}


def _data(agreements: Agreements, dsa: Dsa) -> dict[str, Any]:
    owner = next((party.name for party in dsa.parties if party.role == "data_owner"), dsa.agency)
    return {
        "source": dsa.source,
        "agency": owner,
        "agreement": dsa.id,
        "ask": [one.office for one in dsa.signatories if one.party == owner and one.role == "signatory"],
        "laws": [agreements.bases[use.code].title for use in dsa.legal_basis],
    }
