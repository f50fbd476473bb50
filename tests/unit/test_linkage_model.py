"""The model: its JSON, its faults, and what Splink is given."""

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from data_sharing_agreements.errors import Invalid
from linkage.model import case_sql, condition_sql, read_model, splink_settings
from linkage.predict import told_apart


def test_default_model_survives_json(tmp_path: Path) -> None:
    model = read_model()
    path = tmp_path / "model.json"
    path.write_text(model.to_json(), encoding="utf-8")
    assert read_model(path) == model
    assert read_model(path).digest() == model.digest()


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    raw = json.loads(read_model().to_json())
    raw["comparisons"][0]["levels"][1]["m"] = 0.1
    raw["comparisons"][1]["levels"][-1]["when"] = "true"
    path = tmp_path / "model.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        read_model(path)
    assert len(caught.value.details) == 2


def test_conditions_are_written_out() -> None:
    model = read_model()
    for comparison in model.comparisons:
        for level in comparison.levels:
            assert "dice(" not in condition_sql(level)
            assert "apart(" not in condition_sql(level)
    given = [c["output_column_name"] for c in splink_settings(model)["comparisons"]]
    assert given == [c.name for c in model.comparisons if c.of_two()]
    assert {c.name for c in model.comparisons} - set(given) == {"co_residents"}


def test_digits_apart_are_counted() -> None:
    model = read_model()
    birth = next(c for c in model.comparisons if c.name == "birth_date")
    labels = [level.label for level in birth.levels]
    row = "{} AS birth, {} AS birth_year, {} AS day_month, {} AS birth_digits"
    level = duckdb.sql(
        f"SELECT {case_sql(birth)} FROM (SELECT {row.format(1, 5, 6, 0x11223344)}) l,"
        f" (SELECT {row.format(2, 5, 7, 0x11223355)}) r"
    ).fetchone()
    assert level is not None
    assert labels[level[0]] == "two digits differ"


def test_no_two_levels_weigh_the_same() -> None:
    comparisons = tuple(c for c in read_model().comparisons if c.of_two() and c.name != "ssn")
    for comparison in told_apart(replace(read_model(), comparisons=comparisons)).comparisons:
        weights = {round(level.m / level.u, 7) for level in comparison.levels if not level.null}
        assert len(weights) == sum(not level.null for level in comparison.levels)
