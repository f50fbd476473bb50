"""From content and spine to core, marts, queries, tables, indicators and lineage, on real stores.

The warehouse is filled directly with made-up content (no delivery, no linkage), so that what
comes out can be checked by hand: 1,200 adults leave TANF in each of two quarters, every third
has wages two quarters later.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from data_sharing_agreements.decisions.rules_time import after_working_days
from data_sharing_agreements.documents import load_agreements
from data_sharing_agreements.errors import Refused, UsageFault
from data_sharing_agreements.gate import Gate
from linkage.spine import ensure_spine
from privacy.keys import Role
from tests.agreements_support import signed
from warehouse.core import build
from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.indicators import compute
from warehouse.ingest.content import ensure_content
from warehouse.lineage import lineage
from warehouse.marts import publish
from warehouse.opener import Session, Store
from warehouse.query import query, table
from warehouse.restrictions.settle import settle

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 2_400
MONTHS = "generate_series(DATE '2023-01-01', DATE '2024-12-01', INTERVAL 1 MONTH)"
KEY = {
    "dshs_tanf": 1,
    "esd_wages": 2,
    "hca_medicaid": 3,
    "com_hmis": 4,
    "ospi_k12": 5,
    "dcyf_child_welfare": 6,
}
COUNTIES = "list_value('001', '003', '005')[1 + p % 3]"

ROWS = {
    # Half leave after June 2023, half after September 2023; the last reported month is December 2024.
    "dshs_tanf__adult": f"""
        SELECT {{record}} AS record_key, m::DATE AS report_month, p AS case_number, '1' AS family_affiliation,
            DATE '1990-01-01' + to_months((p % 120)::INTEGER) AS birth_month, if(p % 4 = 0, 'M', 'F') AS sex,
            '2' AS race_hispanic, '1' AS race_white, if(p % 2 = 0, '18', '16') AS work_part_status
        FROM range({PEOPLE}) t(p), {MONTHS} s(m)
        WHERE m <= if(p < {PEOPLE // 2}, DATE '2023-06-01', DATE '2023-09-01')
            OR (p = 0 AND m = DATE '2024-12-01')""",
    "dshs_tanf__family": f"""
        SELECT m::DATE AS report_month, p AS case_number, {COUNTIES} AS county_fips, 300 AS cash_amount
        FROM range({PEOPLE}) t(p), {MONTHS} s(m) WHERE m <= DATE '2023-09-01'""",
    # Wages in 2023Q4 and 2024Q1, of every third, and a last quarter in which somebody earns.
    "esd_wages__wage": f"""
        SELECT {{record}} AS record_key, q AS reporting_period, 5000 + p AS ui_total_wages,
            400 AS hours_worked, '1' AS month1_employment, '1' AS month2_employment, '0' AS month3_employment
        FROM range({PEOPLE}) t(p),
            (VALUES (DATE '2023-12-01'), (DATE '2024-03-01'), (DATE '2024-12-01')) s(q)
        WHERE p % 3 = 0 AND (q < DATE '2024-12-01' OR p = 3)""",
    "hca_medicaid__eligibility": f"""
        SELECT {{record}} AS record_key, m::DATE AS coverage_month, if(p % 4 = 0, 'M', 'F') AS sex,
            '1' AS race_ethnicity, 'ENG' AS language, {COUNTIES} AS county_fips, '01' AS eligibility_group,
            DATE '1990-01-01' + to_months((p % 120)::INTEGER) AS birth_month
        FROM range({PEOPLE}) t(p), {MONTHS} s(m) WHERE m <= DATE '2023-06-01'""",
    "com_hmis__enrollment": f"""
        SELECT {{record}} AS record_key, p AS enrollment_id, 'P' AS project_id,
            DATE '2023-02-01' AS entry_date
        FROM range(0, {PEOPLE}, 4) t(p)
        UNION ALL
        SELECT {{record}}, p + 1000000, 'P', DATE '2023-06-01' FROM range(0, {PEOPLE}, 8) t(p)
        UNION ALL
        SELECT {{record}}, p + 2000000, 'P', DATE '2024-10-01' FROM range(0, 8, 8) t(p)""",
    "com_hmis__exit": f"""
        SELECT {{record}} AS record_key, p AS exit_id, p AS enrollment_id, DATE '2023-03-15' AS exit_date,
            '410' AS destination FROM range(0, {PEOPLE}, 4) t(p)""",
    "com_hmis__project": "SELECT 'P' AS project_id, 'O' AS organization_id, '13' AS project_type",
}


def fill(session: Session, hub: Hub) -> None:
    """Fill content with the rows above, of one delivery a source; person p has key p + 1."""
    ensure_content(session, hub.contracts)
    for contract in hub.contracts:
        session.execute(
            "INSERT INTO warehouse.content.current_delivery VALUES (?, ?, '2024Q4')",
            [contract.source, contract.source],
        )
    for name, rows in ROWS.items():
        source = name.split("__")[0]
        select = rows.format(record=f"p * 10 + {KEY[source]}")
        session.execute(
            f"INSERT INTO warehouse.content.{name} BY NAME "
            f"SELECT *, '{source}' AS delivery_id FROM ({select})"
        )
    ensure_spine(session.raw)
    session.execute(
        f"INSERT INTO warehouse.spine.assignment SELECT p * 10 + k, p + 1, 'x', 1, NULL "
        f"FROM range({PEOPLE}) t(p), range(1, 5) s(k)"
    )
    session.execute(
        f"INSERT INTO warehouse.spine.version VALUES (1, TIMESTAMP '2025-01-01', 'm', 1, {PEOPLE}, 'h')"
    )


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A home whose warehouse is filled, with core, marts and indicators made once."""
    deployment = Deployment.load(ROOT / "commonweal.toml", tmp_path_factory.mktemp("marts") / "home")
    Hub.init(deployment)
    with Hub.open(deployment) as opened:
        with opened.opener.session(write=[Store.warehouse()]) as session:
            fill(session, opened)
        settle(opened)
        opened.registry.link_versions.add(1, "m", {}, "h", 1, PEOPLE, {})
        assert {step.status for step in build(opened)} == {"done"}
        assert {step.status for step in publish(opened)} == {"done"}
        made = {step.source: step.status for step in compute(opened)}
        assert made.pop("foster_care_chronic_absence") == "skipped", "there is no child in this state"
        assert set(made.values()) == {"done"}
        yield opened


def test_a_second_time_there_is_nothing_to_do(hub: Hub) -> None:
    for step in (*build(hub), *publish(hub), *compute(hub)):
        assert step.status == "skipped", step


def test_core_has_one_exit_a_person_and_nobody_who_is_still_there(hub: Hub) -> None:
    with hub.opener.session(read=[Store.warehouse()]) as session:
        ended = session.execute(
            "SELECT year(end_date), quarter(end_date), count(*) FROM warehouse.core.spell "
            "WHERE source = 'dshs_tanf' AND end_date IS NOT NULL GROUP BY ALL ORDER BY ALL"
        )
        assert ended == [(2023, 2, PEOPLE // 2), (2023, 3, PEOPLE // 2)]
        agencies = session.execute(
            "SELECT DISTINCT source, agency, program FROM warehouse.core.event ORDER BY 1"
        )
        assert ("esd_wages", "esd", "ui") in agencies
        assert session.one("SELECT count(*) FROM warehouse.core.person WHERE county = 'Alder'") == PEOPLE // 3


def test_the_indicator_is_what_was_planted(hub: Hub) -> None:
    found = [r.result for r in hub.registry.indicator_results.latest("tanf_leavers_employed")]
    whole = next(r for r in found if r["breakdown"] == "all")
    assert (whole["numerator"], whole["denominator"]) == (PEOPLE // 3, PEOPLE)
    by_quarter = {r["breakdown"]: r["value"] for r in found if r["breakdown"].startswith("exit_quarter=")}
    assert by_quarter == pytest.approx({"exit_quarter=2023Q2": 1 / 3, "exit_quarter=2023Q3": 1 / 3}, abs=0.01)
    returns = [r.result for r in hub.registry.indicator_results.latest("returns_to_homelessness")]
    assert returns[0]["value"] == pytest.approx(0.5, abs=0.01)
    page = (hub.deployment.reports / "scorecard.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 4
    assert not re.search(r"src=\"|(?:href|url\()=?\"?(?:[a-z]+:)?//", page), "the page loads nothing"


def test_counts_of_indicators_respect_the_cell_rule_and_rounding(hub: Hub) -> None:
    for row in hub.registry.indicator_results.latest():
        result = row.result
        assert (result["value"] is None) == result["suppressed"]
        for number in (result["numerator"], result["denominator"]):
            assert number is None or (number % 5 == 0 and number not in range(1, 10))


def test_the_research_mart_answers_its_licensee(hub: Hub) -> None:
    answer = query(
        hub,
        actor="researcher",
        project="tanf-leavers",
        sql="SELECT count(*) AS n, count(DISTINCT study_id) AS people FROM leaver_earnings",
    ).to_json()
    assert answer["schema"] == "commonweal/query/1"
    assert answer["columns"][0] == {"name": "n", "type": "BIGINT"}
    assert answer["rows"] == [[PEOPLE, PEOPLE]]
    assert {o["rule"] for o in answer["obligations"]} >= {"min_cell", "k_anonymity", "attribution"}


def test_groups_of_the_research_mart_are_large_enough(hub: Hub) -> None:
    sql = (
        "SELECT count(DISTINCT study_id) FROM leaver_earnings "
        "GROUP BY exit_quarter, race_ethnicity, region, sex, age_band ORDER BY 1 LIMIT 1"
    )
    assert query(hub, "researcher", "tanf-leavers", sql).rows[0][0] >= 5


def test_study_ids_are_not_person_keys_and_differ_between_projects(hub: Hub) -> None:
    ids = {}
    for project in ("tanf-leavers", "results"):
        with hub.opener.session(read=[Store.study_ids(project)]) as session:
            ids[project] = dict(session.execute("SELECT person_key, study_id FROM study_ids.study_id"))
    assert all(ids["results"][p] != ids["tanf-leavers"][p] != p for p in ids["tanf-leavers"])


def test_the_question_is_logged_without_its_literals(hub: Hub) -> None:
    sql = "SELECT sex AS \"Wimblethwaite\" FROM leaver_earnings WHERE region = 'Wimblethwaite'"
    query(hub, "researcher", "tanf-leavers", sql)
    entry = hub.log.show(1)[0]
    assert "Wimblethwaite" not in repr(entry)
    assert "leaver_earnings.region" in repr(entry)


@pytest.mark.parametrize(
    ("actor", "project", "sql"),
    [
        ("analyst", "tanf-leavers", "SELECT 1 FROM leaver_earnings"),
        ("nobody", "tanf-leavers", "SELECT 1 FROM leaver_earnings"),
        ("analyst", "results", "SELECT 1 FROM tanf_leavers"),
        ("researcher", "results", "SELECT 1 FROM tanf_leavers"),
        ("researcher", "no-such-project", "SELECT 1"),
        ("researcher", "tanf-leavers", "SELECT * FROM tanf_leavers"),
        ("researcher", "tanf-leavers", "SELECT * FROM mart._commonweal"),
        ("researcher", "tanf-leavers", "ATTACH 'x'"),
    ],
)
def test_who_may_not_is_refused(hub: Hub, actor: str, project: str, sql: str) -> None:
    with pytest.raises(Refused):
        query(hub, actor, project, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nothing FROM leaver_earnings",
        "SELECT sex::INTEGER FROM leaver_earnings",
        "SELECT sum(sex) FROM leaver_earnings",
        "SELEC",
    ],
)
def test_a_wrong_question_is_a_usage_fault_without_values(hub: Hub, sql: str) -> None:
    with pytest.raises(UsageFault) as caught:
        query(hub, "researcher", "tanf-leavers", sql)
    assert "'F'" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_many_rows_are_cut_off_and_said_to_be(hub: Hub) -> None:
    sql = "SELECT a.study_id FROM leaver_earnings a CROSS JOIN (FROM leaver_earnings LIMIT 9) b"
    answer = query(hub, "researcher", "tanf-leavers", sql)
    assert (len(answer.rows), answer.withheld) == (10_000, 1)


def test_the_table_builder_gives_totals_and_the_same_answer_twice(hub: Hub) -> None:
    def ask() -> dict:
        return table(
            hub, project="results", rows=("county",), columns=("sex",), measure="leavers", actor="analyst"
        ).to_json()

    first, second = ask(), ask()
    assert first["rows"] == second["rows"]
    assert [c["name"] for c in first["columns"]] == ["county", "sex", "leavers", "suppressed"]
    cells = {(county, sex): n for county, sex, n, _ in first["rows"]}
    assert abs(cells["all", "all"] - PEOPLE) <= 10
    assert abs(cells["Alder", "F"] - PEOPLE // 4) <= 10
    assert all(n % 5 == 0 for n in cells.values() if n is not None)


def test_a_cell_is_the_same_in_every_table(hub: Hub) -> None:
    def total(dimension: str) -> int:
        rows = table(hub, "results", [dimension], [], "leavers", "analyst").rows
        return next(row[1] for row in rows if row[0] == "all")

    assert total("county") == total("sex") == total("work_activities")


@pytest.mark.parametrize("measure", ["employed", "mean_earnings"])
def test_shares_and_means(hub: Hub, measure: str) -> None:
    answer = table(hub, "results", ["exit_quarter"], [], measure, "analyst")
    names = [name for name, _ in answer.columns]
    whole = dict(zip(names, next(r for r in answer.rows if r[0] == "all"), strict=True))
    if measure == "employed":
        assert whole["employed"] == pytest.approx(1 / 3, abs=0.01)
    else:
        assert whole["mean_earnings"] == pytest.approx(5000 + PEOPLE / 2, rel=0.01)


@pytest.mark.parametrize(
    ("rows", "measure", "fault"),
    [
        (["zip"], "leavers", UsageFault),
        (["county", "county"], "leavers", UsageFault),
        ([], "leavers", UsageFault),
        (["county", "sex", "race_ethnicity", "exit_quarter"], "leavers", UsageFault),
        (["county"], "nothing", UsageFault),
    ],
)
def test_what_is_not_declared_cannot_be_asked(hub: Hub, rows: list[str], measure: str, fault: type) -> None:
    with pytest.raises(fault):
        table(hub, "results", rows, [], measure, "analyst")


def test_a_researcher_gets_no_table_of_another_project(hub: Hub) -> None:
    with pytest.raises(Refused):
        table(hub, "results", ["county"], [], "leavers", "researcher")


def test_the_portal_asks_marts_with_its_own_key_and_can_build_nothing(hub: Hub) -> None:
    with Hub.open(hub.deployment, roles={Role.PORTAL}) as portal:
        assert query(portal, "researcher", "tanf-leavers", "SELECT count(*) FROM leaver_earnings").rows
        assert table(portal, "results", ["sex"], [], "leavers", "analyst").rows
        for work in (build, publish):
            with pytest.raises(Refused):
                work(portal)


def test_the_budget_ends(hub: Hub) -> None:
    limit = hub.agreements.dul_for("results").table_builder
    assert limit is not None
    spent = hub.registry.budget.spent("results", "analyst")
    hub.registry.budget.spend("results", "analyst", limit.budget - spent)
    with pytest.raises(Refused) as caught:
        table(hub, "results", ["county"], [], "leavers", "analyst")
    assert caught.value.details[0].code == "budget-spent"


def test_open_data_waits_for_its_reviewers_and_then_leaves_with_its_attribution(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten working days, the longest review of the agreements, end after the second weekend."""
    reports, name = hub.deployment.reports, "public_program_counts"
    note = json.loads((reports / "in_review" / f"{name}-1.json").read_text())
    leaves, made = date.fromisoformat(note["may_leave_from"]), date.fromisoformat(note["made"])
    assert leaves == after_working_days(made, 10)
    assert "Health Care Authority" in note["reviewers"]
    csv = pd.read_csv(reports / "in_review" / f"{name}-1.csv")
    monkeypatch.setattr(hub.gate, "today", lambda: leaves - timedelta(days=1))
    publish(hub)
    assert not (reports / "open_data").exists() or not list((reports / "open_data").iterdir())
    monkeypatch.setattr(hub.gate, "today", lambda: leaves)
    done = [step for step in publish(hub) if step.source.endswith("(open data)")]
    assert [step.status for step in done] == ["done"]
    assert not list((reports / "in_review").iterdir())
    assert json.loads((reports / "open_data" / f"{name}.json").read_text())["attribution"]
    parquet = pd.read_parquet(reports / "open_data" / f"{name}.parquet")
    pd.testing.assert_frame_equal(pd.read_csv(reports / "open_data" / f"{name}.csv"), csv)
    assert len(csv) == len(parquet) > 0
    shown = csv[~csv["suppressed"]]
    assert (shown["persons"] % 5 == 0).all()
    assert not shown["persons"].between(1, 9).any()
    assert csv.loc[csv["suppressed"], "persons"].isna().all()


def test_the_codebook_says_where_columns_come_from_and_what_binds(hub: Hub) -> None:
    (mart,) = hub.registry.marts.current("tanf-leavers")
    book = mart.codebook
    fields = {f["name"]: f for f in book["fields"]}
    assert "esd_wages.wage.ui_total_wages" in fields["earnings_q1"]["fields"]
    assert book["identifiability"] == "pseudonymised"
    assert book["disclosure"]["k"] >= book["disclosure"]["k_required"] == 5
    assert book["link"]["version"] == 1
    page = (hub.deployment.reports / "marts" / "tanf-leavers" / "leaver_earnings.html").read_text()
    assert "exit_quarter" in page
    assert "DUL-2026-001" in page


@pytest.mark.parametrize(
    ("name", "source", "column"),
    [
        ("leaver_earnings", "esd_wages", "wage.ui_total_wages"),
        ("tanf-leavers/leaver_earnings", "hca_medicaid", "eligibility.coverage_month"),
        ("leaver_earnings.earnings_q2", "esd_wages", "wage.ui_total_wages"),
        ("tanf_leavers_employed", "esd_wages", "wage.ui_total_wages"),
        ("public_program_counts", "ospi_k12", "attendance.days_enrolled"),
    ],
)
def test_lineage_of_marts_columns_and_indicators(hub: Hub, name: str, source: str, column: str) -> None:
    found = lineage(hub, name).to_json()
    assert found["schema"] == "commonweal/lineage/1"
    assert any(
        (o["source"], o["column"]) == (source, column) for o in found["value_from"] + found["rows_from"]
    )
    assert found["link_version"] == 1
    assert {c["document"] for c in found["clauses"]} & {"DUL-2026-001", "DUL-2026-002"}


def test_an_unknown_name_has_no_lineage(hub: Hub) -> None:
    for name in ("nothing", "leaver_earnings.nothing", "results/leaver_earnings"):
        with pytest.raises(UsageFault):
            lineage(hub, name)


def test_an_expired_license_refuses_its_project_and_no_other(hub: Hub, tmp_path: Path) -> None:
    agreements = tmp_path / "agreements"
    shutil.copytree(
        hub.deployment.agreements_dir, agreements, ignore=shutil.ignore_patterns("*.py", "__pycache__")
    )
    dul = agreements / "dul" / "DUL-2026-001.yaml"
    dul.write_text(dul.read_text().replace("expiry: 2035-12-31", "expiry: 2022-01-02"), encoding="utf-8")
    changed = load_agreements(signed(agreements))
    gate = Gate(changed, hub.log, hub.deployment.today)
    other = dataclasses.replace(hub, agreements=changed, gate=gate)
    statuses = {step.source.split("/")[0]: step.status for step in publish(other)}
    assert statuses["tanf-leavers"] == "refused"
    assert statuses["results"] in ("done", "skipped")
    with pytest.raises(Refused) as caught:
        query(other, "researcher", "tanf-leavers", "SELECT 1 FROM leaver_earnings")
    assert any(d.document == "DUL-2026-001" for d in caught.value.details)
