"""How many people of each source an incident concerns.

Belongs here: counting persons of the spine by source. Does not: any row of a person,
or a count in an output below the cell rule (whoever shows it withholds it).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from warehouse.hub import Hub
from warehouse.opener import Store


def people_by_source(hub: Hub, sources: Collection[str]) -> Mapping[str, int | None]:
    """Return how many linked persons each source has records of; None where nothing is linked.

    Hold the home's lock meanwhile: the spine is read.
    """
    hub.gate.keep()
    if not hub.opener.exists(Store.warehouse()):
        return dict.fromkeys(sorted(sources))
    with hub.opener.session(read=[Store.warehouse()]) as session:
        made = session.one(
            """SELECT count(*) FROM duckdb_tables()
                WHERE database_name = 'warehouse' AND schema_name = 'spine' AND table_name = 'assignment'"""
        )
        if not made:
            return dict.fromkeys(sorted(sources))
        rows = session.execute(
            """SELECT source, count(DISTINCT person_key) FROM warehouse.spine.assignment
                WHERE to_version IS NULL GROUP BY source"""
        )
    counted = {str(source): int(count) for source, count in rows}
    return {source: counted.get(source, 0) for source in sorted(sources)}
