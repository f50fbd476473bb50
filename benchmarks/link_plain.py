"""A plain Splink script in clear text, as one would write it: what linkage is timed against.

Belongs here: Splink's own comparisons and connected components on the standardised
values, with the same blocking keys. Does not: anything of ours but the standardised table
it is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from linkage.encode import BLOCKS

THRESHOLD = 0.95


def link_plainly(connection: duckdb.DuckDBPyConnection) -> str:
    """Link the table `plain` and return the name of a table (node, cluster_id)."""
    (clusters,) = clusters_at(connection, [THRESHOLD])
    return clusters


def clusters_at(connection: duckdb.DuckDBPyConnection, thresholds: Sequence[float]) -> Iterator[str]:
    """Train and score once; for each match probability give a table (node, cluster_id)."""
    known = _known(connection)
    every = [
        cl.JaroWinklerAtThresholds("given", [0.92, 0.8]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("surname", [0.92, 0.8]).configure(term_frequency_adjustments=True),
        cl.ExactMatch("middle_initial"),
        cl.LevenshteinAtThresholds("birth", [1, 2]),
        cl.LevenshteinAtThresholds("ssn", [1, 2]),
        cl.ExactMatch("sex"),
        cl.ExactMatch("employer").configure(term_frequency_adjustments=True),
        cl.ExactMatch("place").configure(term_frequency_adjustments=True),
        cl.ExactMatch("zip"),
        cl.ExactMatch("street").configure(term_frequency_adjustments=True),
        cl.ExactMatch("email"),
    ]
    skipped = {"street"} if "place" in known else set()
    comparisons = [c for c in every if c.create_output_column_name() in known - skipped]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="node",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on(f"block_{name}") for name in BLOCKS],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    linker = Linker(DuckDBAPI(connection).register("plain"), settings, log_level=40)
    rules = [("ssn", "given"), ("given", "surname", "birth")]
    linker.training.estimate_probability_two_random_records_match(
        [block_on(*rule) for rule in rules if known.issuperset(rule)], recall=0.75
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    first = ("ssn",) if "ssn" in known else ("given", "surname")
    for held in (first, ("birth", "surname"), *([] if "ssn" in known else [("birth", "given")])):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*held))
    pairs = linker.inference.predict(threshold_match_probability=0.05)
    for threshold in thresholds:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            pairs, threshold_match_probability=threshold
        )
        yield str(clusters.physical_name)


def _known(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Return the columns of `plain` that hold any value."""
    columns = [row[0] for row in connection.execute("DESCRIBE plain").fetchall()]
    counts = connection.execute(f"SELECT {', '.join(f'count({c})' for c in columns)} FROM plain").fetchone()
    return frozenset(c for c, n in zip(columns, counts or (), strict=True) if n)
