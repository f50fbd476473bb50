"""Deliveries of the synthetic state are laid out as published, and their totals are right."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from warehouse.contracts_loader import load_contracts
from warehouse.contracts_model import Column
from warehouse.synthetic import SynthSummary, generate

CLEAR = str.maketrans("@9ZP0#YBWT", "1234567890")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> SynthSummary:
    return generate(3_000, 11, 7, tmp_path_factory.mktemp("state"))


def _lines(state: SynthSummary, source: str, name: str) -> list[str]:
    text = (state.out / "landing" / source / name).read_bytes().decode("ascii")
    assert text.endswith("\n")
    return text.splitlines()


def test_tanf_active_cases_are_laid_out_as_the_federal_report(state: SynthSummary) -> None:
    lines = _lines(state, "dshs_tanf", "TANF_A_2023Q2.txt")
    assert lines[0] == "HEADER20232A00000TAN1ED"
    assert lines[-1] == f"TRAILER{len(lines) - 2:07d}" + " " * 9
    body = lines[1:-1]
    assert {line[:2] for line in body} == {"T1", "T2", "T3"}
    assert {len(line) for line in body} == {156}
    assert {line[2:8] for line in body} == {"202304", "202305", "202306"}
    adults = [line for line in body if line[:2] == "T2"]
    assert all(line[29:38].translate(CLEAR).isdigit() for line in adults)
    assert all(line[44] in "12" for line in adults)


def test_tanf_children_stand_two_a_line(state: SynthSummary) -> None:
    lines = [x for x in _lines(state, "dshs_tanf", "TANF_A_2023Q2.txt") if x[:2] == "T3"]
    both = [line for line in lines if line[60:101].strip()]
    assert 0 < len(both) < len(lines)
    for line in both:
        assert line[60] == "1"
        assert line[61:69].isdigit()
        assert line[69:78].translate(CLEAR).isdigit()
        assert line[84] in "12"


def test_tanf_closed_cases_have_their_own_section(state: SynthSummary) -> None:
    lines = _lines(state, "dshs_tanf", "TANF_C_2023Q1.txt")
    assert lines[0].startswith("HEADER20231C")
    assert int(lines[-1][7:14]) == len(lines) - 2
    closed = {line[8:19] for line in lines if line[:2] == "T4"}
    assert closed == {line[8:19] for line in lines if line[:2] == "T5"}
    assert {len(line) for line in lines[1:-1]} == {71}


def test_wage_records_add_up_by_employer_and_in_all(state: SynthSummary) -> None:
    lines = _lines(state, "esd_wages", "UI_2023Q1.txt")
    assert {len(line) for line in lines} == {275}
    assert [line[0] for line in lines[:3]] == ["A", "B", "E"]
    employees = wages = employers = 0
    count = total = 0
    for line in lines[2:-1]:
        if line[0] == "E":
            employer, count, total = line[173:188].strip(), 0, 0
            employers += 1
        elif line[0] == "S":
            assert line[146:161].strip() == employer
            assert line[214:220] == "032023"
            count, total = count + 1, total + int(line[63:77])
        else:
            assert line[0] == "T"
            assert (int(line[1:8]), int(line[26:40])) == (count, total)
            employees, wages = employees + count, wages + total
    last = lines[-1]
    assert (last[0], int(last[1:11]), int(last[11:21]), int(last[40:55])) == (
        "F",
        employees,
        employers,
        wages,
    )
    assert employees == sum(line[0] == "S" for line in lines)


def test_child_welfare_is_written_in_its_own_dialect(state: SynthSummary) -> None:
    data = (state.out / "landing" / "dcyf_child_welfare" / "CW_CLIENTS_2023Q2.csv").read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n")
    rows = list(csv.DictReader(data.decode("windows-1252").splitlines(), delimiter=";"))
    assert rows
    assert all(row["BirthDate"] == "" or row["BirthDate"][2] == row["BirthDate"][5] == "." for row in rows)


def test_a_quarter_that_is_not_complete_is_delivered_too(state: SynthSummary) -> None:
    assert (state.out / "landing" / "esd_wages" / "UI_2023Q3.txt").exists()
    assert not (state.out / "landing" / "esd_wages" / "UI_2023Q4.txt").exists()
    assert state.deliveries["hca_medicaid"] == 7


def _breaks(column: Column, values: list[tuple[str | None, int]]) -> int:
    """Count rows whose value is no code of the column, or is required and missing."""
    wrong = 0
    for value, rows in values:
        missing = value is None or value == "" or value in column.nulls
        if missing:
            wrong += rows * column.required
        elif column.codes and value not in column.codes:
            wrong += rows
    return wrong


@pytest.mark.parametrize(
    ("source", "file", "table", "options"),
    [
        ("hca_medicaid", "MEDICAID_ELIG_*.psv", "eligibility", "delim='|', quote=''"),
        ("hca_medicaid", "MEDICAID_CLAIMS_*.psv", "claim", "delim='|', quote=''"),
        ("dcyf_child_welfare", "CW_EPISODES_*.csv", "episode", "delim=';', quote='\"'"),
        ("com_hmis", "HMIS_*/Client.csv", "client", "delim=',', quote='\"'"),
        ("com_hmis", "HMIS_*/Enrollment.csv", "enrollment", "delim=',', quote='\"'"),
        ("com_hmis", "HMIS_*/Exit.csv", "exit", "delim=',', quote='\"'"),
        ("com_hmis", "HMIS_*/Project.csv", "project", "delim=',', quote='\"'"),
        ("ospi_k12", "K12_ENROLLMENT_*.parquet", "enrollment", ""),
        ("ospi_k12", "K12_ATTENDANCE_*.parquet", "attendance", ""),
    ],
)
def test_values_keep_to_the_contract_but_for_a_few(
    state: SynthSummary, source: str, file: str, table: str, options: str
) -> None:
    contract = load_contracts(ROOT / "warehouse" / "contracts")[source]
    path = state.out / "landing" / source / file
    reader = f"read_csv('{path}', all_varchar=true, header=true, {options})" if options else f"'{path}'"
    connection = duckdb.connect()
    rows = connection.execute(f"SELECT count(*) FROM {reader}").fetchall()[0][0]
    assert rows
    for column in contract.by_name[table].columns:
        values = connection.execute(
            f'SELECT "{column.physical_name}"::VARCHAR, count(*) FROM {reader} GROUP BY 1'
        ).fetchall()
        assert _breaks(column, values) <= contract.rules.tolerance / 4 * rows, column.name
