"""Attacks on the key directory: other roles' keys, altered records, data without keys."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import duckdb_extension_httpfs
import pytest

from data_sharing_agreements.errors import IntegrityFault, Refused, UsageFault
from privacy.keys import KeyRefused, KeyRing, Role
from privacy.roles import STORE_FAMILIES

STORES = {
    "staging/d1": {Role.SPLITTER},
    "quarantine": {Role.SPLITTER},
    "vault": {Role.SPLITTER, Role.LINKER},
    "warehouse": {Role.SPLITTER, Role.LINKER, Role.BUILDER},
    "mart/p/1": {Role.BUILDER, Role.PORTAL},
    "project/p": {Role.BUILDER, Role.PORTAL},
    "study_ids/p": {Role.BUILDER},
    "purge/7": {Role.SPLITTER, Role.LINKER},
    "restrictions": {Role.SPLITTER},
    "spine/p": {Role.LINKER, Role.BUILDER},
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    ring = KeyRing.create(tmp_path / "keys")
    for store, readers in STORES.items():
        ring.ensure_store_key(store, readers)
    return tmp_path / "keys"


def only(directory: Path, role: Role, target: Path) -> Path:
    """Return a copy of the key directory as one role's user sees it: no other secret in it."""
    shutil.copytree(directory, target)
    shutil.rmtree(target / "roots")
    for path in (target / "roles").iterdir():
        if not path.name.startswith(role.value):
            path.unlink()
    return target


def test_every_family_is_tried() -> None:
    assert {store.split("/")[0] for store in STORES} == set(STORE_FAMILIES)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_its_stores_and_no_other(directory: Path, role: Role, tmp_path: Path) -> None:
    everything = KeyRing.open(directory)
    ring = KeyRing.open(only(directory, role, tmp_path / role), [role])
    for store, readers in STORES.items():
        if role in readers:
            assert ring.store_key(store) == everything.store_key(store)
        else:
            for call in (ring.store_key, ring.destroy_store_key):
                with pytest.raises(KeyRefused):
                    call(store)
    with pytest.raises(KeyRefused):
        KeyRing.open(tmp_path / role)


@pytest.mark.parametrize("role", list(Role))
def test_no_bytes_a_role_sees_hold_another_roles_keys(directory: Path, role: Role, tmp_path: Path) -> None:
    everything = KeyRing.open(directory)
    seen = b"".join(p.read_bytes() for p in only(directory, role, tmp_path / role).rglob("*") if p.is_file())
    for store in STORES:
        assert everything.store_key(store).encode() not in seen
    for path in (directory / "roles").iterdir():
        if not path.name.startswith(role.value):
            assert path.read_bytes() not in seen


def test_another_roles_key_in_our_place_is_noticed(directory: Path) -> None:
    (directory / "roles" / "linker.key").write_bytes((directory / "roles" / "splitter.key").read_bytes())
    with pytest.raises(IntegrityFault, match="key-record-altered"):
        KeyRing.open(directory, [Role.LINKER])


def edit(path: Path, change: Callable[[dict], None]) -> None:
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def flip(text: str) -> str:
    return ("1" if text[-1] != "1" else "2").join((text[:-1], ""))


def test_a_flipped_byte_of_a_sealed_key_is_noticed(directory: Path) -> None:
    def change(record: dict) -> None:
        copies = record["body"]["copies"]["linker"]
        copies.update({ident: flip(copy) for ident, copy in copies.items()})

    edit(directory / "stores" / "vault.json", change)
    with pytest.raises(IntegrityFault, match="key-record-altered"):
        KeyRing.open(directory, [Role.LINKER]).store_key("vault")


def test_one_stores_record_put_in_the_place_of_another_is_noticed(directory: Path) -> None:
    stores = directory / "stores"
    (stores / "vault.json").write_bytes((stores / "warehouse.json").read_bytes())
    with pytest.raises(IntegrityFault):
        KeyRing.open(directory).store_key("vault")


def test_a_copy_moved_to_another_role_is_noticed(directory: Path) -> None:
    edit(
        directory / "stores" / "vault.json",
        lambda r: r["body"]["copies"].update(builder=r["body"]["copies"]["linker"]),
    )
    with pytest.raises(IntegrityFault):
        KeyRing.open(directory, [Role.BUILDER]).store_key("vault")


@pytest.mark.parametrize("name", ["ring.json", "signing.json", "stores/vault.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff\x00", b'{"body": [], "signature": ""}'])
def test_nonsense_in_a_record_is_an_integrity_fault(directory: Path, name: str, content: bytes) -> None:
    (directory / name).write_bytes(content)
    read = KeyRing.signer if name == "signing.json" else partial(KeyRing.store_key, store="vault")
    with pytest.raises(IntegrityFault):
        read(KeyRing.open(directory))


def test_a_forged_ring_around_our_public_keys_is_noticed(directory: Path, tmp_path: Path) -> None:
    """The attacker writes the directory, knows no secret, and wants stores made under keys it knows."""
    KeyRing.create(tmp_path / "forged")
    ours = json.loads((directory / "ring.json").read_text())["body"]["current"]
    forged = tmp_path / "forged" / "ring.json"
    edit(forged, lambda r: r["body"].update(current=ours))
    (directory / "ring.json").write_bytes(forged.read_bytes())
    with pytest.raises(IntegrityFault):
        KeyRing.open(directory, [Role.SPLITTER])


def test_a_whole_other_ring_is_not_taken_for_ours(directory: Path, tmp_path: Path) -> None:
    KeyRing.create(tmp_path / "forged").ensure_store_key("vault", STORES["vault"])
    (directory / "ring.json").write_bytes((tmp_path / "forged" / "ring.json").read_bytes())
    (directory / "stores" / "vault.json").write_bytes((tmp_path / "forged/stores/vault.json").read_bytes())
    with pytest.raises(IntegrityFault):
        KeyRing.open(directory, [Role.SPLITTER])


def connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    wheel = Path(duckdb_extension_httpfs.__file__).parent
    connection.execute(f"LOAD '{next(wheel.rglob('httpfs.duckdb_extension'))}'")
    return connection


def test_a_backup_of_data_without_keys_is_useless(directory: Path, tmp_path: Path) -> None:
    store = tmp_path / "vault.duckdb"
    key = KeyRing.open(directory, [Role.SPLITTER]).store_key("vault")
    with connect() as connection:
        connection.execute(f"ATTACH '{store}' AS vault (ENCRYPTION_KEY $k)", {"k": key})
        connection.execute("CREATE TABLE vault.identity AS SELECT 'ZZCANARYNAME' AS surname")
        connection.execute("DETACH vault")
    backup = tmp_path / "backup.duckdb"
    shutil.copy(store, backup)
    assert b"ZZCANARYNAME" not in backup.read_bytes()
    other = KeyRing.create(tmp_path / "other").ensure_store_key("vault", STORES["vault"])
    with connect() as connection:
        for attempt, given in (("", {}), (" (ENCRYPTION_KEY $k)", {"k": other})):
            with pytest.raises(duckdb.Error):
                connection.execute(f"ATTACH '{backup}' AS stolen{attempt}", given)
        connection.execute(f"ATTACH '{backup}' AS vault (ENCRYPTION_KEY $k, READ_ONLY)", {"k": key})
        assert connection.execute("SELECT count(*) FROM vault.identity").fetchall() == [(1,)]


def test_after_its_key_is_destroyed_a_store_cannot_be_opened_by_anyone(directory: Path) -> None:
    KeyRing.open(directory, [Role.BUILDER]).destroy_store_key("mart/p/1")
    for role in (Role.BUILDER, Role.PORTAL):
        with pytest.raises((UsageFault, Refused)):
            KeyRing.open(directory, [role]).store_key("mart/p/1")
