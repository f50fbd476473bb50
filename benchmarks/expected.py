"""Compare the errors a link expects of itself with those it has, on synthetic states.

Belongs here: expected precision and recall (`linkage.fairness`) beside what known truth says, whole
and by group, and how often the interval holds the truth. Does not: how they are reckoned.

`python -m benchmarks.expected [NAME …]` prints one JSON object, and a table on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks import linkage_data as data
from benchmarks.accuracy import KEY, apart, sources_of
from data_sharing_agreements.linkquality import FEWEST_RECORDS, JUDGED
from linkage.fairness import expected_quality
from linkage.run import link

STATES: Mapping[str, tuple[int, float, int]] = {
    "evergreen_3k": (3_000, 1.0, data.SEED),
    "evergreen_12k": (12_000, 1.0, 20_230_101),
    "evergreen_20k": (20_000, 1.0, data.SEED),
    "evergreen_20k_noise3": (20_000, 3.0, 7),
}
"""People, how many times the errors, and the seed."""

COLUMNS = ("source", "sex", "race_ethnicity", "language_group", "age_group", "county")
Figures = dict[str, Any]
_SLACK = 5e-5
"""Figures are told to four places."""


def main() -> None:
    """Measure the states named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*STATES, []], default=[])
    parser.add_argument("--cache", type=Path, help="directory in which made states are kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        cache = arguments.cache or Path(temporary)
        figures = {name: of_state(name, cache / name) for name in arguments.names or STATES}
    _show(figures)
    print(json.dumps(figures))


def of_state(name: str, place: Path) -> Figures:
    """Make a state if it is not there yet, link it, and compare, in a process of its own each."""
    people, noise, seed = STATES[name]
    if not (place / "vault.duckdb").exists():
        place.mkdir(parents=True, exist_ok=True)
        apart(data.evergreen, place, people, noise, seed)
    found: Figures = apart(compared, place)
    return found


def compared(place: Path) -> Figures:
    """Link, and return expected and measured errors."""
    with data.opened(place) as connection:
        connection.execute("ATTACH ':memory:' AS warehouse").fetchall()
        link(connection, sources=sources_of(connection), run_key=KEY)
        shown = ", ".join(f"t.{name}" for name in COLUMNS if name != "source")
        connection.execute(
            f"""CREATE TEMP TABLE member AS
                SELECT s.record_key, s.person_key, i.source, t.person, {shown}
                FROM warehouse.spine.current s JOIN vault.truth t ON t.key = s.record_key
                JOIN (SELECT record_key, any_value(source) AS source FROM vault.identity
                    GROUP BY record_key) i USING (record_key)"""
        ).fetchall()
        expected = expected_quality(connection, "member", COLUMNS)
        whole = _beside(expected["clusters"], _measured(connection, "'all'")["all"])
        known = {column: _measured(connection, f"x.{column}") for column in COLUMNS}
        groups = [
            _beside(part["clusters"], known[part["column"]][part["group"]])
            for part in expected["by_subgroup"]
            if part["records"] >= FEWEST_RECORDS and part["group"] in known[part["column"]]
        ]
        return {measure: whole[measure] | _held(groups, measure) for measure in JUDGED}


def _measured(connection: duckdb.DuckDBPyConnection, group: str) -> dict[str, dict[str, float | None]]:
    """Return precision and recall by group, a pair counted for the group of each of its ends."""
    rows = connection.execute(
        f"""WITH pair AS (
                SELECT x.* , x.person = y.person AS same, x.person_key = y.person_key AS joined
                FROM member x JOIN member y
                    ON x.record_key <> y.record_key AND x.person = y.person
                UNION ALL
                SELECT x.*, false, true FROM member x JOIN member y
                    ON x.person_key = y.person_key AND x.person <> y.person
            ) SELECT {group} AS grp, count(*) FILTER (same AND joined) / nullif(count(*) FILTER (joined), 0),
                count(*) FILTER (same AND joined) / nullif(count(*) FILTER (same), 0)
            FROM pair x GROUP BY grp"""
    ).fetchall()
    return {str(name): {"precision": precision, "recall": recall} for name, precision, recall in rows}


def _beside(expected: Mapping[str, Any], known: Mapping[str, float | None]) -> Figures:
    return {
        measure: {
            **{name: expected[measure][name] for name in ("value", "low", "high")},
            "measured": known[measure],
        }
        for measure in JUDGED
    }


def _held(groups: Sequence[Figures], measure: str) -> dict[str, int]:
    """Return in how many groups the interval holds what was measured, and of how many."""
    told = [group[measure] for group in groups if None not in group[measure].values()]
    inside = sum(one["low"] - _SLACK <= one["measured"] <= one["high"] + _SLACK for one in told)
    return {"groups_held": inside, "groups": len(told)}


def _show(figures: Mapping[str, Figures]) -> None:
    table = Table(
        "state", *(f"{measure} {what}" for measure in JUDGED for what in ("expected", "measured", "held"))
    )
    for name, found in figures.items():
        cells = []
        for measure in JUDGED:
            one = found[measure]
            cells += [
                f"{one['value']:.3f} ({one['low']:.3f}–{one['high']:.3f})",
                f"{one['measured']:.3f}",
                f"{one['groups_held']} of {one['groups']}",
            ]
        table.add_row(name, *cells)
    Console(file=sys.stderr).print(table)


if __name__ == "__main__":
    main()
