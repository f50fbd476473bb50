"""What happens to a bad delivery: which rule it breaks, and that the one before stands.

Each case is one fault in an otherwise good file of a clinic. A fault of the whole
delivery holds it; a fault of a row sends the row to quarantine.
"""

import hashlib

import pytest

from tests.warehouse_support import CLINIC, HEADER, OTHER, ROOT, clinic_rows, make_place, text_of
from warehouse.ingest.messages import RULES

ROWS = 60
FILE = "visits_2023Q1.csv"


def changed(row: int, column: int, value: str, rows: int = ROWS) -> str:
    """A good file with one value changed."""
    table = clinic_rows(rows)
    table[row][column] = value
    return text_of(table)


def every(column: int, value) -> str:
    """A good file with one column changed in every row."""
    table = clinic_rows(ROWS)
    for i, row in enumerate(table):
        row[column] = value(i) if callable(value) else value
    return text_of(table)


GOOD = text_of(clinic_rows(ROWS))
LINES = GOOD.split("\n")
HELD = {
    "empty-file": b"",
    "empty-file header only": HEADER + "\n",
    "missing-column": "\n".join(line.rpartition(",")[0] for line in LINES[:-1]) + "\n",
    "renamed-column": GOOD.replace("county", "kounty", 1),
    "duplicate-column": GOOD.replace("county", "note", 1).replace("note,clinic", "county,note,clinic", 1),
    "wrong-encoding": GOOD.replace("King", "K\xefng", 1).encode("latin-1"),
    "wrong-encoding utf-16": GOOD.encode("utf-16"),
    "nul-bytes": GOOD.replace("King", "K\0ng", 1),
    "unbalanced-quotes": GOOD.replace("King", '"King', 1),
    "unbalanced-quotes twice": GOOD.replace("King", '"King', 2),
    "unbalanced-quotes last": GOOD[: GOOD.rindex("King")] + '"' + GOOD[GOOD.rindex("King") :],
    "truncated-file": GOOD[: GOOD.rindex(",King")],
    "truncated-file in the last value": GOOD[:-2],
    "unreadable-file": GOOD.replace("\n", "\r\n", 3),
    "wrong-source": "pupil_id,grade\n1,2\n",
    "impossible-date": every(8, "2023-02-30"),
    "not-a-number": every(9, "many"),
    "unknown-code": every(6, "3"),
    "wrong-pattern": every(11, "Z1"),
    "out-of-range": every(9, "-1"),
    "too-long": every(10, "x" * 41),
    "missing-value": every(8, ""),
    "missing-record-id": every(1, ""),
    "duplicate-record-id": every(0, "V1"),
    "unreadable-row": "\n".join([LINES[0], *(line + ",more" for line in LINES[1:-1]), ""]),
    "wrong-period": every(8, lambda i: f"2023-04-{i % 28 + 1:02d}"),
    "names-in-text": every(7, lambda i: f"Surname{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}"),
    "names-in-text in notes": every(10, lambda i: "call 360-555-0134"),
}


@pytest.mark.parametrize("case", HELD)
def test_a_fault_of_the_whole_holds_the_delivery(case, tmp_path):
    place = make_place(tmp_path)
    place.deliver(FILE, HELD[case])
    (result,) = place.run()
    assert result.status == "held"
    assert case.split(" ")[0] in dict(result.rules)
    assert result.rows_out == 0
    assert all(error.source == "clinic" and error.next for error in result.errors)
    (delivery,) = place.hub.registry.deliveries.all()
    assert delivery.state == "held"
    assert {rule["rule"] for rule in delivery.held_rules} == set(dict(result.rules))
    assert place.rows("SELECT count(*) FROM vault.identity") == [(0,)]
    assert place.rows("SELECT count(*) FROM warehouse.content.clinic__visit") == [(0,)]


QUARANTINED = {
    "impossible-date:visited": changed(3, 8, "2023-02-30"),
    "not-a-number:cost": changed(3, 9, "much"),
    "unknown-code:sex": changed(3, 6, "7"),
    "wrong-pattern:clinic": changed(3, 11, "Z1"),
    "out-of-range:cost": changed(3, 9, "100001"),
    "too-long:note": changed(3, 10, "x" * 41),
    "missing-value:visited": changed(3, 8, ""),
    "missing-record-id:": changed(3, 1, ""),
    "duplicate-record-id:visit_id": changed(3, 0, "V00000"),
    "unreadable-row:": "\n".join([*LINES[:4], LINES[4] + ",more", *LINES[5:]]),
}


@pytest.mark.parametrize("rule", QUARANTINED)
def test_a_fault_of_a_row_sends_the_row_to_quarantine(rule, tmp_path):
    place = make_place(tmp_path)
    place.deliver(FILE, QUARANTINED[rule])
    (result,) = place.run()
    assert (result.status, result.rows_in, result.rows_out, result.rows_quarantined) == (
        "done",
        ROWS,
        ROWS - 1,
        1,
    )
    assert place.quarantine("SELECT rules, row_number, file_name FROM quarantine.refused") == [
        ([rule], 4, FILE)
    ]
    rows = place.rows("SELECT row_number FROM warehouse.content.clinic__visit ORDER BY 1")
    assert [n for (n,) in rows] == [n for n in range(1, ROWS + 1) if n != 4]


def test_a_file_that_does_not_come_is_missed(tmp_path):
    two = CLINIC.replace(
        "tables: [visit]}]", "tables: [visit]}, {pattern: 'patients_(?P<period>.*)\\.csv', tables: [visit]}]"
    )
    place = make_place(tmp_path, {"clinic": two})
    place.deliver(FILE, GOOD)
    (result,) = place.run()
    assert dict(result.rules) == {"missing-file": 0}


def test_an_extra_column_is_the_contracts_choice(tmp_path):
    extra = "\n".join(
        [LINES[0] + ",surprise", *(line + ",1" for line in LINES[1:-1]), ""],
    )
    lenient = make_place(tmp_path / "lenient")
    lenient.deliver(FILE, extra)
    assert lenient.run()[0].status == "done"
    strict = make_place(tmp_path / "strict", {"clinic": CLINIC.replace("value: ignore", "value: hold")})
    strict.deliver(FILE, extra)
    assert dict(strict.run()[0].rules) == {"extra-column": 0}


def test_a_digest_that_differs_holds_and_one_that_agrees_does_not(tmp_path):
    place = make_place(tmp_path)
    place.deliver(FILE, GOOD)
    place.deliver(f"{FILE}.sha256", "0" * 64 + f"  {FILE}\n")
    assert dict(place.run()[0].rules) == {"checksum-differs": 0}
    place.deliver(f"{FILE}.sha256", hashlib.sha256(GOOD.encode()).hexdigest() + f"  {FILE}\n")
    assert place.run()[0].status == "done"


def test_a_great_change_in_rows_or_completeness_holds(tmp_path):
    place = make_place(tmp_path)
    place.deliver(FILE, GOOD)
    place.run()
    place.deliver("visits_2023Q2.csv", text_of(clinic_rows(25, "2023Q2")))
    assert "row-count-change" in dict(place.run()[0].rules)
    hollow = clinic_rows(ROWS, "2023Q2")
    for row in hollow:
        row[4] = ""
    place.deliver("visits_2023Q2.csv", text_of(hollow))
    assert dict(place.run()[0].rules).keys() == {"completeness-change"}
    place.deliver("visits_2023Q2.csv", text_of(clinic_rows(ROWS, "2023Q2")))
    assert place.run()[0].status == "done"


def test_a_held_delivery_leaves_the_one_before_standing(tmp_path):
    place = make_place(tmp_path)
    place.deliver(FILE, GOOD)
    assert place.run()[0].status == "done"
    place.deliver(FILE, HELD["unbalanced-quotes"])
    assert place.run()[0].status == "held"
    assert place.rows("SELECT count(*) FROM warehouse.current.clinic__visit") == [(ROWS,)]
    states = [d.state for d in place.hub.registry.deliveries.all()]
    assert states == ["accepted", "held"]


def test_a_file_of_another_source_under_this_name_is_recognised(tmp_path):
    place = make_place(tmp_path, {"clinic": CLINIC, "school": OTHER})
    place.deliver("pupils_2023Q1.csv", GOOD)
    (result,) = place.run("school")
    assert dict(result.rules) == {"wrong-source": 0}


def test_every_rule_is_documented():
    text = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    for rule in RULES:
        assert f"`{rule}`" in text, rule
