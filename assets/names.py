"""Names of assets, groups and the pool: one quantity, one name.

Belongs here: how a source, mart or indicator is called in Dagster. Does not:
assets.
"""

import re

POOL = "home"
"""The pool of every asset: one run at a time may work on a home."""

DELIVERIES, INGEST, RESTRICTIONS, LINK, CORE, MARTS, INDICATORS = (
    "deliveries",
    "ingest",
    "restrictions",
    "link",
    "core",
    "marts",
    "indicators",
)
"""The layers, which Dagster shows as groups."""

ENDS = "ends"
"""The group of what has ended; no layer of a run."""

SPINE = "spine"
RESTRICTED = "restricted"
CORE_FACTS = ("person", "service_month", "spell", "event")


def delivery_key(source: str) -> str:
    """Return the name of the external asset that stands for a source's deliveries."""
    return f"delivery_{source}"


def content_key(source: str) -> str:
    """Return the name of a source's content in the warehouse."""
    return f"content_{source}"


def core_key(fact: str) -> str:
    """Return the name of a core table."""
    return f"core_{fact}"


def mart_key(project: str, mart: str) -> str:
    """Return the name of one mart of one project."""
    return f"mart_{_plain(project)}__{_plain(mart)}"


def indicator_key(indicator: str) -> str:
    """Return the name of an indicator's result."""
    return f"indicator_{_plain(indicator)}"


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_").lower()
