"""Evergreen's restricted people after a run: what its truth says of them is found nowhere it may not be."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.opener import Store

ROOT = Path(__file__).resolve().parents[2]


def restricted(evergreen: Path) -> list[dict[str, str]]:
    """What the truth says of restricted records."""
    with (evergreen / "truth" / "restricted.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_they_are_where_they_may_be_and_nowhere_else(evergreen: Path, finished: tuple[Path, dict]) -> None:
    home, told = finished
    said = restricted(evergreen)
    assert {row["kind"] for row in said} == {"sealed", "opt_out", "address_confidential"}
    step = [s for s in told["steps"] if s["step"] == "restrictions"]
    assert {s["status"] for s in step} == {"done"}
    hub = Hub.open(Deployment.load(ROOT / "commonweal.toml", home))
    with hub, hub.opener.session(read=[Store.vault(), Store.warehouse()]) as session:
        for row in said:
            where = {"source": row["source"], "id": row["record_id"]}
            known = session.execute(
                "SELECT key FROM vault.crosswalk WHERE namespace = $source AND source_id = $id", where
            )
            linked = session.execute(
                "SELECT 1 FROM warehouse.spine.current AS s "
                "JOIN vault.crosswalk AS x ON x.key = s.record_key "
                "WHERE x.namespace = $source AND x.source_id = $id",
                where,
            )
            assert bool(known) == (row["kind"] != "sealed")
            assert bool(linked) == (row["kind"] == "address_confidential")
        log = json.dumps(hub.log.show(None))
    assert not [row["record_id"] for row in said if row["record_id"] in log]
