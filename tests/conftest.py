"""Fixtures several kinds of test share: a small synthetic state, and a home in which a run has finished.

Belongs here: what is expensive to make and never changed by a test. Does not: assertions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from tests.registries import KINDS, SERVER, WHOLE_SUITE, blank, copy_home, url_for_homes

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_configure() -> None:
    """Agree on one place for PostgreSQL; with the whole suite on it, send every deployment there."""
    os.environ.setdefault(SERVER, tempfile.mkdtemp(prefix="cwpg"))
    if os.environ.get(WHOLE_SUITE) == "postgresql":
        os.environ["COMMONWEAL_REGISTRY"] = url_for_homes()


ROOT = Path(__file__).resolve().parents[1]
COMMONWEAL = Path(sys.executable).with_name("commonweal")


@dataclass(frozen=True)
class Called:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """The one JSON object on standard output."""
        return json.loads(self.out)


def commonweal(
    *words: str | Path,
    home: Path,
    config: Path = ROOT / "commonweal.toml",
    stdin: str = "",
    watched: Path | None = None,
    **environment: str,
) -> Called:
    """Run the command line as a user would, in a process of its own.

    With `watched`, what it decides and opens is written to that file.
    """
    program = [str(COMMONWEAL)]
    if watched is not None:
        program = [sys.executable, "-m", "tests.decisions_recorder", str(watched)]
        environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [*program, "--config", str(config), "--home", str(home), *map(str, words)],
        capture_output=True,
        text=True,
        input=stdin,
        check=False,
        cwd=home.parent,
        env=os.environ | environment,
    )
    return Called(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def call() -> Callable[..., Called]:
    """The command line."""
    return commonweal


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that all processes of one test session share."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    place.mkdir(exist_ok=True)
    return place


@pytest.fixture(scope="session")
def evergreen(shared: Path) -> Path:
    """A synthetic state of 3,000 people over a year: `landing/` and `truth/`."""
    out = shared / "evergreen"
    with FileLock(f"{out}.lock"):
        if not (out / "truth").exists():
            words = ("synth", "--people", "3000", "--seed", "7", "--months", "12", "--out", out)
            done = commonweal(*words, home=shared / "none")
            assert done.code == 0, done.err
    return out


@pytest.fixture(scope="session")
def finished(evergreen: Path, shared: Path) -> tuple[Path, dict]:
    """A home in which one run has finished, and what the run said. Copy it before changing it."""
    home, said = shared / "finished" / "home", shared / "finished.json"
    with FileLock(f"{home.parent}.lock"):
        if not said.exists():
            home.parent.mkdir(exist_ok=True)
            words = ("run", "--landing", evergreen / "landing", "--json")
            done = commonweal(*words, home=home, watched=shared / "decisions.json")
            assert done.code == 0, done.err
            said.write_text(done.out, encoding="utf-8")
    return home, json.loads(said.read_text(encoding="utf-8"))


@pytest.fixture
def home(finished: tuple[Path, dict], tmp_path: Path) -> Path:
    """A copy of the finished home for one test to change."""
    return copy_home(finished[0], tmp_path / "home")


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """SQLite and PostgreSQL, one after the other, for tests of what lies in the registry."""
    return request.param


@pytest.fixture
def registry_url(database_kind: str, tmp_path: Path, shared: Path) -> str:
    """The address of a new registry on each kind of database."""
    return blank(database_kind, tmp_path, shared)
