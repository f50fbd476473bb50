"""Definitions of indicators: what they must say, and every fault at once."""

from pathlib import Path

import pytest
import yaml

from data_sharing_agreements.errors import Invalid
from warehouse.indicators.definition import load_definitions

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "id": "working",
    "title": "Working",
    "definition": "Of some people, the share who work.",
    "source": {"project": "p", "mart": "m", "period": "quarter"},
    "numerator": {"column": "works", "meaning": "Those who work."},
    "denominator": {"column": "seen", "meaning": "All."},
    "breakdowns": ["county"],
    "owner": "Director",
    "priority": "Work",
    "direction": "up",
    "baseline": {"period": "2023Q1", "value": 0.4},
    "trajectory": [{"period": "2023Q3", "value": 0.5}],
    "target": {"period": "2024Q1", "value": 0.6},
    "cadence": {"every": "quarter", "lag_days": 30},
    "quality": {"link_recall_at_least": 0.9, "note": "A note."},
}


def write(directory: Path, name: str, **changes: object) -> None:
    document = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    (directory / name).write_text(yaml.safe_dump(document), encoding="utf-8")


def test_a_good_definition(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml")
    (found,) = load_definitions(tmp_path)
    assert found.path == (("2023Q1", 0.4), ("2023Q3", 0.5), ("2024Q1", 0.6))


def test_every_fault_of_every_file_at_once(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", owner=None, direction="sideways", extra="x")
    write(tmp_path, "b.yaml", target={"period": "2022Q1", "value": 0.6})
    write(tmp_path, "c.yaml", baseline={"period": "2023Q9", "value": 1.4})
    (tmp_path / "d.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        load_definitions(tmp_path)
    said = "\n".join(d.what for d in caught.value.details)
    for part in ("a.yaml: owner", "a.yaml: direction", "a.yaml: extra", "b.yaml", "follow one another"):
        assert part in said
    for part in ("c.yaml: baseline.period", "c.yaml: baseline.value", "d.yaml is not YAML"):
        assert part in said


def test_two_files_with_one_id(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml")
    write(tmp_path, "b.yaml")
    with pytest.raises(Invalid, match="Two definitions"):
        load_definitions(tmp_path)


@pytest.mark.parametrize("directory", ["warehouse/indicators", "examples/anytown/indicators"])
def test_the_shipped_definitions_are_good(directory: str) -> None:
    assert load_definitions(ROOT / directory)


@pytest.mark.parametrize("impossible", ["2023-45-99", "2023-02-30", "0x_"])
def test_what_only_looks_like_a_date_is_a_fault_in_its_place(tmp_path: Path, impossible: str) -> None:
    write(tmp_path, "a.yaml", owner=None)
    text = (tmp_path / "a.yaml").read_text(encoding="utf-8")
    (tmp_path / "a.yaml").write_text(text.replace("2023Q1", impossible), encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        load_definitions(tmp_path)
    said = [d.what for d in caught.value.details]
    assert any(what.startswith("a.yaml: baseline.period") for what in said)
    assert any(what.startswith("a.yaml: owner") for what in said)
