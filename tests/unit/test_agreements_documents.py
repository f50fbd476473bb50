"""The loader: documents that are right, and every fault of those that are not, at once."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from data_sharing_agreements.bases import BASES_DIRECTORY, load_bases, load_prohibitions
from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.documents.schemas import DIRECTORY, PUBLISHED, export_schemas, schema_text
from data_sharing_agreements.errors import Invalid, Refused
from data_sharing_agreements.models import Dsa, Dul, Emou

ROOT = Path(__file__).resolve().parents[2]
TANF = "dsa/DSA-DSHS-TANF.yaml"
LEAVERS = "dul/DUL-2026-001.yaml"
EMOU = "emou/EMOU-EVERGREEN-2022.yaml"


@pytest.fixture
def state(tmp_path):
    """A copy of the reference documents that a test may spoil."""
    for tier in ("emou", "dsa", "dul"):
        shutil.copytree(EVERGREEN_DIRECTORY / tier, tmp_path / tier)
    return tmp_path


def edit(path: Path, *steps: str | int, value: object = None, remove: bool = False) -> None:
    """Change one value of a document, or take it out."""
    document = yaml.safe_load(path.read_text())
    place = document
    for step in steps[:-1]:
        place = place[step]
    if remove:
        del place[steps[-1]]
    else:
        place[steps[-1]] = value
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def faults(directory: Path) -> dict[str, str]:
    """Place → code of every fault."""
    with pytest.raises(Invalid) as caught:
        load_agreements(directory)
    assert caught.value.exit_code == 5
    return {detail.what.split(": ")[0]: detail.code for detail in caught.value.details}


def test_the_reference_documents_load():
    agreements = load_agreements(EVERGREEN_DIRECTORY)
    assert len(agreements.dsas) == 6
    assert agreements.projects() == ("results", "tanf-leavers")
    assert "dshs_tanf.adult.ssn" in agreements.licensed_fields("dshs_tanf")
    assert agreements.dul_for("results").sources == frozenset(agreements.sources())
    assert len(agreements.digests()) == 9


def test_no_project_is_licensed_a_direct_identifier():
    direct = {
        *("ssn", "date_of_birth", "birth_date", "birthdate", "dob", "phone", "street", "zip", "zip_code"),
        *("given_name", "surname", "middle_name", "first_name", "last_name", "msis_id", "personal_id"),
        *("student_id", "client_id"),
    }
    for dul in load_agreements(EVERGREEN_DIRECTORY).duls:
        assert not {field.rsplit(".", 1)[1] for field in dul.licensed} & direct


def test_what_has_no_document_is_refused():
    agreements = load_agreements(EVERGREEN_DIRECTORY)
    with pytest.raises(Refused) as source:
        agreements.dsa_for("doc_prisons")
    with pytest.raises(Refused) as project:
        agreements.dul_for("curiosity")
    assert (source.value.details[0].document, source.value.details[0].clause) == (
        agreements.emou.id,
        "default",
    )
    assert project.value.details[0].code == "license-missing"


def test_all_faults_of_all_documents_are_reported_at_once(state):
    edit(state / TANF, "legal_basis", 0, "code", value="no-such-law")
    edit(state / TANF, "purposes", value=["program_evaluation", "curiosity"])
    edit(state / "dsa/DSA-ESD-WAGES.yaml", "costs", remove=True)
    edit(state / "dsa/DSA-ESD-WAGES.yaml", "audit", remove=True)
    edit(state / "dsa/DSA-HCA-MEDICAID.yaml", "cells", "minimum", value="eleven")
    edit(state / LEAVERS, "colour", value="blue")
    edit(state / LEAVERS, "term", "expiry", value="2001-01-01")
    edit(state / EMOU, "cells", remove=True)
    assert faults(state) == {
        f"{TANF}:purposes.1": "document-value-invalid",
        "dsa/DSA-ESD-WAGES.yaml:costs": "term-required",
        "dsa/DSA-ESD-WAGES.yaml:audit": "term-required",
        "dsa/DSA-HCA-MEDICAID.yaml:cells.minimum": "document-value-invalid",
        f"{LEAVERS}:colour": "document-key-unknown",
        f"{LEAVERS}:term": "document-value-invalid",
        f"{EMOU}:cells": "document-term-missing",
    }


@pytest.mark.parametrize(
    ("path", "steps", "value", "place", "code"),
    [
        (TANF, ("legal_basis", 0, "code"), "no-such-law", "legal_basis.0.code", "basis-unknown"),
        (TANF, ("parent",), "EMOU-OTHER-2020", "parent", "beyond-parent"),
        (TANF, ("purposes", 0), "research", "purposes.0", "purpose-outside-basis"),
        (TANF, ("linkage", "purposes", 1), "audit", "purpose", "beyond-parent"),
        (TANF, ("linkage", "purposes", 0), "public_reporting", "linkage.purposes.0", "purpose-outside-basis"),
        (
            TANF,
            ("derived", "adult", "birth_month"),
            "shoe_size",
            "derived.adult.birth_month",
            "beyond-parent",
        ),
        (TANF, ("signatories", 2, "role"), "signatory", "signatories", "counsel-not-named"),
        (TANF, ("signatories", 0, "party"), "Nobody", "signatories.0.party", "signatory-of-stranger"),
        (TANF, ("source",), "esd_wages", "source", "document-doubled"),
        (TANF, ("id",), "DSA-DSHS-OTHER", "id", "document-misnamed"),
        (TANF, ("tables", "adult"), ["*"], "tables.adult.0", "document-value-invalid"),
        (TANF, ("release", "outputs"), "everything", "release.outputs", "document-value-invalid"),
        (TANF, ("version",), "1", "version", "document-value-invalid"),
        (LEAVERS, ("agreements", 0), "DSA-NONE", "agreements.0", "beyond-parent"),
        (LEAVERS, ("fields", "dshs_tanf", "adult"), ["ssn"], None, None),
        (
            LEAVERS,
            ("fields", "dshs_tanf", "adult"),
            ["weight"],
            "fields.dshs_tanf.adult.weight",
            "beyond-parent",
        ),
        (LEAVERS, ("fields", "ospi_k12"), {"enrollment": ["sex"]}, "fields.ospi_k12", "beyond-parent"),
        (LEAVERS, ("purpose",), "research", "purpose", "beyond-parent"),
        (LEAVERS, ("project",), "results", "project", "document-doubled"),
        (LEAVERS, ("release",), {"form": "none", "outputs": "rows"}, "release", "document-value-invalid"),
        (EMOU, ("default",), "allow", "default", "document-value-invalid"),
        (EMOU, ("purposes",), ["audit"], "purposes.0", "beyond-parent"),
    ],
)
def test_each_fault_is_found_in_its_place(state, path, steps, value, place, code):
    edit(state / path, *steps, value=value)
    if place is None:
        load_agreements(state)
    else:
        found = faults(state)
        assert any(where.endswith(f":{place}") and found[where] == code for where in found), found


def test_a_missing_parent_is_not_reported_twice(state):
    edit(state / TANF, "title", remove=True)
    assert faults(state) == {f"{TANF}:title": "document-term-missing"}


def test_two_recipients_with_one_account(state):
    document = yaml.safe_load((state / LEAVERS).read_text())
    document["recipients"] *= 2
    (state / LEAVERS).write_text(yaml.safe_dump(document))
    assert set(faults(state).values()) == {"recipient-doubled"}


def test_a_party_for_whom_nobody_signs(state):
    document = yaml.safe_load((state / EMOU).read_text())
    document["signatories"] = document["signatories"][:-2]
    (state / EMOU).write_text(yaml.safe_dump(document))
    assert faults(state) == {f"{EMOU}:signatories": "signatory-missing"}


@pytest.mark.parametrize("count", [0, 2])
def test_there_is_one_frame(state, count):
    frame = state / EMOU
    if count:
        other = frame.with_name("EMOU-OTHER-2020.yaml")
        shutil.copy(frame, other)
        edit(other, "id", value="EMOU-OTHER-2020")
    else:
        frame.unlink()
    assert "frame-not-one" in faults(state).values()


@pytest.mark.parametrize(
    "content",
    [
        b"tier: dsa\nid: [",
        b"- a list",
        b"\xff\xfe\x00",
        b"",
        b"tier: dsa\ntier: dsa\n",
        b"id: !!python/none x",
    ],
)
def test_a_file_that_is_no_document(state, content):
    (state / TANF).write_bytes(content)
    assert faults(state) == {TANF: "document-unreadable"}


def test_a_missing_term_says_what_the_law_asks(state):
    edit(state / "dsa/DSA-OSPI-K12.yaml", "designation", remove=True)
    with pytest.raises(Invalid) as caught:
        load_agreements(state)
    (fault,) = caught.value.details
    assert "34 CFR 99.31" in fault.why
    assert "designates the authorized representative" in fault.why
    assert (fault.document, fault.clause) == ("DSA-OSPI-K12", "designation")


def test_an_impossible_date_is_a_fault_in_its_place(state):
    for path in (TANF, LEAVERS):
        document = state / path
        expiry = yaml.safe_load(document.read_text())["term"]["expiry"].isoformat()
        document.write_text(document.read_text().replace(f"expiry: {expiry}", "expiry: 2035-02-30"))
    roster = yaml.safe_load((EVERGREEN_DIRECTORY / "signatories.yaml").read_text())
    roster["signatories"][0]["from"] = "FIRST"
    (state / "signatories.yaml").write_text(yaml.safe_dump(roster).replace("FIRST", "2022-13-01"))
    assert faults(state) == {
        f"{TANF}:term.expiry": "document-value-invalid",
        f"{LEAVERS}:term.expiry": "document-value-invalid",
        "signatories.yaml:signatories.0.from": "document-value-invalid",
    }


def test_a_fault_never_repeats_the_value(state):
    edit(state / TANF, "release", "form", value="078-05-1120")
    edit(state / TANF, "agency", value="Smith, John")
    with pytest.raises(Invalid) as caught:
        load_agreements(state)
    said = json.dumps(caught.value.to_json())
    assert "078-05" not in said
    assert "Smith" not in said


def test_a_state_may_bring_its_own_bases(state):
    own = yaml.safe_load((BASES_DIRECTORY / "state-law.yaml").read_text()) | {"code": "tribal-code"}
    (state / "bases").mkdir()
    (state / "bases/tribal-code.yaml").write_text(yaml.safe_dump(own))
    edit(state / TANF, "legal_basis", 0, "code", value="tribal-code")
    assert "tribal-code" in load_agreements(state).bases


def test_faulty_bases_are_reported_at_once(tmp_path):
    own = yaml.safe_load((BASES_DIRECTORY / "state-law.yaml").read_text())
    (tmp_path / "misnamed.yaml").write_text(yaml.safe_dump(own))
    (tmp_path / "state-law.yaml").write_text(yaml.safe_dump(own | {"required_terms": {"colour": "x"}}))
    with pytest.raises(Invalid) as caught:
        load_bases(tmp_path)
    assert {d.code for d in caught.value.details} == {"basis-misnamed", "document-value-invalid"}


def test_every_basis_asks_for_something_and_says_what_was_not_checked():
    for basis in load_bases().values():
        assert basis.required_terms
        assert basis.checked_against_text or basis.unchecked, basis.code


def test_what_a_law_asks_is_a_finished_sentence():
    wanting = (" which.", " that.", " of.", " in.", " to.", " and.", " the.")
    for basis in load_bases(BASES_DIRECTORY).values():
        for asked in basis.required_terms.values():
            assert asked.endswith(".")
            assert not asked.endswith(wanting)


def test_published_schemas_are_up_to_date():
    for name in PUBLISHED:
        kept = (DIRECTORY / f"{name}.schema.json").read_text()
        assert kept == schema_text(name), "run python -m data_sharing_agreements.documents.schemas"


def written(path: Path) -> object:
    """What a YAML file says, as JSON would."""
    return json.loads(json.dumps(yaml.safe_load(path.read_text()), default=str))


FILES = [
    *((path.parent.name, path) for path in sorted(EVERGREEN_DIRECTORY.glob("*/*.yaml"))),
    *((path.parent.name, path) for path in sorted(ROOT.glob("examples/anytown/agreements/*/*.yaml"))),
    *(("basis", path) for path in sorted(BASES_DIRECTORY.glob("*.yaml"))),
    *(("prohibition", path) for path in sorted(BASES_DIRECTORY.glob("prohibitions/*.yaml"))),
]


@pytest.mark.parametrize(("kind", "path"), FILES, ids=lambda part: getattr(part, "stem", part))
def test_every_file_is_valid_by_its_published_schema(kind, path):
    schema = json.loads((DIRECTORY / f"{kind}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid(written(path))


@pytest.mark.parametrize(
    ("kind", "path", "key", "value"),
    [
        ("dsa", TANF, "colour", "blue"),
        ("dsa", TANF, "purposes", ["curiosity"]),
        ("dsa", TANF, "source", "No Name"),
        ("dul", LEAVERS, "fields", {}),
        ("dul", LEAVERS, "recipients", []),
        ("emou", EMOU, "compelled_disclosure", {"without_counsel": "everything"}),
        ("emou", EMOU, "approvals", {"counsel_for_unchecked_bases": False}),
    ],
)
def test_a_schema_and_the_loader_refuse_the_same(state, kind, path, key, value):
    schema = json.loads((DIRECTORY / f"{kind}.schema.json").read_text())
    edit(state / path, key, value=value)
    assert not Draft202012Validator(schema).is_valid(written(state / path))
    assert any(place.startswith(f"{path}:{key}") for place in faults(state))


def test_every_document_and_basis_is_described_for_the_board():
    page = (ROOT / "docs" / "agreements.md").read_text()
    agreements = load_agreements(EVERGREEN_DIRECTORY)
    for document in agreements.documents():
        assert document.id in page
    for code in (*load_bases(), *load_prohibitions()):
        assert f"`{code}`" in page


@pytest.mark.parametrize("model", [Emou, Dsa, Dul])
def test_every_term_is_explained_for_the_board(model):
    page = (ROOT / "docs" / "agreements.md").read_text()
    assert not [term for term in model.model_fields if f"`{term}`" not in page]


def test_every_fault_a_check_reports_is_explained():
    page = (ROOT / "docs" / "agreements.md").read_text()
    folder = ROOT / "data_sharing_agreements" / "documents"
    text = "".join(path.read_text() for path in (folder / "found.py", *folder.glob("checks*.py")))
    codes = set(re.findall(r'(?:fault\(|ErrorDetail\(|_CIRCULAR = \()\s*"([a-z-]+)"', text))
    assert len(codes) > 20
    assert not [code for code in codes if f"`{code}`" not in page]


def test_schemas_are_written_where_asked(tmp_path):
    written = export_schemas(tmp_path / "schemas")
    assert {path.name: path.read_text() for path in written} == {
        path.name: path.read_text() for path in DIRECTORY.glob("*.json")
    }


@pytest.mark.parametrize(
    ("path", "steps", "value", "place"),
    [
        (TANF, ("period",), {"start": "2026-02-01", "until": "2026-01-01"}, None),
        (TANF, ("release",), {"form": "rows", "outputs": "none", "public": True}, None),
        (LEAVERS, ("recipients", 0, "valid_until"), "2001-01-01", 0),
    ],
)
def test_clauses_that_contradict_themselves(state, path, steps, value, place):
    edit(state / path, *steps, value=value)
    where = steps[0] if place is None else f"{steps[0]}.{place}"
    assert faults(state) == {f"{path}:{where}": "document-value-invalid"}


def test_a_value_that_json_has_no_word_for(state):
    (state / TANF).write_text((state / TANF).read_text() + "\ncolour: !!binary aGk=\n")
    assert faults(state) == {TANF: "document-unreadable"}
