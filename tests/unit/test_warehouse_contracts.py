"""Loading contracts: the documented example, and faults reported all at once."""

import re
from pathlib import Path

import pytest
import yaml

from data_sharing_agreements.errors import Invalid
from warehouse.contracts_columns import strptime_format
from warehouse.contracts_loader import load_contracts
from warehouse.contracts_model import ColumnType, Disclosure, Field, FileKind, OnInvalid

DOCS = Path(__file__).parents[2] / "docs" / "contracts.md"


@pytest.fixture
def example() -> str:
    return re.search(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[1]


def test_the_documented_example_loads(tmp_path, example):
    (tmp_path / "dshs").mkdir()
    (tmp_path / "dshs" / "dshs_tanf.yaml").write_text(example, encoding="utf-8")
    contracts = load_contracts(tmp_path, tmp_path / "core")
    contract = contracts["dshs_tanf"]
    assert (contract.agency, contract.program, contract.cadence) == ("dshs", "tanf", "quarterly")
    assert contract.format.kind is FileKind.FIXED_WIDTH
    assert contract.format.header_record.period == {"year": Field(7, 4), "quarter": Field(11, 1)}
    assert contract.core[0].sql == tmp_path / "core" / "dshs_tanf" / "service_month.sql"
    adult, child = contract.tables
    assert adult.record_id == ("case_number", "ssn", "date_of_birth")
    assert child.repeat.step == 41
    birth = adult.by_name["date_of_birth"]
    assert (birth.type, birth.date_format, birth.on_invalid) == (ColumnType.DATE, "%Y%m%d", OnInvalid.NULL)
    assert birth.disclosure is Disclosure.DIRECT
    assert child.by_name["ssn"].cipher["@"] == "1"
    assert [c.name for c in adult.content_columns] == ["report_month", "case_number", "sex", "earned_income"]
    assert adult.by_name["case_number"].content_type == "BIGINT"
    assert contract.pseudonyms() == {"dshs_tanf", "dshs_tanf.case"}
    assert "dshs_tanf.child.ssn" in contract.fields


def test_every_fault_of_every_file_is_reported_at_once(tmp_path, example):
    one = yaml.safe_load(example)
    one["schema"][0]["properties"][0]["customProperties"].append({"property": "rolle", "value": "ssn"})
    one["schema"][0]["properties"][1]["requierd"] = True
    one["schema"][0]["properties"][2]["customProperties"][3]["value"] = "birthday"
    one["schema"][0]["properties"][3]["classification"] = "secret"
    two = yaml.safe_load(example)
    two["id"] = "Other Source"
    two["customProperties"][0]["value"] = "weekly"
    two["schema"][0]["properties"][2]["customProperties"][3]["value"] = "birthday"
    two["schema"][1]["customProperties"][2]["value"] = ["nobody"]
    (tmp_path / "one.yaml").write_text(yaml.safe_dump(one), encoding="utf-8")
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(two), encoding="utf-8")
    (tmp_path / "three.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(Invalid) as raised:
        load_contracts(tmp_path)
    found = "\n".join(d.what for d in raised.value.details)
    for part in (
        "one.yaml:schema.adult.report_month.rolle",
        "one.yaml:schema.adult.case_number.requierd",
        "one.yaml:schema.adult.date_of_birth.role",
        "one.yaml:schema.adult.ssn.classification",
        "two.yaml:id",
        "two.yaml:cadence",
        "two.yaml:schema.adult.date_of_birth.role",
        "two.yaml:schema.child",
        "three.yaml:line ",
    ):
        assert part in found
    assert raised.value.exit_code == 5


def test_an_impossible_date_is_a_fault_beside_others(tmp_path, example):
    one = yaml.safe_load(example) | {"domain": ""}
    kept = [entry for entry in one["customProperties"] if entry["property"] != "rules"]
    one["customProperties"] = [*kept, {"property": "rules", "value": {"tolerance": "DAY"}}]
    (tmp_path / "one.yaml").write_text(yaml.safe_dump(one).replace("DAY", "2023-02-30"), encoding="utf-8")
    with pytest.raises(Invalid) as raised:
        load_contracts(tmp_path)
    found = "\n".join(detail.what for detail in raised.value.details)
    assert "one.yaml:domain" in found
    assert "one.yaml:.rules.tolerance" in found


def test_no_contract_at_all_is_a_fault(tmp_path):
    with pytest.raises(Invalid, match="no contract"):
        load_contracts(tmp_path)


def test_two_contracts_of_one_source_are_a_fault(tmp_path, example):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(example, encoding="utf-8")
    with pytest.raises(Invalid, match="two contracts"):
        load_contracts(tmp_path)


@pytest.mark.parametrize(
    ("standard", "expected"),
    [
        ("yyyyMMdd", "%Y%m%d"),
        ("MM/dd/yyyy", "%m/%d/%Y"),
        ("dd.MM.yyyy", "%d.%m.%Y"),
        ("yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S"),
        ("yyyy-MM-dd'T'HH:mm", "%Y-%m-%dT%H:%M"),
        ("MMyyyy", "%m%Y"),
        ("EEE", None),
    ],
)
def test_date_formats(standard, expected):
    assert strptime_format(standard) == expected
