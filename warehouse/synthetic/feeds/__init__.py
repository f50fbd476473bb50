"""What each kind of system delivers: from the simulated world to rows of its tables.

Belongs here: one module a kind of system, which says who is registered and
which rows a period has. Does not: how a value is written (`values`), which
codes stand for it (`systems/*.yaml`), or what truly happens (`programs`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from data_sharing_agreements.errors import Invalid
from warehouse.synthetic.feeds.care import CareFeed
from warehouse.synthetic.feeds.housing import HousingFeed
from warehouse.synthetic.feeds.medicaid import MedicaidFeed
from warehouse.synthetic.feeds.participation import ParticipationFeed
from warehouse.synthetic.feeds.rows import Feed
from warehouse.synthetic.feeds.school import SchoolFeed
from warehouse.synthetic.feeds.tanf import TanfFeed
from warehouse.synthetic.feeds.wages import WagesFeed
from warehouse.synthetic.world import World

FEEDS: Mapping[str, Callable[[World], Feed]] = {
    "care": CareFeed,
    "housing": HousingFeed,
    "medicaid": MedicaidFeed,
    "school": SchoolFeed,
    "tanf": TanfFeed,
    "wages": WagesFeed,
}
"""Feeds with dynamics of their own; `participation` is made of a system's settings."""


def make_feed(name: str, world: World, settings: Mapping[str, Any], source: str) -> Feed:
    """Return the feed a system declares.

    Raises:
        Invalid: There is no such feed.
    """
    if name == "participation":
        return ParticipationFeed(world, settings, source)
    if name not in FEEDS:
        raise Invalid.of(
            "synthetic-system",
            f"{source} declares the unknown feed {name}.",
            why=f"Feeds are participation, {', '.join(sorted(FEEDS))}.",
            next="Correct the system's declaration.",
            source=source,
        )
    return FEEDS[name](world)
