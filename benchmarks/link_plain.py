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
    comparisons = [
        cl.JaroWinklerAtThresholds("given", [0.92, 0.8]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("surname", [0.92, 0.8]).configure(term_frequency_adjustments=True),
        cl.ExactMatch("middle_initial"),
        cl.LevenshteinAtThresholds("birth", [1, 2]),
        cl.LevenshteinAtThresholds("ssn", [1, 2]),
        cl.ExactMatch("sex"),
        cl.ExactMatch("employer").configure(term_frequency_adjustments=True),
        cl.ExactMatch("place").configure(term_frequency_adjustments=True),
        cl.ExactMatch("zip"),
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="node",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on(f"block_{name}") for name in BLOCKS],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    linker = Linker(DuckDBAPI(connection).register("plain"), settings, log_level=40)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("ssn", "given"), block_on("given", "surname", "birth")], recall=0.75
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("ssn"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("birth", "surname"))
    pairs = linker.inference.predict(threshold_match_probability=0.05)
    for threshold in thresholds:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            pairs, threshold_match_probability=threshold
        )
        yield str(clusters.physical_name)
