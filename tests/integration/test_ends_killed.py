"""A purge killed at every step, again and again on one home, is finished by the next one.

Each time a process of its own ends the clinic's agreement, and is killed with SIGKILL the first time it
reaches a place it has not been killed at before: before and after each store is copied, before its key is
renewed, between the old key and the new, and before each step is written down.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from data_sharing_agreements.ends import ORDER, Step
from tests.conftest import ROOT
from tests.ends_support import filled
from tests.warehouse_support import Place, open_hub
from warehouse.deployment import Deployment

pytestmark = pytest.mark.slow

KILLED_AGAIN_AND_AGAIN = textwrap.dedent(
    """
    import json, os, signal, sys
    from pathlib import Path

    from data_sharing_agreements.registry.ends import Ends
    from privacy import keys
    from tests.ends_support import end_clinic, terminated, with_agreements
    from tests.warehouse_support import Place, open_hub
    from warehouse.deployment import Deployment
    from warehouse.ends import certificate, purge, steps

    base, seen = Path(sys.argv[1]), Path(sys.argv[2])

    def dies_at(owner, name, label):
        real = getattr(owner, name)

        def wrapped(*args, **kwargs):
            place = f"{name} {label(*args, **kwargs)}"
            been = json.loads(seen.read_text())
            if place not in been and not place.endswith("-"):
                seen.write_text(json.dumps([*been, place]))
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        setattr(owner, name, wrapped)

    def stored(path, *rest):
        return path.name if path.name in ("vault.json", "warehouse.json", "quarantine.json") else "-"

    def noted(_, __, facts):
        done = facts.get("rewritten")
        if done is None:
            return " ".join(facts)
        return sorted(f"{name} {one['done']}" for name, one in done.items())[-1]

    def end_or_go_on():
        dies_at(Ends, "step", lambda _, __, state, *rest: state)
        dies_at(Ends, "note", noted)
        dies_at(purge, "copy_kept", lambda hub, store, *rest: store.name)
        dies_at(purge, "put_in_place", lambda hub, store: store.name)
        dies_at(keys, "create_file", stored)
        dies_at(certificate, "_write", lambda path, *rest: path.suffix)
        hub = open_hub(Deployment.load(base / "commonweal.toml"), base / "contracts")
        hub = with_agreements(hub, terminated(hub.agreements))
        waiting = hub.registry.ends.unfinished()
        if waiting:
            steps.carry_out(hub, waiting[0], lambda: None)
        else:
            end_clinic(Place(hub, base / "landing"))

    for _ in range(40):
        child = os.fork()
        if child == 0:
            end_or_go_on()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(os.waitstatus_to_exitcode(status))
    sys.exit("killed forty times and still not done")
    """
)


def test_a_purge_killed_at_every_step_is_finished_by_the_next(tmp_path: Path) -> None:
    place = filled(tmp_path)
    old_key = place.hub.keys.store_key("vault")
    place.hub.registry.close()
    seen = tmp_path / "seen.json"
    seen.write_text("[]")
    script = tmp_path / "killed.py"
    script.write_text(KILLED_AGAIN_AND_AGAIN)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(seen)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    been = json.loads(seen.read_text())
    for step in ORDER[1:]:
        assert f"step {step}" in been
    for store in ("vault", "warehouse", "quarantine"):
        assert {f"copy_kept {store}", f"put_in_place {store}"} <= set(been)
        assert f"create_file {store}.json" in been, "killed while it had no key but the coming one"
    deployment = Deployment.load(tmp_path / "commonweal.toml")
    hub = open_hub(deployment, tmp_path / "contracts")
    after = Place(hub, tmp_path / "landing")
    (ending,) = hub.registry.ends.all()
    assert ending.state is Step.CERTIFIED
    assert hub.keys.store_key("vault") != old_key
    assert after.rows("SELECT count(*) FROM vault.identity") == [(0,)]
    assert after.rows("SELECT count(*) FROM warehouse.content.clinic__visit") == [(0,)]
    assert after.rows("SELECT count(*) FROM warehouse.content.school__pupil") == [(40,)]
    assert len(list(hub.deployment.certificates.glob("*.json"))) == 1
    assert not [name for name in hub.keys.stores() if name.startswith(("coming/", "purge/"))]
    assert hub.log.verify().ok
