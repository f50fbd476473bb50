"""Ends on the reference state, by the command line: an agreement, a delivery, a project, a backup."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_sharing_agreements.documents import load_agreements
from data_sharing_agreements.lifecycle import ActKind, State, new_act, place_act, subject_of
from data_sharing_agreements.lifecycle.demonstration import key_of, slug_of
from tests.conftest import ROOT, Called
from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.opener import Store

pytestmark = pytest.mark.slow
CHILDREN = "DSA-DCYF-CHILD-WELFARE"
SOURCE = "dcyf_child_welfare"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Evergreen's configuration over a copy of its documents, to which acts may be added."""
    shutil.copytree(ROOT / "data_sharing_agreements" / "documents", tmp_path / "agreements")
    text = (ROOT / "commonweal.toml").read_text()
    for place in ("warehouse/contracts", "warehouse/core", "warehouse/marts", "warehouse/indicators"):
        text = text.replace(f'"{place}"', f'"{ROOT / place}"')
    text = text.replace('"data_sharing_agreements/documents"', '"agreements"')
    (tmp_path / "commonweal.toml").write_text(text)
    return tmp_path / "commonweal.toml"


def act(config: Path, document: str, kind: ActKind, role: str) -> None:
    """Let the party of a role do something to a document, today."""
    directory = config.parent / "agreements"
    found = next(d for d in load_agreements(directory).documents() if d.id == document)
    party = next(p.name for p in found.parties if p.role == role)
    by = next(s for s in found.signatories if s.party == party and s.role == "signatory")
    name = slug_of(by.party, by.office)
    made = new_act(subject_of(found), kind, name, key_of(name), datetime.now(UTC), ground="It is over.")
    place_act(directory / "acts", made)


def rows(config: Path, home: Path, sql: str) -> list[tuple]:
    with (
        Hub.open(Deployment.load(config, home)) as hub,
        hub.opener.session(read=[Store.vault(), Store.warehouse()]) as session,
    ):
        return session.execute(sql)


def test_an_agreement_ends_and_an_older_backup_does_not_bring_it_back(
    home: Path, config: Path, tmp_path: Path, call_here: Callable[..., Called]
) -> None:
    def run(*words: str | Path, at: Path = home) -> Called:
        return call_here(*words, home=at, config=config)

    refused = run("end", "dsa", CHILDREN, "--yes", "--json")
    assert (refused.code, refused.json["errors"][0]["code"]) == (3, "agreement-not-ended")
    copied = ("--out", tmp_path / "copy", "--keys-out", tmp_path / "keys")
    assert run("backup", *copied, "--keep-until", "2031-01-31").code == 0
    others = "SELECT source, count(*) FROM vault.identity WHERE source <> 'dcyf_child_welfare' "
    others += "GROUP BY 1 ORDER BY 1"
    before = rows(config, home, others)
    act(config, CHILDREN, ActKind.TERMINATE, "data_owner")

    tried = run("end", "dsa", CHILDREN, "--dry-run", "--json").json
    assert tried["dry_run"]
    assert {mart["project"] for mart in tried["marts_to_retract"]} == {"results", "tanf-leavers"}
    done = run("end", "dsa", CHILDREN, "--yes", "--json")
    assert done.code == 0, done.err
    (ending,) = done.json["endings"]
    assert ending["state"] == "certified"
    assert ending["found"] == []
    assert ending["marts_retracted"] == tried["marts_to_retract"]
    assert "foster_care_chronic_absence" in ending["indicators_marked"]
    (scorecard,) = (home / "reports").glob("*scorecard*.html")
    assert ">data destroyed on " in scorecard.read_text()

    own = "SELECT (SELECT count(*) FROM vault.identity WHERE source = 'dcyf_child_welfare')"
    own += " + (SELECT count(*) FROM warehouse.spine.assignment WHERE source = 'dcyf_child_welfare')"
    own += " + (SELECT count(*) FROM warehouse.content.dcyf_child_welfare__client)"
    assert rows(config, home, own) == [(0,)]
    assert rows(config, home, others) == before
    made = rows(config, home, "SELECT DISTINCT source FROM warehouse.core.service_month ORDER BY 1")
    assert (SOURCE,) not in made
    assert len(made) > 1
    for mart in tried["marts_to_retract"]:
        assert not (home / "marts" / mart["project"] / f"{mart['version']}.duckdb").exists()
    assert run("certificate", "verify", home / "certificates" / f"{ending['id']}.json").code == 0
    listed = run("certificate", "show", ending["id"], "--json").json
    assert [backup["kept_until"] for backup in listed["backups_readable"]] == ["2031-01-31"]
    assert run("log", "verify").code == 0

    later = ("--certificates", home / "certificates")
    shut = run(
        "restore",
        "--from",
        tmp_path / "copy",
        "--keys-from",
        home / "keys",
        *later,
        "--json",
        at=tmp_path / "shut",
    )
    assert (shut.code, shut.json["errors"][0]["code"]) == (6, "backup-before-purge")
    back = tmp_path / "back"
    again = run(
        "restore", "--from", tmp_path / "copy", "--keys-from", tmp_path / "keys", *later, "--json", at=back
    )
    assert again.code == 0, again.out
    assert again.json["purged_again"] == [ending["id"]]
    assert rows(config, back, own) == [(0,)]
    assert rows(config, back, others) == before


def test_marts_are_made_anew_and_a_project_ends(
    home: Path, config: Path, call_here: Callable[..., Called]
) -> None:
    def run(*words: str | Path) -> Called:
        return call_here(*words, home=home, config=config)

    with Hub.open(Deployment.load(config, home)) as hub:
        delivery = max(hub.registry.deliveries.current("com_hmis"), key=lambda d: d.period)
    done = run("purge", "--delivery", delivery.id, "--yes", "--json")
    assert done.code == 0, done.err
    (ending,) = done.json["endings"]
    made = {(mart["project"], mart["version"]) for mart in ending["marts_made_anew"]}
    assert made == {("results", "2"), ("tanf-leavers", "2")}
    assert ending["indicators_marked"] == []
    left = rows(config, home, "SELECT count(*) FROM vault.identity WHERE delivery_id = '" + delivery.id + "'")
    assert left == [(0,)]

    act(config, "DUL-2026-001", ActKind.CLOSE, "hub")
    gone = run("end", "project", "tanf-leavers", "--yes", "--json")
    assert gone.code == 0, gone.err
    assert not (home / "marts" / "tanf-leavers").exists()
    assert not (home / "study_ids" / "tanf-leavers.duckdb").exists()
    assert (home / "marts" / "results" / "2.duckdb").exists()
    with Hub.open(Deployment.load(config, home)) as hub:
        assert not [name for name in hub.keys.stores() if "tanf-leavers" in name]
        assert "vault" in hub.keys.stores()
        document = hub.agreements.by_project["tanf-leavers"]
        standing = hub.agreements.standing_of(document)
        assert standing is not None
        assert standing.state(hub.deployment.today()) is State.DESTROYED, standing.faults
    certificate = json.loads((home / "certificates" / f"{gone.json['endings'][0]['id']}.json").read_text())
    assert {"project/tanf-leavers", "study_ids/tanf-leavers", "mart/tanf-leavers/2"} <= set(
        certificate["keys_destroyed"]
    )
    again = run("run", "--json")
    assert {(r["verb"], r["document"]) for r in again.json["refused"]} == {("mart", "DUL-2026-001")}
    assert not (home / "study_ids" / "tanf-leavers.duckdb").exists()
