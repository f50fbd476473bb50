"""Sealing small secrets: the cryptography of the key ring, and nothing else.

Belongs here: sealing to a role's public key, wrapping under a symmetric root,
endorsements. Does not: files, roles, stores, or bulk data (DuckDB encrypts that).

Method: ECDH on P-256 with a fresh key for every seal, HKDF-SHA256, AES-256-GCM
with the purpose as associated data (NIST SP 800-56A, SP 800-56C, SP 800-38D).
Sealing needs only the public key, so a process can make a store that another
role opens without ever holding that role's key.
"""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY_BYTES = 32
NONCE_BYTES = 12
_POINT_BYTES = 65
_CURVE = ec.SECP256R1()


class Tampered(Exception):
    """A sealed value does not open: altered, of another purpose, or under another key."""


def new_secret() -> bytes:
    """Return a new role secret: a private scalar on P-256, 32 bytes."""
    return ec.generate_private_key(_CURVE).private_numbers().private_value.to_bytes(KEY_BYTES, "big")


def _private(secret: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        return ec.derive_private_key(int.from_bytes(secret, "big"), _CURVE)
    except ValueError:
        raise Tampered from None


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def public_of(secret: bytes) -> bytes:
    """Return the public point (65 bytes) of a role secret."""
    return _point(_private(secret))


def key_id(public: bytes) -> str:
    """Return a short name for a public point, to tell a role's keys apart."""
    return hashlib.sha256(public).hexdigest()[:16]


def _derive(shared: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(shared)


def seal(public: bytes, payload: bytes, purpose: str) -> bytes:
    """Seal `payload` so that only the holder of the secret behind `public` opens it.

    Args:
        public: The receiver's public point.
        payload: A short secret.
        purpose: What it is for; it opens under the same purpose only.
    """
    try:
        receiver = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, public)
    except ValueError:
        raise Tampered from None
    fresh = ec.generate_private_key(_CURVE)
    point = _point(fresh)
    key = _derive(fresh.exchange(ec.ECDH(), receiver), b"seal" + point + public)
    nonce = os.urandom(NONCE_BYTES)
    return point + nonce + AESGCM(key).encrypt(nonce, payload, purpose.encode())


def unseal(secret: bytes, sealed: bytes, purpose: str) -> bytes:
    """Open what `seal` made.

    Raises:
        Tampered: wrong secret, wrong purpose, or any altered byte.
    """
    point, rest = sealed[:_POINT_BYTES], sealed[_POINT_BYTES:]
    mine = _private(secret)
    try:
        sender = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
        key = _derive(mine.exchange(ec.ECDH(), sender), b"seal" + point + _point(mine))
        return AESGCM(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], purpose.encode())
    except (InvalidTag, ValueError):
        raise Tampered from None


def wrap(root: bytes, payload: bytes, purpose: str) -> bytes:
    """Encrypt a short secret under a symmetric root (AES-256-GCM)."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(root).encrypt(nonce, payload, purpose.encode())


def unwrap(root: bytes, wrapped: bytes, purpose: str) -> bytes:
    """Open what `wrap` made.

    Raises:
        Tampered: wrong root, wrong purpose, or any altered byte.
    """
    try:
        return AESGCM(root).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], purpose.encode())
    except (InvalidTag, ValueError):
        raise Tampered from None


def endorse(secret: bytes, statement: bytes) -> bytes:
    """Return a tag by which the holder of `secret` recognises a statement made with it."""
    return hmac.digest(_derive(secret, b"endorse"), statement, "sha256")


def endorses(secret: bytes, statement: bytes, tag: bytes) -> bool:
    """Return whether `tag` was made by `endorse` with this secret."""
    return hmac.compare_digest(endorse(secret, statement), tag)
