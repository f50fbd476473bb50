"""Definitions of marts: what they must say, and every fault at once."""

from pathlib import Path

import pytest
import yaml

from data_sharing_agreements.errors import Invalid
from warehouse.marts.definition import load_marts

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "project": "work",
    "mart": "leavers",
    "kind": "rows",
    "title": "Leavers",
    "description": "People who left.",
    "grain": "one exit",
    "columns": {
        "study_id": {"description": "Random id.", "role": "study_id"},
        "county": {"description": "County.", "role": "quasi"},
        "sex": {"description": "Sex.", "role": "quasi"},
        "reason": {"description": "Reason.", "role": "sensitive"},
        "wages": {"description": "Wages."},
    },
}


def write(directory: Path, name: str = "leavers", sql: bool = True, **changes: object) -> None:
    folder = directory / "work"
    folder.mkdir(exist_ok=True)
    document = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    if sql:
        (folder / f"{name}.sql").write_text("SELECT 1", encoding="utf-8")


def test_roles_give_the_order_of_giving_up(tmp_path: Path) -> None:
    write(tmp_path)
    (spec,) = load_marts(tmp_path)["work"]
    assert spec.definition.quasi == ("county", "sex")
    assert spec.definition.sensitive == ("reason",)
    assert spec.place == "marts/work/leavers.sql"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": None}, "title"),
        ({"colour": "red"}, "colour"),
        ({"kind": "public"}, "says its aggregates"),
        (
            {"kind": "rows", "columns": {"study_id": {"description": "Random id.", "role": "study_id"}}},
            "quasi",
        ),
        ({"trajectory": {"columns": ["wages", "tips"], "points": 1, "band": 10}}, "tips"),
        (
            {"table": {"dimensions": ["zip"], "measures": {"n": {"description": "All.", "kind": "count"}}}},
            "zip",
        ),
        (
            {"table": {"dimensions": ["sex"], "measures": {"n": {"description": "All.", "kind": "share"}}}},
            "names its column",
        ),
    ],
)
def test_a_fault_is_told(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    write(tmp_path, **changes)
    with pytest.raises(Invalid, match=said):
        load_marts(tmp_path)


def test_every_fault_of_every_file_at_once(tmp_path: Path) -> None:
    write(tmp_path, title=None, grain=None)
    write(tmp_path, "other", sql=False)
    with pytest.raises(Invalid) as caught:
        load_marts(tmp_path)
    assert len(caught.value.details) == 4  # two missing keys; a name that is not the file's; no SQL


@pytest.mark.parametrize("directory", ["warehouse/marts", "examples/anytown/marts"])
def test_the_shipped_definitions_are_good(directory: str) -> None:
    assert load_marts(ROOT / directory)
