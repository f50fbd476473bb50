"""The key ring: creation, opening by role, store keys, providers."""

import pickle
import stat
import sys
from pathlib import Path

import pytest

from data_sharing_agreements.errors import IntegrityFault, Invalid, Refused, UsageFault
from privacy.key_providers import CommandKeys, EnvironmentKeys, FileKeys, provider_from
from privacy.keys import KeyRefused, KeyRing, Role, run_key


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    KeyRing.create(tmp_path / "keys")
    return tmp_path / "keys"


def test_all_files_are_closed_to_others(directory: Path) -> None:
    KeyRing.open(directory).ensure_store_key("vault", [Role.SPLITTER, Role.LINKER])
    modes = {stat.S_IMODE(p.stat().st_mode) for p in directory.rglob("*") if p.is_file()}
    assert modes == {0o600}
    assert {stat.S_IMODE(p.stat().st_mode) for p in [directory, *directory.iterdir()] if p.is_dir()} == {
        0o700
    }


def test_a_second_ring_is_not_made_over_the_first(directory: Path) -> None:
    with pytest.raises(UsageFault, match="key-ring-exists"):
        KeyRing.create(directory)


def test_a_creation_that_was_killed_is_begun_again(directory: Path) -> None:
    (directory / "ring.json").unlink()
    KeyRing.create(directory)
    assert KeyRing.open(directory).ensure_store_key("quarantine", [Role.SPLITTER])


def test_a_store_key_is_made_once(directory: Path) -> None:
    ring = KeyRing.open(directory)
    first = ring.ensure_store_key("warehouse", [Role.SPLITTER, Role.LINKER, Role.BUILDER])
    assert len(bytes.fromhex(first)) == 32
    assert ring.ensure_store_key("warehouse", [Role.BUILDER]) == first
    assert KeyRing.open(directory, [Role.BUILDER]).store_key("warehouse") == first
    assert ring.stores() == ["warehouse"]


def test_names_with_slashes_are_kept(directory: Path) -> None:
    ring = KeyRing.open(directory)
    ring.ensure_store_key("mart/tanf-leavers/3", [Role.BUILDER, Role.PORTAL])
    assert ring.stores() == ["mart/tanf-leavers/3"]


def test_the_splitter_makes_a_store_others_open(directory: Path) -> None:
    key = KeyRing.open(directory, [Role.SPLITTER]).ensure_store_key("vault", [Role.SPLITTER, Role.LINKER])
    assert KeyRing.open(directory, [Role.LINKER]).store_key("vault") == key


def test_a_destroyed_key_is_gone_and_destroying_twice_is_harmless(directory: Path) -> None:
    ring = KeyRing.open(directory)
    old = ring.ensure_store_key("staging/d1", [Role.SPLITTER])
    ring.destroy_store_key("staging/d1")
    ring.destroy_store_key("staging/d1")
    with pytest.raises(UsageFault, match="store-key-absent"):
        ring.store_key("staging/d1")
    assert ring.ensure_store_key("staging/d1", [Role.SPLITTER]) != old


@pytest.mark.parametrize(
    ("store", "readers"),
    [
        ("vault", [Role.PORTAL]),
        ("vault", [Role.BUILDER]),
        ("warehouse", [Role.PORTAL]),
        ("mart/p/1", [Role.LINKER]),
    ],
)
def test_readers_beyond_the_table_of_duties_are_refused(
    directory: Path, store: str, readers: list[Role]
) -> None:
    with pytest.raises(Refused, match="reader-not-permitted"):
        KeyRing.open(directory).ensure_store_key(store, [*readers, Role.SPLITTER])


def test_an_unknown_store_is_a_usage_fault(directory: Path) -> None:
    with pytest.raises(UsageFault, match="unknown-store"):
        KeyRing.open(directory).ensure_store_key("elsewhere", [Role.SPLITTER])


def test_every_role_signs_with_the_one_key(directory: Path) -> None:
    public = KeyRing.open(directory).public_key()
    for role in Role:
        signer = KeyRing.open(directory, [role]).signer()
        assert signer.public_key_bytes == public
        assert len(signer.sign(b"root")) == 64


def test_a_ring_shows_and_yields_no_key(directory: Path) -> None:
    ring = KeyRing.open(directory)
    secrets = [p.read_text() for p in (directory / "roles").iterdir()]
    assert not any(secret in repr(ring) for secret in secrets)
    with pytest.raises(TypeError):
        pickle.dumps(ring)


def test_a_missing_role_key_is_refused_and_names_the_role(directory: Path) -> None:
    (directory / "roles" / "linker.key").unlink()
    with pytest.raises(KeyRefused, match="linker"):
        KeyRing.open(directory)
    assert KeyRing.open(directory, [Role.SPLITTER]).roles == {Role.SPLITTER}


def test_a_key_file_others_can_read_is_refused(directory: Path) -> None:
    (directory / "roles" / "linker.key").chmod(0o644)
    with pytest.raises(Refused, match="key-file-exposed"):
        KeyRing.open(directory, [Role.LINKER])


def test_no_ring_is_an_integrity_fault(tmp_path: Path) -> None:
    with pytest.raises(IntegrityFault, match="key-ring-absent"):
        KeyRing.open(tmp_path)


def test_keys_from_the_environment(directory: Path) -> None:
    text = (directory / "roles" / "linker.key").read_text()
    ring = KeyRing.open(directory, [Role.LINKER], EnvironmentKeys({"COMMONWEAL_KEY_LINKER": text}))
    assert ring.roles == {Role.LINKER}
    with pytest.raises(KeyRefused):
        KeyRing.open(directory, [Role.SPLITTER], EnvironmentKeys({}))


def test_keys_from_a_command(directory: Path, tmp_path: Path) -> None:
    program = tmp_path / "kms.py"
    program.write_text(
        "import pathlib, sys\n"
        f"print(pathlib.Path({str(directory)!r}, 'roles', sys.argv[1] + '.key').read_text())\n"
    )
    provider = CommandKeys([sys.executable, str(program)])
    assert KeyRing.open(directory, [Role.BUILDER], provider).roles == {Role.BUILDER}


def test_a_failing_command_is_refused_without_its_output(directory: Path) -> None:
    provider = CommandKeys([sys.executable, "-c", "import sys; print('abc123'); sys.exit(1)"])
    with pytest.raises(Refused, match="key-command-failed") as caught:
        KeyRing.open(directory, [Role.LINKER], provider)
    assert "abc123" not in str(caught.value.to_json())


def test_a_malformed_key_is_refused_without_being_shown(directory: Path) -> None:
    with pytest.raises(Refused, match="role-key-malformed") as caught:
        KeyRing.open(directory, [Role.LINKER], EnvironmentKeys({"COMMONWEAL_KEY_LINKER": "deadbeef"}))
    assert "deadbeef" not in str(caught.value.to_json())


def test_the_provider_is_configuration(tmp_path: Path) -> None:
    assert isinstance(provider_from({}, tmp_path), FileKeys)
    assert isinstance(provider_from({"provider": "environment"}, tmp_path), EnvironmentKeys)
    assert isinstance(provider_from({"provider": "command", "command": ["kms"]}, tmp_path), CommandKeys)
    for wrong in ({"provider": "cloud"}, {"provider": "command"}, {"provider": "command", "command": "kms"}):
        with pytest.raises(Invalid, match="key-provider"):
            provider_from(wrong, tmp_path)


def test_run_keys_differ() -> None:
    assert len({run_key() for _ in range(50)}) == 50
