"""The public register against everything confidential a deployment can hold, each with its own mark."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from data_sharing_agreements.registry.incidents import Opening
from data_sharing_agreements.registry.stops import Stop
from tests.warehouse_support import make_place
from warehouse.oversight.period import Period
from warehouse.oversight.register import write_register
from warehouse.oversight.report import governance, governance_html

MARKS = (
    "mark-account",
    "mark-person",
    "mark-reason",
    "mark-summary",
    "mark-path",
    "mark-note",
    "mark-column-group",
)


@pytest.fixture
def hub(tmp_path: Path):
    """A deployment with something confidential in every table the register could read."""
    with make_place(tmp_path).hub as opened:
        registry = opened.registry
        registry.accounts.create(
            "mark-account", "a password", "custodian", person="mark-person", party="Evergreen Data Hub"
        )
        registry.stops.place(
            Stop("DSA-CLINIC", opened.deployment.today(), None, "mark-reason", "Evergreen Data Hub")
        )
        incident = registry.incidents.open(
            Opening(
                "suspected_breach", "mark-summary", opened.log.clock(), "mark-account", "Evergreen Data Hub",
                ("DSA-SCHOOL",), ("school",), (), stops=True,
            )
        )  # fmt: skip
        registry.incidents.note(incident.id, "mark-account", "mark-note")
        registry.incidents.count(incident.id, {"school": 7})
        registry.link_versions.add(1, "model", {}, "hash", 7, 6, {})
        book = {"kind": "public", "title": "Open table", "description": "Counts", "fields": [], "rows": 9}
        registry.marts.publish("results", "open_table", "1", "mark-path/1.duckdb", 9, 1, [], book)
        link = {
            "version": 1,
            "basis": "measured",
            "precision": 0.99,
            "recall": 0.9,
            "by_group": [
                {
                    "column": "sex",
                    "group": "F",
                    "precision": 0.9,
                    "recall": 0.8,
                    "records": "mark-column-group",
                }
            ],
        }
        books = opened.deployment.reports / "marts" / "results"
        books.mkdir(parents=True)
        (books / "open_table.json").write_text(json.dumps({"link": link}), encoding="utf-8")
        out = opened.deployment.reports / "open_data"
        out.mkdir()
        note = {"project": "results", "mart": "open_table", "version": "1", "published": "2026-01-05"}
        (out / "open_table.json").write_text(
            json.dumps(note | {"fields": ["mark-note"], "reviewers": ["mark-person"]}), encoding="utf-8"
        )
        yield opened


def test_nothing_confidential_is_in_page_or_json(hub, tmp_path: Path) -> None:
    out = tmp_path / "public"
    content = write_register(hub, out)
    texts = {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()}
    assert set(texts) == {"index.html", "register.json", "algorithm.json"}
    for name, text in texts.items():
        assert not [mark for mark in MARKS if mark in text], name
        assert str(tmp_path) not in text
        assert ".duckdb" not in text
        assert not re.search(r"/(?:home|tmp|var)/", text)
    assert json.loads(texts["register.json"]) == content
    assert content["linkage"]["records"] is None
    assert content["linkage"]["persons"] is None
    assert content["open_data"][0]["name"] == "open_table"
    assert "rows" not in content["open_data"][0]


def test_the_public_learns_that_something_stands_still_and_not_why(hub, tmp_path: Path) -> None:
    content = write_register(hub, tmp_path / "public")
    standing = {a["id"]: a for a in content["agreements"]}
    for document in ("DSA-CLINIC", "DSA-SCHOOL"):
        assert not standing[document]["in_force"]
        assert "is stopped from" in standing[document]["why_not"]
    assert standing["EMOU-EVERGREEN-2022"]["in_force"]
    assert content["separation_of_duties"]["met"] is False
    assert len(content["cannot_prevent"]) >= 5


def test_the_page_loads_nothing_and_escapes_what_it_shows(hub, tmp_path: Path) -> None:
    write_register(hub, tmp_path / "public")
    page = (tmp_path / "public" / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?!#)[a-z]*:?//|@import|<script""", page, re.IGNORECASE)


def test_the_boards_report_names_people_but_tells_no_reason_and_no_small_count(hub) -> None:
    today = hub.deployment.today().isoformat()
    content = governance(hub, Period.parse(f"{today}:{today}"))
    page = governance_html(content)
    assert "mark-person" in page, "the board learns who can read names"
    for mark in ("mark-reason", "mark-summary", "mark-note", "mark-path"):
        assert mark not in page
        assert mark not in json.dumps(content)
    assert content["links"]["versions"][0]["records"] is None
