"""The facts: the one shape a source's rows are brought into.

Belongs here: each fact's columns and types, and what a source's SELECT must give.
Does not: any source's SQL (`core/<source>/<fact>.sql`), or the person rule
(person.py).

A source's SELECT gives `person_key` and the columns below; the builder adds the
source, agency and program of its contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PERSON_KEY = "person_key"

FACTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "demographic": {
            "birth_month": "DATE",
            "sex": "VARCHAR",
            "race_ethnicity": "VARCHAR",
            "language_group": "VARCHAR",
            "county": "VARCHAR",
            "as_of": "DATE",
        },
        "service_month": {"month": "DATE", "county": "VARCHAR", "cost": "DOUBLE"},
        "spell": {
            "start_date": "DATE",
            "end_date": "DATE",
            "exit_reason": "VARCHAR",
            "attribute": "VARCHAR",
        },
        "event": {"event_date": "DATE", "event_type": "VARCHAR", "value": "DOUBLE", "detail": "VARCHAR"},
    }
)
"""Fact → its columns after `person_key`, with their DuckDB types, in order.

`service_month`: a month in which a person was served; `cost` in dollars, if known.
`spell`: an unbroken time in a program, both dates inclusive; `end_date` is NULL while
it goes on. `event`: something on a day, with a number. `demographic`: what one
record says of its person, as of a day.
"""

ATTRIBUTES: tuple[str, ...] = ("birth_month", "sex", "race_ethnicity", "language_group", "county")
"""Demographic columns from which `person` is chosen."""

ORIGIN: Mapping[str, str] = MappingProxyType({"source": "VARCHAR", "agency": "VARCHAR", "program": "VARCHAR"})
"""Columns the builder adds to every fact."""


def columns_of(fact: str) -> tuple[str, ...]:
    """Return the columns a source's SELECT must give for a fact."""
    return (PERSON_KEY, *FACTS[fact])
