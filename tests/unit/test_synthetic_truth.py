"""The synthetic state is reproducible, and its truth lists every record delivered."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from data_sharing_agreements.errors import UsageFault
from warehouse.synthetic import SynthSummary, generate
from warehouse.synthetic.rates import HIGHEST_SHARE, load_rates


def _hashes(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> SynthSummary:
    return generate(3_000, 5, 7, tmp_path_factory.mktemp("state"))


def test_the_same_seed_gives_the_same_bytes(state: SynthSummary, tmp_path: Path) -> None:
    steps: list[str] = []
    generate(3_000, 5, 7, tmp_path, progress=lambda step, done, total: steps.append(step))
    assert _hashes(tmp_path) == _hashes(state.out)
    assert steps[0] == "people"
    assert steps[-1] == "truth"


def test_another_seed_gives_another_state(state: SynthSummary, tmp_path: Path) -> None:
    generate(3_000, 6, 7, tmp_path)
    other, same = _hashes(tmp_path), _hashes(state.out)
    assert set(other) == set(same)
    unchanged = {name for name in same if same[name] == other[name]}
    assert not any(Path(name).name in ("records.csv", "people.parquet", "Client.csv") for name in unchanged)
    assert not any(Path(name).name.startswith(("UI_", "MEDICAID_")) for name in unchanged)
    assert len(unchanged) < len(same) / 3


def test_everybody_is_in_the_truth(state: SynthSummary) -> None:
    people = pq.read_table(state.out / "truth" / "people.parquet")
    assert people.num_rows == 3_000
    assert people["person_id"].to_pylist() == list(range(3_000))


_DELIVERED = """
WITH tanf AS (
    SELECT line FROM read_csv('{d}/dshs_tanf/TANF_*.txt', columns={{'line': 'VARCHAR'}},
        delim='\x01', quote='', escape='', header=false)
), part AS (
    SELECT line[9:19] AS c, line[30:38] AS s, line[22:29] AS b FROM tanf WHERE line LIKE 'T2%'
    UNION ALL
    SELECT line[9:19], line[29:37], line[21:28] FROM tanf WHERE line LIKE 'T3%' OR line LIKE 'T5%'
    UNION ALL
    SELECT line[9:19], line[70:78], line[62:69] FROM tanf WHERE line LIKE 'T3%' AND trim(line[61:101]) <> ''
), wage AS (
    SELECT line FROM read_csv('{d}/esd_wages/UI_*.txt', columns={{'line': 'VARCHAR'}},
        delim='\x01', quote='', escape='', header=false)
    WHERE line LIKE 'S%'
)
SELECT 'dshs_tanf' AS source, concat_ws('|', c, translate(s, '@9ZP0#YBWT', '1234567890'), b) AS record_id
FROM part
UNION
SELECT 'esd_wages', concat_ws('|', trim(line[2:10]), trim(line[11:30]), trim(line[31:42]), trim(line[43]),
    trim(line[147:161]))
FROM wage
UNION
SELECT 'hca_medicaid', MSIS_IDENTIFICATION_NUM
FROM read_csv('{d}/hca_medicaid/*.psv', delim='|', all_varchar=true, union_by_name=true, quote='')
UNION
SELECT 'dcyf_child_welfare', ClientId
FROM read_csv('{d}/dcyf_child_welfare/*.csv', delim=';', all_varchar=true, union_by_name=true,
    encoding='latin-1')
UNION
SELECT 'com_hmis', PersonalID
FROM read_csv(['{d}/com_hmis/*/Client.csv', '{d}/com_hmis/*/Enrollment.csv', '{d}/com_hmis/*/Exit.csv'],
    all_varchar=true, union_by_name=true)
UNION
SELECT 'ospi_k12', StudentIdentifierState FROM read_parquet('{d}/ospi_k12/*.parquet', union_by_name=true)
"""


def test_the_truth_lists_every_record_once_and_no_other(state: SynthSummary) -> None:
    connection = duckdb.connect()
    truth = f"read_csv('{state.out}/truth/records.csv', all_varchar=true)"
    delivered = connection.execute(_DELIVERED.format(d=state.out / "landing")).fetchall()
    listed = connection.execute(f"SELECT source, record_id FROM {truth}").fetchall()
    assert len(listed) == len(set(listed)) == sum(state.records.values())
    assert set(listed) == set(delivered)


def test_the_truth_describes_the_people_of_its_records(state: SynthSummary) -> None:
    connection = duckdb.connect()
    different = connection.execute(
        f"""SELECT count(*) FROM read_csv('{state.out}/truth/records.csv') AS r
        LEFT JOIN '{state.out}/truth/people.parquet' AS p USING (person_id)
        WHERE (r.household_id, r.sex, r.race_ethnicity, r.language_group, r.age_group, r.county)
            IS DISTINCT FROM
            (p.household_id, p.sex, p.race_ethnicity, p.language_group, p.age_group, p.county)"""
    ).fetchall()
    assert different == [(0,)]


def test_indicators_say_what_they_count(state: SynthSummary) -> None:
    written = json.loads((state.out / "truth" / "indicators.json").read_text())
    assert [i["id"] for i in written["indicators"]] == [
        "tanf_leavers_employed",
        "foster_care_chronic_absence",
        "returns_to_homelessness",
    ]
    for indicator in written["indicators"]:
        assert "Denominator" in indicator["definition"]
        whole = indicator["results"][0]
        for breakdown in ("county", "race_ethnicity", "quarter"):
            parts = [r for r in indicator["results"] if r["breakdown"] == breakdown]
            assert sum(r["denominator"] for r in parts) == whole["denominator"]
            assert sum(r["numerator"] for r in parts) == whole["numerator"]


@pytest.mark.parametrize(
    ("people", "seed", "months", "start"),
    [(10, 1, 1, "2023-01"), (500, -1, 1, "2023-01"), (500, 1, 0, "2023-01"), (500, 1, 1, "next year")],
)
def test_impossible_arguments_are_refused(
    people: int, seed: int, months: int, start: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageFault):
        generate(people, seed, months, tmp_path, start)


def test_noise_multiplies_errors_and_not_their_repair() -> None:
    usual, noisy = (
        load_rates().system("com_hmis").shares,
        load_rates().multiplied(3).system("com_hmis").shares,
    )
    assert noisy["surname_typo"] == pytest.approx(3 * usual["surname_typo"])
    assert noisy["no_middle"] == HIGHEST_SHARE
    assert noisy["renames"] == usual["renames"]
    assert load_rates().multiplied(0).system("com_hmis").shares["surname_typo"] == 0
    assert load_rates().multiplied(1) is load_rates()


@pytest.mark.parametrize("noise", [-1.0, 11.0, float("nan")])
def test_impossible_noise_is_refused(noise: float, tmp_path: Path) -> None:
    with pytest.raises(UsageFault):
        generate(500, 1, 1, tmp_path, noise=noise)
