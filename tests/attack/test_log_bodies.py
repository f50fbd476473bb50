"""No text in the log holds a query's literals, a small count, or anything of a person: of a whole run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from data_sharing_agreements.log import Log
from data_sharing_agreements.log.kinds import COUNT_FLOOR, KINDS
from data_sharing_agreements.registry import Registry
from tests.conftest import commonweal_here
from tests.registries import copy_home, url_of_home

SECRETS = ("Zyxwv", "987654321", "31415")
"""Literals of questions that are asked here and refused or answered."""

QUESTIONS = (
    "SELECT count(*) FROM leaver_earnings WHERE region = 'Zyxwv'",
    "SELECT nothing_987654321 FROM leaver_earnings",
    "SELECT * FROM leaver_earnings WHERE earnings_q1 = 31415",
    "DELETE FROM leaver_earnings WHERE region = 'Zyxwv'",
    "SELECT * FROM read_csv('Zyxwv')",
    "SELECT 'Zyxwv",
)


@pytest.fixture(scope="module")
def entries(finished: tuple[Path, dict], tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    """Every entry of a finished run, and of questions that were refused."""
    home = copy_home(finished[0], tmp_path_factory.mktemp("bodies") / "home")
    words = (home / "accounts.txt").read_text().split()
    password = dict(zip(words[::2], words[1::2], strict=True))["researcher"]
    assert commonweal_here("login", "researcher", home=home, stdin=password + "\n").code == 0
    for question in QUESTIONS:
        commonweal_here("query", "--project", "tanf-leavers", question, home=home)
    commonweal_here("query", "--project", "Zyxwv", "SELECT 1", home=home)
    commonweal_here("table", "--project", "results", "--rows", "Zyxwv", "--measure", "people", home=home)
    with Registry.open(url_of_home(home)) as registry:
        return Log(registry, None).show(None)


def values_of(value: object) -> list[object]:
    if isinstance(value, dict):
        return [inner for part in value.values() for inner in values_of(part)]
    if isinstance(value, list):
        return [inner for part in value for inner in values_of(part)]
    return [value]


COUNTS_NOTHING_SMALL = {
    "on",
    "version",
    "exit_code",
    "run",
    "generation",
    "results",
    "link_version",
    "spent",
    "amount",
    "size",
    "sequence",
    "entry",
    "signatories",
}
"""Keys of numbers that count no person: versions, numbers of runs and notices, budgets, indexes."""


def test_no_text_holds_what_it_must_not(entries: list[dict], evergreen: Path) -> None:
    kinds = {entry["kind"] for entry in entries}
    assert {"decision", "delivery", "mart", "indicator", "query", "query-refused", "account", "run"} <= kinds
    assert kinds <= KINDS.keys()
    said = json.dumps([entry["summary"] for entry in entries])
    assert not [secret for secret in SECRETS if secret in said]
    ids = {
        line.split(",")[0].strip('"')
        for path in sorted((evergreen / "landing").rglob("*.csv"))[:3]
        for line in path.read_text(encoding="utf-8", errors="ignore").splitlines()[1:300]
    }
    assert not [one for one in ids if len(one) > 5 and f'"{one}"' in said]
    assert not re.search(r"\d{3}-\d{2}-\d{4}", said)


def test_no_number_in_a_text_can_be_a_small_count_of_people(entries: list[dict]) -> None:
    for entry in entries:
        for key, value in entry["summary"].items():
            if key in COUNTS_NOTHING_SMALL or key in ("obligations", "request", "thresholds", "reasons"):
                continue
            small = [v for v in values_of(value) if type(v) in (int, float) and 0 <= v < COUNT_FLOOR]
            assert not small, f"{entry['kind']}.{key}"
