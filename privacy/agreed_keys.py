"""A key agreed between the parties of a linkage, who never meet in one file.

Belongs here: each party's own key pair, the offer and the grant they send each other, and the
keys derived from what was agreed. Does not: the encodings made under it, or the hub's own key
ring (keys.py).

One party draws the secret of the linkage; every other sends an offer (its public key) and gets
a grant (the secret, sealed to that key). Offers and grants are no secrets and go by mail; whose
they are is settled by reading their fingerprints to each other on the telephone, and nothing is
accepted without. The agreement's id goes into every derivation: a key of one agreement
cannot serve another.

Method: X25519 (RFC 7748), HKDF-SHA256 (RFC 5869), AES-256-GCM (NIST SP 800-38D).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from data_sharing_agreements.errors import Invalid, Refused, UsageFault
from privacy.agency_parameters import fingerprint as parameters_fingerprint
from privacy.key_files import create_file, read_private, replace_file

KEY, OFFER, GRANT = (f"commonweal/party-key-{what}/1" for what in ("file", "offer", "grant"))
_KEY_BYTES = 32
_NONCE_BYTES = 12
_GROUP = 4


@dataclass(frozen=True)
class PartyKey:
    """One party's keys for one agreement, as its private file holds them.

    Args:
        agreement: Id of the agreement under which records are linked.
        party: Name of the party.
        private: Its X25519 private key.
        own: A secret no other party ever has, under which the party's record ids become others.
        linkage: The secret of the linkage; empty until a grant was accepted.
    """

    agreement: str
    party: str
    private: bytes
    own: bytes
    linkage: bytes = b""

    def __repr__(self) -> str:
        return f"PartyKey({self.party})"

    @classmethod
    def new(cls, agreement: str, party: str, *, first: bool) -> PartyKey:
        """Draw a party's keys; the first party draws the linkage's secret as well."""
        secret = os.urandom(_KEY_BYTES) if first else b""
        return cls(agreement, party, os.urandom(_KEY_BYTES), os.urandom(_KEY_BYTES), secret)

    @property
    def public(self) -> bytes:
        """The public key."""
        return X25519PrivateKey.from_private_bytes(self.private).public_key().public_bytes_raw()

    @property
    def fingerprint(self) -> str:
        """What is read out on the telephone for this party's public key."""
        return spoken(self.agreement, self.party, self.public)

    @property
    def linkage_fingerprint(self) -> str:
        """Name of the linkage's secret, the same for every party that has it; it tells nothing of it."""
        return _derived(self._secret(), f"name of the secret|{self.agreement}")[:8].hex()

    def encoding_key(self) -> bytes:
        """Return the key under which records are encoded, for this agreement and these parameters.

        Raises:
            UsageFault: No grant was accepted yet.
        """
        return _derived(self._secret(), f"encodings|{self.agreement}|{parameters_fingerprint()}")

    def own_key(self, source: str) -> bytes:
        """Return the key under which a source's own record ids become others."""
        return _derived(self.own, f"record ids|{self.agreement}|{source}")

    def _secret(self) -> bytes:
        if not self.linkage:
            raise UsageFault.of(
                "key-not-agreed",
                f"{self.party} has no key of the linkage yet",
                why="the party that began has not granted it, or its grant was not accepted",
                next="send `encode offer`, and accept the grant that comes back",
            )
        return self.linkage

    def offer(self) -> dict[str, Any]:
        """Return what the party sends to the one that began."""
        return {
            "schema": OFFER, "agreement": self.agreement, "party": self.party, "public": self.public.hex(),
        }  # fmt: skip

    def grant(self, offer: dict[str, Any], heard: str) -> dict[str, Any]:
        """Seal the linkage's secret to the party of an offer.

        Args:
            offer: What the other party sent.
            heard: The fingerprint it read out.

        Raises:
            Refused: It is of another agreement, or another fingerprint.
        """
        public = _checked(offer, OFFER, self.agreement, heard)
        about = _about(self.agreement, self.public, public)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + AESGCM(self._shared(public, about)).encrypt(nonce, self._secret(), about)
        return {
            "schema": GRANT, "agreement": self.agreement, "party": self.party, "public": self.public.hex(),
            "to": str(offer["party"]), "sealed": sealed.hex(),
        }  # fmt: skip

    def granted(self, grant: dict[str, Any], heard: str) -> PartyKey:
        """Return these keys with the linkage's secret out of a grant.

        Args:
            grant: What the party that began sent.
            heard: The fingerprint it read out.

        Raises:
            Refused: It is of another agreement or fingerprint, or not made for this party.
        """
        public = _checked(grant, GRANT, self.agreement, heard)
        about = _about(self.agreement, public, self.public)
        try:
            sealed = bytes.fromhex(str(grant.get("sealed", "")))
            secret = AESGCM(self._shared(public, about)).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about
            )
        except (InvalidTag, ValueError):
            raise Refused.of(
                "grant-not-for-us",
                "the grant does not open with this party's key",
                why="it was made for another party's offer, or altered on the way",
                next="ask for a grant of the offer made from this key file",
                document=self.agreement,
            ) from None
        return replace(self, linkage=secret)

    def _shared(self, public: bytes, about: bytes) -> bytes:
        try:
            exchanged = X25519PrivateKey.from_private_bytes(self.private).exchange(
                X25519PublicKey.from_public_bytes(public)
            )
        except ValueError:
            raise _not_a_key() from None
        return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=about).derive(exchanged)


def write_key(path: Path, key: PartyKey, *, new: bool) -> None:
    """Write a party's key file, closed to others.

    Raises:
        UsageFault: A new one would take the place of a file that is there.
    """
    said = {k: v.hex() if isinstance(v, bytes) else v for k, v in asdict(key).items()}
    content = json.dumps({"schema": KEY, **said}, indent=1).encode()
    if not new:
        replace_file(path, content)
    elif not create_file(path, content):
        raise UsageFault.of(
            "key-exists",
            f"there is a file {path.name} already",
            why="writing over a key would make every delivery under it unreadable to the others",
            next="choose another name, or remove it knowingly",
        )


def read_key(path: Path) -> PartyKey:
    """Read a party's key file.

    Raises:
        UsageFault: There is none.
        Refused: Others may read it.
        Invalid: It is no key file.
    """
    content = read_private(path)
    if content is None:
        raise UsageFault.of(
            "no-key-file",
            f"there is no key file {path.name} at the place given",
            why="encodings are made under a key agreed between the parties",
            next="make one with `commonweal encode new-key`",
        )
    said = parsed(content, path.name)
    try:
        secrets = {name: bytes.fromhex(said[name]) for name in ("private", "own", "linkage")}
    except (KeyError, TypeError, ValueError):
        raise _not_a_key_file(path) from None
    lengths = {len(secrets["private"]), len(secrets["own"]), len(secrets["linkage"]) or _KEY_BYTES}
    if said.get("schema") != KEY or lengths != {_KEY_BYTES} or not {"agreement", "party"} <= set(said):
        raise _not_a_key_file(path)
    return PartyKey(str(said["agreement"]), str(said["party"]), **secrets)


def _not_a_key_file(path: Path) -> Invalid:
    return Invalid.of(
        "key-file-invalid",
        f"{path.name} is not a party's key file",
        why=f"its schema is {KEY}",
        next="name the file `commonweal encode new-key` made",
    )


def parsed(content: bytes, name: str) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        Invalid: It is none.
    """
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Invalid.of(
            "not-json",
            f"{name} is not a JSON object",
            why="keys, offers and grants are",
            next="send it again",
        )
    return said


def spoken(agreement: str, party: str, public: bytes) -> str:
    """Return a fingerprint for the telephone: eight groups of four hexadecimal digits."""
    told = f"{agreement}\x1f{party}\x1f".encode() + public
    digits = hashlib.sha256(told).hexdigest()[: 8 * _GROUP]
    return " ".join(digits[i : i + _GROUP] for i in range(0, len(digits), _GROUP))


def _checked(said: dict[str, Any], schema: str, agreement: str, heard: str) -> bytes:
    """Return the public key of an offer or grant that is of this agreement and of whom we heard."""
    if said.get("schema") != schema:
        raise Invalid.of(
            "not-an-offer",
            "the file is neither offer nor grant",
            why=f"expected {schema}",
            next="send it again",
        )
    if said.get("agreement") != agreement:
        raise Refused.of(
            "other-agreement",
            "the file is of another agreement than the key",
            why="a key serves one agreement; its id is part of every derivation",
            next="use the key file made for that agreement",
            document=agreement,
        )
    try:
        public = bytes.fromhex(str(said.get("public")))
    except ValueError:
        raise _not_a_key() from None
    told = spoken(agreement, str(said.get("party")), public).replace(" ", "")
    if not hmac.compare_digest(told.encode(), heard.replace(" ", "").replace("-", "").lower().encode()):
        raise Refused.of(
            "fingerprint-differs",
            "the fingerprint heard is not that of the file",
            why="somebody may have put a key of their own in its place",
            next="telephone again, to a number you know, and read all eight groups",
            document=agreement,
        )
    return public


def _not_a_key() -> Invalid:
    return Invalid.of(
        "not-a-key", "the file holds no public key", why="a key has 32 bytes", next="ask for it again"
    )


def _about(agreement: str, granting: bytes, asking: bytes) -> bytes:
    return b"commonweal grant 1|" + agreement.encode() + b"|" + granting + asking


def _derived(secret: bytes, use: str) -> bytes:
    info = f"commonweal|{use}".encode()
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(secret)
