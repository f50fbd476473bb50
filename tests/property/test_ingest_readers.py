"""Readers against Python's own: what is written by one is read the same by the other.

The oracle for delimited files is the csv module, for fixed width plain slicing.
"""

import csv
import io
import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warehouse.contracts_model import (
    Column,
    Contract,
    Contracts,
    Field,
    FileFormat,
    FileKind,
    FilePattern,
    Repeat,
    Table,
)
from warehouse.opener import Session
from warehouse.readers.encodings import ENCODINGS
from warehouse.readers.scan import scan_file
from warehouse.readers.stage import stage_delivery
from warehouse.readers.staged import DeliveryFile

SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LETTERS = "abzABZ019 ,;|'\"\\éüñ-_."
DIALECTS = [(",", '"', "utf-8"), (";", '"', "windows-1252"), ("|", "", "utf-8"), ("\t", "'", "latin-1")]


class Unopened:
    """Attaches nothing: staging is a plain in-memory database here."""


@pytest.fixture(scope="module")
def session():
    connection = duckdb.connect(config={"threads": 2})
    yield Session(connection, Unopened(), Path())
    connection.close()


def staged(session, contract, content: bytes, tmp: Path):
    """Stage one file in a fresh database attached as `staging`."""
    path = tmp / "f.txt"
    path.write_bytes(content)
    session.execute("DETACH DATABASE IF EXISTS staging; ATTACH ':memory:' AS staging")
    file = DeliveryFile(0, path, "f.txt", contract.files[0])
    return stage_delivery(session, Contracts((contract,)), contract, "all", [file], contract.fields)


def contract_of(form: FileFormat, *tables: Table) -> Contract:
    pattern = FilePattern("f", tuple(table.name for table in tables))
    return Contract("s", "a", "p", "t", "", "1", "once", form, (pattern,), tables)


@st.composite
def delimited(draw):
    delimiter, quote, encoding = draw(st.sampled_from(DIALECTS))
    allowed = LETTERS if quote else LETTERS.replace(delimiter, "").replace('"', "").replace("'", "")
    values = st.text(allowed, max_size=8)
    rows = draw(st.lists(st.tuples(st.text("abc", min_size=1, max_size=3), values, values), min_size=1))
    return delimiter, quote, encoding, draw(st.sampled_from(["\n", "\r\n"])), draw(st.booleans()), rows


@SETTINGS
@given(case=delimited())
def test_delimited_files_are_read_as_csv_reads_them(case, session):
    delimiter, quote, encoding, end, final, rows = case
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=delimiter,
        lineterminator=end,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    writer.writerow(["one", "two", "three"])
    writer.writerows(rows)
    content = text.getvalue() if final else text.getvalue().removesuffix(end)
    table = Table("t", "t", tuple(Column(name, name) for name in ("one", "two", "three")))
    form = FileFormat(FileKind.DELIMITED, encoding=encoding, delimiter=delimiter, quote=quote, escape=quote)
    with tempfile.TemporaryDirectory() as tmp:
        found = staged(
            session, contract_of(form, table), content.encode(ENCODINGS[encoding].codec), Path(tmp)
        )
    assert found.faults == []
    expected = [tuple(value.strip(" ") or None for value in row) for row in rows]
    assert session.execute("SELECT one, two, three FROM staging.rows.t ORDER BY _row") == expected
    assert session.execute("SELECT min(_row), max(_row) FROM staging.rows.t") == [(1, len(rows))]


@SETTINGS
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["A", "B"]),
            st.text("ab 1é", min_size=0, max_size=4),
            st.text("xy 2", min_size=0, max_size=3),
            st.text("xy 2", min_size=0, max_size=3),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_fixed_width_files_are_read_as_slices(rows, session):
    lines = [f"{kind}{first:<4}{one:<3}{two:<3}".rstrip(" ") for kind, first, one, two in rows]
    content = "".join(line + "\n" for line in lines).encode()
    first = Column("first", "first", place=Field(2, 4))
    group = Column("part", "part", place=Field(6, 3))
    a = Table("a", "A", (first, group), record_type="A", repeat=Repeat(2, 6, 3), may_be_empty=True)
    b = Table("b", "B", (first,), record_type="B", may_be_empty=True)
    with tempfile.TemporaryDirectory() as tmp:
        found = staged(session, contract_of(FileFormat(FileKind.FIXED_WIDTH), a, b), content, Path(tmp))
    assert found.faults == []
    expected_a, expected_b = [], []
    for number, line in enumerate(lines, 1):
        if line.startswith("B"):
            expected_b.append((number, line[1:5].strip(" ") or None))
            continue
        parts = [line[5:8], line[8:11]]
        for place, part in enumerate(parts):
            if place == 0 or part.replace("0", "").strip(" "):
                expected_a.append((number, line[1:5].strip(" ") or None, part.strip(" ") or None))
    read_a = session.execute("SELECT _row, first, part FROM staging.rows.a")
    assert sorted(read_a, key=repr) == sorted(expected_a, key=repr)
    assert sorted(session.execute("SELECT _row, first FROM staging.rows.b")) == sorted(expected_b)


@SETTINGS
@given(
    rows=st.lists(st.sampled_from(["1,2", "3", "4,5,6", '"7",8']), min_size=1, max_size=40),
)
def test_refused_records_keep_the_place_of_the_others(rows, session):
    table = Table("t", "t", (Column("one", "one"), Column("two", "two")))
    content = "one,two\n" + "\n".join(rows) + "\n"
    with tempfile.TemporaryDirectory() as tmp:
        found = staged(
            session, contract_of(FileFormat(FileKind.DELIMITED), table), content.encode(), Path(tmp)
        )
    assert found.faults == []
    good = [i for i, row in enumerate(rows, 1) if row in ("1,2", '"7",8')]
    bad = [i for i in range(1, len(rows) + 1) if i not in good]
    assert [n for (n,) in session.execute("SELECT _row FROM staging.rows.t ORDER BY 1")] == good
    unreadable = session.execute("SELECT row_number FROM staging.work.unreadable ORDER BY 1")
    assert [n for (n,) in unreadable] == bad
    assert found.physical == found.loaded + found.unreadable == len(rows)


@SETTINGS
@given(content=st.binary(max_size=200))
def test_any_bytes_are_scanned_or_found_faulty(content):
    with tempfile.TemporaryDirectory() as tmp:
        path = Path(tmp) / "f"
        path.write_bytes(content)
        found = scan_file(path, FileFormat(FileKind.DELIMITED))
    assert found.size == len(content)
    if not found.faults:
        text = content.decode("utf-8")
        assert "\0" not in text
        lines = text.replace("\r\n", "\n").split("\n")
        assert found.records == len([line for line in lines if line])


@SETTINGS
@given(content=st.text('ab1,"\n\r ', max_size=60).map(str.encode) | st.binary(max_size=60))
def test_no_file_breaks_the_reader(content, session):
    table = Table("t", "t", (Column("one", "one"), Column("two", "two")), may_be_empty=True)
    with tempfile.TemporaryDirectory() as tmp:
        found = staged(
            session, contract_of(FileFormat(FileKind.DELIMITED), table), b"one,two\n" + content, Path(tmp)
        )
    assert found.faults or found.physical == found.loaded + found.unreadable
