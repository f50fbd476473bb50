"""Ingestion on real stores: what is where, the same bytes twice, corrections, kills, formats."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from data_sharing_agreements.errors import UsageFault
from tests.warehouse_support import CLINIC, ROOT, clinic_rows, make_place, text_of
from warehouse.ingest import discover
from warehouse.ingest.discovery import unmatched_files
from warehouse.ingest.quarantine import quarantine_report

FILE = "visits_2023Q1.csv"


def spread(place) -> dict[str, list[tuple]]:
    """All that stands, by stable names: keys replaced by the ids they stand for."""
    identity = place.rows(
        "SELECT c.source_id, i.* EXCLUDE (record_key, delivery_id, employer), e.source_id "
        "FROM vault.current_identity i JOIN vault.crosswalk c ON c.key = i.record_key "
        "JOIN vault.crosswalk e ON e.key::VARCHAR = i.employer ORDER BY ALL"
    )
    content = place.rows(
        "SELECT c.source_id, v.* EXCLUDE (record_key, delivery_id, clinic), e.source_id "
        "FROM warehouse.current.clinic__visit v JOIN vault.crosswalk c ON c.key = v.record_key "
        "JOIN vault.crosswalk e ON e.key = v.clinic ORDER BY ALL"
    )
    refused = place.quarantine("SELECT * EXCLUDE (delivery_id) FROM quarantine.refused ORDER BY ALL")
    keys = place.rows("SELECT namespace, source_id FROM vault.crosswalk ORDER BY ALL")
    return {"identity": identity, "content": content, "refused": refused, "keys": keys}


def test_identifiers_go_to_the_vault_and_content_to_the_warehouse(tmp_path):
    place = make_place(tmp_path)
    rows = clinic_rows(10)
    rows[0] = [
        "V00000", " P7 ", "Zoë", "Ní  Bhriain", "02/31/1980", "123-45-6789", "2", "Ferry", "2023-01-05",
        "12.5", "came back", "C01",
    ]  # fmt: skip
    rows[1][4:6] = ["1/2/1990", "999999999"]
    place.deliver(FILE, text_of(rows))
    (result,) = place.run()
    assert (result.status, result.rows_out) == ("done", 10)
    found = place.rows(
        "SELECT given_name, surname, birth_date, ssn, sex, record_key FROM vault.identity "
        "WHERE record_key = (SELECT key FROM vault.crosswalk WHERE namespace = 'clinic' AND source_id = 'P7')"
    )
    assert found[0][:5] == ("Zoë", "Ní  Bhriain", "19800231", "123456789", "F")
    content = place.rows(
        "SELECT sex, county, visited, cost, note, birth_month, row_number "
        f"FROM warehouse.content.clinic__visit WHERE record_key = {found[0][5]}"
    )
    assert content == [("F", "Ferry", date(2023, 1, 5), Decimal("12.50"), "came back", None, 1)]
    second = place.rows("SELECT birth_date, ssn FROM vault.identity WHERE surname = 'Surnameba'")
    assert second == [("19900102", None)]
    columns = place.rows(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'warehouse' "
        "AND schema_name = 'content' AND table_name = 'clinic__visit' ORDER BY column_index"
    )
    assert [name for name, _ in columns] == [
        "record_key", "sex", "county", "visited", "cost", "note", "clinic", "birth_month", "delivery_id",
        "row_number",
    ]  # fmt: skip
    assert dict(columns)["clinic"] == "BIGINT"
    employer = place.rows(
        "SELECT count(*) FROM vault.identity i JOIN vault.crosswalk c "
        "ON c.namespace = 'clinic.place' AND c.key::VARCHAR = i.employer"
    )
    assert employer == [(10,)]


def test_rows_of_one_person_are_one_identity(tmp_path):
    place = make_place(tmp_path)
    rows = clinic_rows(10)
    for row in rows:
        row[1:7] = ["P1", "Ada", "Same", "01/01/1980", "123456789", "1"]
        row[11] = "C01"
    place.deliver(FILE, text_of(rows))
    assert place.run()[0].rules == ()
    assert place.rows("SELECT count(*), count(DISTINCT record_key) FROM vault.identity") == [(1, 1)]
    assert place.rows("SELECT count(*) FROM warehouse.current.clinic__visit") == [(10,)]


def test_the_same_bytes_again_change_nothing(tmp_path):
    place = make_place(tmp_path)
    place.deliver(FILE, text_of(clinic_rows(20)))
    place.run()
    before = spread(place)
    assert [step.status for step in place.run()] == ["skipped"]
    place.deliver(f"again/{FILE}", text_of(clinic_rows(20)))
    assert [step.status for step in place.run()] == ["skipped"]
    assert spread(place) == before
    assert len(place.hub.registry.deliveries.all()) == 1


def test_a_correction_supersedes_and_keys_stay(tmp_path):
    place = make_place(tmp_path)
    rows = clinic_rows(20)
    rows[3][8] = "2023-02-30"
    path = place.deliver(FILE, text_of(rows))
    assert place.run()[0].rows_quarantined == 1
    keys = dict(place.rows("SELECT source_id, key FROM vault.crosswalk WHERE namespace = 'clinic'"))
    rows[3][8] = "2023-02-28"
    rows[4][2] = "Corrected"
    path.write_text(text_of(rows))
    (result,) = place.run()
    assert (result.status, result.rows_quarantined) == ("done", 0)
    assert place.quarantine("SELECT count(*) FROM quarantine.refused") == [(0,)]
    assert place.rows("SELECT count(*) FROM warehouse.current.clinic__visit") == [(20,)]
    assert place.rows("SELECT count(*) FROM warehouse.content.clinic__visit") == [(39,)]
    names = place.rows("SELECT given_name FROM vault.current_identity")
    assert ("Corrected",) in names
    assert {d.state for d in place.hub.registry.deliveries.all()} == {"accepted", "superseded"}
    now = dict(place.rows("SELECT source_id, key FROM vault.crosswalk WHERE namespace = 'clinic'"))
    assert keys.items() <= now.items()


def test_a_file_written_over_before_it_was_taken_in_is_overtaken(tmp_path):
    from warehouse.ingest import register

    place = make_place(tmp_path)
    path = place.deliver(FILE, text_of(clinic_rows(20)))
    register(place.hub, discover(place.hub, place.landing))
    path.write_text(text_of(clinic_rows(25)))
    (result,) = place.run()
    assert (result.status, result.rows_out) == ("done", 25)
    assert [d.state for d in place.hub.registry.deliveries.all()] == ["superseded", "accepted"]


def test_a_recorded_file_that_left_is_told_and_stays_pending(tmp_path):
    from warehouse.ingest import register

    place = make_place(tmp_path)
    path = place.deliver(FILE, text_of(clinic_rows(20)))
    register(place.hub, discover(place.hub, place.landing))
    path.unlink()
    (result,) = place.run()
    assert (result.status, dict(result.rules)) == ("held", {"not-here": 0})
    path.write_text(text_of(clinic_rows(20)))
    assert place.run()[0].status == "done"


def test_only_licensed_fields_are_read(tmp_path):
    place = make_place(tmp_path, leave_out={"clinic": {"ssn", "note", "cost"}})
    rows = clinic_rows(20)
    for row in rows:
        row[9], row[10] = "unlicensed and no number", "Surname" * 20
    place.deliver(FILE, text_of(rows))
    (result,) = place.run()
    assert (result.status, result.rows_quarantined) == ("done", 0)
    assert place.rows("SELECT count(ssn), count(surname) FROM vault.identity") == [(0, 20)]
    assert place.rows(
        "SELECT count(cost), count(note), count(visited) FROM warehouse.current.clinic__visit"
    ) == [(0, 0, 20)]


def test_a_source_without_its_record_id_licensed_is_refused(tmp_path):
    place = make_place(tmp_path, leave_out={"clinic": {"patient"}})
    place.deliver(FILE, text_of(clinic_rows(5)))
    (result,) = place.run()
    assert result.status == "refused"
    assert result.errors[0].document == "DSA-CLINIC"
    assert place.hub.registry.deliveries.all()[0].state == "refused"


def test_landing_is_left_as_it_is(tmp_path):
    place = make_place(tmp_path)
    place.deliver(FILE, text_of(clinic_rows(20)))
    place.deliver("visits_2023Q2.csv", b"")
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in place.landing.rglob("*")}
    place.run()
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in place.landing.rglob("*")} == before


def test_quarantine_is_reported_without_values_and_logged(tmp_path):
    place = make_place(tmp_path)
    rows = clinic_rows(30)
    rows[2][8], rows[9][8], rows[9][9] = "2023-02-30", "2023-02-31", "x"
    place.deliver(FILE, text_of(rows))
    place.run()
    size = place.hub.log.size
    found = quarantine_report(place.hub, "clinic")
    told = {(r["rule"], r["column"]): (r["rows"], r["row_numbers"], r["file"]) for r in found}
    assert told == {
        ("impossible-date", "visited"): (2, [3, 10], FILE),
        ("not-a-number", "cost"): (1, [10], FILE),
    }
    told_of = [entry["kind"] for entry in place.hub.log.show(None) if entry["index"] >= size]
    assert told_of.count("quarantine-report") == 1
    with pytest.raises(UsageFault):
        quarantine_report(place.hub, "nobody")


def test_the_quality_page_counts_and_links_nowhere(tmp_path):
    place = make_place(tmp_path)
    rows = clinic_rows(30)
    rows[2][8] = "2023-02-30"
    place.deliver(FILE, text_of(rows))
    place.run()
    reports = place.hub.deployment.reports / "quality"
    page = (reports / "clinic.html").read_text()
    assert "impossible-date" in page
    assert "http" not in page
    assert "Surname" not in page
    (results,) = [json.loads(p.read_text()) for p in (reports / "clinic").glob("*.json")]
    failing = {c["rule"]: c["unexpected"] for c in results["checks"] if c["unexpected"]}
    assert failing == {"impossible-date": 1}
    assert all(check["passed"] for check in results["checks"])


def faulty_rows() -> list[list[str]]:
    rows = clinic_rows(40)
    rows[5][8] = "2023-02-30"
    return rows


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """What stands after a run that nobody killed."""
    place = make_place(tmp_path_factory.mktemp("calm"))
    place.deliver(FILE, text_of(faulty_rows()))
    place.run()
    return spread(place)


KILLED_AFTER = ("check_tables", "write_vault", "write_content", "write_quarantine", "save_results")
"""Steps of a delivery; after the last the registry says that it stands, and the stores do not yet."""


@pytest.mark.slow
@pytest.mark.parametrize("step", KILLED_AFTER)
def test_killed_after_a_step_the_next_run_ends_the_same(step, tmp_path, calm):
    make_place(tmp_path).deliver(FILE, text_of(faulty_rows()))
    script = f"""
        import os, signal, sys
        from pathlib import Path
        sys.path.insert(0, {str(ROOT)!r})
        from tests.warehouse_support import make_place
        from warehouse.ingest import flow
        real = flow.{step}
        def killing(*given, **named):
            real(*given, **named)
            os.kill(os.getpid(), signal.SIGKILL)
        flow.{step} = killing
        make_place(Path({str(tmp_path)!r})).run()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], check=False, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    again = make_place(tmp_path)
    again.run()
    assert spread(again) == calm
    assert not list((again.hub.deployment.home / "staging").iterdir())
    assert [d.state for d in again.hub.registry.deliveries.all()] == ["accepted"]
    assert [step.status for step in again.run()] == ["skipped"]


def tanf_contract() -> str:
    import re

    text = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    return re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]


def tanf_line(kind: str, length: int, **fields: tuple[int, str]) -> str:
    line = [" "] * length
    line[0 : len(kind)] = kind
    for start, value in fields.values():
        line[start - 1 : start - 1 + len(value)] = value
    return "".join(line)


def tanf_file(enciphered: bool, count: int = 2) -> str:
    header = f"HEADER20231A53000TAN1{'E' if enciphered else ' '}D"
    ssn = {"one": "@9Z", "two": "P0#"} if enciphered else {"one": "123", "two": "456"}
    adult = tanf_line(
        "T2", 156, month=(3, "202301"), case=(9, "CASE1"), born=(22, "19800102"),
        ssn=(30, ssn["one"] * 3), sex=(45, "2"), income=(133, "0420"),
    )  # fmt: skip
    child = tanf_line(
        "T3", 100, month=(3, "202302"), case=(9, "CASE1"), born=(21, "20150304"), ssn=(29, ssn["one"] * 3),
        second=(62, "20160405"), second_ssn=(70, ssn["two"] * 3),
    )  # fmt: skip
    lines = [header, "T1ignored", adult, child.rstrip(), f"TRAILER{count + 1:07d}"]
    return "\n".join([*lines, ""])


@pytest.mark.parametrize("enciphered", [True, False])
def test_fixed_width_with_record_types_repeats_and_cipher(enciphered, tmp_path):
    place = make_place(tmp_path, {"tanf": tanf_contract()})
    place.deliver("any/where/TANF_A_2023Q1.txt", tanf_file(enciphered))
    (result,) = place.run("dshs_tanf")
    assert (result.status, result.rows_in, result.rows_out) == ("done", 3, 3)
    people = place.rows("SELECT birth_date, ssn, sex FROM vault.identity ORDER BY 1")
    assert people == [
        ("19800102", "123123123", "F"),
        ("20150304", "123123123", None),
        ("20160405", "456456456", None),
    ]
    ids = place.rows("SELECT source_id FROM vault.crosswalk WHERE namespace = 'dshs_tanf' ORDER BY 1")
    assert ids[0] == ("CASE1|123123123|19800102",)
    assert place.rows(
        "SELECT report_month, birth_month, row_number FROM warehouse.current.dshs_tanf__child ORDER BY 2"
    ) == [(date(2023, 2, 1), date(2015, 3, 1), 4), (date(2023, 2, 1), date(2016, 4, 1), 4)]
    assert place.rows("SELECT earned_income FROM warehouse.current.dshs_tanf__adult") == [(420,)]
    households = place.rows(
        "SELECT count(DISTINCT i.household), count(DISTINCT c.case_number) FROM vault.identity i "
        "JOIN warehouse.current.dshs_tanf__child c ON c.case_number::VARCHAR = i.household"
    )
    assert households == [(1, 1)]


@pytest.mark.parametrize(
    ("rule", "spoil"),
    [
        ("trailer-count", lambda t: t.replace("TRAILER0000003", "TRAILER0000004")),
        ("truncated-file", lambda t: t[: t.index("TRAILER")]),
        ("missing-header", lambda t: t[t.index("\n") + 1 :]),
        ("wrong-source", lambda t: t.replace("TAN1", "SSP1")),
        ("wrong-source", lambda t: "name,age\n" + "x,1\n" * 9),
        ("wrong-period", lambda t: t.replace("HEADER20231", "HEADER20232")),
        ("short-record", lambda t: t.replace(" " * 80, "")),
    ],
)
def test_faults_of_fixed_width_files(rule, spoil, tmp_path):
    place = make_place(tmp_path, {"tanf": tanf_contract()})
    place.deliver("TANF_A_2023Q1.txt", spoil(tanf_file(True)))
    (result,) = place.run("dshs_tanf")
    assert result.status == "held"
    assert rule in dict(result.rules)


def test_another_dialect_and_encoding(tmp_path):
    other = CLINIC.replace(
        "{kind: delimited}",
        "{kind: delimited, encoding: windows-1252, delimiter: ';', multiline: true}",
    ).replace("MM/dd/yyyy", "dd.MM.yyyy")
    place = make_place(tmp_path, {"clinic": other})
    rows = clinic_rows(20)
    for i, row in enumerate(rows):
        row[4] = f"{i % 28 + 1:02d}.12.1980"
        row[2] = "Zoë–Œ"
    rows[0][10] = '"two\nlines; in one"'
    text = text_of(rows).replace(",", ";").replace("\n", "\r\n").replace("two\r\nlines", "two\nlines")
    place.deliver(FILE, text.encode("cp1252"))
    (result,) = place.run()
    assert (result.rules, result.rows_out) == ((), 20)
    assert place.rows("SELECT DISTINCT given_name FROM vault.identity") == [("Zoë–Œ",)]
    assert place.rows("SELECT note FROM warehouse.current.clinic__visit WHERE row_number = 1") == [
        ("two\nlines; in one",)
    ]
    place.deliver("visits_2023Q2.csv", text.replace("2023-0", "2023-0").encode("utf-8"))
    assert dict(place.run()[0].rules) == {"wrong-encoding": 0}


def test_parquet_with_typed_columns(tmp_path):
    place = make_place(tmp_path, {"clinic": CLINIC.replace("{kind: delimited}", "{kind: parquet}")})
    rows = clinic_rows(20)
    path = place.landing / FILE
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t AS SELECT * FROM (VALUES %s) v(%s)" % (  # noqa: UP031
        ", ".join(str(tuple(row)) for row in rows), text_of([]).strip()
    ))  # fmt: skip
    connection.execute(
        "COPY (SELECT * REPLACE (visited::DATE AS visited, cost::DOUBLE AS cost, "
        "strptime(born, '%m/%d/%Y')::DATE AS born, nullif(note, '') AS note) FROM t) "
        f"TO '{path}' (FORMAT parquet)"
    )
    connection.close()
    (result,) = place.run()
    assert (result.status, result.rows_out) == ("done", 20)
    assert place.rows("SELECT birth_date FROM vault.identity WHERE surname = 'Surnameba'") == [("19510202",)]
    path.write_bytes(path.read_bytes()[:-100])
    assert dict(place.run()[0].rules) == {"truncated-file": 0}


def test_a_delivery_in_a_directory_of_several_files(tmp_path):
    hmis = list((ROOT / "warehouse" / "contracts").rglob("com_hmis.yaml"))
    place = make_place(tmp_path, {"com_hmis": hmis[0].read_text(encoding="utf-8")})
    place.deliver("deep/HMIS_2023Q1/Client.csv", "PersonalID\n1\n")
    (result,) = place.run("com_hmis")
    assert result.period == "2023Q1"
    assert "missing-file" in dict(result.rules)


def test_discovery_leaves_other_files_alone(tmp_path):
    place = make_place(tmp_path)
    for name in ("README.txt", ".visits_2023Q1.csv", ".part/visits_2023Q1.csv", "visits_2023Q1.csv.sha256"):
        place.deliver(name, "x")
    assert discover(place.hub, place.landing) == []
    assert unmatched_files(place.hub.contracts, place.landing) == ["README.txt"]
    place.deliver("b/visits_2023Q1.csv", "x")
    place.deliver("a/visits_2023Q1.csv", "y")
    os.utime(place.landing / "b" / FILE, (1, 1))
    assert [a.files[0].name for a in discover(place.hub, place.landing)] == [f"b/{FILE}", f"a/{FILE}"]
