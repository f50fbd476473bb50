"""The kinds of incident.

Belongs here: the closed list, and what of each is known in advance. Does not: the
clocks (`duties.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from data_sharing_agreements.vocabulary import Demand


@dataclass(frozen=True)
class Kind:
    """One kind of incident.

    Args:
        name: As documents and commands write it.
        words: As people say it.
        stops: Whether the documents concerned stand still until it is closed.
        breach: Whether the clocks of breaches run.
        demand: Which kind of compelled demand it is, if it is one.
    """

    name: str
    words: str
    stops: bool = True
    breach: bool = False
    demand: Demand | None = None


_ALL = (
    Kind("suspected_breach", "suspected breach", breach=True),
    Kind("confirmed_breach", "confirmed breach", breach=True),
    Kind("subpoena", "subpoena or court order", demand=Demand.SUBPOENA),
    Kind("public_records", "public-records request", demand=Demand.PUBLIC_RECORDS),
    Kind("federal_demand", "federal demand", demand=Demand.FEDERAL),
    Kind("subject_request", "request of a person about their own record", stops=False),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Every kind by its name."""
