"""The truth linkage is measured by is out of the linker's reach, wherever it lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import duckdb
import pytest

from assets.link import make_own_spine, make_spine
from assets.restrictions import settle_restrictions
from assets.workplace import Workplace
from tests.restrictions_support import make_state
from warehouse.ingest import ingest_pending


class ReachedLinkage(Exception):
    """Raised in the place of linkage."""


def test_the_linkers_session_opens_no_file_but_its_stores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statewide and in a project's own spine: SQL of linkage reads, attaches and writes nothing else."""
    (tmp_path / "state").mkdir()
    state = make_state(tmp_path / "state")
    truth = tmp_path / "truth.csv"
    truth.write_text("source,record_id,person_id\nclinic,C0001,1\n", encoding="utf-8")
    duckdb.connect(tmp_path / "truth.duckdb").close()

    def in_place_of_linkage(connection: duckdb.DuckDBPyConnection, **_: Any) -> NoReturn:
        assert connection.execute("SELECT count(*) > 0 FROM permitted_identity").fetchone() == (True,)
        for statement in (
            f"SELECT * FROM read_csv('{truth}')",
            f"SELECT * FROM read_text('{truth}')",
            f"ATTACH '{tmp_path / 'truth.duckdb'}' AS truth (READ_ONLY)",
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
        ):
            with pytest.raises(duckdb.PermissionException):
                connection.execute(statement).fetchall()
        with pytest.raises(duckdb.InvalidInputException):
            connection.execute("SET enable_external_access = true").fetchall()
        raise ReachedLinkage

    monkeypatch.setattr("assets.link.link", in_place_of_linkage)
    place = Workplace(state.hub, state.landing, state.hub.registry.runs.start("run").id)
    place.register_arrivals()
    for step in ingest_pending(state.hub):
        place.record(step)
    settle_restrictions(place)
    with pytest.raises(ReachedLinkage):
        make_spine(place)
    with pytest.raises(ReachedLinkage):
        make_own_spine(place, "treatment")
    state.hub.close()
