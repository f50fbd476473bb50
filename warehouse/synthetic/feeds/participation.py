"""Any program whose dynamics are data: who may take part, how they come and go.

Belongs here: spells drawn from a system's settings, and their rows: one a
month, one a spell, one a client. Does not: anything one program only does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from warehouse.synthetic.arrays import Floats, Ints
from warehouse.synthetic.feeds.rows import Period, Rows, joined, numbered, scrambled
from warehouse.synthetic.programs.spells import Spells, draw_spells
from warehouse.synthetic.world import World


class ParticipationFeed:
    """Registrations are participants.

    Settings: `ages` (lowest, highest), `need` (lowest share), `entry`, `leave`,
    `at_start` (chances, the first two by month), `household` (whether all of a
    household take part together), `amount` (mean dollars a month). It gives the
    tables `month`, `spell` and `client`.
    """

    def __init__(self, world: World, settings: Mapping[str, Any], source: str) -> None:
        self._world = world
        self._settings = settings
        self._source = source
        rng = world.draws.stream("participation", source)
        self._spells = self._people(_draw(rng, world, settings))
        self.person, start = np.unique(self._spells.unit, return_index=True)
        self.since: Ints = self._spells.first[start]
        self._ids = scrambled(world.draws.stream("participation-ids", source), len(self.person), 70_000_000)

    def _people(self, spells: Spells) -> Spells:
        """Turn spells of households into spells of their people."""
        if not self._settings.get("household", False):
            return spells
        home = self._world.population.members.household
        first = np.searchsorted(home, spells.unit)
        count = np.searchsorted(home, spells.unit, side="right") - first
        number = np.repeat(np.arange(len(spells)), count)
        person = first[number] + np.arange(len(number)) - np.repeat(np.cumsum(count) - count, count)
        order = np.lexsort((spells.first[number], person))
        number, person = number[order], person[order]
        return Spells(person, spells.first[number], spells.last[number], spells.open[number])

    def rows(self, period: Period) -> Mapping[str, Rows]:
        """Return participants by month, spells begun, and clients known."""
        months = joined([self._month(month) for month in period.months])
        begun = np.flatnonzero(self._spells.first <= period.last)
        known = np.flatnonzero(self.since <= period.last)
        return {"month": months, "spell": self._begun(begun, period), "client": self._clients(known, period)}

    def _month(self, month: int) -> Rows:
        population = self._world.population
        found = self._spells.in_month(month)
        found = found[population.alive(month)[self._spells.unit[found]]]
        unit = np.searchsorted(self.person, self._spells.unit[found])
        at = np.full(len(unit), month, dtype=np.int64)
        rng = self._world.draws.stream("participation-amounts", self._source, month)
        mean = float(self._settings.get("amount", 0.0)) * 100
        return Rows(
            unit,
            at,
            {
                "client_id": numbered("", self._ids[unit], 9),
                "month": population.calendar.day(at),
                "amount": (mean * rng.gamma(4.0, 0.25, len(unit))).astype(np.int64),
            },
        )

    def _begun(self, spell: Ints, period: Period) -> Rows:
        calendar = self._world.population.calendar
        unit = np.searchsorted(self.person, self._spells.unit[spell])
        last = self._spells.last[spell]
        ended = ~self._spells.open[spell] & (last < period.last)
        return Rows(
            unit,
            np.full(len(spell), period.last, dtype=np.int64),
            {
                "client_id": numbered("", self._ids[unit], 9),
                "start_date": calendar.day(self._spells.first[spell]),
                "end_date": np.where(ended, calendar.day(last + 1) - 1, np.datetime64("NaT")),
            },
        )

    def _clients(self, unit: Ints, period: Period) -> Rows:
        at = np.full(len(unit), period.last, dtype=np.int64)
        return Rows(unit, at, {"client_id": numbered("", self._ids[unit], 9)})


def _draw(rng: np.random.Generator, world: World, settings: Mapping[str, Any]) -> Spells:
    """Draw spells of people, or of households, who may take part."""
    population = world.population
    if settings.get("household", False):
        eligible = (population.households.need >= settings.get("need", 0.0)).astype(np.float64)
    else:
        eligible = _eligible(world, settings)
    return draw_spells(
        rng,
        population.calendar.months,
        entry=eligible * float(settings["entry"]),
        leave=np.full(len(eligible), float(settings["leave"])),
        at_start=eligible * float(settings["at_start"]),
    )


def _eligible(world: World, settings: Mapping[str, Any]) -> Floats:
    population = world.population
    low, high = settings.get("ages", (0, 200))
    age = population.age_at(0)
    inside = (age >= low) & (age <= high) & (population.need >= settings.get("need", 0.0))
    return np.asarray(inside, dtype=np.float64)
