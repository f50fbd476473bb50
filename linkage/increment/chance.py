"""Whether this link may be an increment, and what is kept after a full one.

Belongs here: putting together what a link would be made from, deciding, and writing the basis
of a full link. Does not: the rules (due.py), the increment (making.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import duckdb

from linkage import constraints
from linkage.increment import state
from linkage.increment.due import Limits, Now, too_many, why_full
from linkage.increment.making import Step, make_increment
from linkage.increment.touched import Difference, difference, find_touched
from linkage.model import Model
from linkage.spine import Version

_PURGED = " purged "


@dataclass(frozen=True)
class Wish:
    """How a link may be made.

    Args:
        full: Whether everything is to be linked again, whatever changed.
        why: The reason for that, a key of `REASONS`.
        limits: How far increments may go.
        today: The day; today's if not given.
    """

    full: bool = False
    limits: Limits = field(default_factory=Limits)
    today: date | None = None
    why: str = "asked"


@dataclass(frozen=True)
class Chance:
    """What is known before a link begins.

    Args:
        basis: What was kept of the link before.
        now: What this one would be made from.
        deliveries: (delivery, source, period) of those that stand.
        restricted: Digest of what may not be linked.
        bound: Numbers of the constraints that stand.
        found: What is otherwise than before; none without a basis.
        reason: Why it must be a full link; none if it may be an increment.
        keeps: Whether an increment may follow.
        limits: How far increments may go.
    """

    basis: state.Basis | None
    now: Now
    deliveries: tuple[tuple[str, str, str], ...]
    restricted: str
    bound: tuple[int, ...]
    found: Difference | None
    reason: str | None
    keeps: bool
    limits: Limits

    @property
    def purged(self) -> bool:
        """Whether records were purged since the link before."""
        return self.basis is not None and self.basis.purged != self.now.purged

    @property
    def stamp(self) -> int:
        """The stamp of what this link writes."""
        return self.now.stamp + 1


def look(
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[str],
    model: Model,
    method: str,
    restricted: str,
    wish: Wish,
    *,
    agency: bool,
) -> Chance:
    """Return whether an increment may be made, and what it would be made from."""
    keeps = state.may_keep(connection) and not agency and wish.limits.increments > 0
    stamp = _stamp(connection)
    basis = state.read_basis(connection, stamp) if state.may_keep(connection) else None
    digest, _, purged = restricted.partition(_PURGED)
    now = Now(
        stamp,
        method,
        f"{duckdb.__version__} {state.LAYOUT}",
        model.digest(),
        tuple(sorted(sources)),
        purged,
        wish.today or datetime.now(UTC).date(),
        agency,
    )
    deliveries = _deliveries(connection, sources)
    bound = _bound(connection)
    found = difference(basis, deliveries, digest, bound) if basis else None
    reason = wish.why if wish.full else why_full(basis, now, wish.limits)
    return Chance(basis, now, deliveries, digest, bound, found, reason, keeps, wish.limits)


def constraints_changed(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether people decided something since the standing version was made."""
    found = connection.execute(
        """SELECT count(*) > 0 FROM warehouse.spine."constraint"
            WHERE coalesce(withdrawn_at, decided_at)::TIMESTAMP
                > (SELECT max(created_at) FROM warehouse.spine.version)"""
    ).fetchone()
    return bool(found and found[0])


def try_increment(
    connection: duckdb.DuckDBPyConnection,
    chance: Chance,
    standing: Version,
    run_key: bytes,
    least: float,
    input_hash: str,
    tell: Callable[[str], object],
) -> tuple[Version, int] | str:
    """Make an increment; return its version and pairs, or the reason why it must be a full link after all."""
    basis, found = chance.basis, chance.found
    assert basis is not None
    assert found is not None
    touched = find_touched(connection, basis, found, chance.now.stamp)
    if too_many(basis, touched, chance.limits):
        return "share"
    then = replace(
        basis,
        stamp=chance.stamp,
        deliveries=chance.deliveries,
        restricted=chance.restricted,
        constraints=chance.bound,
        touched=basis.touched + touched,
        increments=basis.increments + 1,
        drift=None,
    )
    step = Step(standing, then, found, touched, input_hash, least)
    return make_increment(connection, basis.sources, run_key, step, tell)


def keep_basis(
    connection: duckdb.DuckDBPyConnection, chance: Chance, version: int, fitted: Model, records: int
) -> None:
    """Say what a full link kept its tables from; `link_prior` holds the priors."""
    now = chance.now
    priors = connection.execute("SELECT l, r, prior FROM link_prior ORDER BY l, r").fetchall()
    state.write_basis(
        connection,
        state.Basis(
            stamp=chance.stamp,
            full_version=version,
            full_at=now.today.isoformat(),
            method=now.method,
            engine=now.engine,
            model=now.model,
            sources=now.sources,
            deliveries=chance.deliveries,
            restricted=chance.restricted,
            purged=now.purged,
            constraints=chance.bound,
            records=records,
            priors=tuple((str(left), str(right), float(prior)) for left, right, prior in priors),
            fitted=fitted.to_json(),
        ),
    )


def _stamp(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the standing stamp: versions made from the vault are counted, undone changes are not."""
    found = connection.execute("SELECT count(*) FROM warehouse.spine.made WHERE mode <> 'undo'").fetchone()
    return int(found[0]) if found else 0


def _deliveries(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[str]
) -> tuple[tuple[str, str, str], ...]:
    rows = connection.execute(
        """SELECT delivery_id, source, period FROM vault.current_delivery
            WHERE source IN (SELECT unnest($sources::VARCHAR[])) ORDER BY ALL""",
        {"sources": list(sources)},
    ).fetchall()
    return tuple((str(d), str(s), str(p)) for d, s, p in rows)


def _bound(connection: duckdb.DuckDBPyConnection) -> tuple[int, ...]:
    rows = connection.execute(f"SELECT id FROM ({constraints.STANDING_SQL}) ORDER BY id").fetchall()
    return tuple(int(number) for (number,) in rows)
