"""What the key directory holds: the roster of public keys, and sealed copies of secrets.

Belongs here: the two JSON records, their signatures and how they are checked.
Does not: who may open what (roles.py), the ring itself (keys.py).

Layout of the directory: `ring.json` (roster, signed), `signing.json` (the signing
key sealed to every slot), `stores/<name>.json` (a store's key sealed to its readers,
signed), `roles/<slot>.key` (secrets), `escrow/<slot>.json` (secrets wrapped under a
root), `roots/<root>.key` (to be kept off the machine).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from data_sharing_agreements.errors import CommonwealError, IntegrityFault
from privacy.envelope import Tampered, endorse, endorses, key_id, seal, unseal
from privacy.roles import SLOTS

FORMAT = 1
T = TypeVar("T")


class Ed25519Signer:
    """Signs log checkpoints and key records with the ring's Ed25519 key."""

    def __init__(self, seed: bytes) -> None:
        """Take the 32-byte seed."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key_bytes(self) -> bytes:
        """The 32-byte public key, for whoever verifies."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of a message."""
        return self._key.sign(message)


def altered(name: str) -> CommonwealError:
    """Return the error for a record of the key directory that is not what was written."""
    return IntegrityFault.of(
        "key-record-altered",
        f"the key record {name} is not what this key ring wrote",
        why="its signature or its seal does not hold",
        next="restore the key directory from its own backup; see docs/privacy.md",
    )


def _canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def signed_json(body: Mapping[str, Any], signer: Ed25519Signer) -> bytes:
    """Return a record's bytes, its signature beside it."""
    return json.dumps({"body": body, "signature": signer.sign(_canonical(body)).hex()}, indent=1).encode()


def verified_body(content: bytes, public: bytes | None, name: str) -> dict[str, Any]:
    """Return a record's body once its signature holds.

    Args:
        content: The file's bytes.
        public: The ring's signing key; None reads the key the record itself names (the roster,
            which roles then recognise by their endorsement).
        name: For the message.

    Raises:
        IntegrityFault: anything else.
    """
    try:
        outer = json.loads(content)
        body = outer["body"]
        key = Ed25519PublicKey.from_public_bytes(public or bytes.fromhex(body["signing_public"]))
        key.verify(bytes.fromhex(outer["signature"]), _canonical(body))
    except (ValueError, KeyError, TypeError, InvalidSignature):
        raise altered(name) from None
    if not isinstance(body, dict):
        raise altered(name)
    return body


@dataclass(frozen=True)
class SlotKey:
    """A slot's public key and the tag by which its holder recognises this ring."""

    public: str
    endorsement: str

    @property
    def point(self) -> bytes:
        """The public point."""
        return bytes.fromhex(self.public)


@dataclass(frozen=True)
class Roster:
    """The ring's public face: its id, its signing key, and each slot's public keys.

    While a slot's key is being rotated it has two: `current`, and `coming`.
    """

    ring_id: str
    signing_public: str
    current: dict[str, SlotKey]
    coming: dict[str, SlotKey] = field(default_factory=dict)

    @property
    def statement(self) -> bytes:
        """What a role endorses: this ring and its signing key."""
        return f"commonweal key ring {self.ring_id} {self.signing_public}".encode()

    def slot_key(self, secret: bytes, public: bytes) -> SlotKey:
        """Return the roster's entry for a new secret."""
        return SlotKey(public.hex(), endorse(secret, self.statement).hex())

    def keys_of(self, slot: str) -> tuple[SlotKey, ...]:
        """Return every key to which secrets of this slot must now be sealed."""
        return tuple(keys[slot] for keys in (self.current, self.coming) if slot in keys)

    def recognised_by(self, slot: str, secret: bytes, public: bytes) -> bool:
        """Return whether the holder of a slot's secret finds it, and its own tag, in the roster."""
        return any(
            entry.point == public and endorses(secret, self.statement, bytes.fromhex(entry.endorsement))
            for entry in self.keys_of(slot)
        )

    def with_coming(self, slot: str, entry: SlotKey) -> "Roster":
        """Return the roster with a second key announced for a slot."""
        return replace(self, coming={**self.coming, slot: entry})

    def promoted(self, slot: str) -> "Roster":
        """Return the roster with a slot's coming key as its only one."""
        coming = dict(self.coming)
        return replace(self, current={**self.current, slot: coming.pop(slot)}, coming=coming)

    def to_bytes(self, signer: Ed25519Signer) -> bytes:
        """Return the signed record."""
        return signed_json({"format": FORMAT, **asdict(self)}, signer)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Roster":
        """Read a roster.

        Raises:
            IntegrityFault: its signature does not hold, or it is of another format.
        """
        body = verified_body(content, None, "ring.json")
        try:
            if body["format"] != FORMAT:
                raise altered("ring.json")
            sides = [{s: SlotKey(**k) for s, k in body[side].items()} for side in ("current", "coming")]
            roster = cls(body["ring_id"], body["signing_public"], *sides)
        except (KeyError, TypeError, AttributeError):
            raise altered("ring.json") from None
        if set(roster.current) != set(SLOTS):
            raise altered("ring.json")
        return roster


@dataclass(frozen=True)
class SealedSecret:
    """A secret sealed once for every key of every slot that may open it.

    `copies` is slot → key id → sealed bytes (hexadecimal).
    """

    name: str
    copies: dict[str, dict[str, str]]

    @staticmethod
    def _purpose(roster: Roster, name: str, slot: str) -> str:
        return f"{roster.ring_id}|{name}|{slot}"

    @classmethod
    def seal(cls, roster: Roster, name: str, slots: Iterable[str], payload: bytes) -> "SealedSecret":
        """Seal `payload` to every current and coming key of the slots."""
        return cls(name, {slot: cls._copies(roster, name, slot, payload) for slot in slots})

    @classmethod
    def _copies(cls, roster: Roster, name: str, slot: str, payload: bytes) -> dict[str, str]:
        purpose = cls._purpose(roster, name, slot)
        return {key_id(e.point): seal(e.point, payload, purpose).hex() for e in roster.keys_of(slot)}

    def resealed(self, roster: Roster, slot: str, payload: bytes) -> "SealedSecret":
        """Return the record with one slot's copies made again, for the keys it has now."""
        return replace(self, copies={**self.copies, slot: self._copies(roster, self.name, slot, payload)})

    def open(self, roster: Roster, secrets: Mapping[str, tuple[str, bytes]]) -> bytes | None:
        """Return the secret, or None if none of the given slots has a copy.

        Args:
            roster: The ring the record belongs to.
            secrets: slot → (key id, secret) of the roles at hand.

        Raises:
            IntegrityFault: a copy for one of our slots does not open.
        """
        for slot, (ident, secret) in secrets.items():
            copy = self.copies.get(slot, {}).get(ident)
            if copy is not None:
                try:
                    return unseal(secret, bytes.fromhex(copy), self._purpose(roster, self.name, slot))
                except (Tampered, ValueError):
                    raise altered(self.name) from None
        return None

    def only_current(self, roster: Roster) -> "SealedSecret":
        """Return the record without copies for keys that are no longer in the roster."""
        return replace(
            self,
            copies={
                slot: {
                    i: c for i, c in copies.items() if i in {key_id(k.point) for k in roster.keys_of(slot)}
                }
                for slot, copies in self.copies.items()
            },
        )

    def to_bytes(self, signer: Ed25519Signer) -> bytes:
        """Return the signed record."""
        return signed_json(asdict(self), signer)

    @classmethod
    def from_bytes(cls, content: bytes, roster: Roster, name: str) -> "SealedSecret":
        """Read a record and check that it is the one for `name`.

        Raises:
            IntegrityFault: its signature does not hold, or it was written for another name.
        """
        body = verified_body(content, bytes.fromhex(roster.signing_public), name)
        try:
            record = cls(**body)
            known = record.name == name and set(record.copies) <= set(SLOTS)
        except (TypeError, AttributeError):
            raise altered(name) from None
        if not known:
            raise altered(name)
        return record


@dataclass(frozen=True)
class KeyPaths:
    """Where each record lies in a key directory."""

    directory: Path

    @property
    def ring(self) -> Path:
        """The roster."""
        return self.directory / "ring.json"

    @property
    def signing(self) -> Path:
        """The sealed signing key."""
        return self.directory / "signing.json"

    @property
    def stores(self) -> Path:
        """The directory of sealed store keys."""
        return self.directory / "stores"

    def store(self, name: str) -> Path:
        """A store's sealed key."""
        return self.stores / f"{quote(name, safe='')}.json"

    def role(self, slot: str) -> Path:
        """A role's secret."""
        return self.directory / "roles" / f"{slot}.key"

    def escrow(self, slot: str) -> Path:
        """A role's secret, wrapped under its root."""
        return self.directory / "escrow" / f"{slot}.json"

    def root(self, name: str) -> Path:
        """A root key."""
        return self.directory / "roots" / f"{name}.key"

    def store_names(self) -> list[str]:
        """Names of all stores with a key, sorted."""
        return sorted(
            unquote(p.name.removesuffix(".json")) for p in self.stores.glob("*.json") if p.name[0] != "."
        )
