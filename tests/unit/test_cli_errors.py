"""What a wrong call looks like: exit code, one JSON object, or text that helps."""

import json
from pathlib import Path

import click
import pytest

from assets.faults import Unexpected
from data_sharing_agreements.errors import ErrorDetail, Held, IntegrityFault, Invalid, Refused
from pipelines.cli import main as cli_main
from pipelines.cli.main import run_cli
from pipelines.cli.output import error_text, show, show_error

CONFIG = """
[deployment]
name = "tiny"
contrats = "contracts"
[hom]
path = "x"
"""


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["run", "--nonsense"],
        ["evaluate"],
        ["synth", "--out", "x", "--people", "few"],
        ["log"],
    ],
)
def test_usage_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = run_cli(words)
    said = capsys.readouterr()
    assert code == 2
    assert "Traceback" not in said.err


def test_usage_with_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["run", "--nonsense", "--json"]) == 2
    said = capsys.readouterr()
    error = json.loads(said.out)
    assert error["schema"] == "commonweal/error/1"
    assert error["exit_code"] == 2
    assert set(error["errors"][0]) == {
        "code",
        "what",
        "why",
        "next",
        "source",
        "rule",
        "count",
        "document",
        "clause",
    }


def test_no_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["--config", str(tmp_path / "none.toml"), "doctor", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["errors"][0]["code"] == "no-configuration"


def test_all_faults_of_a_configuration_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "commonweal.toml"
    config.write_text(CONFIG)
    assert run_cli(["--config", str(config), "doctor", "--json"]) == 5
    assert len(json.loads(capsys.readouterr().out)["errors"]) == 2


@pytest.mark.parametrize(
    "words", [["backup", "--out", "b"], ["evaluate", "--truth", "commonweal.toml"], ["log", "verify"]]
)
def test_no_home(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "commonweal.toml"
    config.write_text('[deployment]\nname = "tiny"\n')
    words = [str(tmp_path / word) if word == "commonweal.toml" else word for word in words]
    assert run_cli(["--config", str(config), *words, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["errors"][0]["code"] == "no-home"


def test_help_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(verb in said for verb in cli_main.VERBS)


def test_a_verb_that_is_interrupted_is_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def doctor() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.cli.home.doctor", doctor)
    assert run_cli(["doctor"]) == 130
    assert "Interrupted" in capsys.readouterr().err


def test_a_bug_is_1_and_says_nothing_of_data(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def doctor() -> None:
        raise ValueError("Wimblethwaite")

    monkeypatch.setattr("pipelines.cli.home.doctor", doctor)
    assert run_cli(["doctor"]) == 1
    said = capsys.readouterr()
    assert "ValueError" in said.err
    assert "Wimblethwaite" not in said.out + said.err
    assert "Traceback" not in said.err


def test_text_says_what_why_next_and_where() -> None:
    error = Refused(
        ErrorDetail(
            "expired", "It ended.", "Dates bind.", "Renew it.", "dshs_tanf", None, 12, "DSA-1", "term.end"
        )
    )
    text = error_text(error)
    assert text.splitlines() == [
        "Refused (exit 3)",
        "  It ended. [expired]",
        "    Why:   Dates bind.",
        "    Next:  Renew it.",
        "    Where: source dshs_tanf · 12 rows · DSA-1, clause term.end",
    ]


def test_several_faults_are_counted() -> None:
    error = Invalid(ErrorDetail("a", "One."), ErrorDetail("b", "Two."))
    assert error_text(error).splitlines() == ["Invalid (exit 5): 2 faults", "  One. [a]", "  Two. [b]"]


@pytest.mark.parametrize(
    ("kind", "code"), [(Held, 4), (IntegrityFault, 6), (Unexpected, 1), (Refused, 3), (Invalid, 5)]
)
def test_each_error_has_its_code(kind: type[Held], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_error(kind.of("x", "What."), as_json=True) == code
    assert json.loads(capsys.readouterr().out)["exit_code"] == code


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (True, "yes"), (12345, "12,345"), (0.98765, "0.9877"), (123456.7, "123,457"), ("a", "a")],
)
def test_values_as_people_read_them(value: object, text: str) -> None:
    assert show(value) == text
