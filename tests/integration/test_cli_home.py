"""A home without deliveries, through the command line: init, doctor, accounts, log, backup."""

import io
import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from data_sharing_agreements.ends import ORDER, Scope
from pipelines.cli.main import run_cli
from tests.registries import WHOLE_SUITE, copied, copy_home, put_in_place, url_of_home, write_behind_the_back
from warehouse.deployment import Deployment
from warehouse.hub import Hub

ROOT = Path(__file__).resolve().parents[2]


class Line:
    """The command line of one home."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.home, self._capsys, self._patch = home, capsys, patch

    def __call__(self, *words: str, typed: str = "") -> tuple[int, dict[str, Any]]:
        """Run a verb with `--json`; return its exit code and object."""
        self._patch.setattr("sys.stdin", io.StringIO(typed))
        code = run_cli(
            ["--config", str(ROOT / "commonweal.toml"), "--home", str(self.home), *words, "--json"]
        )
        return code, json.loads(self._capsys.readouterr().out)

    def text(self, *words: str) -> str:
        """Run a verb for people; return what it printed."""
        run_cli(["--config", str(ROOT / "commonweal.toml"), "--home", str(self.home), *words])
        return self._capsys.readouterr().out

    def password(self, name: str) -> str:
        """Return an account's first password."""
        lines = (self.home / "accounts.txt").read_text().splitlines()
        return dict(line.split() for line in lines)[name] + "\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made") / "home"
    assert run_cli(["--config", str(ROOT / "commonweal.toml"), "--home", str(home), "init"]) == 0
    return home


@pytest.fixture
def line(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Line:
    copy_home(made, tmp_path / "home")
    capsys.readouterr()
    return Line(tmp_path / "home", capsys, monkeypatch)


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "home"):
        assert (
            run_cli(["--config", str(ROOT / "commonweal.toml"), "--home", str(place), "init", "--json"]) == 2
        )
        assert json.loads(capsys.readouterr().out)["errors"][0]["code"] == "home-not-made"


def test_init_makes_a_home_only_its_owner_can_read(line: Line) -> None:
    for name in ("keys", "landing", "dagster", "checkpoints"):
        assert (line.home / name).is_dir()
    assert line.home.stat().st_mode & 0o077 == 0
    assert (line.home / "accounts.txt").stat().st_mode & 0o077 == 0


def test_init_again_changes_nothing(line: Line) -> None:
    before = (line.home / "accounts.txt").read_text()
    code, said = line("init")
    assert (code, said["accounts"]) == (0, [])
    assert (line.home / "accounts.txt").read_text() == before


def test_doctor_is_content(line: Line) -> None:
    code, said = line("doctor")
    assert code == 0, said
    subjects = {finding["subject"] for finding in said["findings"]}
    assert subjects == {"versions", "disk", "documents", "lock", "keys", "registry", "stores", "duties"}
    said = line.text("doctor")
    assert "Separation of duties was not met. One process holds the keys" in said
    assert "Nothing is at fault; see what is marked `look`." in said
    assert "All is well." not in said


def test_doctor_asks_for_an_ended_agreements_data_until_they_are_certified_gone(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Deployment, "today", staticmethod(lambda: date(2060, 1, 1)))

    def asked_for() -> set[str]:
        found = line("doctor")[1]["findings"]
        return {f["what"].split()[0] for f in found if "is not in force today" in f["what"]}

    deployment = Deployment.load(ROOT / "commonweal.toml", line.home)
    with Hub.open(deployment) as hub:
        dsa = hub.agreements.dsa_for("com_hmis")
        begun = {"source": dsa.source, "document": dsa.id, "clause": "destruction"}
        for version in (dsa.version + 1, dsa.version):
            assert {"DSA-COM-HMIS", "DSA-OSPI-K12"} <= asked_for(), "nothing of this version is certified"
            ending = hub.registry.ends.plan(Scope.DSA, dsa.id, document_version=version, **begun)
            for step in ORDER[1:]:
                hub.registry.ends.step(ending.id, step)
    assert "DSA-OSPI-K12" in asked_for()
    assert "DSA-COM-HMIS" not in asked_for()


def test_doctor_notices_a_key_others_can_read(line: Line) -> None:
    next((line.home / "keys" / "roles").glob("*")).chmod(0o644)
    code, said = line("doctor")
    assert code == 6
    assert any(not finding["ok"] and finding["next"] for finding in said["findings"])


def test_signing_in_and_out(line: Line) -> None:
    assert line("whoami")[0] == 3
    code, said = line("login", "researcher", typed=line.password("researcher"))
    assert (code, said["account"]) == (0, "researcher")
    assert (line.home / "session.json").stat().st_mode & 0o077 == 0
    code, said = line("whoami")
    assert (code, said["account"], said["projects"]) == (0, "researcher", ["tanf-leavers"])
    assert line("logout")[0] == 0
    assert line("logout")[0] == 0
    assert line("whoami")[0] == 3


def test_each_terminal_may_have_a_session_of_its_own(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("researcher", "board"):
        monkeypatch.setenv("COMMONWEAL_SESSION", str(tmp_path / name))
        assert line("login", name, typed=line.password(name))[0] == 0
    assert not (line.home / "session.json").exists()
    for name in ("researcher", "board"):
        monkeypatch.setenv("COMMONWEAL_SESSION", str(tmp_path / name))
        assert line("whoami")[1]["account"] == name


@pytest.mark.parametrize("name", ["researcher", "nobody"])
def test_a_wrong_password_is_refused(name: str, line: Line) -> None:
    code, said = line("login", name, typed="not the password\n")
    assert (code, said["errors"][0]["code"]) == (3, "sign-in-failed")
    assert not (line.home / "session.json").exists()


def test_no_password_is_usage(line: Line) -> None:
    assert line("login", "researcher")[0] == 2


def test_a_forged_session_signs_nobody_in(line: Line) -> None:
    (line.home / "session.json").write_text('{"token": "guessed"}')
    assert line("whoami")[0] == 3
    (line.home / "session.json").write_text("[]")
    assert line("whoami")[0] == 3


def test_an_account_is_made_and_written_down(line: Line) -> None:
    code, said = line("account", "add", "deputy", "--role", "operator", typed="long enough now\n")
    assert (code, said["account"]) == (0, "deputy")
    assert line("login", "deputy", typed="long enough now\n")[0] == 0
    kinds = [entry["kind"] for entry in line("log", "show", "-n", "2")[1]["entries"]]
    assert "account" in kinds
    code, said = line("account", "add", "slip", "--role", "reviwer", typed="long enough now\n")
    assert (code, said["errors"][0]["next"]) == (2, "Did you mean reviewer?")
    again = ("account", "add", "deputy", "--role", "operator")
    assert line(*again, typed="long enough now\n")[0] == 3, "nobody gives themselves a role"
    assert line("logout")[0] == 0
    assert line(*again, typed="long enough now\n")[0] == 2
    assert line("account", "add", "other", "--role", "operator", typed="short\n")[0] == 2


def test_the_log_verifies_also_against_a_checkpoint_someone_kept(line: Line, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    assert line("log", "checkpoint", "--out", str(kept))[0] == 0
    line("account", "add", "deputy", "--role", "operator", typed="long enough now\n")
    code, said = line("log", "verify", "--checkpoint", str(kept))
    assert (code, said["ok"]) == (0, True)
    assert said["checkpoints"] >= 1


def test_a_registry_put_back_is_noticed(line: Line, tmp_path: Path) -> None:
    ours = url_of_home(line.home)
    older = copied(ours, make_url(ours).get_backend_name(), tmp_path)
    line("account", "add", "deputy", "--role", "operator", typed="long enough now\n")
    line("log", "checkpoint", "--out", str(line.home / "checkpoints" / "kept.json"))
    put_in_place(older, ours)
    assert line("status")[0] == 6
    code, said = line("log", "verify")
    assert (code, said["ok"]) == (6, False)
    assert said["faults"]


def test_an_entry_that_was_changed_is_noticed(line: Line) -> None:
    write_behind_the_back(url_of_home(line.home), "UPDATE log_entry SET kind = 'nothing' WHERE idx = 1")
    code, said = line("log", "verify")
    assert (code, said["ok"]) == (6, False)
    assert any(fault["index"] == 1 for fault in said["faults"])


@pytest.mark.skipif(WHOLE_SUITE in os.environ, reason="of a registry that is a file")
def test_a_file_that_is_no_registry(line: Line) -> None:
    for path in line.home.glob("registry.sqlite*"):
        path.unlink()
    (line.home / "registry.sqlite").write_bytes(b"not a database" * 500)
    assert line("status")[0] == 6


def test_what_there_is_not_yet_is_said(line: Line) -> None:
    assert line("status")[1]["link"] is None
    code, said = line("indicators")
    assert (code, said["schema"], said["indicators"]) == (0, "commonweal/indicators/1", [])
    assert "No indicator" in line.text("indicators")


def test_a_backup_is_a_working_home(line: Line, tmp_path: Path) -> None:
    assert line("backup", "--out", str(tmp_path / "copy"), "--keys-out", str(tmp_path / "keys"))[0] == 0
    line.home = tmp_path / "restored"
    code, said = line("restore", "--from", str(tmp_path / "copy"), "--keys-from", str(tmp_path / "keys"))
    assert code == 0, said
    assert line("log", "verify")[0] == 0
    assert line("status")[0] == 0
    assert line("doctor")[0] == 0
