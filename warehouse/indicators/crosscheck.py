"""Indicators against the marts they count in, before a run reads anything.

Belongs here: names that do not fit, told together with every other fault. Does not: what
is wrong inside one definition (definition.py), or the mart's own columns (warehouse.marts).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from data_sharing_agreements.errors import ErrorDetail, Invalid
from warehouse.indicators.definition import Named, read_definitions
from warehouse.marts.definition import load_marts


def check_against_marts(indicators: Path, marts: Path) -> None:
    """Raise unless every indicator counts in a declared mart, by columns that mart declares.

    Args:
        indicators, marts: Directories of their definitions.

    Raises:
        Invalid: With every fault of every indicator; of the marts alone, and of what is
        Invalid: With every fault of every indicator; names are compared once every mart can be read.
    """
    read = read_definitions(indicators)
    try:
        declared = load_marts(marts)
    except Invalid as error:
        raise Invalid(*error.details, *read.faults) from None
    columns = {
        (project, spec.definition.mart): frozenset(spec.definition.columns)
        for project, specs in declared.items()
        for spec in specs
    }
    Invalid.collect([*read.faults, *(fault for named in read.named for fault in _faults(named, columns))])


def _faults(named: Named, columns: Mapping[tuple[str, str], frozenset[str]]) -> Iterator[ErrorDetail]:
    known = columns.get((named.project, named.mart))
    if known is None:
        yield ErrorDetail(
            "indicator-mart",
            f"The indicator {named.id} counts in {named.project}/{named.mart}, which is not declared.",
            why="An indicator counts rows of a mart of a licensed project.",
            next=f"Use one of {', '.join(sorted('/'.join(name) for name in columns))}.",
            rule="source.mart",
        )
        return
    for rule, name in named.uses:
        if name not in known:
            yield ErrorDetail(
                "indicator-column",
                f"The indicator {named.id} uses {name}, which {named.mart} does not have.",
                why=f"{named.project}/{named.mart} declares {', '.join(sorted(known))}.",
                next="Correct the definition, or add the column to the mart.",
                rule=rule,
            )
