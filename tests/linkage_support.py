"""A vault and a warehouse of invented people, to link again and again without a home.

Belongs here: what several tests of linkage need of such a world. Does not: a test, or a deployment.
"""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.link_people import SOURCES, fill_vault
from linkage import history
from linkage.increment.chance import Wish
from linkage.increment.due import Limits
from linkage.run import LinkOutcome, link

LIMITS = Limits(share=0.6, drift=1.0)
Partition = set[frozenset[int]]


class World:
    """A vault and a warehouse of one test's own."""

    def __init__(self, place: Path) -> None:
        self.connection = duckdb.connect(config={"threads": 2})
        self.run("SET enable_progress_bar = false")
        for name in ("vault", "warehouse"):
            self.run(f"ATTACH '{place / name}.duckdb' AS {name}")
        self.restricted = ""

    def open(self) -> "World":
        """Make what is linked from."""
        self.run("CREATE TEMP TABLE barred (record_key BIGINT)")
        self.run(
            """CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity
                ANTI JOIN barred USING (record_key)"""
        )
        return self

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def deliver(self, period: str) -> None:
        self.run(
            f"""INSERT INTO vault.current_delivery SELECT DISTINCT delivery_id, source, period
                FROM vault.identity WHERE period = '{period}'"""
        )

    def link(self, *, full: bool = False, limits: Limits = LIMITS) -> LinkOutcome:
        return link(
            self.connection,
            sources=SOURCES,
            run_key=bytes(32),
            restricted=self.restricted,
            wish=Wish(full, limits, date(2026, 1, 1)),
        )

    def partition(self, version: int | None = None) -> Partition:
        relation = f"({history.rebuilt_sql(version)})" if version else "warehouse.spine.current"
        rows = self.run(f"SELECT list(record_key) FROM {relation} GROUP BY person_key")
        return {frozenset(row[0]) for row in rows}

    def keys(self) -> dict[int, int]:
        return dict(self.run("FROM warehouse.spine.current"))

    def causes(self, version: int) -> set[tuple[str, str]]:
        return set(
            self.run(f"SELECT DISTINCT kind, cause FROM warehouse.spine.change WHERE version = {version}")
        )


def first_linked(place: Path, records: int, period: str) -> Path:
    """Make the stores of invented people in several deliveries a source, the first of which is linked.

    Args:
        place: The directory they lie in, which is returned.
        records: How many.
        period: SQL of the period in which a record comes.
    """
    world = World(place)
    fill_vault(world.connection, records, seed=5)
    world.run(f"UPDATE vault.identity SET period = {period}")
    world.run("UPDATE vault.identity SET delivery_id = source || period")
    world.run("DELETE FROM vault.current_delivery")
    world.deliver("1")
    assert world.open().link().reason == "nothing-kept"
    world.connection.close()
    return place
