"""Signing offline and taking in what arrives, from the command line."""

from __future__ import annotations

import io
import json
import shutil
import stat
from pathlib import Path

import pytest
import yaml

from data_sharing_agreements.documents import load_agreements
from data_sharing_agreements.documents.difference import difference
from data_sharing_agreements.lifecycle.demonstration import main, sign_directory, write_key
from pipelines.cli.main import run_cli

ROOT = Path(__file__).resolve().parents[2]
ANYTOWN = ROOT / "examples" / "anytown"
CLERK, STEWARD = "town-clerk-clerk", "anytown-data-hub-data-steward"
OFFICER, COUNSEL = "anytown-data-hub-data-governance-officer", "town-clerk-counsel-to-the-town-clerk"


@pytest.fixture
def town(tmp_path) -> Path:
    """A copy of anytown, with the keys of four signatories beside it."""
    shutil.copytree(ANYTOWN, tmp_path / "town")
    for signatory in (CLERK, STEWARD, OFFICER, COUNSEL):
        write_key(signatory, tmp_path / f"{signatory}.pem")
    return tmp_path / "town"


@pytest.fixture
def amended(town) -> Path:
    """A second version of the census agreement, not yet submitted."""
    raw = yaml.safe_load((town / "agreements/dsa/DSA-CENSUS.yaml").read_text())
    raw["version"] = 2
    raw["term"]["start"] = raw["term"]["start"].replace(year=2023)
    raw["transfer"]["landing_hours"] = 12
    path = town.parent / "amended.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False))
    return path


def call(capsys, town: Path, *words: str | Path) -> tuple[int, dict]:
    capsys.readouterr()
    code = run_cli(
        ["--config", str(town / "commonweal.toml"), "--home", str(town / "home"), *map(str, words), "--json"]
    )
    return code, json.loads(capsys.readouterr().out)


def sign(capsys, town, document, signatory, kind="approve", *more) -> Path:
    out = town.parent / f"{kind}-{signatory}.json"
    key = town.parent / f"{signatory}.pem"
    words = ("sign", document, "--as", signatory, "--key", key, "--act", kind, "--out", out, "--yes", *more)
    code, said = call(capsys, town, *words)
    assert code == 0, said
    assert json.loads(out.read_text()) == said["act"]
    return out


def test_an_amendment_from_draft_to_force(capsys, town, amended):
    code, said = call(capsys, town, "agreement", "submit", amended)
    assert (code, said["version"]) == (0, 2)
    _, changes = call(capsys, town, "agreement", "diff", "DSA-CENSUS")
    assert [c["clause"] for c in changes["changes"]] == ["term.start", "transfer.landing_hours"]
    for signatory, kind, state in (
        (OFFICER, "submit", "in_review"),
        (CLERK, "approve", "in_review"),
        (STEWARD, "approve", "in_review"),
        (COUNSEL, "counsel", "active"),
    ):
        code, said = call(capsys, town, "agreement", "act", sign(capsys, town, amended, signatory, kind))
        assert (code, said["state"]) == (0, state)
    _, status = call(capsys, town, "agreement", "status", "DSA-CENSUS")
    assert (status["version"], status["state"], status["in_force"], status["missing"]) == (
        2,
        "active",
        True,
        [],
    )
    assert status["next"]["state"] == "expired"
    _, listed = call(capsys, town, "agreement", "list")
    states = {(d["document"], d["version"]): d["state"] for d in listed["documents"]}
    assert states[("DSA-CENSUS", 1)] == "superseded"
    _, shown = call(capsys, town, "agreement", "show", "DSA-CENSUS")
    assert shown["body"]["transfer"]["landing_hours"] == 12
    _, acts = call(capsys, town, "agreement", "acts", "DSA-CENSUS")
    assert len([a for a in acts["acts"] if a["version"] == 2]) == 4
    assert acts["faults"] == []


def test_what_is_signed_is_shown_first(capsys, town, amended):
    capsys.readouterr()
    sign(capsys, town, amended, CLERK, "approve", "--before", town / "agreements/dsa/DSA-CENSUS.yaml")
    run_cli(["sign", str(amended), "--as", CLERK, "--key", str(town.parent / f"{CLERK}.pem"), "--yes"])
    told = capsys.readouterr()
    assert "DSA-CENSUS, version 2" in told.err
    assert "SHA-256" in told.err
    assert "You sign the act: approve" in told.err
    assert json.loads(told.out)["signatory"] == CLERK


@pytest.mark.parametrize(
    ("spoil", "code", "why"),
    [
        (lambda a: a | {"signature": "0" * 128}, 3, "act-forged"),
        (lambda a: a | {"signatory": "nobody"}, 3, "act-of-stranger"),
        (lambda a: a | {"document": "DSA-NONE"}, 3, "act-of-no-document"),
        (lambda a: a | {"colour": "blue"}, 5, "act-unreadable"),
        (lambda a: a | {"at": "yesterday"}, 5, "act-unreadable"),
        (lambda a: a | {"act": "bless"}, 5, "act-unreadable"),
    ],
)
def test_an_act_that_would_not_count_is_refused_on_arrival(capsys, town, spoil, code, why):
    path = sign(capsys, town, town / "agreements/dsa/DSA-CENSUS.yaml", CLERK, "suspend")
    path.write_text(json.dumps(spoil(json.loads(path.read_text()))))
    before = load_agreements(town / "agreements").acts
    found, said = call(capsys, town, "agreement", "act", path)
    assert (found, said["errors"][0]["code"]) == (code, why)
    assert load_agreements(town / "agreements").acts == before


def test_a_suspension_works_at_once_and_the_same_act_is_taken_once(capsys, town):
    path = sign(capsys, town, town / "agreements/dsa/DSA-CENSUS.yaml", CLERK, "suspend")
    code, said = call(capsys, town, "agreement", "act", path)
    assert (code, said["state"]) == (0, "suspended")
    code, said = call(capsys, town, "agreement", "act", path)
    assert (code, said["errors"][0]["code"]) == (3, "act-known")


def test_what_to_do_next_fits_the_fault(capsys, town):
    document = town / "agreements/dsa/DSA-CENSUS.yaml"
    again = sign(capsys, town, document, CLERK, "approve")
    _, said = call(capsys, town, "agreement", "act", again)
    fault = said["errors"][0]
    assert fault["code"] in ("act-repeated", "act-not-asked-for", "act-out-of-order"), said
    assert "new act" not in fault["next"]
    assert "agreement status" in fault["next"]
    code, said = call(capsys, town, "agreement", "act", town / "nowhere.json")
    assert (code, said["errors"][0]["code"]) == (2, "usage")
    assert "nowhere.json" in json.dumps(said)


def test_a_version_that_is_there_is_not_submitted_over(capsys, town, amended):
    raw = yaml.safe_load(amended.read_text()) | {"version": 1}
    amended.write_text(yaml.safe_dump(raw))
    code, said = call(capsys, town, "agreement", "submit", amended)
    assert (code, said["errors"][0]["code"]) == (3, "version-exists")


def test_a_faulty_document_is_not_put_into_place(capsys, town, amended):
    raw = yaml.safe_load(amended.read_text())
    raw["parent"] = "EMOU-OTHER-2020"
    amended.write_text(yaml.safe_dump(raw))
    code, said = call(capsys, town, "agreement", "submit", amended)
    assert (code, said["errors"][0]["code"]) == (5, "beyond-parent")
    assert not (town / "agreements/dsa/DSA-CENSUS@2.yaml").exists()


def test_everything_is_checked_at_once_without_a_run(capsys, town):
    code, said = call(capsys, town, "agreement", "check")
    assert (code, said["documents"], said["acts"]) == (0, 7, [])
    edit(town / "agreements/dsa/DSA-CENSUS.yaml", parent="EMOU-OTHER-2020")
    edit(next((town / "contracts").rglob("census.yaml")), schema=[])
    code, said = call(capsys, town, "agreement", "check")
    assert code == 5
    assert len({error["code"] for error in said["errors"]}) > 1


def edit(path: Path, **terms: object) -> None:
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | terms, sort_keys=False))


def test_a_key_of_ones_own_is_private_and_never_overwritten(capsys, town, monkeypatch):
    out = town.parent / "own.pem"
    monkeypatch.setenv("COMMONWEAL_KEY_PASSPHRASE", "a long one")
    code, said = call(capsys, town, "sign", "new-key", "--out", out)
    assert code == 0
    assert len(said["public_key"]) == 64
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert b"ENCRYPTED" in out.read_bytes()
    assert call(capsys, town, "sign", "new-key", "--out", out)[0] == 2
    document = town / "agreements/dsa/DSA-CENSUS.yaml"
    words = ("sign", document, "--as", CLERK, "--key", out, "--yes")
    assert call(capsys, town, *words)[0] == 0
    monkeypatch.setenv("COMMONWEAL_KEY_PASSPHRASE", "another")
    assert call(capsys, town, *words)[0] == 2
    monkeypatch.delenv("COMMONWEAL_KEY_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, said = call(capsys, town, *words)
    assert (code, said["errors"][0]["code"]) == (2, "no-passphrase"), "nobody is there to type it"


@pytest.mark.parametrize("content", ["- a list", "tier: dsa\nid: [", "kind: poem", ""])
def test_what_is_no_document_is_not_signed(capsys, town, content):
    path = town.parent / "other.yaml"
    path.write_text(content)
    code, said = call(
        capsys, town, "sign", path, "--as", CLERK, "--key", town.parent / f"{CLERK}.pem", "--yes"
    )
    assert (code, said["errors"][0]["code"]) == (5, "nothing-to-sign")


def test_the_board_admits_a_roster_by_two_acts(capsys, town):
    raw = yaml.safe_load((town / "agreements/signatories.yaml").read_text())
    raw["version"] = 2
    path = town / "agreements/signatories@2.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False))
    for office, chain in (("chair", 1), ("vice-chair", 2)):
        signatory = f"anytown-data-council-{office}"
        write_key(signatory, town.parent / f"{signatory}.pem")
        code, _ = call(capsys, town, "agreement", "act", sign(capsys, town, path, signatory, "enroll"))
        assert code == 0
        assert len(load_agreements(town / "agreements").rosters.chain) == chain
    stranger = sign(capsys, town, path, CLERK, "enroll")
    code, said = call(capsys, town, "agreement", "act", stranger)
    assert (code, said["errors"][0]["code"]) == (3, "roster-not-admitted")


def test_the_reference_documents_are_signed_as_they_are(tmp_path):
    for directory in (ROOT / "data_sharing_agreements" / "documents", ANYTOWN / "agreements"):
        agreements = load_agreements(directory)
        assert agreements.standing.faults == ()
        assert agreements.rosters.faults == ()
        copy = tmp_path / directory.parent.name
        for part in ("emou", "dsa", "dul"):
            shutil.copytree(directory / part, copy / part)
        sign_directory(copy, anew=True)
        assert load_agreements(copy).acts == tuple(agreements.acts), "run the demonstration signer"


def test_signing_again_keeps_what_was_signed_and_admits_new_offices(town):
    agreements = town / "agreements"
    before = {filed.act.digest for filed in load_agreements(agreements).acts}
    raw = yaml.safe_load((agreements / "dsa/DSA-CENSUS.yaml").read_text())
    raw["signatories"][0]["office"] = "Deputy Clerk"
    (agreements / "dsa/DSA-CENSUS.yaml").write_text(yaml.safe_dump(raw, sort_keys=False))
    main([str(agreements)])
    after = load_agreements(agreements)
    assert before < {filed.act.digest for filed in after.acts}
    assert len(after.rosters.chain) == 2
    assert after.standing[("DSA-CENSUS", 1)].missing == ()


def test_a_difference_names_every_clause_and_nothing_else():
    document = load_agreements(ANYTOWN / "agreements").dsas[0]
    raw = json.loads(document.model_dump_json(exclude_unset=True))
    raw["cells"]["minimum"] += 5
    raw["purposes"] = list(reversed(raw["purposes"]))
    table = next(iter(raw["tables"]))
    dropped = raw["tables"][table].pop()
    raw["audit"]["by"].append("the auditor")
    changes = {c.clause: c for c in difference(document, type(document).model_validate_json(json.dumps(raw)))}
    assert "purposes" not in changes
    assert changes[f"tables.{table}"].before == dropped
    assert changes["audit.by"].words == "audit.by is new: the auditor"
    assert "cells.minimum said:" in changes["cells.minimum"].words
    assert difference(document, document) == ()
