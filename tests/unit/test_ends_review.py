"""Open data in review when its mart is taken back: whose it is, and that it is never published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from data_sharing_agreements.ends import Scope
from data_sharing_agreements.registry import Registry
from warehouse.ends.retract import project_leftovers
from warehouse.ends.review import FACT, left_in_review, remove_from_review
from warehouse.marts.publication import publish_reviewed


@pytest.fixture
def hub(registry_url: str, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A registry with two versions of one mart and one of another, and files of all in review."""
    place = tmp_path / "reports" / "in_review"
    place.mkdir(parents=True)
    with Registry.create(registry_url) as registry:
        for project, mart, version in (("one", "a", "1"), ("one", "a", "2"), ("two", "b", "1")):
            registry.marts.publish(project, mart, version, "marts", 1, None, [], {})
            note = {"project": project, "mart": mart, "version": version, "may_leave_from": "2020-01-01"}
            (place / f"{mart}-{version}.csv").write_text("n\n20\n")
            (place / f"{mart}-{version}.json").write_text(json.dumps(note))
        yield SimpleNamespace(
            registry=registry,
            deployment=SimpleNamespace(home=tmp_path, reports=tmp_path / "reports"),
            reports=lambda *parts: (tmp_path / "reports").joinpath(*parts),
            keys=SimpleNamespace(stores=list),
        )


def ended(hub: SimpleNamespace, *versions: tuple[str, str]) -> object:
    ending = hub.registry.ends.plan(
        Scope.PROJECT, "one", document="DUL-1", document_version=1, clause="destruction"
    )
    hub.registry.ends.retract_marts(ending.id, versions)
    return ending


def test_only_files_whose_version_was_taken_back_go(hub: SimpleNamespace) -> None:
    assert left_in_review(hub) == []
    ending = ended(hub, ("one", "1"), ("one", "2"))
    names = [f"reports/in_review/a-{n}.{form}" for n in (1, 2) for form in ("csv", "json")]
    assert left_in_review(hub) == names
    assert project_leftovers(hub, "one") == [f"file {name}" for name in names]
    assert remove_from_review(hub, ending) == names
    assert remove_from_review(hub, ending) == names, "what a killed step removed is not forgotten"
    assert hub.registry.ends.get(ending.id).facts[FACT] == names
    left = sorted(path.name for path in (hub.deployment.reports / "in_review").iterdir())
    assert left == ["b-1.csv", "b-1.json"]
    assert project_leftovers(hub, "one") == []


def test_a_file_whose_note_is_gone_does_not_stay(hub: SimpleNamespace) -> None:
    (hub.deployment.reports / "in_review" / "b-1.json").unlink()
    (hub.deployment.reports / "in_review" / "a-2.json").write_text("{")
    names = [f"reports/in_review/{name}" for name in ("a-2.csv", "a-2.json", "b-1.csv")]
    assert left_in_review(hub) == names


def test_a_version_that_was_taken_back_is_not_published(hub: SimpleNamespace) -> None:
    ended(hub, ("one", "1"), ("one", "2"), ("two", "1"))
    assert publish_reviewed(hub, "mart") == []
    assert not (hub.deployment.reports / "open_data").exists()
