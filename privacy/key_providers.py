"""Where role keys come from: files, environment variables, or a command.

Belongs here: fetching 32 bytes for a key slot. Does not: what they open. A key
management service or an HSM is reached by a command that prints the key.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from data_sharing_agreements.errors import Invalid, Refused
from privacy.envelope import KEY_BYTES
from privacy.key_files import read_private

COMMAND_SECONDS = 30
ENVIRONMENT_PREFIX = "COMMONWEAL_KEY_"


class KeyProvider(Protocol):
    """Anything that can hand out the secret of a key slot."""

    def secret(self, slot: str) -> bytes | None:
        """Return the slot's 32 bytes, or None if this process was not given them."""


def parse_secret(text: bytes | str, slot: str) -> bytes:
    """Return 32 bytes from 64 hexadecimal digits.

    Raises:
        Refused: anything else; the message never repeats what was given.
    """
    try:
        secret = bytes.fromhex((text.decode("ascii") if isinstance(text, bytes) else text).strip())
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise Refused.of(
            "role-key-malformed",
            f"the key for {slot} is not 64 hexadecimal digits",
            why="a role key is 32 bytes",
            next="restore the key from where it is kept",
        )
    return secret


class FileKeys:
    """Keys in files of the key directory, `roles/<slot>.key`, mode 0600 (the default)."""

    def __init__(self, directory: Path) -> None:
        """Read keys under `directory`, the key ring's own."""
        self._directory = directory / "roles"

    def secret(self, slot: str) -> bytes | None:
        """Return the slot's secret, or None if the file is absent or not ours to read."""
        content = read_private(self._directory / f"{slot}.key")
        return None if content is None else parse_secret(content, slot)


class EnvironmentKeys:
    """Keys in environment variables: `COMMONWEAL_KEY_<SLOT>`, 64 hexadecimal digits."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """Read from `environment`, by default the process's own."""
        self._environment = os.environ if environment is None else environment

    def secret(self, slot: str) -> bytes | None:
        """Return the slot's secret, or None if the variable is unset or empty."""
        text = self._environment.get(ENVIRONMENT_PREFIX + slot.upper())
        return parse_secret(text, slot) if text else None


class CommandKeys:
    """Keys printed by a command, called without a shell as `<command…> <slot>`."""

    def __init__(self, command: Sequence[str]) -> None:
        """Call `command`, a program and its arguments, with the slot's name appended."""
        self._command = tuple(command)

    def secret(self, slot: str) -> bytes | None:
        """Return the slot's secret, or None if the command prints nothing for it.

        Raises:
            Refused: the command failed or took longer than 30 seconds. Its output is not shown.
        """
        try:
            done = subprocess.run(  # noqa: S603 - the administrator's own command, no shell
                [*self._command, slot], capture_output=True, timeout=COMMAND_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError):
            raise Refused.of(
                "key-command-failed",
                f"the key command gave no key for {slot}",
                why="it failed, was not found, or took too long",
                next="run the command by hand as the user of this process",
            ) from None
        return parse_secret(done.stdout, slot) if done.stdout.strip() else None


def provider_from(settings: Mapping[str, object], directory: Path) -> KeyProvider:
    """Return the provider a deployment's `[keys]` table asks for.

    Args:
        settings: `provider` = file (default), environment or command; for a command, `command`
            = a list of strings.
        directory: The key ring's directory.

    Raises:
        Invalid: an unknown provider, or a command that is not a list of strings.
    """
    kind = settings.get("provider", "file")
    command = settings.get("command")
    if kind == "file":
        return FileKeys(directory)
    if kind == "environment":
        return EnvironmentKeys()
    if (
        kind == "command"
        and isinstance(command, list)
        and command
        and all(isinstance(c, str) for c in command)
    ):
        return CommandKeys(command)
    raise Invalid.of(
        "key-provider",
        "keys.provider is not usable",
        why="it is file, environment, or command with keys.command = a list of strings",
        next="correct the [keys] table of commonweal.toml",
    )
