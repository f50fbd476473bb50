"""What a run does when it is refused, held or faulty: the exit code, and what stands afterwards."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.main import run_cli
from pipelines.runner import run_everything
from tests.agreements_support import signed
from tests.integration.pipelines_one_source import SOURCE, one_source
from tests.registries import copy_home
from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.opener import Store


@pytest.fixture(scope="module")
def finished_once(tmp_path_factory: pytest.TempPathFactory, evergreen: Path) -> Path:
    """A deployment of one source in which a run has finished."""
    directory = tmp_path_factory.mktemp("refusals") / "deployment"
    assert run_everything(one_source(directory, evergreen)).exit_code == 0
    return directory


@pytest.fixture
def deployment(finished_once: Path, tmp_path: Path) -> Deployment:
    """A copy of it, for one test to change."""
    copy = tmp_path / "deployment"
    copy_home(finished_once, copy)
    return Deployment.load(copy / "commonweal.toml", copy / "home")


def call(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, dict[str, Any]]:
    """Run a verb with `--json`; return its exit code and object."""
    capsys.readouterr()
    where = ("--config", str(deployment.config), "--home", str(deployment.home))
    code = run_cli([*where, *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def expire(deployment: Deployment) -> None:
    """Let the source's agreement have ended long ago."""
    path = next(deployment.agreements_dir.rglob("DSA-HCA-MEDICAID.yaml"))
    text = path.read_text()
    assert "expiry: 2035-12-31" in text
    path.write_text(text.replace("expiry: 2035-12-31", "expiry: 2023-12-31"))
    signed(deployment.agreements_dir)


def spine(deployment: Deployment) -> int:
    with Hub.open(deployment) as hub, hub.opener.session(read=[Store.warehouse()]) as session:
        return int(session.one("SELECT count(*) FROM warehouse.spine.current"))


def test_an_agreement_that_ended_refuses_and_what_stood_stands(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    before = spine(deployment)
    expire(deployment)
    code, said = call(deployment, capsys, "run")
    assert (code, said["status"], said["exit_code"]) == (3, "refused", 3)
    assert {(r["verb"], r["document"]) for r in said["refused"]} >= {("link", "DSA-HCA-MEDICAID")}
    assert all(error["next"] for error in said["errors"])
    assert spine(deployment) == before


def test_a_new_delivery_under_it_is_not_read(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], evergreen: Path
) -> None:
    expire(deployment)
    for path in (evergreen / "landing").rglob("MEDICAID_*_2023-04.psv"):
        shutil.copy(path, deployment.landing)
    code, said = call(deployment, capsys, "run")
    assert code == 3
    ingest = [step for step in said["steps"] if step["step"] == "ingest"]
    assert [(step["period"], step["status"], step["rows_in"]) for step in ingest] == [
        ("2023-04", "refused", 0)
    ]


def test_a_held_delivery_leaves_the_one_before_it_standing(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    path = deployment.landing / "MEDICAID_ELIG_2023-02.psv"
    path.write_bytes(path.read_bytes()[:-40])
    code, said = call(deployment, capsys, "run")
    assert (code, said["status"]) == (4, "held")
    assert [(held["source"], held["period"]) for held in said["held"]] == [(SOURCE, "2023-02")]
    assert said["held"][0]["rules"]
    code, status = call(deployment, capsys, "status")
    assert (status["sources"][0]["standing"], status["sources"][0]["held"]) == (3, 1)


def test_all_faults_of_documents_at_once(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    contract = next(deployment.contracts_dir.glob("*.yaml"))
    contract.write_text(contract.read_text().replace("direct", "secret"))
    code, said = call(deployment, capsys, "run")
    assert (code, said["schema"]) == (5, "commonweal/error/1")
    assert len(said["errors"]) >= 2


def test_an_older_store_put_back_is_noticed(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], tmp_path: Path, evergreen: Path
) -> None:
    older = shutil.copy(deployment.home / "vault.duckdb", tmp_path / "older")
    for path in (evergreen / "landing").rglob("MEDICAID_*_2023-04.psv"):
        shutil.copy(path, deployment.landing)
    assert call(deployment, capsys, "run")[0] == 0
    shutil.copy(older, deployment.home / "vault.duckdb")
    code, said = call(deployment, capsys, "run")
    assert (code, said["schema"]) == (6, "commonweal/error/1")
    assert call(deployment, capsys, "doctor")[0] == 6


def test_answers_that_need_the_vault(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], evergreen: Path, tmp_path: Path
) -> None:
    truth = evergreen / "truth" / "records.csv"
    code, said = call(deployment, capsys, "evaluate", "--truth", str(truth))
    assert (code, said["schema"]) == (0, "commonweal/evaluate/1")
    register = deployment.home / "reports" / "register" / "algorithm.json"
    told = register.read_bytes()
    scrap = tmp_path / "scrap.csv"
    scrap.write_text("".join(truth.read_text().splitlines(keepends=True)[:40]), encoding="utf-8")
    code, said = call(deployment, capsys, "evaluate", "--truth", str(scrap))
    assert (code, said["kept"], said["records"]["truth"]) == (0, False, 39)
    assert "household_id" not in {part["column"] for part in said["by_subgroup"]}
    assert register.read_bytes() == told, "a scrap of truth displaces nothing"
    for content in (b"", b"\xff\xfe\x00", b'a,b\n"x'):
        scrap.write_bytes(content)
        code, said = call(deployment, capsys, "evaluate", "--truth", str(scrap))
        assert (code, said["errors"][0]["code"]) in {(2, "truth-unreadable"), (2, "truth-columns")}
    assert call(deployment, capsys, "evaluate", "--truth", str(truth.with_name("none")))[0] == 2
    code, said = call(deployment, capsys, "quarantine", "report", SOURCE)
    assert (code, said["source"]) == (0, SOURCE)
    assert call(deployment, capsys, "quarantine", "report", "nobody")[0] == 2
    assert call(deployment, capsys, "lineage", "nothing")[0] == 2
    assert call(deployment, capsys, "query", "--project", "tanf-leavers", "SELECT 1")[0] == 3


def test_files_no_contract_knows_are_told_and_left_lying(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    stray = deployment.landing / "from the agency" / "names.csv"
    stray.parent.mkdir()
    stray.write_text("name\n", encoding="utf-8")
    code, said = call(deployment, capsys, "run")
    assert (code, said["unknown_files"]) == (0, ["from the agency/names.csv"])
    assert call(deployment, capsys, "status")[1]["unknown_files"] == ["from the agency/names.csv"]
    assert stray.exists()


def test_a_landing_directory_that_is_not_there(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = call(deployment, capsys, "run", "--landing", str(deployment.home / "nowhere"))
    assert (code, said["errors"][0]["code"]) == (2, "no-landing")


def test_a_landing_directory_given_is_only_read(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given = tmp_path / "given"
    shutil.copytree(deployment.landing, given)
    for path in (*given.iterdir(), given):
        path.chmod(path.stat().st_mode & ~0o222)
    before = sorted((path.name, path.stat().st_mtime_ns) for path in given.iterdir())
    assert call(deployment, capsys, "run", "--landing", str(given))[0] == 0
    assert sorted((path.name, path.stat().st_mtime_ns) for path in given.iterdir()) == before
    given.chmod(0o700)
