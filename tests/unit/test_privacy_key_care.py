"""Checking, rotating and recovering keys."""

from pathlib import Path

import pytest

from data_sharing_agreements.errors import IntegrityFault, UsageFault
from privacy import key_care
from privacy.key_care import check, recover_role_key, rotate_role_key
from privacy.keys import KeyRing, Role

READERS = [Role.SPLITTER, Role.LINKER]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    ring = KeyRing.create(tmp_path / "keys")
    ring.ensure_store_key("vault", READERS)
    ring.ensure_store_key("mart/p/1", [Role.BUILDER, Role.PORTAL])
    ring.ensure_store_key("warehouse", [*READERS, Role.BUILDER])
    return tmp_path / "keys"


def keys_of(directory: Path) -> dict[str, str]:
    ring = KeyRing.open(directory)
    return {store: ring.store_key(store) for store in ring.stores()}


def test_a_sound_directory_has_no_faults(directory: Path) -> None:
    report = check(directory)
    assert report.faults == ()
    assert report.roles == tuple(Role)
    assert report.roots == ("hub", "marts")
    assert report.stores == ("mart/p/1", "vault", "warehouse")


def test_every_fault_is_found_at_once(directory: Path) -> None:
    (directory / "roles" / "portal.key").chmod(0o640)
    (directory / "stores" / "vault.json").write_text("{}")
    (directory / "roles" / "linker.key").write_bytes((directory / "roles" / "splitter.key").read_bytes())
    codes = sorted(fault.code for fault in check(directory).faults)
    assert codes == ["key-file-exposed", "key-file-exposed", "key-record-altered", "key-record-altered"]


def test_an_absent_ring_is_reported_not_raised(tmp_path: Path) -> None:
    assert {fault.code for fault in check(tmp_path).faults} == {"key-ring-absent"}


@pytest.mark.parametrize("role", list(Role))
def test_rotation_changes_the_role_key_and_no_store_key(directory: Path, role: Role) -> None:
    before, old = keys_of(directory), {p.name: p.read_text() for p in (directory / "roles").iterdir()}
    rotate_role_key(directory, role)
    assert keys_of(directory) == before
    assert check(directory).faults == ()
    changed = {name for name, text in old.items() if (directory / "roles" / name).read_text() != text}
    assert changed == {n for n in old if n.startswith(role.value)}


def test_after_rotation_the_old_key_opens_nothing(directory: Path) -> None:
    old = (directory / "roles" / "linker.key").read_bytes()
    rotate_role_key(directory, Role.LINKER)
    (directory / "roles" / "linker.key").write_bytes(old)
    with pytest.raises(IntegrityFault):
        KeyRing.open(directory, [Role.LINKER])


@pytest.mark.parametrize("killed_at", range(1, 12))
def test_a_killed_rotation_is_finished_by_the_next(
    directory: Path, killed_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, written, write = keys_of(directory), [0], key_care.replace_file

    def write_until_killed(path: Path, content: bytes) -> None:
        written[0] += 1
        if written[0] == killed_at:
            raise KeyboardInterrupt
        write(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(key_care, "replace_file", write_until_killed)
        try:
            rotate_role_key(directory, Role.LINKER)
        except KeyboardInterrupt:
            assert keys_of(directory) == before
    rotate_role_key(directory, Role.LINKER)
    assert keys_of(directory) == before
    assert check(directory).faults == ()


def test_a_lost_role_key_comes_back_from_its_root_kept_elsewhere(directory: Path, tmp_path: Path) -> None:
    before, elsewhere = keys_of(directory), tmp_path / "safe"
    (directory / "roots").rename(elsewhere)
    rotate_role_key(directory, Role.BUILDER, elsewhere)
    for path in (directory / "roles").glob("builder*.key"):
        path.unlink()
    with pytest.raises(UsageFault, match="root-key-absent"):
        recover_role_key(directory, Role.BUILDER)
    recover_role_key(directory, Role.BUILDER, elsewhere)
    assert keys_of(directory) == before


def test_the_wrong_root_recovers_nothing(directory: Path, tmp_path: Path) -> None:
    KeyRing.create(tmp_path / "other")
    with pytest.raises(IntegrityFault):
        recover_role_key(directory, Role.PORTAL, tmp_path / "other" / "roots")


def test_rotation_needs_the_old_key(directory: Path) -> None:
    (directory / "roles" / "portal.key").unlink()
    with pytest.raises(UsageFault, match="role-key-absent"):
        rotate_role_key(directory, Role.PORTAL)
