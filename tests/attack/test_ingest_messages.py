"""A marked person in every kind of bad file: no message, report, log or registry shows a trace.

The name, number and birth date of the canary go through each fault that quotes values
when a parser, a cast or a constraint fails.
"""

import contextlib
import io
import logging

import pytest

from data_sharing_agreements.errors import CommonwealError
from tests.warehouse_support import HEADER, clinic_rows, make_place, text_of
from warehouse.ingest.quarantine import quarantine_report

NAME, SSN, BORN = "Zyxwvanary", "987654329", "07/31/1931"
TRACES = (NAME, SSN, "987-65-4329", BORN, "19310731", "1931-07-31")
FILE = "visits_2023Q1.csv"


def canary(**changes: str) -> list[str]:
    row = dict(zip(HEADER.split(","), clinic_rows(1)[0], strict=True))
    row |= {"first": NAME, "last": NAME, "ssn": SSN, "born": BORN, "patient": SSN, "visit_id": "V9"} | changes
    return list(row.values())


GOOD = clinic_rows(30)
CASES = {
    "good": text_of([*GOOD, canary()]),
    "values in wrong columns": text_of([*GOOD, canary(visited=NAME, cost=SSN, sex=BORN, clinic=NAME)]),
    "twice": text_of([*GOOD, canary(), canary()]),
    "open quote": text_of([*GOOD[:9], canary(first=f'"{NAME}'), *GOOD[9:]]),
    "too many values": text_of([*GOOD, [*canary(), NAME]]),
    "no header": text_of([canary(), *GOOD]).split("\n", 1)[1],
    "name as a column": text_of([*GOOD, canary()], HEADER.replace("county", NAME)),
    "another encoding": text_of([*GOOD, canary(county="Kïng")]).encode("latin-1"),
    "mixed line ends": text_of([*GOOD, canary()]).replace("\n", "\r\n", 2),
    "names in text": text_of([[*row[:7], f"{NAME}{i}", *row[8:]] for i, row in enumerate(GOOD)]),
    "cut off": text_of([*GOOD, canary()])[:-9],
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_shows_a_trace_of_the_canary(case, tmp_path, caplog):
    place = make_place(tmp_path)
    place.deliver(FILE, CASES[case])
    out, err = io.StringIO(), io.StringIO()
    with caplog.at_level(logging.DEBUG), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        told = repr(place.run())
        told += repr(quarantine_report(place.hub, "clinic"))
    place.hub.registry.close()
    told += caplog.text + out.getvalue() + err.getvalue()
    for trace in TRACES:
        assert trace not in told
    for path in place.hub.deployment.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for trace in TRACES:
                assert trace.encode() not in content, path.name


def test_an_error_raised_inside_a_step_keeps_no_value(tmp_path):
    place = make_place(tmp_path)
    with place.hub.opener.session() as session, pytest.raises(CommonwealError) as raised:
        session.execute(f"SELECT CAST('{NAME}' AS DATE)")
    assert raised.value.__context__ is None
    assert raised.value.__cause__ is None
    assert NAME not in repr(raised.value.to_json())
