"""The story of docs/story.md, told by running it: every command there, and every line it prints.

The page is the script. A block of `console` holds commands after `$` and what they print;
`…` stands for what differs from day to day or was left out to shorten it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT, Called, commonweal
from tests.registries import copy_home

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs" / "story.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"#\s*exit (\d+)$")
LEFT_OUT = "…"


@dataclass(frozen=True)
class Step:
    """A command of the page, how it should end, and what it should print."""

    command: str
    code: int
    expected: tuple[str, ...]


def steps(page: str) -> list[Step]:
    """Return the commands of a page in order; a line that begins with `> ` continues one."""
    found = []
    for block in BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            more = next((i for i, line in enumerate(lines[1:], 1) if not line.startswith("> ")), len(lines))
            command = "\n".join([lines[0], *(line[2:] for line in lines[1:more])])
            code = EXIT.search(command)
            expected = tuple(line.rstrip() for line in lines[more:] if line.strip())
            found.append(Step(command, int(code[1]) if code else 0, expected))
    return found


def pattern(expected: tuple[str, ...]) -> re.Pattern[str]:
    """Return what an output must match: line by line, but for what was left out."""
    parts = []
    for line in expected:
        if line.strip() == LEFT_OUT:
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*".join(re.escape(piece) for piece in line.split(LEFT_OUT)) + r"\n")
    return re.compile("".join(parts))


def tell(step: Step, place: Path, environment: dict[str, str]) -> Called:
    """Run a command in the story's directory, as whoever reads the page would."""
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1\n{step.command}"],
        capture_output=True,
        text=True,
        cwd=place,
        env=environment,
        check=False,
    )
    return Called(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def told(
    finished: tuple[Path, dict], evergreen: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, str]]:
    """The directory of the story after its last command. Each command did what the page says."""
    place = tmp_path_factory.mktemp("story") / "story"
    prepare = [sys.executable, str(ROOT / "examples" / "story" / "prepare.py"), str(place)]
    subprocess.run(prepare, check=True, cwd=ROOT)
    copy_home(finished[0], place / "home")
    (place / "extracts").symlink_to(evergreen / "landing")
    environment = os.environ | {
        "COMMONWEAL_CONFIG": "commonweal.toml",
        "COMMONWEAL_HOME": "home",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    outputs: dict[str, str] = {}
    for step in steps(PAGE.read_text(encoding="utf-8")):
        done = tell(step, place, environment)
        lines = [line.rstrip() for line in done.out.splitlines() if line.strip()]
        outputs[step.command] = "\n".join(lines)
        said = f"$ {step.command}\n{outputs[step.command]}\n[{done.code}]"
        assert done.code == step.code, said
        assert pattern(step.expected).fullmatch("".join(f"{line}\n" for line in lines)), said
    return place, outputs


def test_every_line_of_the_page_is_true(told: tuple[Path, dict[str, str]]) -> None:
    _, outputs = told
    assert len(outputs) > 30


@pytest.fixture(scope="module")
def report(told: tuple[Path, dict[str, str]]) -> str:
    """The text of the board's report, without markup."""
    (page,) = (told[0] / "report").glob("*.html")
    return " ".join(
        re.sub(r"<style.*?</style>|<[^>]+>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL).split()
    )


def test_the_board_reads_the_refusal_and_its_clause(report: str) -> None:
    assert "document for DUL-2026-003, term destruction (document-term-missing)" in report
    assert "act for DUL-2026-003, term acts (act-repeated)" in report
    assert "act for DUL-2026-003, term acts (act-not-asked-for)" in report
    assert "DUL-2026-003 is not approved: it is a draft" in report
    assert "DSA-OSPI-K12 was terminated on" in report


def test_the_board_reads_who_approved_and_who_ended(report: str) -> None:
    for office in (
        "Director, Department of Commerce",
        "Secretary, Department of Children, Youth and Families",
        "Secretary, Department of Social and Health Services",
        "Superintendent, Office of the Superintendent of Public Instruction",
        "Chair of the Tribal Council, Cedar Coast Nation",
        "Chair, Evergreen Data Governance Board",
    ):
        assert f"DUL-2026-003, version 1 Approve {office}" in report, office
    assert "DSA-OSPI-K12, version 1 Terminate Superintendent" in report


def test_the_board_reads_the_destruction_its_certificate_and_the_log(
    told: tuple[Path, dict[str, str]], report: str
) -> None:
    certificate = json.loads((told[0] / "certificate.json").read_text(encoding="utf-8"))
    assert "destroyed since" in report, "the project's mart is told of although it is gone"
    assert f"Certified {certificate['id']}" in report
    last = json.loads((told[0] / "last.json").read_text(encoding="utf-8"))
    assert last["root"] in report


def test_nobody_on_the_forecast_may_ask_any_more_and_the_others_may(
    told: tuple[Path, dict[str, str]],
) -> None:
    place, _ = told
    forecast = json.loads((place / "foretold.json").read_text(encoding="utf-8"))
    stopped = {item["name"] for item in forecast["stops"] if item["kind"] == "account"}
    assert stopped == {"analyst in results", "researcher in steady-school"}
    settings = {"home": place / "home", "config": place / "commonweal.toml"}
    asked = {
        project: commonweal("query", "--project", project, f"SELECT count(*) AS n FROM {mart}", **settings)
        for project, mart in (("steady-school", "school_quarters"), ("tanf-leavers", "leaver_earnings"))
    }
    assert {project: done.code for project, done in asked.items()} == {"steady-school": 3, "tanf-leavers": 0}
    assert commonweal("indicators", **settings).code == 3


def test_an_entry_taken_out_of_the_log_is_noticed(told: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    place, _ = told
    lines = (place / "log.json").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = tmp_path / "log.json"
    kept.write_text("".join(lines[:40] + lines[41:]), encoding="utf-8")
    words = [
        sys.executable,
        "-I",
        place / "verify.py",
        kept,
        "--public-key",
        (place / "hub.key").read_text().strip(),
    ]
    assert subprocess.run(words, capture_output=True, check=False, cwd=tmp_path).returncode == 6
