"""Indicators against the marts they count in, before a run reads anything.

Belongs here: names that do not fit, all at once. Does not: what is wrong inside one
definition (definition.py), or the mart's own columns (warehouse.marts).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from data_sharing_agreements.errors import ErrorDetail, Invalid
from warehouse.indicators.definition import Definition, load_definitions
from warehouse.marts.definition import load_marts


def check_against_marts(indicators: Path, marts: Path) -> None:
    """Raise unless every indicator counts in a declared mart, by columns that mart declares.

    Args:
        indicators, marts: Directories of their definitions.

    Raises:
        Invalid: With every fault of every indicator.
    """
    columns = {
        (project, spec.definition.mart): frozenset(spec.definition.columns)
        for project, specs in load_marts(marts).items()
        for spec in specs
    }
    Invalid.collect(
        fault for definition in load_definitions(indicators) for fault in _faults(definition, columns)
    )


def _faults(
    definition: Definition, columns: Mapping[tuple[str, str], frozenset[str]]
) -> Iterator[ErrorDetail]:
    source = definition.source
    known = columns.get((source.project, source.mart))
    if known is None:
        yield ErrorDetail(
            "indicator-mart",
            f"The indicator {definition.id} counts in {source.project}/{source.mart}, which is not declared.",
            why="An indicator counts rows of a mart of a licensed project.",
            next=f"Use one of {', '.join(sorted('/'.join(name) for name in columns))}.",
            rule="source.mart",
        )
        return
    for rule, name in definition.uses:
        if name not in known:
            yield ErrorDetail(
                "indicator-column",
                f"The indicator {definition.id} uses {name}, which {source.mart} does not have.",
                why=f"{source.project}/{source.mart} declares {', '.join(sorted(known))}.",
                next="Correct the definition, or add the column to the mart.",
                rule=rule,
            )
