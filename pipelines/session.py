"""Who is signed in on this machine.

Belongs here: the session file in the home. Does not: passwords and sessions
themselves (the registry), or what an account may do (agreements).
"""

import json
import os
from pathlib import Path

from data_sharing_agreements.errors import CommonwealError, Refused
from data_sharing_agreements.registry import Account
from warehouse.hub import Hub


def write_token(path: Path, token: str) -> None:
    """Keep a session's token, readable by this user only."""
    temporary = path.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"token": token}, file)
    temporary.replace(path)


def read_token(path: Path) -> str | None:
    """Return the token of the session in the home, or None."""
    try:
        token = json.loads(path.read_text(encoding="utf-8"))["token"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return token if isinstance(token, str) else None


def signed_in(hub: Hub) -> Account:
    """Return the account that is signed in.

    Raises:
        Refused: Nobody is, or the session has ended.
    """
    token = read_token(hub.deployment.session_path)
    account = hub.registry.sessions.who(token) if token else None
    if account is None:
        raise _nobody()
    return account


def _nobody() -> CommonwealError:
    return Refused.of(
        "not-signed-in",
        "Nobody is signed in here.",
        why="Who asks is known from signing in, never from an argument.",
        next="Sign in with `commonweal login NAME`.",
    )
