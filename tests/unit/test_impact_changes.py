"""Agreements as they would be: ended, stopped, changed, under another roster, and how that is told."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from data_sharing_agreements.decisions import Request, decide
from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.documents.loader import prohibitions_of
from data_sharing_agreements.errors import Invalid, UsageFault
from pipelines.cli.impact import runs_out_sooner, sentences
from warehouse.impact.changes import ending, stopping, with_document, with_roster

EVERGREEN = load_agreements(EVERGREEN_DIRECTORY)
FORBIDDEN = prohibitions_of(EVERGREEN_DIRECTORY)
ON = date(2026, 6, 1)
RESEARCH = Request("link", "research", frozenset({"esd_wages"}))
WAGES = Request("ingest", sources=frozenset({"esd_wages"}), fields=EVERGREEN.licensed_fields("esd_wages"))


def codes(agreements, on: date = ON, request: Request = WAGES) -> set[str]:
    return {reason.code for reason in decide(request, agreements, on).reasons}


def changed(tmp_path: Path, folder: str, name: str, **terms: object) -> Path:
    """A copy of a document with other terms, in a file of any name."""
    document = yaml.safe_load((EVERGREEN_DIRECTORY / folder / f"{name}.yaml").read_text())
    path = tmp_path / "proposal.yaml"
    path.write_text(yaml.safe_dump({**document, "version": document["version"] + 1, **terms}))
    return path


@pytest.mark.parametrize("suppose", [ending, stopping])
def test_a_document_permits_nothing_from_the_day_on(suppose) -> None:
    supposed = suppose(EVERGREEN, "DSA-ESD-WAGES", ON)
    assert not codes(supposed, ON - timedelta(days=1))
    assert codes(supposed) == codes(supposed, date(2030, 1, 1)) == {"agreement-stopped"}
    assert not codes(EVERGREEN), "the agreements themselves are what they were"
    with pytest.raises(UsageFault):
        suppose(EVERGREEN, "DSA-NOBODY", ON)


def test_a_changed_document_is_taken_as_signed(tmp_path: Path) -> None:
    path = changed(tmp_path, "dsa", "DSA-ESD-WAGES", tables={"wage": ["ssn", "ui_total_wages"]})
    supposed, faults = with_document(EVERGREEN, path, FORBIDDEN)
    assert codes(supposed) == {"field-not-licensed"}
    narrow = Request(
        "ingest", sources=frozenset({"esd_wages"}), fields=frozenset({"esd_wages.wage.ui_total_wages"})
    )
    assert not codes(supposed, request=narrow)
    assert {fault.document for fault in faults} == {"DUL-2026-001", "DUL-2026-002"}, "they ask for more"
    assert {fault.code for fault in faults} == {"beyond-parent"}


def test_a_change_that_contradicts_nothing_has_no_fault(tmp_path: Path) -> None:
    path = changed(tmp_path, "dsa", "DSA-ESD-WAGES", attribution="Another text.")
    supposed, faults = with_document(EVERGREEN, path, FORBIDDEN)
    assert not faults
    assert not codes(supposed)
    assert decide(WAGES, supposed, ON).obligations.attribution == ("Another text.",)


def test_a_changed_document_counts_inside_its_own_term(tmp_path: Path) -> None:
    term = {"start": date(2026, 7, 1), "expiry": date(2026, 7, 31), "renewal": "r"}
    path = changed(tmp_path, "dsa", "DSA-ESD-WAGES", term=term)
    supposed, _ = with_document(EVERGREEN, path, FORBIDDEN)
    assert codes(supposed, date(2026, 6, 30)) == {"agreement-stopped"}
    assert not codes(supposed, date(2026, 7, 1))
    assert not codes(supposed, date(2026, 7, 31))
    assert codes(supposed, date(2026, 8, 1)) == {"agreement-stopped"}


def test_a_new_license_and_a_new_frame(tmp_path: Path) -> None:
    path = changed(tmp_path, "dul", "DUL-2026-001", id="DUL-2027-009", project="another")
    supposed, faults = with_document(EVERGREEN, path, FORBIDDEN)
    assert not faults
    asked = Request("query", project="another", actor="researcher", form="rows")
    assert codes(EVERGREEN, request=asked) == {"license-missing", "nothing-asked"}
    assert not codes(supposed, request=asked)
    path = changed(tmp_path, "emou", "EMOU-EVERGREEN-2022", purposes=["audit"])
    supposed, faults = with_document(EVERGREEN, path, FORBIDDEN)
    assert "purpose-not-permitted" in codes(supposed, request=RESEARCH)
    assert faults


def test_a_file_that_is_no_document(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    with pytest.raises(UsageFault):
        with_document(EVERGREEN, path, FORBIDDEN)
    path.write_text("tier: dsa\nid: DSA-X\n")
    with pytest.raises(Invalid) as caught:
        with_document(EVERGREEN, path, FORBIDDEN)
    assert len(caught.value.details) > 3


def test_another_roster(tmp_path: Path) -> None:
    path = tmp_path / "signatories.yaml"
    shutil.copy(EVERGREEN_DIRECTORY / "signatories.yaml", path)
    assert not codes(with_roster(EVERGREEN, path, "00"))
    roster = yaml.safe_load(path.read_text())
    party = "Employment Security Department"
    roster["signatories"] = [one for one in roster["signatories"] if one["party"] != party]
    path.write_text(yaml.safe_dump(roster))
    assert codes(with_roster(EVERGREEN, path, "00")) == {"agreement-not-approved"}
    path.write_text("signatories: nobody\n")
    with pytest.raises(Invalid):
        with_roster(EVERGREEN, path, "00")


def test_equal_reasons_are_told_once() -> None:
    def item(kind: str, name: str, effect: str, why: str, columns: tuple[str, ...] = ()) -> dict:
        told = f"The {kind} {name}: {why or effect}."
        return {
            "kind": kind,
            "name": name,
            "effect": effect,
            "why": why,
            "sentence": told,
            "columns": columns,
        }

    assert sentences(
        [
            item("mart", "a", "refused", "It ended"),
            item("mart", "b", "refused", "It ended"),
            item("indicator", "c", "refused", "It ended"),
            item("mart", "d", "refused", "It ended", ("pay",)),
            item("link version", "spine", "made anew", ""),
        ]
    ) == [
        "It ended. It stops: mart a, b; indicator c.",
        "The mart d: It ended.",
        "The link version spine: made anew.",
    ]


def test_a_change_that_runs_out_sooner_says_when_to_look_again(tmp_path: Path) -> None:
    terms = EVERGREEN.by_source["esd_wages"].term.model_dump(mode="json")
    sooner = changed(tmp_path, "dsa", "DSA-ESD-WAGES", term={**terms, "expiry": "2027-12-31"})
    supposed, _ = with_document(EVERGREEN, sooner, FORBIDDEN)
    assert runs_out_sooner(EVERGREEN, supposed, ON) == date(2028, 1, 1)
    assert runs_out_sooner(EVERGREEN, supposed, date(2028, 1, 1)) is None, "that day was looked at"
    assert runs_out_sooner(EVERGREEN, EVERGREEN, ON) is None
