"""Care of a key ring: checking it, rotating a role's key, recovering one from its root.

Belongs here: what an administrator does, rarely, while nothing runs. Does not:
opening stores (keys.py), the log entry of a key event (the caller's), giving a store
a new key (that is a copy of the store, the opener's).
"""

from dataclasses import dataclass
from pathlib import Path

from data_sharing_agreements.errors import CommonwealError, ErrorDetail, UsageFault
from privacy.envelope import Tampered, key_id, new_secret, public_of, unwrap, wrap
from privacy.key_files import is_exposed, read_private, replace_file
from privacy.key_providers import FileKeys, parse_secret
from privacy.key_records import KeyPaths, Roster, SealedSecret, altered
from privacy.keys import SIGNING, KeyRing, load_roster
from privacy.roles import SLOTS, Role


@dataclass(frozen=True)
class KeyReport:
    """The state of a key directory: roles whose keys are here, stores, roots, and what is wrong."""

    roles: tuple[Role, ...]
    stores: tuple[str, ...]
    roots: tuple[str, ...]
    faults: tuple[ErrorDetail, ...]


def _slots(role: Role) -> list[str]:
    return [slot for slot, (owner, _) in SLOTS.items() if owner is role]


def _records(paths: KeyPaths) -> dict[str, Path]:
    return {SIGNING: paths.signing} | {name: paths.store(name) for name in paths.store_names()}


def check(directory: Path) -> KeyReport:
    """Look over a key directory without opening any store. It never raises for what it finds.

    Faults are a record that is absent or altered, a key file others can read, and a role key
    that is not this ring's. Roots found on the machine are listed: they belong elsewhere.
    """
    paths = KeyPaths(directory)
    roles = tuple(role for role in Role if all(paths.role(slot).exists() for slot in _slots(role)))
    faults = [*_exposed(directory), *_faults_of_records(directory), *_faults_of_roles(directory, roles)]
    roots = tuple(sorted(path.stem for path in (directory / "roots").glob("*.key")))
    return KeyReport(roles, tuple(paths.store_names()), roots, tuple(dict.fromkeys(faults)))


def _exposed(directory: Path) -> list[ErrorDetail]:
    return [
        ErrorDetail(
            "key-file-exposed",
            f"{path.relative_to(directory)} can be read by other users of this machine",
            why="a key others can read protects nothing",
            next="close it to others (chmod 600), then rotate the role's key",
        )
        for path in sorted(directory.rglob("*"))
        if path.is_file() and is_exposed(path)
    ]


def _faults_of_records(directory: Path) -> list[ErrorDetail]:
    found: list[ErrorDetail] = []
    try:
        roster = load_roster(directory)
    except CommonwealError as fault:
        return [*fault.details]
    for name, path in _records(KeyPaths(directory)).items():
        try:
            SealedSecret.from_bytes(path.read_bytes(), roster, name)
        except CommonwealError as fault:
            found += fault.details
        except FileNotFoundError:
            found += altered(name).details
    return found


def _faults_of_roles(directory: Path, roles: tuple[Role, ...]) -> list[ErrorDetail]:
    found: list[ErrorDetail] = []
    for role in roles:
        try:
            KeyRing.open(directory, [role]).signer()
        except CommonwealError as fault:
            found += fault.details
    return found


def rotate_role_key(directory: Path, role: Role, roots: Path | None = None) -> None:
    """Give a role a new key; every secret sealed to the old one is sealed to the new one.

    The old key then opens nothing in this directory; backups of the directory that are older
    still open with it. A rotation that was killed is finished by calling again.

    Args:
        directory: The key directory, with the role's own key file in it.
        role: Whose key to change; the builder has two.
        roots: The directory of root keys, by default the ring's own.

    Raises:
        UsageFault: the root or the role's key file is not at hand. Nothing is changed.
    """
    for slot in _slots(role):
        _rotate_slot(KeyPaths(directory), slot, _root(KeyPaths(directory), slot, roots))


def _rotate_slot(paths: KeyPaths, slot: str, root: bytes) -> None:
    roster = load_roster(paths.directory)
    old = FileKeys(paths.directory).secret(slot)
    if old is None:
        raise UsageFault.of(
            "role-key-absent",
            f"the key file of {slot} is not in the key directory",
            why="rotation opens each secret with the old key and seals it to the new one",
            next="put the key file back, or recover it from its root",
        )
    ring = KeyRing(paths.directory, roster, {slot: old})
    coming_file = paths.role(f"{slot}.coming")
    if slot not in roster.coming:
        secret = new_secret()
        replace_file(coming_file, secret.hex().encode())
        roster = roster.with_coming(slot, roster.slot_key(secret, public_of(secret)))
        replace_file(paths.ring, roster.to_bytes(ring.signer()))
    _reseal(paths, roster, slot, old)
    if coming_file.exists():
        coming_file.replace(paths.role(slot))
    new = FileKeys(paths.directory).secret(slot) or old
    if roster.coming[slot].point != public_of(new):
        raise altered(f"roles/{slot}.key")
    signer = KeyRing(paths.directory, roster, {slot: new}).signer()
    _write_escrow(paths, roster, slot, root, new)
    roster = roster.promoted(slot)
    replace_file(paths.ring, roster.to_bytes(signer))
    for name, path in _records(paths).items():
        record = SealedSecret.from_bytes(path.read_bytes(), roster, name)
        replace_file(path, record.only_current(roster).to_bytes(signer))


def _reseal(paths: KeyPaths, roster: Roster, slot: str, secret: bytes) -> None:
    ring = KeyRing(paths.directory, roster, {slot: secret})
    for name, path in _records(paths).items():
        record = SealedSecret.from_bytes(path.read_bytes(), roster, name)
        payload = record.open(roster, {slot: (key_id(public_of(secret)), secret)})
        if payload is not None:
            replace_file(path, record.resealed(roster, slot, payload).to_bytes(ring.signer()))


def _write_escrow(paths: KeyPaths, roster: Roster, slot: str, root: bytes, secret: bytes) -> None:
    replace_file(paths.escrow(slot), wrap(root, secret, f"{roster.ring_id}|{slot}").hex().encode())


def _root(paths: KeyPaths, slot: str, roots: Path | None) -> bytes:
    name = SLOTS[slot][1].value
    content = read_private(roots / f"{name}.key" if roots else paths.root(name))
    if content is None:
        raise UsageFault.of(
            "root-key-absent",
            f"the root key {name} is not at hand",
            why="role keys are kept in escrow under their root",
            next="bring the root key from where it is kept, and name its directory",
        )
    return parse_secret(content, name)


def recover_role_key(directory: Path, role: Role, roots: Path | None = None) -> None:
    """Write a role's lost key file again, from its escrow and its root.

    Raises:
        UsageFault: the root is not at hand.
        IntegrityFault: the escrow does not open, or holds a key the roster does not know.
    """
    paths, roster = KeyPaths(directory), load_roster(directory)
    for slot in _slots(role):
        root = _root(paths, slot, roots)
        try:
            wrapped = bytes.fromhex(paths.escrow(slot).read_text())
            secret = unwrap(root, wrapped, f"{roster.ring_id}|{slot}")
        except (Tampered, ValueError, FileNotFoundError):
            raise altered(f"escrow/{slot}.json") from None
        if not roster.recognised_by(slot, secret, public_of(secret)):
            raise altered(f"escrow/{slot}.json")
        replace_file(paths.role(slot), secret.hex().encode())
