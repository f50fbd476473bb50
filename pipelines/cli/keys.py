"""Private keys that lie in files, and the passphrases people type for them.

Belongs here: asking for a passphrase without showing it. Does not: cryptography (lifecycle.signing),
or passwords of accounts (accounts.py).
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PASSPHRASE = "COMMONWEAL_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable
"""Environment variable that may hold the passphrase of a key."""


def private_key(path: Path) -> "Ed25519PrivateKey":
    """Return the key of a file, after asking for its passphrase if it has one.

    Raises:
        UsageFault: There is nobody to ask.
    """
    from data_sharing_agreements.lifecycle.signing import needs_passphrase, read_key

    return read_key(path, passphrase() if needs_passphrase(path) else None)


def passphrase(*, new: bool = False) -> bytes:
    """Return a passphrase from the environment, or typed unseen; a new one is typed twice.

    Raises:
        UsageFault: There is nobody to ask.
    """
    from data_sharing_agreements.errors import UsageFault

    given = os.environ.get(PASSPHRASE)
    if not given and not sys.stdin.isatty():
        raise UsageFault.of(
            "no-passphrase",
            "No passphrase was given.",
            why="There is no terminal to type it at.",
            next=f"Run it at a terminal, or set {PASSPHRASE}.",
        )
    typed: str = given or click.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)
    return typed.encode()
