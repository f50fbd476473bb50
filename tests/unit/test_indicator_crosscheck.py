"""Indicators that do not fit their marts are reported before a run, all at once."""

import shutil
from pathlib import Path

import pytest

from data_sharing_agreements.errors import Invalid
from warehouse.indicators.crosscheck import check_against_marts

ROOT = Path(__file__).resolve().parents[2]
INDICATORS, MARTS = ROOT / "warehouse" / "indicators", ROOT / "warehouse" / "marts"


def test_the_reference_deployment_fits() -> None:
    check_against_marts(INDICATORS, MARTS)


def test_the_second_deployment_fits() -> None:
    anytown = ROOT / "examples" / "anytown"
    check_against_marts(anytown / "indicators", anytown / "marts")


def test_every_name_that_does_not_fit_is_told(tmp_path: Path) -> None:
    text = (INDICATORS / "tanf_leavers_employed.yaml").read_text(encoding="utf-8")
    for source in INDICATORS.glob("*.yaml"):
        shutil.copy(source, tmp_path)
    other = text.replace("id: tanf_leavers_employed", "id: other").replace("county", "countie")
    (tmp_path / "other.yaml").write_text(other, encoding="utf-8")
    third = text.replace("id: tanf_leavers_employed", "id: third").replace(
        "mart: tanf_leavers", "mart: nowhere"
    )
    (tmp_path / "third.yaml").write_text(third, encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        check_against_marts(tmp_path, MARTS)
    assert {detail.code for detail in caught.value.details} == {"indicator-column", "indicator-mart"}


def test_a_name_that_does_not_fit_is_told_with_every_other_fault(tmp_path: Path) -> None:
    text = (INDICATORS / "tanf_leavers_employed.yaml").read_text(encoding="utf-8")
    spoilt = text.replace("direction: up", "direction: dwn").replace("county", "countie")
    (tmp_path / "a.yaml").write_text(spoilt, encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        check_against_marts(tmp_path, MARTS)
    said = [detail.what for detail in caught.value.details]
    assert any("a.yaml: direction" in what for what in said)
    assert any("uses countie" in what for what in said)


def test_faults_of_marts_and_of_indicators_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "marts" / "p").mkdir(parents=True)
    (tmp_path / "marts" / "p" / "m.yaml").write_text("a: [", encoding="utf-8")
    (tmp_path / "a.yaml").write_text("b: [", encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        check_against_marts(tmp_path, tmp_path / "marts")
    assert {detail.code for detail in caught.value.details} == {"mart-invalid", "indicator-invalid"}
