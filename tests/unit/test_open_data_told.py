"""Open data is told of as published only once it left; until then it is in review, with its day."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.warehouse_support import make_place
from warehouse.oversight.period import Period
from warehouse.oversight.register import write_register
from warehouse.oversight.report import governance, governance_html

OPEN = {"kind": "public", "title": "Open table", "description": "Counts", "fields": []}


@pytest.fixture
def hub(tmp_path):
    with make_place(tmp_path).hub as opened:
        yield opened


def lay(hub, folder: str, version: str, **more: str) -> None:
    """Write the note that lies beside a public table."""
    note = {"project": "results", "mart": "open_table", "version": version} | more
    hub.reports(folder, f"open_table-{version}.json").write_text(json.dumps(note), encoding="utf-8")


def make(hub, version: str) -> None:
    hub.registry.marts.publish("results", "open_table", version, "p", 40, 1, [], OPEN)


def told(hub, tmp_path) -> tuple[dict, str, dict, str]:
    public = write_register(hub, tmp_path / "public")
    page = (tmp_path / "public" / "index.html").read_text(encoding="utf-8")
    board = governance(hub, Period.parse(hub.deployment.today().isoformat()[:7]))
    return public, page, board, governance_html(board)


def test_a_table_its_reviewers_have_is_not_counted_as_published(hub, tmp_path) -> None:
    make(hub, "1")
    leaves = (hub.deployment.today() + timedelta(days=14)).isoformat()
    lay(hub, "in_review", "1", may_leave_from=leaves)
    public, page, board, report = told(hub, tmp_path)
    assert [(o["published"], o["in_review_until"]) for o in public["open_data"]] == [(None, leaves)]
    assert "<strong>0</strong> open data sets; 1 in review" in page
    assert f"in review until {leaves}" in page
    (output,) = board["outputs"]["published"]
    assert (output["published"], output["in_review_until"]) == (False, leaves)
    assert f"the public; in review until {leaves}" in report
    assert "tables published: 0" in report


def test_a_newer_version_in_review_stands_beside_the_one_that_is_out(hub, tmp_path) -> None:
    make(hub, "1")
    make(hub, "2")
    today = hub.deployment.today().isoformat()
    lay(hub, "open_data", "1", published=today, may_leave_from=today)
    lay(hub, "in_review", "2", may_leave_from=today)
    public, page, board, report = told(hub, tmp_path)
    assert [(o["version"], o["published"]) for o in public["open_data"]] == [("1", today), ("2", None)]
    assert "<strong>1</strong> open data sets; 1 in review" in page
    assert "in review until" not in page, "its day is over and it did not leave yet"
    assert [o["published"] for o in board["outputs"]["published"]] == [True, False]
    assert "tables published: 1" in report


@pytest.mark.parametrize("left", [True, False])
def test_of_a_destroyed_table_the_log_says_whether_it_ever_left(hub, tmp_path, left: bool) -> None:
    make(hub, "1")
    if left:
        asked = {"verb": "export", "project": "results", "made": hub.log.clock().date().isoformat()}
        body = {"request": asked, "on": asked["made"], "permitted": True, "obligations": [], "reasons": []}
        hub.log.append("decision", body, [])
    begun = {"document": "DUL-STUDY", "document_version": 1, "clause": "destruction"}
    ending = hub.registry.ends.plan("project", "results", **begun)
    hub.registry.ends.retract_marts(ending.id, [("results", "1")])
    public, _, board, report = told(hub, tmp_path)
    assert public["open_data"] == []
    assert [o["published"] for o in board["outputs"]["published"]] == [left]
    assert ("the public, never published; destroyed since" in report) is not left
    assert ("the public; destroyed since" in report) is left
