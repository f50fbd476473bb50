"""A run killed at any step leaves nothing half-done: the next run finishes the work.

Again and again on one home the command line is started as a user would start it, and killed with SIGKILL
at a later step each time. What the last run makes of it is compared with a run nobody disturbed: the same
partition of records into persons, the same mart rows apart from random ids, a log that verifies.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import COMMONWEAL, ROOT, commonweal_here
from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.opener import Store

pytestmark = pytest.mark.slow
RANDOM_IDS = {"study_id"}


def partition(hub: Hub) -> set[frozenset[str]]:
    """The records of the spine as sets of source record ids, one set a person."""
    with hub.opener.session(read=[Store.vault(), Store.warehouse()]) as session:
        members = session.frame(
            "SELECT s.person_key, x.namespace || ':' || x.source_id AS record "
            "FROM warehouse.spine.current s JOIN vault.crosswalk x ON x.key = s.record_key"
        )
    return set(members.groupby("person_key")["record"].agg(frozenset))


def mart_rows(hub: Hub) -> dict[str, list[tuple]]:
    """The rows of every current mart without their random ids, in order."""
    found = {}
    for mart in hub.registry.marts.all():
        store = Store.mart(mart.project, mart.version)
        with hub.opener.session(read=[store]) as session:
            for (table,) in session.execute(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = $alias", {"alias": store.alias}
            ):
                if table.startswith("_"):
                    continue
                frame = session.frame(f'SELECT * FROM "{store.alias}"."{table}"')
                frame = frame.drop(columns=[c for c in frame.columns if c in RANDOM_IDS])
                found[f"{mart.project}.{table}"] = sorted(map(repr, frame.itertuples(index=False)))
    return found


def results(home: Path) -> tuple[set[frozenset[str]], dict[str, list[tuple]]]:
    """What a finished home holds, apart from random ids."""
    with Hub.open(Deployment.load(ROOT / "commonweal.toml", home)) as hub:
        return partition(hub), mart_rows(hub)


def run_until(home: Path, landing: Path, step: str, delay: float) -> bool:
    """Start a run and kill it `delay` seconds after it announces a step; False if it ended first."""
    started = subprocess.Popen(
        [COMMONWEAL, "--config", ROOT / "commonweal.toml", "--home", home, "run", "--landing", landing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    assert started.stderr is not None
    with started.stderr as said:
        for line in said:
            if step in line:
                time.sleep(delay)
                break
        started.send_signal(signal.SIGKILL)
        said.read()
    return started.wait() == -signal.SIGKILL


@pytest.fixture(scope="module")
def undisturbed(
    hamlet: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[set[frozenset[str]], dict[str, list[tuple]]]:
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    done = commonweal_here("run", "--landing", hamlet / "landing", home=home)
    assert done.code == 0, done.err
    return results(home)


KILLS = (
    ("ingest", 1.0),
    ("link", 1.0),
    ("core", 0.0),
    ("mart", 0.1),
    ("indicators", 0.0),
)
"""Steps, and seconds after their announcement, at which the runs of one home are killed in turn."""


def test_runs_killed_at_every_step_are_finished_by_the_next(
    hamlet: Path, tmp_path: Path, undisturbed: tuple
) -> None:
    home, landing = tmp_path / "home", hamlet / "landing"
    killed = [run_until(home, landing, step, delay) for step, delay in KILLS]
    assert sum(killed) >= len(KILLS) - 1, "the runs ended before they could be killed"
    again = commonweal_here("run", "--landing", landing, "--json", home=home)
    assert again.code == 0, again.err
    assert results(home) == undisturbed
    verified = commonweal_here("log", "verify", "--json", home=home)
    assert verified.code == 0
    assert verified.json["ok"] is True


def test_partition_is_not_trivial(undisturbed: tuple) -> None:
    people, marts = undisturbed
    assert max(map(len, people)) > 1
    assert any(marts.values())
