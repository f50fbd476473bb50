"""Every check of documents against each other and the law: one edit, the fault, its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from data_sharing_agreements.bases import (
    BASES_DIRECTORY,
    forbidding,
    load_bases,
    load_prohibitions,
    row_rules,
    standing_prohibitions,
)
from data_sharing_agreements.bases.model import Basis
from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.documents.cautions import cautions
from data_sharing_agreements.documents.checks_dsa import MINIMUM_TERMS
from data_sharing_agreements.errors import Invalid
from data_sharing_agreements.vocabulary import RestrictionKind
from warehouse.contracts_loader import load_contracts

ROOT = Path(__file__).resolve().parents[2]
TANF = "dsa/DSA-DSHS-TANF.yaml"
MEDICAID = "dsa/DSA-HCA-MEDICAID.yaml"
WELFARE = "dsa/DSA-DCYF-CHILD-WELFARE.yaml"
HMIS = "dsa/DSA-COM-HMIS.yaml"
SCHOOL = "dsa/DSA-OSPI-K12.yaml"
LEAVERS = "dul/DUL-2026-001.yaml"
EMOU = "emou/EMOU-EVERGREEN-2022.yaml"


@pytest.fixture
def state(tmp_path):
    """A copy of the reference documents that a test may spoil."""
    for tier in ("emou", "dsa", "dul"):
        shutil.copytree(EVERGREEN_DIRECTORY / tier, tmp_path / tier)
    return tmp_path


def edit(path: Path, where: str, value: object) -> None:
    """Set the value at a dotted path of a document; None takes it out."""
    document = yaml.safe_load(path.read_text())
    *steps, last = [int(step) if step.isdigit() else step for step in where.split(".")]
    place = document
    for step in steps:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def faults(directory: Path) -> set[tuple[str, str]]:
    """(Place, code) of every fault."""
    with pytest.raises(Invalid) as caught:
        load_agreements(directory)
    return {(detail.what.split(": ")[0], detail.code) for detail in caught.value.details}


ONE_EDIT = [
    # The memorandum.
    (EMOU, "witnesses.names.0", "Nobody", "witnesses.names.0", "party-unknown"),
    (EMOU, "tribal_authority.tribes", ["Nobody"], "tribal_authority.tribes.0", "party-unknown"),
    (EMOU, "parties.0.role", "witness", "parties", "party-missing"),
    (EMOU, "parties.8.role", "witness", "parties", "party-missing"),
    (EMOU, "four_questions.legal.decided_by", "Nobody", "four_questions.legal.decided_by", "party-unknown"),
    (
        EMOU,
        "four_questions.ethical.decided",
        "2022-01-02",
        "four_questions.ethical.decided",
        "dates-reversed",
    ),
    (
        EMOU,
        "separation.exceptions",
        [{"person": "p", "roles": ["linker", "auditor"], "reason": "small staff", "until": "2030-01-01"}],
        "separation.exceptions.0.roles",
        "exception-needless",
    ),
    # What an agreement must say.
    *((TANF, term, None, term, "term-required") for term in MINIMUM_TERMS),
    (TANF, "parties.0.role", "witness", "parties", "party-missing"),
    (TANF, "recipients.1.person", "hub-data-engineer", None, None),
    (TANF, "destruction.by", "2021-01-01", "destruction.by", "dates-reversed"),
    (TANF, "period.start", "2036-01-01", "period.start", "dates-reversed"),
    # The floor of the memorandum.
    (TANF, "cells.minimum", 9, "cells.minimum", "below-floor"),
    (LEAVERS, "cells.minimum", 9, "cells.minimum", "below-floor"),
    # The limits of the law.
    (TANF, "release.outputs", "rows", "release.outputs", "beyond-basis"),
    (MEDICAID, "cells.minimum", 10, "cells.minimum", "beyond-basis"),
    (MEDICAID, "row_restrictions.kinds", ["opt_out"], "row_restrictions.kinds", "restriction-required"),
    (WELFARE, "prohibited_uses.uses", ["contact"], "prohibited_uses.uses", "ban-required"),
    (HMIS, "public_notice.purposes", ["audit"], "purposes.0", "purpose-not-in-notice"),
    # What may never enter.
    (TANF, "tables.family.0", "domestic_violence_flag", "tables.family.0", "column-prohibited"),
    (TANF, "tables.family.0", "acp_address_line", "tables.family.0", "column-prohibited"),
    (HMIS, "tables.organization", ["organization_id"], "tables", "marker-missing"),
    (SCHOOL, "row_restrictions.kinds", ["opt_out"], "row_restrictions.kinds", "restriction-required"),
    (TANF, "legal_basis.0.code", "vawa-victim-services", "legal_basis.0.code", "basis-prohibits"),
    # What a license asks for and its agreements do not give.
    (LEAVERS, "release.public", True, None, None),
    (LEAVERS, "period.start", "2014-12-31", "period", "beyond-parent"),
    (LEAVERS, "periods", {"esd_wages": {"start": "2014-01-01"}}, "periods.esd_wages", "beyond-parent"),
    (LEAVERS, "periods", {"ospi_k12": {"start": "2020-01-01"}}, "periods.ospi_k12", "beyond-parent"),
    (LEAVERS, "destruction.by", "2043-01-01", "destruction.by", "beyond-parent"),
    (LEAVERS, "rows", None, "rows", "term-required"),
    (LEAVERS, "period", None, "period", "term-required"),
    (TANF, "release.form", "aggregates", "release.form", "beyond-parent"),
    (TANF, "release.public", False, "release.public", "beyond-parent"),
    (TANF, "redisclosure.to", "source_only", None, None),
    (TANF, "linkage.sources.0", "ospi_k12", "fields.esd_wages", "beyond-parent"),
    (TANF, "period.until", "2030-01-01", "period", "beyond-parent"),
    (LEAVERS, "parent", "EMOU-OTHER-2020", "parent", "beyond-parent"),
    # What rests on itself.
    (TANF, "parent", "DSA-DSHS-TANF", "parent", "parent-circular"),
    (LEAVERS, "parent", "DUL-2026-001", "parent", "parent-circular"),
    # One id, one thing.
    (TANF, "id", "DSA-ESD-WAGES", "id", "id-reused"),
]


@pytest.mark.parametrize(("path", "where", "value", "place", "code"), ONE_EDIT)
def test_one_edit_and_its_fault(state, path, where, value, place, code):
    edit(state / path, where, value)
    if code is None:
        load_agreements(state)
        return
    found = faults(state)
    assert any(at.endswith(f":{place}") and said == code for at, said in found), found


def test_a_redisclosure_freer_than_the_agreement(state):
    edit(state / TANF, "redisclosure.to", "nobody")
    edit(state / LEAVERS, "redisclosure.to", "under_license")
    assert faults(state) == {(f"{LEAVERS}:redisclosure.to", "beyond-parent")}


def test_federal_tax_information_closes_everything_its_law_closes(state):
    edit(state / TANF, "legal_basis.0.code", "tax-26-usc-6103")
    closed = {at.partition(":")[2] for at, code in faults(state) if code == "beyond-basis"}
    assert closed == {"release.form", "release.outputs", "cells.zero_is_small", "redisclosure.to"}


def test_a_circle_through_two_documents_is_found_once_in_each(state):
    edit(state / TANF, "parent", "DUL-2026-001")
    edit(state / LEAVERS, "parent", "DSA-DSHS-TANF")
    assert faults(state) == {(f"{TANF}:parent", "parent-circular"), (f"{LEAVERS}:parent", "parent-circular")}


def test_a_recipient_named_twice_in_the_same_part(state):
    edit(state / TANF, "recipients.1.person", "hub-data-engineer")
    edit(state / TANF, "recipients.1.role", "data_engineer")
    assert {code for _, code in faults(state)} == {"recipient-doubled"}


def test_a_memorandum_that_hides_zero_or_rounds_binds_all_below(state):
    edit(state / EMOU, "cells.zero_is_small", True)
    edit(state / EMOU, "cells.rounding", 5)
    found = faults(state)
    assert (f"{TANF}:cells.zero_is_small", "below-floor") in found
    assert (f"{TANF}:cells.rounding", "below-floor") in found
    assert (f"{LEAVERS}:cells.rounding", "below-floor") not in found


def version(path: Path, number: int, start: str, **changes: object) -> Path:
    """Write another version of a document beside it."""
    document = yaml.safe_load(path.read_text()) | {"version": number}
    document["term"]["start"] = start
    document |= changes
    new = path.with_name(f"{path.stem}@{number}.yaml")
    new.write_text(yaml.safe_dump(document, sort_keys=False))
    return new


def test_versions_lie_side_by_side(state):
    version(state / TANF, 2, "2027-01-01")
    load_agreements(state)


@pytest.mark.parametrize("start", ["2022-01-01", "2021-06-01"])
def test_versions_that_overlap(state, start):
    version(state / TANF, 2, start)
    assert any(code == "versions-overlap" and "@2" in place for place, code in faults(state))


def test_the_same_version_twice(state):
    version(state / TANF, 1, "2027-01-01")
    assert {code for _, code in faults(state)} == {"document-doubled"}


def test_versions_of_one_id_about_two_sources(state):
    version(state / TANF, 2, "2027-01-01", source="dshs_snap")
    assert "id-reused" in {code for _, code in faults(state)}


def test_a_license_is_at_fault_only_if_no_version_of_its_agreement_gives_what_it_asks(state):
    tables = yaml.safe_load((state / TANF).read_text())["tables"]
    version(state / TANF, 2, "2027-01-01", tables=tables | {"child": ["report_month", "date_of_birth"]})
    agreements = load_agreements(state)
    found = {caution.code for caution in cautions(agreements)}
    assert "license-beyond-version" in found


def test_what_is_worth_knowing_is_told_and_is_no_fault(state):
    assert not cautions(load_agreements(state))
    edit(state / TANF, "term.expiry", "2030-12-31")
    edit(state / LEAVERS, "recipients.0.valid_until", "2026-12-31")
    told = {(c.document, c.clause, c.code) for c in cautions(load_agreements(state))}
    assert told == {
        ("DUL-2026-001", "term.expiry", "outlives-parent"),
        ("DUL-2026-002", "term.expiry", "outlives-parent"),
        ("DUL-2026-001", "recipients.0.valid_until", "training-ends-early"),
    }


def test_an_agreement_that_outlives_its_memorandum(state):
    edit(state / EMOU, "term.expiry", "2030-12-31")
    told = cautions(load_agreements(state))
    assert {c.code for c in told} == {"outlives-parent"}
    assert {c.document for c in told} >= {"DSA-DSHS-TANF", "DUL-2026-001"}


# Legal bases.

LAWS = {
    *("ferpa-studies", "ferpa-audit-evaluation", "hipaa-limited-data-set", "hipaa-research-waiver"),
    *("substance-use-42-cfr-2", "ui-20-cfr-603", "snap-7-cfr-272", "tanf-45-cfr-205", "medicaid-42-cfr-431"),
    *("child-welfare-45-cfr-1355", "hmis-2004-notice", "justice-28-cfr-22", "tax-26-usc-6103"),
    *("ssa-data-exchange", "wic-7-cfr-246", "cji-28-cfr-20", "child-support-45-cfr-303", "idea-34-cfr-300"),
    "state-law",
}


def test_there_is_one_file_for_each_law():
    assert set(load_bases()) == LAWS
    assert set(load_prohibitions()) == {"vawa-victim-services", "address-confidentiality-programs"}


@pytest.mark.parametrize("code", sorted(LAWS))
def test_a_basis_says_everything_in_so_many_words(code):
    raw = yaml.safe_load((BASES_DIRECTORY / f"{code}.yaml").read_text())
    silent = set(Basis.model_fields) - {"consent_waived_with"} - raw.keys()
    assert not silent
    assert {"purposes", "safeguards"} - raw["required_terms"].keys() <= {"safeguards", "purposes"}


def test_the_law_that_bars_a_lasting_spine_and_the_one_that_needs_consent():
    bases = load_bases()
    assert {code for code, law in bases.items() if not law.lasting_spine} == {
        "substance-use-42-cfr-2",
        "tax-26-usc-6103",
    }
    assert {code for code, law in bases.items() if law.consent_required} == {"idea-34-cfr-300"}


def resting_on(*codes: str):
    """Evergreen's school agreement on other laws."""
    agreement = load_agreements(EVERGREEN_DIRECTORY).dsa_for("ospi_k12")
    uses = tuple(agreement.legal_basis[0].model_copy(update={"code": code}) for code in codes)
    return agreement.model_copy(update={"legal_basis": uses})


def test_ferpa_waives_the_consent_that_idea_asks_for():
    bases = load_bases()
    alone = row_rules(resting_on("idea-34-cfr-300"), bases)
    both = row_rules(resting_on("idea-34-cfr-300", "ferpa-audit-evaluation"), bases)
    assert (alone.consent_required, alone.exclude_unknown) == (True, True)
    assert (both.consent_required, both.exclude_unknown) == (False, False)


def test_rows_of_which_nothing_is_said_are_held_back_most_strictly():
    silent = resting_on("state-law").model_copy(update={"row_restrictions": None})
    rules = row_rules(silent, load_bases())
    assert rules.kinds == frozenset(RestrictionKind)
    assert rules.exclude_unknown


def test_consent_must_be_known_where_the_law_asks(state):
    edit(state / SCHOOL, "legal_basis.0.code", "idea-34-cfr-300")
    edit(state / SCHOOL, "row_restrictions.kinds", ["opt_out", "address_confidential", "consent"])
    found = faults(state)
    assert (f"{SCHOOL}:row_restrictions.unknown", "unknown-must-exclude") in found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"consent_required": True}, "consent is one of"),
        (
            {"consent_required": True, "restrictions": ["consent"], "unknown": "include"},
            "unknown means exclude",
        ),
        ({"unchecked": []}, "what counsel must read"),
    ],
)
def test_a_basis_that_contradicts_itself(tmp_path, change, message):
    raw = yaml.safe_load((BASES_DIRECTORY / "state-law.yaml").read_text())
    (tmp_path / "state-law.yaml").write_text(yaml.safe_dump(raw | change))
    with pytest.raises(Invalid, match=message):
        load_bases(tmp_path)


@pytest.mark.parametrize(
    ("column", "law"),
    [
        ("domestic_violence", "vawa-victim-services"),
        ("victim_name", "vawa-victim-services"),
        ("victim_service_provider", None),
        ("actual_address", "address-confidentiality-programs"),
        ("street", None),
        ("ssn", None),
    ],
)
def test_what_never_may_enter(column, law):
    barred = forbidding(standing_prohibitions(), column)
    assert (barred[0].code if barred else None) == law


def test_a_prohibition_with_a_pattern_that_is_none(tmp_path):
    raw = yaml.safe_load((BASES_DIRECTORY / "prohibitions/vawa-victim-services.yaml").read_text())
    raw["never"][0]["columns"] = ["("]
    (tmp_path / "vawa-victim-services.yaml").write_text(yaml.safe_dump(raw))
    with pytest.raises(Invalid, match="regular expression"):
        load_prohibitions(tmp_path)


def test_a_deployment_may_only_forbid_more(state):
    raw = yaml.safe_load((BASES_DIRECTORY / "prohibitions/vawa-victim-services.yaml").read_text())
    own = {"code": "own", "never": [{"columns": ["cash_.*"], "what": "money"}], "markers": []}
    (state / "bases/prohibitions").mkdir(parents=True)
    (state / "bases/prohibitions/own.yaml").write_text(yaml.safe_dump(raw | own))
    edit(state / TANF, "tables.adult.0", "victim_name")
    assert {code for _, code in faults(state)} >= {"column-prohibited"}
    places = {place for place, code in faults(state) if code == "column-prohibited"}
    assert places == {f"{TANF}:tables.adult.0", f"{TANF}:tables.family.7"}


def test_a_contract_may_not_describe_what_never_may_enter(tmp_path):
    text = (ROOT / "warehouse/contracts/commerce/com_hmis.yaml").read_text()
    (tmp_path / "com_hmis.yaml").write_text(text.replace("name: living_situation", "name: currently_fleeing"))
    with pytest.raises(Invalid, match="Violence Against Women Act"):
        load_contracts(tmp_path, ROOT / "warehouse/core")
