"""The key ring: what a process may open, by the roles it was started with.

Belongs here: creating a ring, opening it for some roles, store keys, the signer,
run keys. Does not: the cryptography (envelope.py), where role keys come from
(key_providers.py), rotation and recovery (key_care.py), opening databases.
"""

import hmac
import os
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import NoReturn

from data_sharing_agreements.errors import IntegrityFault, Refused, UsageFault
from privacy.envelope import KEY_BYTES, key_id, new_secret, public_of, wrap
from privacy.key_files import create_file, destroy_file, make_private_directory, replace_file
from privacy.key_providers import FileKeys, KeyProvider
from privacy.key_records import Ed25519Signer, KeyPaths, Roster, SealedSecret, altered
from privacy.roles import ALL_ROLES, COMING, SLOTS, Role, Root, check_readers, slots_for

__all__ = ["ALL_ROLES", "KeyRefused", "KeyRing", "Role", "run_key"]

SIGNING = "signing"


class KeyRefused(Refused):
    """None of this process's roles may have the key asked for."""


def run_key() -> bytes:
    """Return 32 random bytes for one run's encodings. They are never written down."""
    return os.urandom(KEY_BYTES)


class KeyRing:
    """The keys of some roles, and through them the keys of the stores those roles open.

    It holds nothing of any other role: there is no call by which a ring opened for one
    role yields another's keys. It cannot be pickled, and its text shows only role names.
    """

    def __init__(self, directory: Path, roster: Roster, secrets_by_slot: dict[str, bytes]) -> None:
        """Used by `create` and `open`."""
        self._paths = KeyPaths(directory)
        self._roster = roster
        self._secrets = {s: (key_id(public_of(k)), k) for s, k in secrets_by_slot.items()}
        self.roles: frozenset[Role] = frozenset(SLOTS[slot][0] for slot in secrets_by_slot)

    def __repr__(self) -> str:
        return f"KeyRing(roles={[str(r) for r in sorted(self.roles)]})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key ring is never pickled")

    @classmethod
    def create(cls, directory: Path) -> "KeyRing":
        """Make a new ring: two roots, a key for every role, a signing key; files closed to others.

        The roster is written last: a creation that was killed left no ring and is begun again.

        Raises:
            UsageFault: the directory already holds a ring; nothing is changed.
        """
        paths = KeyPaths(directory)
        if paths.ring.exists():
            raise UsageFault.of(
                "key-ring-exists",
                "the key directory already holds a key ring",
                why="a new one would make every store unreadable",
                next="choose another home, or remove the old one knowingly",
            )
        for place in (directory, *(directory / part for part in ("roots", "roles", "escrow", "stores"))):
            make_private_directory(place)
        seed = os.urandom(KEY_BYTES)
        signer = Ed25519Signer(seed)
        role_secrets = {slot: new_secret() for slot in SLOTS}
        roster = Roster(secrets.token_hex(16), signer.public_key_bytes.hex(), {})
        for slot, secret in role_secrets.items():
            roster.current[slot] = roster.slot_key(secret, public_of(secret))
        cls._write_secrets(paths, roster, role_secrets)
        replace_file(paths.signing, SealedSecret.seal(roster, SIGNING, SLOTS, seed).to_bytes(signer))
        if not create_file(paths.ring, roster.to_bytes(signer)):
            raise altered("ring.json")
        return cls(directory, roster, role_secrets)

    @staticmethod
    def _write_secrets(paths: KeyPaths, roster: Roster, role_secrets: dict[str, bytes]) -> None:
        roots = {root: os.urandom(KEY_BYTES) for root in Root}
        for root, key in roots.items():
            replace_file(paths.root(root), key.hex().encode())
        for slot, secret in role_secrets.items():
            replace_file(paths.role(slot), secret.hex().encode())
            wrapped = wrap(roots[SLOTS[slot][1]], secret, f"{roster.ring_id}|{slot}")
            replace_file(paths.escrow(slot), wrapped.hex().encode())

    @classmethod
    def open(
        cls,
        directory: Path,
        roles: Collection[Role] = ALL_ROLES,
        provider: KeyProvider | None = None,
    ) -> "KeyRing":
        """Open a ring for these roles only.

        Args:
            directory: The key directory.
            roles: What this process is for; production gives one role a process.
            provider: Where the role keys come from; files in the directory if None.

        Raises:
            KeyRefused: a role's key was not given to this process.
            IntegrityFault: there is no ring, or it is not the one the role keys belong to.
        """
        roster = load_roster(directory)
        given: KeyProvider = provider or FileKeys(directory)
        found = {slot: given.secret(slot) for slot, (role, _) in SLOTS.items() if role in roles}
        held = {slot: secret for slot, secret in found.items() if secret is not None}
        if missing := sorted(set(found) - set(held)):
            raise KeyRefused.of(
                "role-key-missing",
                f"this process was not given the key of {', '.join(missing)}",
                why="a process opens only what its role's key opens",
                next="run as the user of that role, or give it the key (docs/privacy.md)",
            )
        for slot, secret in held.items():
            if not roster.recognised_by(slot, secret, public_of(secret)):
                raise altered(f"ring.json (slot {slot})")
        return cls(directory, roster, held)

    def stores(self) -> list[str]:
        """Return the names of all stores that have a key, whether ours to open or not."""
        return self._paths.store_names()

    def ensure_store_key(self, store: str, readers: Collection[Role]) -> str:
        """Return a store's key, made now and sealed once for each reader if it has none.

        Args:
            store: The store's name, such as `vault` or `mart/tanf-leavers/3`.
            readers: Roles that will open it; ours must be among them.

        Returns:
            64 hexadecimal digits.

        Raises:
            Refused: a reader that may never open this store.
            KeyRefused: none of our roles is a reader.
        """
        check_readers(store, readers)
        path = self._paths.store(store)
        if not path.exists():
            if not self.roles & set(readers):
                raise self._refusal(store)
            sealed = SealedSecret.seal(self._roster, store, slots_for(store, readers), os.urandom(KEY_BYTES))
            create_file(path, sealed.to_bytes(self.signer()))
        return self.store_key(store)

    def store_key(self, store: str) -> str:
        """Return a store's key as 64 hexadecimal digits.

        Raises:
            KeyRefused: none of our roles may open it.
            UsageFault: it has no key: never made, or destroyed.
            IntegrityFault: the sealed key was altered.
        """
        try:
            content = self._paths.store(store).read_bytes()
        except FileNotFoundError:
            raise UsageFault.of(
                "store-key-absent",
                f"{store} has no key",
                why="it was never made, or its key was destroyed; then its file cannot be read again",
                next="see the log for a destruction, or restore the key directory's backup",
            ) from None
        key = SealedSecret.from_bytes(content, self._roster, store).open(self._roster, self._secrets)
        if key is None:
            raise self._refusal(store)
        return key.hex()

    def destroy_store_key(self, store: str) -> None:
        """Destroy every sealed copy of a store's key; does nothing if it has none.

        Backups of the key directory made before still hold them: destroy those too.

        Raises:
            KeyRefused: none of our roles may open it.
        """
        if self._paths.store(store).exists():
            self.store_key(store)
            destroy_file(self._paths.store(store))

    def store_key_id(self, store: str) -> str:
        """Return the public name of a store's key: 16 hexadecimal digits that tell nothing about it.

        Raises:
            KeyRefused: none of our roles may open it.
            UsageFault: it has no key.
        """
        return hmac.digest(bytes.fromhex(self.store_key(store)), b"commonweal key id", "sha256").hex()[:16]

    def renew_store_key(self, store: str) -> None:
        """Put a store's coming key in place of its key, which is destroyed first; finishes when repeated.

        Raises:
            KeyRefused: none of our roles may open the store.
        """
        coming = COMING + store
        if not self._paths.store(coming).exists():
            return
        content, key = self._paths.store(coming).read_bytes(), self.store_key(coming)
        slots = SealedSecret.from_bytes(content, self._roster, coming).copies
        if self._paths.store(store).exists() and self.store_key(store) != key:
            self.destroy_store_key(store)
        sealed = SealedSecret.seal(self._roster, store, slots, bytes.fromhex(key))
        create_file(self._paths.store(store), sealed.to_bytes(self.signer()))
        destroy_file(self._paths.store(coming))

    def seal(self, name: str, readers: Collection[Role], payload: bytes) -> bytes:
        """Return a payload sealed to some roles under a name, for a file that may leave the home.

        Raises:
            Refused: a reader that may never open what has this name.
        """
        check_readers(name, readers)
        sealed = SealedSecret.seal(self._roster, name, slots_for(name, readers), payload)
        return sealed.to_bytes(self.signer())

    def unseal(self, name: str, content: bytes) -> bytes:
        """Return what was sealed under a name.

        Raises:
            KeyRefused: none of our roles may have it.
            IntegrityFault: it was altered, or sealed under another name.
        """
        payload = SealedSecret.from_bytes(content, self._roster, name).open(self._roster, self._secrets)
        if payload is None:
            raise self._refusal(name)
        return payload

    def signer(self) -> Ed25519Signer:
        """Return the signer of checkpoints. Every role has it, since every role writes to the log.

        Raises:
            IntegrityFault: the sealed signing key was altered.
        """
        try:
            content = self._paths.signing.read_bytes()
        except FileNotFoundError:
            raise altered(SIGNING) from None
        seed = SealedSecret.from_bytes(content, self._roster, SIGNING).open(self._roster, self._secrets)
        signer = Ed25519Signer(seed) if seed is not None else None
        if signer is None or signer.public_key_bytes != self.public_key():
            raise altered(SIGNING)
        return signer

    def public_key(self) -> bytes:
        """Return the public key (32 bytes) with which anyone verifies our checkpoints."""
        return bytes.fromhex(self._roster.signing_public)

    def _refusal(self, store: str) -> Exception:
        ours = ", ".join(sorted(self.roles)) or "none"
        return KeyRefused.of(
            "store-key-refused",
            f"{store} is not opened by the roles of this process ({ours})",
            why="separation of duties, privacy/roles.py",
            next="run this step as a role that opens it",
        )


def load_roster(directory: Path) -> Roster:
    """Read and verify a ring's roster.

    Raises:
        IntegrityFault: there is none, or its signature does not hold.
    """
    try:
        content = KeyPaths(directory).ring.read_bytes()
    except FileNotFoundError:
        raise IntegrityFault.of(
            "key-ring-absent",
            "the home has no key ring",
            why="no store can be opened without one",
            next="run commonweal init, or restore the key directory from its own backup",
        ) from None
    return Roster.from_bytes(content)
