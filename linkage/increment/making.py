"""An increment: from what changed to a new version of the spine.

Belongs here: the order of its steps, and how far its records agree as the model expects.
Does not: when one may be made (due.py), or any step's work.

Compared are pairs with a remade side, and pairs that a remade record brings into one group;
all other weights stand as the spine keeps them. Groups that hold a remade record, or held
one, are clustered anew, all else stays. The model, the priors and the frequencies of names
are those of the last full link; so the result is that of a full link but for those, and for
blocks and placeholders that crossed their limit since. `benchmarks/increment.py` measures it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np

from linkage import encode, persons, standardise
from linkage.agglomerate import Pairs
from linkage.bounds import Records, clustered
from linkage.clusters import (
    cluster,
    counted,
    nodes_of,
    parted,
    record_pairs,
    unscored,
    write_labels,
    write_pairs,
)
from linkage.households import as_told, told_before
from linkage.increment.blocked import KeptComparer, remade_pairs, standing_pairs
from linkage.increment.causes import tell_causes
from linkage.increment.state import Basis, keep_some
from linkage.increment.touched import Difference, describe_reach
from linkage.model import Model, model_from_json
from linkage.predict import Compared
from linkage.spine import Made, Version, publish
from linkage.weigh import Floats, Sources, Weigher, Weights

FEWEST_LIKELY = 500
"""Likely pairs from which an increment's agreement is held against the model's."""


@dataclass(frozen=True)
class Step:
    """What an increment starts from.

    Args:
        standing: The version that stands.
        basis: What the new version will have been made from, but for its drift.
        found: What is otherwise than in the version before.
        touched: How many records.
        input_hash: Hash of the input.
        least: Lowest weight of a pair of records that is kept for review.
    """

    standing: Version
    basis: Basis
    found: Difference
    touched: int
    input_hash: str
    least: float


def make_increment(
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[str],
    run_key: bytes,
    step: Step,
    tell: Callable[[str], object],
) -> tuple[Version, int]:
    """Publish the version that follows, from `link_touched` and `link_raw` of those.

    Returns:
        The version, and how many pairs of records were weighed anew and kept.
    """
    fitted = model_from_json(json.loads(step.basis.fitted))
    tell("link: looking at what changed")
    describe_reach(connection, sources, step.found, fitted, step.basis)
    keep_some(connection, fitted, step.basis)
    tell("link: comparing and clustering what changed")
    drift = _resolve(connection, run_key, fitted, step.basis)
    pairs = _record_pairs(connection, fitted, step.least)
    tell("link: writing the spine")
    version = _versioned(connection, step)
    publish(
        connection,
        version,
        step.basis.fitted,
        Made("increment", touched=step.touched, drift=drift, keeps=True),
    )
    return version, pairs


def _resolve(
    connection: duckdb.DuckDBPyConnection, run_key: bytes, model: Model, basis: Basis
) -> float | None:
    """Make `link_pair` of what was compared, and `link_cluster`; return the drift."""
    given = remade_pairs(connection)
    acquainted = told_before(connection, model, given)
    encode.encode(connection, run_key, blocks=False)
    comparer = KeptComparer(connection, model)
    standardise.drop(connection)
    sources, sizes = nodes_of(connection)
    namesakes = comparer.namesakes(len(sizes))
    weigher = Weigher(model, sources, _priors(connection, basis, model, sources), namesakes)
    new = comparer.given(given, model.predict_from).joined(as_told(comparer.given(acquainted), model))
    standing, kept = standing_pairs(connection, model)
    a, b = np.concatenate([standing.a, new.a]), np.concatenate([standing.b, new.b])
    strong = np.concatenate([kept.weight, weigher.weigh(new).weight]) > model.stop
    new = new.joined(comparer.given(unscored(connection, len(sizes), a, b, strong)))
    comparer.close()
    encode.drop(connection)
    fresh = weigher.weigh(new)
    pairs = standing.joined(new)
    weights = Weights(
        np.concatenate([kept.weight, fresh.weight]), np.concatenate([kept.evidence, fresh.evidence])
    )
    weights = parted(connection, sizes, pairs, weights, model)
    told = counted(pairs, weights, model)
    first = len(standing)
    write_pairs(connection, new, weights.weight[first:], told.confidence[first:])
    _write_clusters(connection, told, model)
    return _drift(new, fresh, model)


def _priors(connection: duckdb.DuckDBPyConnection, basis: Basis, model: Model, sources: Sources) -> Floats:
    """Return the priors of the last full link, by the number of the pair of sources as they are now."""
    names = [
        name
        for (name,) in connection.execute(
            "SELECT DISTINCT source FROM link_record ORDER BY source"
        ).fetchall()
    ]
    known = {(left, right): prior for left, right, prior in basis.priors}
    count = len(sources.nodes)
    table = np.full((count, count), model.prior)
    for i, left in enumerate(names):
        for j, right in enumerate(names):
            table[i, j] = known.get((min(left, right), max(left, right)), model.prior)
    return table.ravel()


def _write_clusters(connection: duckdb.DuckDBPyConnection, pairs: Pairs, model: Model) -> None:
    found = connection.execute(
        """SELECT record_key, node FROM link_record WHERE node IN (
                SELECT node FROM link_lead WHERE lead IN (FROM link_reach) UNION FROM link_remade_node)
            ORDER BY node, record_key"""
    ).fetchnumpy()
    key, node = (np.asarray(found[name], dtype=np.int64) for name in ("record_key", "node"))
    chosen, number = np.unique(node, return_inverse=True)
    inside = pairs.where(np.isin(pairs.a, chosen) & np.isin(pairs.b, chosen))
    a, b = (np.searchsorted(chosen, end) for end in (inside.a, inside.b))
    records = Records(key, number)
    label = clustered(connection, records, Pairs(a, b, inside.weight, inside.confidence), model, cluster)
    write_labels(connection, records.key, label)


def _record_pairs(connection: duckdb.DuckDBPyConnection, model: Model, least: float) -> int:
    """Make `link_record_pair` of pairs weighed anew; those of records that always said the same stand."""
    record_pairs(connection, model, least)
    connection.execute(
        """DELETE FROM link_record_pair WHERE pattern IS NULL
            AND l NOT IN (FROM link_remade) AND r NOT IN (FROM link_remade)"""
    ).fetchall()
    (count,) = connection.execute("SELECT count(*) FROM link_record_pair").fetchone() or (0,)
    return int(count)


def _versioned(connection: duckdb.DuckDBPyConnection, step: Step) -> Version:
    """Make `link_person_of` and `link_change`; return the version they are of."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_scope AS
            SELECT record_key FROM link_cluster UNION FROM link_gone"""
    ).fetchall()
    now = persons.assign_persons(connection)
    persons.changes(connection, "increment", "link_scope")
    tell_causes(connection, step.found)
    before, came, went = connection.execute(
        """SELECT (SELECT count(DISTINCT person_key) FROM warehouse.spine.current
                SEMI JOIN link_scope USING (record_key)),
            count(*) FILTER (WHERE kind = 'new'), count(*) FILTER (WHERE kind = 'gone') FROM link_change"""
    ).fetchone() or (0, 0, 0)
    standing = step.standing
    return replace(
        standing,
        version=standing.version + 1,
        records=standing.records + int(came) - int(went),
        persons=standing.persons - int(before) + now,
        input_hash=step.input_hash,
    )


def _drift(pairs: Compared, weights: Weights, model: Model) -> float | None:
    """Return the largest distance between how likely pairs agree here and the model's m, 0 to 1.

    The distance of a comparison is half the sum of differences between the shares of its levels,
    where both sides are known (total variation).
    """
    share = 1 / (1 + np.exp2(-weights.weight))
    distances = []
    for comparison, levels in zip(model.comparisons, pairs.levels, strict=True):
        seen = np.bincount(levels, weights=share, minlength=len(comparison.levels))[1:]
        if seen.sum() >= FEWEST_LIKELY:
            m = np.array([level.m for level in comparison.levels[1:]])
            distances.append(float(np.abs(seen / seen.sum() - m / m.sum()).sum() / 2))
    return max(distances, default=None)
