"""Child welfare as extracted: clients and episodes known by the end of the period.

Belongs here: rows of the cumulative snapshot. Does not: the layout.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from warehouse.synthetic.arrays import Days
from warehouse.synthetic.feeds.rows import Period, Rows, numbered, scrambled
from warehouse.synthetic.world import World


class CareFeed:
    """Registrations are clients."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.person, self.since = world.care.client, world.care.client_since
        self._ids = scrambled(world.draws.stream("care-ids"), len(self.person), 5_000_000)
        self._episodes = scrambled(world.draws.stream("care-episodes"), len(world.care.child), 800_000)

    def rows(self, period: Period) -> Mapping[str, Rows]:
        """Return clients and episodes up to the end of the period."""
        care, population = self._world.care, self._world.population
        calendar = population.calendar
        end = calendar.day(period.last + 1)
        unit = np.flatnonzero(self.since <= period.last)
        clients = Rows(
            unit,
            np.full(len(unit), period.last, dtype=np.int64),
            {"client_id": numbered("CL", self._ids[unit], 8)},
        )
        known = np.flatnonzero(care.removed < end)
        child = np.searchsorted(self.person, care.child[known])
        left = _until(care.left[known], end)
        removed = calendar.month_of(care.removed[known])
        address = population.life.address_at(care.child[known], removed)
        county = population.life.timeline.addresses.county[address]
        episodes = Rows(
            child,
            np.full(len(known), period.last, dtype=np.int64),
            {
                "episode_id": numbered("EP", self._episodes[known], 8),
                "client_id": numbered("CL", self._ids[child], 8),
                "removal_date": care.removed[known],
                "exit_date": left,
                "exit_reason": np.where(np.isnat(left), -1, care.reason[known]),
                "placement_type": care.placement[known],
                "county": population.places.county_names.take(county),
            },
        )
        return {"client": clients, "episode": episodes}


def _until(day: Days, end: Days) -> Days:
    """Return days that have come before `end`, others as unknown."""
    return np.where(day < end, day, np.datetime64("NaT"))
