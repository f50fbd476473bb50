"""The second deployment takes in noisy files of its layouts: no row is lost to noise.

A fifth of all values are spoilt: blank, misspelt, or another row's. Only the record id
is what it should be.
"""

import csv
import random

import pytest

from data_sharing_agreements.errors import UsageFault
from tests.warehouse_support import ROOT, Place
from warehouse.contracts_loader import load_contracts
from warehouse.contracts_model import ColumnType
from warehouse.deployment import Deployment
from warehouse.hub import Hub

CONTRACTS = load_contracts(ROOT / "examples" / "anytown" / "contracts")
FILES = {
    "census": "census/census_2020.csv",
    "doh_wic": "doh_wic/doh_wic_2019.csv",
    "dor_income_tax": "dor_income_tax/dor_income_tax_2019.csv",
    "esd_wages": "esd_wages/esd_wages_2019.csv",
    "ssa_numident": "ssa_numident/ssa_numident.csv",
}
ROWS = 300


def values_of(column, chance: random.Random) -> str:
    if column.codes:
        return chance.choice(list(column.codes))
    if column.type is ColumnType.DATE:
        form = column.date_format
        day = f"{chance.randint(1, 12):02d}", f"{chance.randint(1, 28):02d}", str(chance.randint(1930, 2019))
        return form.replace("%m", day[0]).replace("%d", day[1]).replace("%Y", day[2])
    if column.type is not ColumnType.STRING:
        return str(chance.randint(1, 99999))
    if column.role == "ssn":
        return f"{chance.randint(100, 899)}-{chance.randint(10, 99)}-{chance.randint(1000, 9999)}"
    return chance.choice(["Ana", "Bo", "White", "Oak St", "King", "12", "C"]) + chance.choice("abcdef ")


def spoil(text: str, chance: random.Random) -> str:
    kind = chance.randint(0, 3)
    if kind == 0 or not text:
        return ""
    at = chance.randrange(len(text))
    if kind == 1:
        return text[:at] + chance.choice("oO;'\"xé1,") + text[at + 1 :]
    return text[:at] + text[at + 1 :] if kind == 2 else text + text[-1]


def write_noisy(path, contract) -> None:
    chance = random.Random(contract.source)
    columns = contract.tables[0].columns
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.physical_name for column in columns])
        for i in range(ROWS):
            row = [values_of(column, chance) for column in columns]
            row = [spoil(value, chance) if chance.random() < 0.2 else value for value in row]
            writer.writerow([f"{contract.source}-{i:06d}", *row[1:]])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    base = tmp_path_factory.mktemp("anytown")
    for source, name in FILES.items():
        write_noisy(base / "landing" / name, CONTRACTS[source])
    deployment = Deployment.load(ROOT / "examples" / "anytown" / "commonweal.toml", base / "home")
    Hub.init(deployment)
    with Hub.open(deployment) as hub:
        made = Place(hub, base / "landing")
        made.steps = {step.source: step for step in made.run(None)}
        yield made


@pytest.mark.parametrize("source", FILES)
def test_every_row_is_taken_in(source, place):
    step = place.steps[source]
    assert (step.status, step.rules) == ("done", ())
    assert (step.rows_in, step.rows_out) == (ROWS, ROWS)
    records = place.rows(f"SELECT count(*) FROM vault.crosswalk WHERE namespace = '{source}'")
    assert records == [(ROWS,)]


def test_spouses_and_dependents_are_not_read(place):
    names = place.rows(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'content' "
        "AND table_name = 'dor_income_tax__filer' ORDER BY 1"
    )
    assert [name for (name,) in names] == ["delivery_id", "record_key", "row_number", "tax_year"]
    licensed = place.hub.agreements.licensed_fields("dor_income_tax")
    assert not [field for field in licensed if "spouse" in field or "dependent" in field]


def test_birth_dates_that_do_not_exist_keep_digits_and_lose_their_month(place):
    (nonsense,) = place.rows(
        "SELECT count(*) FROM vault.identity i JOIN warehouse.current.census__person p USING (record_key) "
        "WHERE birth_month IS NULL AND birth_date IS NOT NULL"
    )
    assert nonsense[0] > 0


def test_a_second_run_finds_nothing_new(place):
    assert {step.status for step in place.run(None)} == {"skipped"}


def test_an_unknown_source_is_told(place):
    with pytest.raises(UsageFault):
        place.run("nobody")
