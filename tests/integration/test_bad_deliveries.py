"""Every way a delivery can be bad, through the command line: what is held, what is set aside, what goes on.

One landing directory in which most deliveries have a fault of their own is run once; then the agencies
send good files, and everything that was held stands. No value is looked for here (tests/attack does that).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

Change = Callable[[bytes], bytes]


def per_line(change: Callable[[int, bytes], bytes], end: bytes = b"\n") -> Change:
    """A change of a file, made line by line."""

    def changed(data: bytes) -> bytes:
        lines = data.split(end)
        return end.join(change(i, line) if line else line for i, line in enumerate(lines))

    return changed


def drop_last_column(i: int, line: bytes) -> bytes:
    return line.rpartition(b"|")[0]


def rename_first_column(i: int, line: bytes) -> bytes:
    return b"SOMETHING_ELSE|" + line.partition(b"|")[2] if i == 0 else line


def foreign_byte(i: int, line: bytes) -> bytes:
    return line[:-3] + b"\xe9\xff" + line[-1:] if i == 3 else line


def nul_byte(i: int, line: bytes) -> bytes:
    return line[:-1] + b"\x00" if i == 3 else line


def open_quote(i: int, line: bytes) -> bytes:
    first, _, rest = line.partition(b",")
    return first + b',"' + rest if i == 3 else line


def cut_short(data: bytes) -> bytes:
    return data[: int(len(data) * 0.6)].rpartition(b"|")[0]


def wrong_count(data: bytes) -> bytes:
    """Lose one wage record, so that the total record's count is wrong (the file's layout is ICESA's)."""
    lines = data.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if line.startswith(b"S"))
    return b"".join(lines[:first] + lines[first + 1 :])


def names_as_counties(data: bytes) -> bytes:
    """Copy the surname into the county of every client."""
    lines = data.decode("cp1252").split("\r\n")
    head = [name.strip('"').lower() for name in lines[0].split(";")]
    surname = next(i for i, n in enumerate(head) if "last" in n or "surname" in n)
    county = next(i for i, n in enumerate(head) if "county" in n or "cnty" in n)
    for i, line in enumerate(lines[1:], 1):
        if line:
            cells = line.split(";")
            cells[county] = cells[surname]
            lines[i] = ";".join(cells)
    return "\r\n".join(lines).encode("cp1252")


def twice(data: bytes) -> bytes:
    """Deliver the first row a second time."""
    head, first, rest = data.split(b"\n", 2)
    return b"\n".join([head, first, first, rest])


FAULTS: tuple[tuple[str, str, str, Change, set[str]], ...] = (
    ("MEDICAID_ELIG_2023-01.psv", "hca_medicaid", "2023-01", per_line(drop_last_column), {"missing-column"}),
    (
        "MEDICAID_ELIG_2023-02.psv",
        "hca_medicaid",
        "2023-02",
        per_line(rename_first_column),
        {"renamed-column", "missing-column"},
    ),
    ("MEDICAID_ELIG_2023-03.psv", "hca_medicaid", "2023-03", per_line(foreign_byte), {"wrong-encoding"}),
    ("MEDICAID_ELIG_2023-04.psv", "hca_medicaid", "2023-04", per_line(nul_byte), {"nul-bytes"}),
    ("HMIS_2023Q1/Client.csv", "com_hmis", "2023Q1", per_line(open_quote), {"unbalanced-quotes"}),
    (
        "MEDICAID_ELIG_2023-06.psv",
        "hca_medicaid",
        "2023-06",
        cut_short,
        {"truncated-file", "row-count-change", "unreadable-row"},
    ),
    ("MEDICAID_ELIG_2023-07.psv", "hca_medicaid", "2023-07", lambda _: b"", {"empty-file"}),
    ("UI_2023Q1.txt", "esd_wages", "2023Q1", wrong_count, {"trailer-count"}),
    ("CW_CLIENTS_2023Q1.csv", "dcyf_child_welfare", "2023Q1", names_as_counties, {"names-in-text"}),
)


@pytest.fixture(scope="module")
def good(evergreen: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A landing directory of good files: a quarter of each source, ten months of Medicaid."""
    landing = tmp_path_factory.mktemp("good") / "landing"
    later = shutil.ignore_patterns("*2023Q[234]*", "*2023-1[12].psv")
    shutil.copytree(evergreen / "landing", landing, ignore=later)
    return landing


@pytest.fixture(scope="module")
def spoiled(good: Path, tmp_path_factory: pytest.TempPathFactory, call_here) -> tuple[Path, Path, dict, int]:
    """The landing directory of faults, the home, what the run said, and its exit code."""
    base = tmp_path_factory.mktemp("spoiled")
    landing, home = base / "landing", base / "home"
    shutil.copytree(good, landing)
    for name, _, _, change, _ in FAULTS:
        path = next(landing.glob(f"*/{name}"))
        path.write_bytes(change(path.read_bytes()))
    checked = next(landing.rglob("MEDICAID_ELIG_2023-08.psv"))
    checked.with_name(checked.name + ".sha256").write_text("0" * 64 + f"  {checked.name}\n")
    other = next(landing.rglob("MEDICAID_CLAIMS_2023-09.psv")).read_bytes()
    next(landing.rglob("MEDICAID_ELIG_2023-09.psv")).write_bytes(other)
    doubled = next(landing.rglob("MEDICAID_ELIG_2023-10.psv"))
    doubled.write_bytes(twice(doubled.read_bytes()))
    done = call_here("run", "--landing", landing, "--json", home=home)
    return landing, home, done.json, done.code


def held(report: dict, source: str, period: str) -> set[str]:
    """The rules one delivery broke."""
    return {
        rule["rule"]
        for h in report["held"]
        if (h["source"], h["period"]) == (source, period)
        for rule in h["rules"]
    }


@pytest.mark.parametrize(
    ("name", "source", "period", "change", "rules"),
    FAULTS,
    ids=[f"{name}-{'-'.join(sorted(rules))}" for name, *_, rules in FAULTS],
)
def test_the_delivery_is_held_by_the_rule_it_broke(
    name: str, source: str, period: str, change: Change, rules: set[str], spoiled: tuple
) -> None:
    assert held(spoiled[2], source, period) & rules


def test_a_checksum_that_differs_holds(spoiled: tuple) -> None:
    assert "checksum-differs" in held(spoiled[2], "hca_medicaid", "2023-08")


def test_a_file_of_another_kind_holds(spoiled: tuple) -> None:
    assert held(spoiled[2], "hca_medicaid", "2023-09")


def test_held_data_is_exit_four_and_other_sources_go_on(spoiled: tuple) -> None:
    _, _, report, code = spoiled
    assert code == report["exit_code"] == 4
    assert report["status"] == "held"
    done = {s["source"] for s in report["steps"] if s["step"] == "ingest" and s["status"] == "done"}
    assert {"ospi_k12", "dshs_tanf"} <= done


def test_a_row_delivered_twice_is_set_aside_and_counted(spoiled: tuple, call_here) -> None:
    _, home, report, _ = spoiled
    step = next(s for s in report["steps"] if (s["source"], s["period"]) == ("hca_medicaid", "2023-10"))
    assert step["status"] == "done"
    assert step["rows_in"] == step["rows_out"] + step["rows_quarantined"]
    assert step["rows_quarantined"] >= 1
    said = call_here("quarantine", "report", "hca_medicaid", "--json", home=home)
    assert "duplicate-record-id" in said.out


def test_good_files_sent_again_supersede_what_was_held(spoiled: tuple, good: Path, call_here) -> None:
    _, home, _, _ = spoiled
    done = call_here("run", "--landing", good, "--json", home=home)
    assert done.code == 0, done.err
    assert not done.json["held"]
    again = call_here("run", "--landing", good, "--json", home=home)
    assert again.code == 0
    assert all(step["status"] == "skipped" for step in again.json["steps"])
