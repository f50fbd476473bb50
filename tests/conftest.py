"""Fixtures several kinds of test share: a small synthetic state, and a home in which a run has finished.

Belongs here: what is expensive to make and never changed by a test. Does not: assertions.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings
from sqlalchemy import event
from sqlalchemy.pool import Pool

from data_sharing_agreements.registry import passwords
from tests.network import clean, cut_off, hooked
from tests.registries import KINDS, SERVER, WHOLE_SUITE, blank, copy_home, url_for_homes
from warehouse import opener

settings.register_profile("house", deadline=None)  # a slow machine makes no test false
settings.register_profile("ci", settings.get_profile("house"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "house")


def pytest_configure() -> None:
    """Agree on one place for PostgreSQL; with the whole suite on it, send every deployment there."""
    os.environ.setdefault(SERVER, tempfile.mkdtemp(prefix="cwpg"))
    if os.environ.get(WHOLE_SUITE) == "postgresql":
        os.environ["COMMONWEAL_REGISTRY"] = url_for_homes()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that hold slow tests, so that no process is left with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


ROOT = Path(__file__).resolve().parents[1]
COMMONWEAL = Path(sys.executable).with_name("commonweal")


AS_DELIVERED = dict(opener._SETTINGS)
"""Settings of every connection outside these processes."""


@pytest.fixture(scope="session", autouse=True)
def spared() -> Iterator[None]:
    """Spare the tests' own processes what takes its time on purpose, thousands of times over.

    The extension's signature is not checked anew for each connection, passwords are hashed
    quickly, and SQLite does not wait for the disk: what a test writes need not outlive the
    machine. Whatever runs in a process of its own is as delivered.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(opener._SETTINGS, "allow_unsigned_extensions", "true")
        patch.setattr(passwords, "ITERATIONS", 1)
        patch.setattr(passwords, "MEMORY_KIB", 8 * passwords.LANES)
        event.listen(Pool, "checkout", _do_not_wait)
        yield
        event.remove(Pool, "checkout", _do_not_wait)


def _do_not_wait(connection: object, *_: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


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
    **environment: str,
) -> Called:
    """Run the command line as a user would, in a process of its own."""
    return _called([COMMONWEAL], words, home, config, os.environ | environment, stdin)


def watched(*words: str | Path, home: Path, notes: Path) -> Called:
    """Run the command line without a network, and note what it decides, opens and tries to call.

    Args:
        words: The command.
        home: The home directory.
        notes: A directory for `decisions.json`, and `network.txt` if a call was tried.
    """
    program = [*cut_off(), sys.executable, "-m", "tests.decisions_recorder", notes / "decisions.json"]
    environment = clean(os.environ) | hooked(notes / "hook", notes / "network.txt", ROOT)
    return _called(program, words, home, ROOT / "commonweal.toml", environment)


def _called(
    program: list[str | Path],
    words: tuple[str | Path, ...],
    home: Path,
    config: Path,
    environment: dict[str, str],
    stdin: str = "",
) -> Called:
    done = subprocess.run(
        [*program, "--config", config, "--home", home, *words],
        capture_output=True,
        text=True,
        input=stdin,
        check=False,
        cwd=home.parent,
        env=environment,
    )
    return Called(done.returncode, done.stdout, done.stderr)


def commonweal_here(
    *words: str | Path, home: Path, config: Path = ROOT / "commonweal.toml", stdin: str = ""
) -> Called:
    """Run the command line in this process, which spares its start: for verbs that are asked many times."""
    from pipelines.cli.main import run_cli

    named = ("--config", config, "--home", home, *words)
    out, err, kept = StringIO(), StringIO(), sys.stdin
    logged = logging.StreamHandler(err)  # in a process of its own, what libraries log goes there too
    logging.getLogger().addHandler(logged)
    sys.stdin = StringIO(stdin)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = run_cli([str(word) for word in named])
    finally:
        sys.stdin = kept
        logging.getLogger().removeHandler(logged)
    return Called(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def call() -> Callable[..., Called]:
    """The command line, in processes of its own."""
    return commonweal


@pytest.fixture(scope="session")
def call_here() -> Callable[..., Called]:
    """The command line, in the process of the tests."""
    return commonweal_here


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
    return made(shared / "evergreen", people=3000, months=12)


def made(out: Path, people: int, months: int) -> Path:
    """Make a synthetic state, unless another process of the session has."""
    with FileLock(f"{out}.lock"):
        if not (out / "truth").exists():
            size = ("--people", str(people), "--seed", "7", "--months", str(months))
            done = commonweal("synth", *size, "--out", out, home=out.parent / "none")
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
            done = watched(*words, home=home, notes=shared)
            assert done.code == 0, done.err
            said.write_text(done.out, encoding="utf-8")
    return home, json.loads(said.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def hamlet(shared: Path) -> Path:
    """The smallest state in which everything happens, 800 people over a quarter: `landing/` and `truth/`."""
    return made(shared / "hamlet", people=800, months=3)


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
