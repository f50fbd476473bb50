"""A source encoded at home, the whole way: keys, `commonweal encode`, the hub, the spine."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from data_sharing_agreements.errors import Invalid, Refused
from linkage.run import link
from pipelines.cli.encode import encode
from pipelines.cli.main import run_cli
from privacy.agency_parameters import VERSION
from privacy.agreed_keys import PartyKey, write_key
from tests.warehouse_support import CLINIC, HEADER, Place, make_place
from warehouse.encoded.key import agency_key
from warehouse.opener import Store
from warehouse.restrictions.relations import permit_encodings

GIVEN = [
    "ANNA",
    "BRUNO",
    "CARLA",
    "DANTE",
    "ELENA",
    "FABIO",
    "GINA",
    "HUGO",
    "IRIS",
    "JONAS",
    "KARIN",
    "LUIS",
]
FAMILY = ["ADLER", "BERGER", "CONTI", "DUARTE", "EBERT", "FISCHER", "GARCIA", "HUBER", "IVERSEN", "JANSEN"]
CONTRACT = "  - {property: extra_columns, value: ignore}"


@pytest.fixture(scope="module")
def keys() -> tuple[PartyKey, PartyKey]:
    hub = PartyKey.new("emou-1", "hub", first=True)
    clinic = PartyKey.new("emou-1", "clinic", first=False)
    return hub, clinic.granted(hub.grant(clinic.offer(), clinic.fingerprint), hub.fingerprint)


def contract_text(key: PartyKey) -> str:
    terms = f"{{agreement: emou-1, key: '{key.linkage_fingerprint}', parameters: {VERSION}}}"
    return CLINIC.replace(CONTRACT, f"{CONTRACT}\n  - {{property: encoding, value: {terms}}}")


def visits(count: int = 60) -> str:
    drawn = random.Random(4)
    lines = [HEADER]
    for i in range(count):
        name = f"{drawn.choice(GIVEN)},{drawn.choice(FAMILY)}"
        born = f"{drawn.randint(1, 12):02}/{drawn.randint(1, 28):02}/{drawn.randint(1940, 2015)}"
        ssn, sex = drawn.randint(100_000_000, 665_999_999), drawn.choice("12")
        lines.append(f"v{i},p{i},{name},{born},{ssn},{sex},King,2023-02-03,{i},follow up,C11")
    return "\n".join(lines) + "\n"


def encoded(
    at: Path, keys: tuple[PartyKey, PartyKey], text: str, key: PartyKey | None = None
) -> tuple[int, str]:
    at.mkdir(parents=True, exist_ok=True)
    (at / "clinic.yaml").write_text(contract_text(keys[0]))
    (at / "visits_2023Q1.csv").write_text(text)
    if not (at / "clinic.key").exists():
        write_key(at / "clinic.key", key or keys[1], new=True)
    done = CliRunner().invoke(
        encode,
        ["--contract", f"{at}/clinic.yaml", "--key", f"{at}/clinic.key", "--in", f"{at}/visits_2023Q1.csv",
         "--out", f"{at}/out", "--json"],
    )  # fmt: skip
    if done.exception is None:
        return 0, done.output
    return getattr(done.exception, "exit_code", 1), str(done.exception)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory, keys: tuple[PartyKey, PartyKey]) -> Path:
    """The agency's directory after encoding."""
    at = tmp_path_factory.mktemp("agency")
    code, said = encoded(at, keys, visits())
    assert code == 0, said
    return at


@pytest.fixture
def place(tmp_path: Path, keys: tuple[PartyKey, PartyKey]) -> Iterator[Place]:
    made = make_place(tmp_path, {"clinic": contract_text(keys[0])})
    yield made
    made.hub.close()


def deliver(place: Place, sent: Path) -> Path:
    landing = place.landing
    for path in (sent / "out" / "clinic_encoded" / "2023Q1").iterdir():
        target = landing / "clinic_encoded" / "2023Q1" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return landing / "clinic_encoded" / "2023Q1"


def test_nothing_sent_holds_an_identifier(sent: Path) -> None:
    place = sent / "out" / "clinic_encoded" / "2023Q1"
    manifest = json.loads((place / "manifest.json").read_text())
    assert (manifest["records"], manifest["rows"]["visit"]) == (60, 60)
    content = pq.read_table(place / "visit.parquet").to_pandas()
    assert "county" in content
    assert not {"first", "last", "born", "ssn", "patient", "visit_id"} & set(content)
    words = [*GIVEN, *FAMILY, *(f"p{i}" for i in range(60))]
    text = content.astype(str).to_csv(index=False)
    assert not [word for word in words if f",{word}," in text]
    assert content["agency_birth_month"].map(lambda day: day.day).eq(1).all()
    rows = pq.read_table(place / "encodings.parquet").to_pandas()
    assert set(rows["agency_record"]) == set(content["agency_record"])


def test_the_same_files_and_key_give_the_same_bytes(
    sent: Path, tmp_path: Path, keys: tuple[PartyKey, PartyKey]
) -> None:
    assert encoded(tmp_path, keys, visits())[0] == 0
    for name in ("encodings.parquet", "visit.parquet"):
        one, other = (at / "out" / "clinic_encoded" / "2023Q1" / name for at in (sent, tmp_path))
        assert pq.read_table(one).equals(pq.read_table(other))


def test_a_delivery_is_taken_in_and_meets_a_source_in_clear(
    place: Place, sent: Path, keys: tuple[PartyKey, PartyKey]
) -> None:
    deliver(place, sent)
    (step,) = place.run()
    assert (step.status, step.rows_out) == ("done", 60)
    assert place.rows("SELECT count(*) FROM vault.identity") == [(0,)]
    assert place.rows("SELECT count(DISTINCT record_key) FROM vault.encoding") == [(60,)]
    months = place.rows("SELECT count(birth_month), count(DISTINCT sex) FROM warehouse.current.clinic__visit")
    assert months == [(60, 2)]

    frame = pd.read_csv(sent / "visits_2023Q1.csv", dtype=str)
    born = frame["born"].str.split("/")
    clear = pd.DataFrame({
        "record_key": range(1_000, 1_060), "source": "school", "delivery_id": "d", "period": "all",
        "given_name": frame["first"], "surname": frame["last"], "ssn": frame["ssn"],
        "birth_date": born.str[2] + born.str[0] + born.str[1],
    })  # fmt: skip
    hub = place.hub
    with hub.opener.session(read=[Store.vault()], write=[Store.warehouse()]) as session:
        session.register("clear", pa.Table.from_pandas(clear, preserve_index=False))
        session.execute("CREATE TABLE memory.main.school AS FROM vault.identity LIMIT 0")
        session.execute("INSERT INTO memory.main.school BY NAME FROM clear")
        session.execute("CREATE TEMP VIEW permitted_identity AS FROM memory.main.school")
        session.execute("CREATE TEMP VIEW permitted_encoding AS FROM vault.current_encoding")
        outcome = link(
            session.raw, sources=["clinic", "school"], run_key=bytes(32), agency_key=keys[0].encoding_key()
        )
        sizes = session.execute(
            "SELECT n, count(*) FROM (SELECT count(*) AS n FROM warehouse.spine.current GROUP BY person_key) "
            "GROUP BY n"
        )
        left = session.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'link_agency%'")
    assert outcome.records == 120
    assert dict(sizes) == {2: 60}
    assert left == []


def test_encodings_of_other_parameters_are_not_linked(place: Place, sent: Path) -> None:
    deliver(place, sent)
    place.run()
    with place.hub.opener.session(write=[Store.vault()]) as session:
        for table in ("restricted", "address_hidden"):
            session.execute(f"CREATE TABLE memory.main.{table} (record_key BIGINT)")
        permit_encodings(session)
        assert session.one("SELECT count(DISTINCT record_key) FROM permitted_encoding") == 60
        session.execute("UPDATE vault.encoding SET parameters = ?", [VERSION - 1])
        with pytest.raises(Refused) as refused:
            permit_encodings(session)
    assert [(found.code, found.source) for found in refused.value.details] == [
        ("encoding-parameters", "clinic")
    ]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"key": "0" * 16}, "encoding-key"),
        ({"parameters": VERSION - 1}, "encoding-parameters"),
        ({"parameters_digest": "0" * 16}, "encoding-parameters"),
        ({"contract": "0.9"}, "encoding-contract"),
        ({"period": "2023Q2"}, "encoding-contract"),
        ({"schema": "other"}, "encoding-manifest"),
    ],
)
def test_what_does_not_match_is_held_before_rows_are_read(
    place: Place, sent: Path, change: dict[str, object], rule: str
) -> None:
    at = deliver(place, sent)
    said = json.loads((at / "manifest.json").read_text())
    (at / "manifest.json").write_text(json.dumps(said | change))
    (step,) = place.run()
    assert (step.status, [name for name, _ in step.rules]) == ("held", [rule])
    assert step.rows_in == 0


def test_an_encoding_is_no_permission(tmp_path: Path, sent: Path, keys: tuple[PartyKey, PartyKey]) -> None:
    place = make_place(tmp_path, {"clinic": contract_text(keys[0])}, {"clinic": {"last"}})
    deliver(place, sent)
    (step,) = place.run()
    assert step.status == "refused"
    place.hub.close()


def test_a_truncated_file_and_a_missing_manifest_are_held(place: Place, sent: Path) -> None:
    at = deliver(place, sent)
    whole = (at / "encodings.parquet").read_bytes()
    (at / "encodings.parquet").write_bytes(whole[: len(whole) // 2])
    (step,) = place.run()
    assert [name for name, _ in step.rules] == ["checksum-differs"]
    deliver(place, sent)
    (at / "manifest.json").unlink()
    assert "missing-file" in [name for step in place.run() for name, _ in step.rules]


def test_the_agency_is_told_what_is_wrong_without_a_value(
    tmp_path: Path, keys: tuple[PartyKey, PartyKey]
) -> None:
    stranger = PartyKey.new("emou-1", "clinic", first=True)
    code, said = encoded(tmp_path / "a", keys, visits(), stranger)
    assert (code, "encoding-key" in said) == (3, True)
    other = PartyKey.new("emou-2", "clinic", first=True)
    assert encoded(tmp_path / "b", keys, visits(), other)[0] == 3
    leaking = visits().replace("follow up", "call 206-555-0142")
    code, said = encoded(tmp_path / "c", keys, leaking)
    assert (code, "names-in-text" in said, "0142" in said) == (4, True, False)
    assert not list((tmp_path / "c").glob("out/*/*"))
    code, said = encoded(tmp_path / "d", keys, visits().replace("ssn,", "number,", 1))
    assert (code, "missing-column" in said) == (4, True)
    code, said = encoded(tmp_path / "e", keys, visits().replace("2023-02-03", "1999-02-03"))
    assert (code, "wrong-period" in said) == (4, True)
    assert run_cli(["encode", "--key", str(tmp_path / "none.key")]) == 2


def test_a_key_that_is_not_the_other_agencies_is_refused_before_anything_starts(
    tmp_path: Path, keys: tuple[PartyKey, PartyKey]
) -> None:
    stranger = PartyKey.new("emou-1", "school", first=True)
    school = contract_text(stranger).replace("id: clinic", "id: school").replace("visits_", "pupils_")
    with pytest.raises(Invalid) as caught:
        make_place(tmp_path, {"clinic": contract_text(keys[0]), "school": school})
    (detail,) = (one for one in caught.value.details if one.document == "emou-1")
    assert (detail.code, detail.source) == ("contract-invalid", "school")
    assert "one key" in detail.next


def test_the_hub_does_not_link_under_a_key_that_contracts_do_not_name(
    place: Place, tmp_path: Path, keys: tuple[PartyKey, PartyKey]
) -> None:
    def key_of(key: PartyKey, name: str) -> bytes | None:
        write_key(tmp_path / name, key, new=True)
        return agency_key(
            replace(place.hub, deployment=replace(place.hub.deployment, agency_key=tmp_path / name))
        )

    assert key_of(keys[0], "agreed.key") == keys[1].encoding_key()
    assert agency_key(place.hub) is None
    with pytest.raises(Refused) as caught:
        key_of(PartyKey.new("emou-1", "hub", first=True), "other.key")
    (detail,) = caught.value.details
    assert (detail.code, detail.source, detail.document) == ("encoding-key", "clinic", "emou-1")
    assert "accept a grant" in detail.next
