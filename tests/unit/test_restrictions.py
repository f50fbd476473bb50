"""Notices of restriction: making one from a list, and everything that may be wrong with one."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from data_sharing_agreements.errors import Invalid, UsageFault
from data_sharing_agreements.lifecycle.acts import public_hex
from data_sharing_agreements.lifecycle.demonstration import key_of
from data_sharing_agreements.lifecycle.signing import new_key
from data_sharing_agreements.restrictions import Act, Entry, Kind, Use, barred, of_age, own_spine_sources
from pipelines.cli.main import run_cli
from tests.restrictions_support import agreements_of
from warehouse.contracts_loader import load_contracts
from warehouse.restrictions.notice import new_notice, parse_notice, read_list

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = load_contracts(ROOT / "warehouse" / "contracts", ROOT / "warehouse" / "core")
ENTRY = {"record_id": ["CL1"], "kind": "opt_out", "act": "set", "from": "2026-01-01"}


def notice(**changes: object) -> str:
    """A genuine notice as text, with something else in it."""
    made = new_notice(
        "dcyf_child_welfare",
        [ENTRY],
        key_of("x"),
        signatory="x",
        sequence=1,
        at="2026-01-02T00:00:00.000000Z",
    )
    return json.dumps(json.loads(made.to_text()) | changes)


def test_a_notice_is_genuine_by_its_key_alone_and_as_it_was_signed() -> None:
    read, faults = parse_notice(notice(), "n")
    assert read is not None
    assert not faults
    assert read.is_genuine(public_hex(key_of("x")))
    assert not read.is_genuine(public_hex(key_of("y")))
    other, _ = parse_notice(notice(sequence=2), "n")
    assert other is not None
    assert not other.is_genuine(public_hex(key_of("x")))
    unsigned, _ = parse_notice(notice(signature=""), "n")
    assert unsigned is not None
    assert not unsigned.is_genuine(public_hex(key_of("x")))


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"entries": []}, "entries"),
        ({"entries": [ENTRY | {"kind": "whim"}]}, "entries.0.kind"),
        ({"entries": [ENTRY | {"scope": "town"}]}, "entries.0.scope"),
        ({"entries": [ENTRY | {"until": "2025-12-31"}]}, "entries.0"),
        ({"entries": [ENTRY | {"bars": ["gossip"]}]}, "entries.0"),
        ({"entries": [ENTRY | {"kind": "sealed", "bars": ["research"]}]}, "entries.0"),
        ({"entries": [ENTRY | {"act": "revoke", "until": "2027-01-01"}]}, "entries.0"),
        ({"entries": [ENTRY | {"name": "Zyxquorvan"}]}, "entries.0.name"),
        ({"entries": [ENTRY | {"record_id": []}]}, "entries.0.record_id"),
        ({"sequence": 0}, "sequence"),
        ({"at": "yesterday"}, "notice"),
        ({"schema": "commonweal/act/1"}, "schema"),
    ],
)
def test_what_is_wrong_with_a_notice_is_told_by_its_place(changes: dict, place: str) -> None:
    read, faults = parse_notice(notice(**changes), "n.json")
    assert read is None
    assert [fault.what for fault in faults] == [f"n.json:{place}: this is not a notice of restrictions"]


def test_all_faults_are_told_at_once() -> None:
    broken = [ENTRY | {"kind": "whim"}, ENTRY | {"scope": "town"}]
    with pytest.raises(Invalid) as raised:
        new_notice("s", broken, key_of("x"), signatory="x", sequence=1, at="2026-01-02T00:00:00.000000Z")
    assert len(raised.value.details) == 2


def test_a_list_names_records_as_the_contract_does(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("client_id,kind,bars,basis\nCL00000001, opt_out ,research audit,form 12\n")
    (made,) = read_list(path, CONTRACTS["dcyf_child_welfare"])
    assert (made["record_id"], made["kind"], made["bars"]) == (
        ["CL00000001"],
        "opt_out",
        ["research", "audit"],
    )
    path.write_text("client,kind\nCL00000001,opt_out\n")
    with pytest.raises(UsageFault) as raised:
        read_list(path, CONTRACTS["dcyf_child_welfare"])
    assert "client_id" in raised.value.details[0].what
    assert "CL00000001" not in str(raised.value)


def test_a_notice_is_signed_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new_key(tmp_path / "my.pem", None)
    (tmp_path / "list.csv").write_text("client_id,kind\nCL00000001,sealed\n")
    words = ["--config", str(ROOT / "commonweal.toml"), "restrict", "sign", str(tmp_path / "list.csv")]
    words += ["--source", "dcyf_child_welfare", "--as", "me", "--key", str(tmp_path / "my.pem")]
    words += ["--sequence", "7", "--out", str(tmp_path / "notice.json"), "--json"]
    assert run_cli(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["sequence"], told["kinds"]) == ("commonweal/restrict sign/1", 7, ["sealed"])
    made, _ = parse_notice((tmp_path / "notice.json").read_text(), "n")
    assert made is not None
    assert made.is_genuine(made.public_key)
    words[words.index("dcyf_child_welfare")] = "nowhere"
    assert run_cli(words) == 2


def test_majority() -> None:
    assert not of_age(date(2008, 2, 29), date(2026, 2, 28))
    assert of_age(date(2008, 2, 29), date(2026, 3, 1))
    assert not of_age(None, date(2026, 3, 1))


def test_part_two_is_for_research_in_a_spine_of_its_own() -> None:
    said = [Entry(Kind.PART2, Act.SET, date(2026, 1, 1))]
    build = frozenset({"build"})
    assert barred(said, Use(build, "research"), date(2026, 2, 1))
    assert barred(said, Use(build, "audit", own_spine=True), date(2026, 2, 1))
    assert not barred(said, Use(build, "research", own_spine=True), date(2026, 2, 1))
    assert own_spine_sources(agreements_of()) == {"recovery"}
