"""SQL of single values, periods, encodings and the contracts of the repository."""

from datetime import date

import duckdb
import pytest

from tests.warehouse_support import ROOT
from warehouse.contracts_loader import load_contracts
from warehouse.contracts_model import Column, ColumnType, FileFormat, FileKind, OnInvalid
from warehouse.ingest.delivery_rules import period_bounds
from warehouse.ingest.text_scan import scanned
from warehouse.ingest.values import content_sql, identity_sql, parsed_sql, rules_of
from warehouse.readers.encodings import ENCODINGS
from warehouse.readers.fixed_width import period_of
from warehouse.readers.scan import scan_file


def value(sql: str, text: str | None):
    return duckdb.execute(f"SELECT {sql} FROM (SELECT $v::VARCHAR AS x)", {"v": text}).fetchall()[0][0]


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("%Y%m%d", "19800102", "19800102"),
        ("%Y%m%d", "19801399", "19801399"),
        ("%m/%d/%Y", "05/06/1994", "19940506"),
        ("%m/%d/%Y", "5/6/1994", "19940506"),
        ("%m/%d/%Y", "13/40/1994", "19941340"),
        ("%m%d%Y", "23112992", "29922311"),
        ("%d.%m.%Y", "31.12.1999", "19991231"),
        ("%Y-%m-%d", "1999-12-31", "19991231"),
        ("%Y-%m-%d", "1999-1B-31", "1999131"),
        ("%Y-%m-%d", "unknown", None),
        ("%Y-%m", "1999-12", "19991201"),
        ("%Y-%m-%d", None, None),
    ],
)
def test_birth_dates_keep_their_digits_in_one_order(form, text, expected):
    column = Column("x", "x", ColumnType.DATE, role="birth_date", date_format=form)
    assert value(identity_sql(column), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("123-45-6789", "123456789"),
        ("123456789", "123456789"),
        ("1234xxX89", "1234xxx89"),
        ("I", None),
        ("12345678901", "123456789"),
        ("12 34", "1234"),
        ("12a45", "1245"),
    ],
)
def test_social_security_numbers_keep_digits_and_gaps(text, expected):
    assert value(identity_sql(Column("x", "x", role="ssn")), text) == expected


def test_sex_is_m_f_or_not_known():
    column = Column("x", "x", role="sex", recode={"Male": "M", "Female": "F"})
    assert [value(identity_sql(column), t) for t in ("Male", "Female", "Femle", None)] == [
        "M",
        "F",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("column", "text", "rule"),
    [
        (Column("x", "x", ColumnType.INTEGER), "12", None),
        (Column("x", "x", ColumnType.INTEGER), "12.7", "not-a-number"),
        (Column("x", "x", ColumnType.INTEGER), "1e3", "not-a-number"),
        (Column("x", "x", ColumnType.NUMBER), "12.75", None),
        (Column("x", "x", ColumnType.NUMBER), "12,75", "not-a-number"),
        (Column("x", "x", ColumnType.NUMBER, implied_decimals=2), "00001275", None),
        (Column("x", "x", ColumnType.NUMBER, implied_decimals=2), "12.75", "not-a-number"),
        (Column("x", "x", ColumnType.DATE, date_format="%Y%m%d"), "20230229", "impossible-date"),
        (Column("x", "x", ColumnType.DATE, date_format="%Y%m%d"), "2023111", "impossible-date"),
        (Column("x", "x", ColumnType.DATE, date_format="%Y%m"), "202302", None),
        (Column("x", "x", ColumnType.DATE, date_format="%Y%m"), "202313", "impossible-date"),
        (Column("x", "x", ColumnType.DATE, date_format="%Y-%m-%d"), "0023-01-01", "impossible-date"),
        (Column("x", "x", ColumnType.TIMESTAMP, date_format="%Y-%m-%d %H:%M:%S"), "2023-01-01 25:00:00",
         "impossible-date"),
        (Column("x", "x", codes={"1": ""}), "2", "unknown-code"),
        (Column("x", "x", pattern="[0-9]{2}"), "123", "wrong-pattern"),
        (Column("x", "x", ColumnType.NUMBER, minimum="0", maximum="10"), "10.01", "out-of-range"),
        (Column("x", "x", ColumnType.DATE, date_format="%Y%m%d", minimum="1900-01-01"), "18991231",
         "out-of-range"),
        (Column("x", "x", max_length=2), "123", "too-long"),
        (Column("x", "x", required=True), None, "missing-value"),
        (Column("x", "x", ColumnType.INTEGER), None, None),
    ],
)  # fmt: skip
def test_rules_of_values(column, text, rule):
    broken = [r.rule for r in rules_of(column) if value(r.broken, text)]
    assert broken == ([rule] if rule else [])


def test_cents_become_dollars_and_invalid_values_become_null():
    cents = Column("x", "x", ColumnType.NUMBER, implied_decimals=2)
    assert str(value(parsed_sql(cents), "0001275")) == "12.75"
    code = Column("x", "x", codes={"1": ""}, recode={"1": "one"}, on_invalid=OnInvalid.NULL)
    rules = list(rules_of(code))
    assert [value(content_sql(code, rules), t) for t in ("1", "2")] == ["one", None]
    kept = Column("x", "x", codes={"1": ""}, on_invalid=OnInvalid.KEEP)
    assert value(content_sql(kept, list(rules_of(kept))), "2") == "2"


@pytest.mark.parametrize(
    ("period", "bounds"),
    [
        ("2023Q1", (date(2023, 1, 1), date(2023, 4, 1))),
        ("2023Q4", (date(2023, 10, 1), date(2024, 1, 1))),
        ("2023-12", (date(2023, 12, 1), date(2024, 1, 1))),
        ("2023-02", (date(2023, 2, 1), date(2023, 3, 1))),
        ("2023", (date(2023, 1, 1), date(2024, 1, 1))),
        ("all", None),
        ("2023-13", None),
    ],
)
def test_periods(period, bounds):
    assert period_bounds(period) == bounds


def test_periods_from_parts():
    assert period_of({"year": "2023", "quarter": "1"}) == "2023Q1"
    assert period_of({"year": "2023", "month": "2"}) == "2023-02"
    assert period_of({"year": "2023"}) == "2023"
    assert period_of({"period": "2023Q1", "year": None}) == "2023Q1"
    assert period_of({}) == "all"


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_encoding_is_scanned(name, tmp_path):
    path = tmp_path / "f"
    letters = "Ж" if name == "windows-1251" else "é"
    path.write_bytes(f"a,b\n{letters}{letters},1\n".encode(ENCODINGS[name].codec))
    assert scan_file(path, FileFormat(FileKind.DELIMITED, encoding=name)).faults == ()


def test_the_contracts_of_the_repository_load():
    evergreen = load_contracts(ROOT / "warehouse" / "contracts", ROOT / "warehouse" / "core")
    anytown = load_contracts(
        ROOT / "examples" / "anytown" / "contracts", ROOT / "examples" / "anytown" / "core"
    )
    assert (len(evergreen), len(anytown)) == (6, 5)
    for contract in (*evergreen, *anytown):
        assert all(mapping.sql.is_file() for mapping in contract.core)
    filer = anytown["dor_income_tax"].by_name["filer"]
    assert not filer.by_name["spouse_ssn"].in_content
    assert [c.name for c in filer.columns if scanned(c)] == []
