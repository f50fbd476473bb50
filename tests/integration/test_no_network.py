"""With the network cut off a whole run works, and no component tries to call out.

The run happens in a network namespace without interfaces, with a Python audit hook that writes down every
attempt to resolve a name or to connect anywhere but to this machine. Native code cannot be seen by the
hook, but finds no network either.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import COMMONWEAL, ROOT

HOOK = """
import os, sys
def watch(event, arguments, path=os.environ["COMMONWEAL_WATCH"]):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect"):
        where = str(arguments[1] if event == "socket.connect" else arguments[0])
        if not any(here in where for here in ("127.0.0.1", "::1", "localhost", "/")):
            with open(path, "a") as out:
                out.write(f"{event} {where}\\n")
sys.addaudithook(watch)
"""


def cut_off() -> list[str]:
    """The words that start a command without a network, or an empty list."""
    words = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
    works = shutil.which("unshare") and not subprocess.run([*words, "true"], capture_output=True).returncode
    return words if works else []


@pytest.mark.slow
@pytest.mark.skipif(not cut_off(), reason="this machine does not let a test make a network namespace")
def test_a_run_needs_no_network_and_asks_for_none(evergreen: Path, tmp_path: Path) -> None:
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(HOOK)
    watch = tmp_path / "watch.txt"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("DAGSTER_DISABLE", "GX_"))}
    done = subprocess.run(
        [
            *cut_off(),
            *(str(COMMONWEAL), "--config", str(ROOT / "commonweal.toml"), "--home", str(tmp_path / "home")),
            *("run", "--landing", str(evergreen / "landing")),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=clean | {"PYTHONPATH": str(tmp_path / "hook"), "COMMONWEAL_WATCH": str(watch)},
    )
    assert done.returncode == 0, done.stderr
    assert not watch.exists(), watch.read_text()


def test_the_hook_sees_an_attempt(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOOK)
    watch = tmp_path / "watch.txt"
    audit = "import sys; sys.audit('socket.connect', None, ('192.0.2.1', 9))"
    subprocess.run(
        [COMMONWEAL.with_name("python"), "-c", audit],
        check=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "COMMONWEAL_WATCH": str(watch)},
    )
    assert "192.0.2.1" in watch.read_text()
