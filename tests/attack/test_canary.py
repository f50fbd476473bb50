"""The canary: a marked person goes through a whole run, with errors provoked, and is looked for everywhere.

The marked person stands in four agencies' files. Then things go wrong on purpose: their name arrives
in a column of counties, a row of theirs carries an impossible date, a record id of theirs comes twice, a
query names them. Afterwards every byte of the home outside `landing/`, the decrypted warehouse, marts,
registry, and everything printed is searched for name, SSN and birth date in their common encodings.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest

from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.opener import Store

ROOT = Path(__file__).resolve().parents[2]
GIVEN, SURNAME, SSN = "Zyxquorvan", "Wimblethwaite", "536902718"
BIRTH = ("1987-11-23", "19871123", "11/23/1987", "23.11.1987", "11231987", "23/11/1987")


def spellings() -> set[str]:
    """Every plain form of the marked values."""
    names = {GIVEN, SURNAME, f"{GIVEN} {SURNAME}"}
    return (
        {form(n) for n in names for form in (str, str.upper, str.lower)}
        | {SSN, f"{SSN[:3]}-{SSN[3:5]}-{SSN[5:]}", cipher(SSN)}
        | set(BIRTH)
    )


def cipher(ssn: str) -> str:
    """The TANF report's substitution of digits."""
    return ssn.translate(str.maketrans("1234567890", "@9ZP0#YBWT"))


def needles() -> set[bytes]:
    """The marked values in the encodings a leak could take."""
    found = set()
    for text in spellings():
        plain = text.encode()
        found |= {plain, text.encode("utf-16-le"), text.encode("utf-16-be"), plain.hex().encode()}
        found |= {quote(text).encode(), base64.b64encode(plain).rstrip(b"=")[:-1]}
        found |= {hashlib.new(a, plain).hexdigest().encode() for a in ("md5", "sha1", "sha256")}
    return {n for n in found if len(n) >= 8}


def hits(data: bytes) -> list[bytes]:
    """The needles found in some bytes."""
    return [n for n in needles() if n in data]


def plant(landing: Path) -> None:
    """Put the marked person into four agencies' deliveries, with faults."""
    mark_medicaid(landing)
    mark_child_welfare(landing)
    mark_homelessness(landing)
    mark_wages(landing)


def latest(landing: Path, pattern: str) -> Path:
    """The newest file of a pattern."""
    return max(landing.rglob(pattern))


def mark_medicaid(landing: Path) -> None:
    """Replace one person's values; then send a later month with the name in the county column."""
    path = latest(landing, "MEDICAID_ELIG_*.psv")
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    names = [n.lower() for n in head.split("|")]

    def at(*wanted: str) -> int:
        return next(i for i, n in enumerate(names) if any(w in n for w in wanted))

    first, last = at("1st", "first", "given"), at("last", "surname")
    county = at("cnty", "county")
    marked = rows[0].split("|")
    marked[first], marked[last] = GIVEN, SURNAME
    marked[at("ssn")] = SSN
    marked[at("birth", "dob")] = BIRTH[1]
    rows[0] = "|".join(marked)
    rows[1:1] = [rows[0]]
    path.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    other = min(landing.rglob("MEDICAID_ELIG_*.psv"))
    head, *rows = other.read_text(encoding="utf-8").splitlines()
    for i, row in enumerate(rows):
        cells = row.split("|")
        cells[county] = cells[last]
        rows[i] = "|".join(cells)
    cells = rows[0].split("|")
    cells[first], cells[last], cells[county] = GIVEN, SURNAME, SURNAME
    rows[0] = "|".join(cells)
    other.write_text("\n".join([head, *rows, ""]), encoding="utf-8")


def mark_child_welfare(landing: Path) -> None:
    """Replace one client's values, and give the next row an impossible birth date beside the name."""
    path = latest(landing, "CW_CLIENTS_*.csv")
    lines = path.read_bytes().decode("cp1252").split("\r\n")
    names = [n.strip('"').lower() for n in lines[0].split(";")]
    for row, birth in ((1, BIRTH[3]), (2, "31.02.1987")):
        cells = lines[row].split(";")
        for i, name in enumerate(names):
            if "first" in name or "given" in name:
                cells[i] = GIVEN
            elif "last" in name or "surname" in name:
                cells[i] = SURNAME
            elif "birth" in name or "dob" in name:
                cells[i] = birth
            elif "ssn" in name:
                cells[i] = SSN
        lines[row] = ";".join(cells)
    path.write_bytes("\r\n".join(lines).encode("cp1252"))


def mark_homelessness(landing: Path) -> None:
    """Replace one client's values and deliver the client twice."""
    path = latest(landing, "Client.csv")
    lines = path.read_text(encoding="utf-8").splitlines()
    names = lines[0].split(",")
    cells = lines[1].split(",")
    for name, value in (("FirstName", GIVEN), ("LastName", SURNAME), ("SSN", SSN), ("DOB", BIRTH[0])):
        cells[names.index(name)] = value
    lines[1] = ",".join(cells)
    path.write_text("\n".join([*lines[:2], lines[1], *lines[2:], ""]), encoding="utf-8")


def mark_wages(landing: Path) -> None:
    """Replace one wage record's SSN and names (ICESA S: 2-10, 11-30, 31-42)."""
    path = latest(landing, "UI_*.txt")
    lines = path.read_bytes().decode("ascii").splitlines(keepends=True)
    i = next(i for i, line in enumerate(lines) if line.startswith("S"))
    lines[i] = f"S{SSN}{SURNAME.upper():<20}{GIVEN.upper():<12}" + lines[i][43 - 1 :]
    path.write_bytes("".join(lines).encode("ascii"))


@pytest.fixture(scope="module")
def haunted(hamlet: Path, tmp_path_factory: pytest.TempPathFactory, call, call_here) -> tuple[Path, str]:
    """A home through which the marked person went, and everything that was printed.

    What reads the deliveries, and what is asked with the person's values, runs as a user would run it.
    """
    base = tmp_path_factory.mktemp("canary")
    landing, home = base / "landing", base / "home"
    shutil.copytree(hamlet / "landing", landing)
    plant(landing)
    first = call("run", "--landing", landing, home=home)
    assert first.code == 4, first.err
    said = [first, call_here("run", "--landing", landing, "--json", home=home)]
    questions: tuple[tuple[str | Path, ...], ...] = (
        ("status", "--json"),
        ("quarantine", "report", "hca_medicaid"),
        ("quarantine", "report", "com_hmis", "--json"),
        ("quarantine", "report", "dcyf_child_welfare"),
        ("log", "show"),
        ("log", "verify", "--json"),
        ("doctor",),
        ("indicators", "--json"),
        ("evaluate", "--truth", hamlet / "truth" / "records.csv", "--json"),
    )
    said += [call_here(*words, home=home) for words in questions]
    passwords = dict(
        line.split()[:2]
        for line in (home / "accounts.txt").read_text().splitlines()
        if len(line.split()) >= 2
    )
    said.append(call_here("login", "researcher", home=home, stdin=passwords["researcher"] + "\n"))
    statements = (
        f"SELECT * FROM leaver_earnings WHERE sex = '{SURNAME}'",
        f"SELECT '{SSN}'::DATE FROM leaver_earnings",
        f"SELEC '{GIVEN}'",
        f"SELECT * FROM read_csv('{SURNAME}')",
    )
    said += [call("query", "--project", "tanf-leavers", sql, home=home) for sql in statements]
    return home, "\n".join(s.out + s.err for s in said)


@pytest.mark.slow
def test_the_marked_person_did_arrive(haunted: tuple[Path, str]) -> None:
    hub = Hub.open(Deployment.load(ROOT / "commonweal.toml", haunted[0]))
    with hub, hub.opener.session(read=[Store.vault()]) as session:
        found = session.execute(
            "SELECT count(DISTINCT source) FROM vault.identity WHERE ssn = $ssn OR upper(surname) = $name",
            {"ssn": SSN, "name": SURNAME.upper()},
        )
    assert found[0][0] >= 3


@pytest.mark.slow
def test_nothing_printed_names_them(haunted: tuple[Path, str]) -> None:
    assert not hits(haunted[1].encode())


@pytest.mark.slow
def test_no_file_outside_landing_names_them(haunted: tuple[Path, str]) -> None:
    home = haunted[0]
    found = {
        str(path.relative_to(home)): hits(path.read_bytes())
        for path in home.rglob("*")
        if path.is_file() and "landing" not in path.relative_to(home).parts
    }
    assert not {name: h for name, h in found.items() if h}


@pytest.mark.slow
def test_the_decrypted_warehouse_and_marts_do_not_name_them(haunted: tuple[Path, str]) -> None:
    hub = Hub.open(Deployment.load(ROOT / "commonweal.toml", haunted[0]))
    with hub:
        marts = [Store.mart(m.project, m.version) for m in hub.registry.marts.all()]
        for store in (Store.warehouse(), *marts):
            with hub.opener.session(read=[store]) as session:
                tables = session.execute(
                    "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $alias",
                    {"alias": store.alias},
                )
                assert tables
                for schema, table in tables:
                    rows = session.arrow(f'SELECT * FROM "{store.alias}"."{schema}"."{table}"')
                    content = rows.to_pandas().to_csv(index=False).encode()
                    assert not hits(content), f"{store.alias}.{schema}.{table}"
