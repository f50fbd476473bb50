"""Which records an increment must look at: those that changed, and all they could be linked with.

Belongs here: finding records that came, changed or went, the nodes that share a blocking key
with them, and the groups of those; describing them all. Does not: which pairs are compared
(blocked.py), or comparing.

Makes `link_touched` (record_key), `link_gone` (record_key), `link_old_lead` (lead),
`link_remade` (record_key), `link_reach` (lead), and, as a full link does, for the records
looked at only, `link_record`, `link_standard`, `link_mark` and `link_lead`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb

from linkage import constraints, standardise
from linkage.increment import holders
from linkage.increment.near import TABLES as NEAR_TABLES
from linkage.increment.near import find_near
from linkage.increment.state import SCHEMA, Basis, make_leads, mark, was_killed
from linkage.model import Model
from linkage.standardise import IDENTITY, SHARED

TABLES: tuple[str, ...] = (
    "link_candidate", "link_touched", "link_gone", "link_old_lead", "link_remade", "link_remade_node",
    "link_reach", "link_within", "link_lead", "link_mark", "link_mark_more", "link_scope", "link_own",
    "link_remade_pair", "link_kept_share", "link_frontier", "link_found", "link_linked",
    *holders.TABLES, *NEAR_TABLES,
)  # fmt: skip
"""Temporary tables of an increment, to be dropped whatever happens."""


@dataclass(frozen=True)
class Difference:
    """What is otherwise than when the basis was written.

    Args:
        new: Deliveries that stand now and did not.
        sources: Sources whose records are all looked through: a delivery of theirs stands no
            more, or the list of what may not be linked changed.
        bound: Numbers of constraints that came or went.
        restricted: Whether that list changed.
    """

    new: tuple[str, ...]
    sources: tuple[str, ...]
    bound: tuple[int, ...]
    restricted: bool


def difference(
    basis: Basis, deliveries: Collection[tuple[str, str, str]], restricted: str, bound: Collection[int]
) -> Difference:
    """Return what is otherwise now."""
    now, then = set(deliveries), set(basis.deliveries)
    other = restricted != basis.restricted
    lost = set(basis.sources) if other else {source for _, source, _ in then - now}
    return Difference(
        tuple(sorted(delivery for delivery, _, _ in now - then)),
        tuple(sorted(lost)),
        tuple(sorted(set(bound) ^ set(basis.constraints))),
        other,
    )


def find_touched(connection: duckdb.DuckDBPyConnection, basis: Basis, found: Difference, stamp: int) -> int:
    """Make `link_touched`, `link_gone` and `link_raw` of the records touched.

    A record is touched if it came, or says something else than it did; also if an increment
    that was killed had already written it down, under a later stamp than the standing one.

    Returns:
        How many records are touched or gone.
    """
    killed = was_killed(connection, stamp)
    after = f"stamp > {stamp}" if killed else "false"
    _make(
        connection,
        "link_candidate",
        f"""SELECT DISTINCT record_key FROM {IDENTITY}
            WHERE delivery_id IN (SELECT unnest($new::VARCHAR[]))
                OR source IN (SELECT unnest($sources::VARCHAR[]))
            UNION SELECT record_key FROM {SCHEMA}.record WHERE {after}""",
        {"new": list(found.new), "sources": list(found.sources)},
    )
    standardise.latest_values(connection, basis.sources, "link_candidate")
    mark(connection)
    _make(
        connection,
        "link_touched",
        f"""SELECT m.record_key FROM link_mark m LEFT JOIN {SCHEMA}.record r USING (record_key)
            WHERE r.record_key IS NULL OR r.raw <> m.raw OR {after}""",
    )
    _make(connection, "link_gone", _gone_sql(after, killed=killed), {"sources": list(found.sources)})
    connection.execute(
        "DELETE FROM link_raw WHERE record_key NOT IN (SELECT record_key FROM link_touched)"
    ).fetchall()
    (count,) = connection.execute(
        "SELECT (SELECT count(*) FROM link_touched) + (SELECT count(*) FROM link_gone)"
    ).fetchone() or (0,)
    return int(count)


def _gone_sql(after: str, *, killed: bool) -> str:
    """SELECT of the records that are no more: looked through and not there, or lost to a link killed."""
    gone = f"""SELECT record_key FROM {SCHEMA}.record ANTI JOIN link_mark USING (record_key)
            WHERE source IN (SELECT unnest($sources::VARCHAR[])) OR {after}"""
    taken_out = f"SELECT record_key FROM warehouse.spine.node ANTI JOIN {SCHEMA}.record USING (record_key)"
    return f"{gone} UNION {taken_out}" if killed else gone


def describe_reach(
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[str],
    found: Difference,
    model: Model,
    basis: Basis,
) -> int:
    """Describe the touched records and everything in reach of them, from `link_raw` on.

    Returns:
        How many nodes there are.
    """
    standardise.describe(connection)
    _make(
        connection,
        "link_old_lead",
        """SELECT DISTINCT record_key_lead AS lead FROM warehouse.spine.node
            WHERE record_key IN (FROM link_touched UNION FROM link_gone)""",
    )
    _make(
        connection,
        "link_remade",
        """FROM link_touched UNION FROM link_gone UNION
            SELECT record_key FROM warehouse.spine.node
            WHERE record_key_lead IN (SELECT lead FROM link_old_lead)""",
    )
    holders.start(connection)
    find_near(connection, model, basis)
    _reach(connection, found, model.stop)
    _make(
        connection,
        "link_within",
        """SELECT record_key FROM warehouse.spine.node
            WHERE record_key_lead IN (SELECT lead FROM link_reach UNION SELECT lead FROM link_likely)
                AND record_key NOT IN (FROM link_touched UNION FROM link_gone)""",
    )
    connection.execute("ALTER TABLE link_mark RENAME TO link_mark_more").fetchall()
    standardise.latest_values(connection, sources, "link_within")
    mark(connection)
    connection.execute(
        "INSERT INTO link_mark FROM link_mark_more WHERE record_key IN (SELECT record_key FROM link_touched)"
    ).fetchall()
    standardise.describe(connection, more=True)
    _make(connection, SHARED, f"FROM {SCHEMA}.shared")
    nodes = standardise.settle(connection)
    make_leads(connection)
    _remade(connection)
    return nodes


def _reach(connection: duckdb.DuckDBPyConnection, found: Difference, stop: float) -> None:
    """Make `link_reach`: the nodes of all groups that may change, whole.

    Nodes of `link_likely` that could hold no group together are described, but not clustered.
    """
    said = ", ".join(f"coalesce({f}, '')" for f in standardise.SAID)
    _make(
        connection,
        "link_reach",
        f"""SELECT lead FROM link_likely WHERE strong UNION FROM link_old_lead UNION
            SELECT record_key_lead FROM {SCHEMA}.record WHERE said IN (
                SELECT hash(md5_number(concat_ws(chr(31), source, {said}))) FROM link_person)
            UNION
            SELECT record_key_lead FROM warehouse.spine.node WHERE record_key IN (
                SELECT unnest([record_key_l, record_key_r]) FROM warehouse.spine."constraint"
                WHERE id IN (SELECT unnest($bound::BIGINT[])))""",
        {"bound": list(found.bound)},
    )
    grow(connection, stop)


def grow(connection: duckdb.DuckDBPyConnection, stop: float) -> None:
    """Add to `link_reach` all nodes that hang together with those in it, by likely pairs or decisions."""
    _make(
        connection,
        "link_linked",
        f"""SELECT record_key_l AS l, record_key_r AS r FROM warehouse.spine.edge WHERE weight > {stop}
            UNION ALL
            SELECT x.record_key_lead, y.record_key_lead FROM ({constraints.STANDING_SQL}) c
            JOIN warehouse.spine.node x ON x.record_key = c.record_key_l
            JOIN warehouse.spine.node y ON y.record_key = c.record_key_r""",
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE link_frontier AS FROM link_reach").fetchall()
    while True:
        connection.execute(
            """CREATE OR REPLACE TEMP TABLE link_found AS
                SELECT r AS lead FROM link_linked WHERE l IN (FROM link_frontier)
                UNION SELECT l FROM link_linked WHERE r IN (FROM link_frontier)
                EXCEPT FROM link_reach"""
        ).fetchall()
        added = connection.execute("INSERT INTO link_reach FROM link_found").fetchone()
        if not added or not added[0]:
            break
        connection.execute("CREATE OR REPLACE TEMP TABLE link_frontier AS FROM link_found").fetchall()
    connection.execute("DROP TABLE link_frontier; DROP TABLE link_found; DROP TABLE link_linked").fetchall()


def _remade(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `link_remade_node`, and add to `link_remade` the records of nodes that gained one."""
    _make(
        connection,
        "link_remade_node",
        "SELECT DISTINCT node FROM link_record SEMI JOIN link_remade USING (record_key)",
    )
    connection.execute(
        """INSERT INTO link_remade SELECT record_key FROM link_record SEMI JOIN link_remade_node USING (node)
            WHERE record_key NOT IN (FROM link_remade)"""
    ).fetchall()
    connection.execute(
        """INSERT INTO link_old_lead SELECT DISTINCT record_key_lead FROM warehouse.spine.node
            WHERE record_key IN (FROM link_remade) AND record_key_lead NOT IN (FROM link_old_lead)"""
    ).fetchall()


def _make(
    connection: duckdb.DuckDBPyConnection, table: str, select: str, values: dict[str, object] | None = None
) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {select}", values or {}).fetchall()
