"""What arrives at the door: a license that leaves out a term is told which law asks for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from data_sharing_agreements.documents import EVERGREEN_DIRECTORY
from data_sharing_agreements.documents.receiving import receive_document
from data_sharing_agreements.errors import Invalid

PROPOSAL = Path(__file__).resolve().parents[2] / "examples/story/DUL-2026-003.yaml"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return shutil.copytree(EVERGREEN_DIRECTORY, tmp_path / "documents")


def test_a_missing_term_names_every_law_that_asks_for_it(directory: Path) -> None:
    with pytest.raises(Invalid) as raised:
        receive_document(directory, PROPOSAL)
    (fault,) = raised.value.details
    assert (fault.document, fault.clause) == ("DUL-2026-003", "destruction")
    assert "34 CFR 99.31(a)(3) and 99.35: Destruction when no longer needed" in fault.why
    assert "sealed and expunged ones first" in fault.why, "the law of child welfare asks for it too"
    assert not list((directory / "dul").glob("DUL-2026-003*")), "nothing was put into its place"


def test_a_term_no_law_asks_for_keeps_its_reason(directory: Path, tmp_path: Path) -> None:
    whole = PROPOSAL.read_text(encoding="utf-8")
    proposal = tmp_path / "proposal.yaml"
    proposal.write_text(whole.replace("attribution: >-", "unheard_of: >-"), encoding="utf-8")
    with pytest.raises(Invalid) as raised:
        receive_document(directory, proposal)
    told = {fault.clause: fault.why for fault in raised.value.details}
    assert "CFR" in told["destruction"]
    assert "CFR" not in told["attribution"]


def test_the_completed_license_is_put_into_its_place(directory: Path, tmp_path: Path) -> None:
    proposal = tmp_path / "DUL-2026-003.yaml"
    added = PROPOSAL.with_name("destruction.yaml").read_text(encoding="utf-8")
    proposal.write_text(PROPOSAL.read_text(encoding="utf-8") + added, encoding="utf-8")
    path, document = receive_document(directory, proposal)
    assert path.is_file()
    assert document.id == "DUL-2026-003"
