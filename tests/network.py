"""A process without a network, and a note of every attempt to call out.

Belongs here: the network namespace without interfaces, and the Python audit hook that writes
down attempts to resolve a name or to connect anywhere but to this machine. Native code cannot
be seen by the hook, but finds no network either. Does not: assertions.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_HOOK = """
import os, sys
def watch(event, arguments, path=os.environ["COMMONWEAL_WATCH"]):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect"):
        where = str(arguments[1] if event == "socket.connect" else arguments[0])
        if not any(here in where for here in ("127.0.0.1", "::1", "localhost", "/")):
            with open(path, "a") as out:
                out.write(f"{event} {where}\\n")
sys.addaudithook(watch)
"""


@cache
def cut_off() -> tuple[str, ...]:
    """The words that start a command without a network; none where this machine does not allow it."""
    words = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--net")
    works = shutil.which("unshare") and not subprocess.run([*words, "true"], capture_output=True).returncode
    return words if works else ()


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which nobody has told the libraries to keep quiet."""
    return {k: v for k, v in environment.items() if not k.startswith(("DAGSTER_DISABLE", "GX_"))}


def hooked(hook: Path, notes: Path, *imported: Path) -> dict[str, str]:
    """What must be set for a Python process to note its attempts.

    Args:
        hook: A directory for the hook.
        notes: The file that is written when there is something to note.
        imported: More directories the process imports from.
    """
    hook.mkdir(exist_ok=True)
    (hook / "sitecustomize.py").write_text(_HOOK, encoding="utf-8")
    places = os.pathsep.join(map(str, (hook, *imported)))
    return {"PYTHONPATH": places, "COMMONWEAL_WATCH": str(notes)}
