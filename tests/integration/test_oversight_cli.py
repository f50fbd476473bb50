"""Stops, incidents, register and report, from the command line, on a home in which a run has finished."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

PASSWORD = "correct horse battery"


def sign_in(call_here: Callable, home: Path, name: str) -> None:
    first = dict(line.split() for line in (home / "accounts.txt").read_text(encoding="utf-8").splitlines())
    assert call_here("login", name, home=home, stdin=first.get(name, PASSWORD)).code == 0


def test_from_a_breach_to_its_close(call_here: Callable, home: Path) -> None:
    sign_in(call_here, home, "commerce")
    assert call_here("stop", "esd_wages", "--reason", "x", "--json", home=home).code == 3
    assert call_here("stop", "com_hmis", "--reason", "case 1234567", "--json", home=home).code == 2
    words = ("--kind", "suspected_breach", "--summary", "A laptop was lost", "--json")
    opened = call_here("incident", "open", "com_hmis", *words, home=home)
    assert opened.code == 0, opened.err
    told = opened.json
    assert told["schema"] == "commonweal/incident-open/1"
    assert told["documents"] == ["DSA-COM-HMIS"]
    (people,) = told["people"]
    assert people["suppressed"] or people["people"] >= 10
    assert (Path(told["directory"]) / "evidence" / "SHA256SUMS").is_file()
    assert len(list((Path(told["directory"]) / "notices").glob("*.txt"))) == told["due"]

    status = call_here("status", "--json", home=home).json
    assert [s["document"] for s in status["stops"]] == ["DSA-COM-HMIS"]
    assert status["incidents"][0]["due"] == told["due"]
    assert status["separation_of_duties"]["met"] is False
    assert call_here("indicators", "--json", home=home).code == 3, "nothing rests on what is stopped"
    assert call_here("resume", "com_hmis", "--json", home=home).code == 3

    for duty in told["duties"]:
        assert call_here("incident", "told", "1", str(duty["duty"]), "--json", home=home).code == 0
    assert call_here("incident", "close", "1", "--json", home=home).code == 3, "not by who opened it"
    sign_in(call_here, home, "hub")
    assert call_here("incident", "close", "1", "--json", home=home).code == 0
    assert call_here("status", "--json", home=home).json["stops"] == []
    assert call_here("indicators", "--json", home=home).code == 0
    assert call_here("log", "verify", "--json", home=home).code == 0


def test_roles_kept_apart_are_refused_across_accounts(call_here: Callable, home: Path) -> None:
    def add(name: str, role: str) -> int:
        words = ("account", "add", name, "--role", role, "--person", "pat", "--json")
        return int(call_here(*words, home=home, stdin=PASSWORD).code)

    assert add("first", "custodian") == 0
    assert add("second", "output_checker") == 3
    assert add("second", "researcher") == 0
    nobody = call_here("account", "role", "second", "--role", "analyst", "--json", home=home)
    assert (nobody.code, nobody.json["errors"][0]["code"]) == (3, "not-signed-in")
    sign_in(call_here, home, "hub")
    apart = call_here("account", "role", "second", "--role", "output_checker", "--json", home=home)
    assert (apart.code, apart.json["errors"][0]["code"]) == (3, "roles-not-separable")
    assert call_here("account", "role", "second", "--role", "analyst", "--json", home=home).code == 0
    sign_in(call_here, home, "second")
    assert call_here("account", "role", "first", "--role", "analyst", "--json", home=home).code == 3, (
        "to themselves"
    )
    unknown = ("account", "add", "third", "--role", "analyst", "--party", "Nobody", "--json")
    assert call_here(*unknown, home=home, stdin=PASSWORD).code == 2


def test_the_run_leaves_a_register_and_a_page_of_all_pages(finished: tuple[Path, dict]) -> None:
    reports = finished[0] / "reports"
    linked = re.findall(r'href="([^"#]+)"', (reports / "index.html").read_text(encoding="utf-8"))
    assert {"scorecard.html", "register/index.html", "linkage/index.html"} <= set(linked)
    assert all((reports / name).is_file() for name in linked)
    for page in reports.rglob("*.html"):
        for name in re.findall(r'<nav><a href="([^"]+)"', page.read_text(encoding="utf-8")):
            assert (page.parent / name).resolve() == (reports / "index.html").resolve()
    public = json.loads((reports / "register" / "register.json").read_text(encoding="utf-8"))
    assert public["schema"] == "commonweal/register/1"
    assert {p["project"] for p in public["projects"]} == {"results", "tanf-leavers"}
    assert [o["name"] for o in public["open_data"]] == ["public_program_counts"]
    assert [o["published"] for o in public["open_data"]] == [None], "its reviewers still have it"
    said = json.dumps(public)
    assert not [
        name for name in ("researcher", "analyst", "accounts.txt", str(finished[0])) if f'"{name}"' in said
    ]
    assert finished[1]["separation_of_duties"]["met"] is False


@pytest.mark.skipif(
    shutil.which("chromium") is None, reason="there is no chromium; the page is tested without"
)
def test_the_boards_report_as_page_and_pdf(
    call_here: Callable, finished: tuple[Path, dict], tmp_path: Path
) -> None:
    out = tmp_path / "board"
    words = ("report", "governance", "--period", "2020-01-01:2099-12-31", "--out", out, "--pdf", "--json")
    done = call_here(*words, home=finished[0])
    assert done.code == 0, done.err
    told = done.json
    assert told["decisions"]["permitted"] > 0
    assert {d["source"] for d in told["deliveries"]} >= {"com_hmis", "esd_wages"}
    assert {k["role"] for k in told["names"]["keys"]} == {"splitter", "linker"}
    assert Path(told["pdf"]).read_bytes().startswith(b"%PDF")
    page = Path(told["page"]).read_text(encoding="utf-8")
    assert "<svg" in page
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?!#|data:)[a-z]*:?//""", page)
