"""More systems are data: a contract and a declaration, no code."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from data_sharing_agreements.errors import Invalid
from warehouse.contracts_loader import load_contracts
from warehouse.synthetic import generate
from warehouse.synthetic.rates import load_rates
from warehouse.synthetic.systems import load_systems

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: dshs_snap
domain: dshs
dataProduct: snap
name: Food assistance
version: 1.0.0
status: active
customProperties:
  - {property: cadence, value: quarterly}
  - property: format
    value: {kind: delimited, delimiter: ','}
  - property: files
    value: [{pattern: 'SNAP_(?P<period>\\d{4}Q[1-4])\\.csv', tables: [month]}]
schema:
  - name: month
    customProperties: [{property: record_id, value: [client_id]}]
    properties:
      - {name: client_id, physicalName: CLIENT, required: true, classification: direct}
      - name: last
        physicalName: LAST
        classification: direct
        customProperties: [{property: role, value: surname}]
      - {name: month, physicalName: MONTH, logicalType: date, logicalTypeOptions: {format: MM/dd/yyyy}}
      - {name: amount, physicalName: AMOUNT, logicalType: number}
"""

SYSTEM = """
feed: participation
settings: {household: true, need: 0.6, at_start: 0.4, entry: 0.03, leave: 0.05, amount: 290}
writes: {case: upper, letters: plain}
files:
  - {path: "SNAP_{period}.csv", tables: [month]}
tables:
  month: {}
"""


def _place(directory: Path, contract: str, system: str) -> tuple[Path, Path]:
    contracts, systems = directory / "contracts", directory / "systems"
    contracts.mkdir()
    systems.mkdir()
    (contracts / "dshs_snap.yaml").write_text(contract)
    (systems / "dshs_snap.yaml").write_text(system)
    return contracts, systems


def test_a_system_declared_as_data_is_simulated(tmp_path: Path) -> None:
    contracts, systems = _place(tmp_path, CONTRACT, SYSTEM)
    made = generate(1_000, 1, 6, tmp_path / "out", contracts=contracts, systems=systems)
    assert made.deliveries == {"dshs_snap": 2}
    files = tmp_path / "out" / "landing" / "dshs_snap" / "SNAP_*.csv"
    connection = duckdb.connect()
    rows = connection.execute(
        f"""SELECT count(*), count(DISTINCT CLIENT), count(DISTINCT MONTH), avg(AMOUNT)
        FROM read_csv('{files}')"""
    ).fetchall()[0]
    assert rows[0] == made.rows["dshs_snap"] > 500
    assert rows[1] == made.records["dshs_snap"] > 100
    assert rows[2] == 6
    assert 200 < rows[3] < 380
    assert connection.execute(f"SELECT bool_and(LAST = upper(LAST)) FROM read_csv('{files}')").fetchall() == [
        (True,)
    ]


def test_every_fault_of_a_declaration_is_reported_at_once(tmp_path: Path) -> None:
    broken = (
        SYSTEM.replace("case: upper", "case: loud").replace("month: {}", "year: {}").replace("feed", "food")
    )
    contracts, systems = _place(tmp_path, CONTRACT, broken)
    with pytest.raises(Invalid) as fault:
        load_systems(load_contracts(contracts), systems)
    text = str(fault.value)
    assert "dshs_snap.food" in text
    assert "writes.case" in text
    assert "dshs_snap.year" in text


def test_a_system_without_a_contract_is_a_fault(tmp_path: Path) -> None:
    contracts, systems = _place(tmp_path, CONTRACT, SYSTEM)
    (systems / "dshs_other.yaml").write_text(SYSTEM)
    with pytest.raises(Invalid, match="dshs_other has no contract"):
        load_systems(load_contracts(contracts), systems)


def test_an_unknown_feed_is_a_fault(tmp_path: Path) -> None:
    contracts, systems = _place(tmp_path, CONTRACT, SYSTEM.replace("participation", "weather"))
    with pytest.raises(Invalid, match="weather"):
        generate(500, 1, 1, tmp_path / "out", contracts=contracts, systems=systems)


def test_an_unknown_kind_of_error_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "errors.yaml"
    path.write_text(
        "need: 1\nplaceholders: []\nsystems: {a: {spilled_coffee: 0.1}}\ngroups: {english: {luck: 2}}\n"
    )
    with pytest.raises(Invalid) as fault:
        load_rates(path)
    assert "a.spilled_coffee" in str(fault.value)
    assert "english.luck" in str(fault.value)
