"""Medicaid as extracted: eligibility by month, and claims.

Belongs here: rows of eligibility and claims. Does not: the layout.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from warehouse.synthetic.feeds.rows import Pairs, Period, Rows, joined, numbered, scrambled
from warehouse.synthetic.programs.medicaid import claims
from warehouse.synthetic.world import World


class MedicaidFeed:
    """Registrations are people; a few have a second one after coming back."""

    def __init__(self, world: World) -> None:
        self._world = world
        spells = world.coverage.spells
        self._pairs = Pairs.of(spells.unit, world.coverage.number, spells.first)
        self.person, self.since = self._pairs.person, self._pairs.since
        self._unit = self._pairs.find(spells.unit, world.coverage.number)
        self._ids = scrambled(world.draws.stream("medicaid-ids"), len(self.person), 300_000_001)
        homes = len(world.population.households) * 2
        self._cases = scrambled(world.draws.stream("medicaid-cases"), homes, 40_000_000)

    def rows(self, period: Period) -> Mapping[str, Rows]:
        """Return eligibility and claims of the period."""
        return {
            "eligibility": joined([self._eligibility(month) for month in period.months]),
            "claim": joined([self._claims(month) for month in period.months]),
        }

    def _eligibility(self, month: int) -> Rows:
        coverage, population = self._world.coverage, self._world.population
        covered = coverage.in_month(month)
        unit = self._unit[covered]
        order = np.argsort(self._ids[unit], kind="stable")
        covered, unit = covered[order], unit[order]
        person = coverage.spells.unit[covered]
        at = np.full(len(unit), month, dtype=np.int64)
        household = population.life.household_at(person, at)
        facts = {
            "msis_id": numbered("", self._ids[unit], 10),
            "coverage_month": population.calendar.day(at),
            "eligibility_group": coverage.group(person, month),
            "case_number": numbered("", self._cases[household], 12),
        }
        return Rows(unit, at, facts)

    def _claims(self, month: int) -> Rows:
        drawn = claims(self._world.draws, self._world.coverage, month)
        unit = self._unit[drawn.spell]
        number = np.arange(len(unit))
        calendar = self._world.population.calendar
        at = np.full(len(unit), month, dtype=np.int64)
        prefix = calendar.month_name(month).replace("-", "")
        facts = {
            "claim_id": numbered(f"C{prefix}", number, 8),
            "msis_id": numbered("", self._ids[unit], 10),
            "service_date": drawn.day,
            "claim_type": drawn.kind,
            "diagnosis_code": drawn.diagnosis,
            "paid_amount": drawn.cents,
            "provider_id": numbered("P", 10_000 + drawn.provider * 3, 7),
        }
        return Rows(unit, at, facts)
