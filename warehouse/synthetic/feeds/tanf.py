"""Cash assistance as reported: active families by month, and closed ones.

Belongs here: rows of families, adults, children, closures. Does not: the
federal layout (contract) or codes (`systems`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from warehouse.synthetic.arrays import Bools, Ints, take
from warehouse.synthetic.feeds.rows import Pairs, Period, Rows, joined, numbered
from warehouse.synthetic.programs.tanf import PersonMonths, benefit
from warehouse.synthetic.world import World


class TanfFeed:
    """Registrations are people in a case."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._assistance = world.assistance
        months = range(world.population.calendar.months)
        found = [self._assistance.in_month(month) for month in months]
        person = np.concatenate([f.person for f in found])
        case = self._assistance.case[np.concatenate([f.spell for f in found])]
        month = np.repeat(np.arange(len(found)), [len(f.person) for f in found])
        self._pairs = Pairs.of(person, case, month)
        self.person, self.since = self._pairs.person, self._pairs.since
        jobs = world.jobs
        self._paid = np.unique(jobs.person * 64 + jobs.quarter)
        self._wages = np.zeros(len(self._paid))
        np.add.at(self._wages, np.searchsorted(self._paid, jobs.person * 64 + jobs.quarter), jobs.cents)

    def rows(self, period: Period) -> Mapping[str, Rows]:
        """Return families and people by month, and the closures of the period."""
        parts = [self._month(month) for month in period.months]
        tables = {name: joined([part[name] for part in parts]) for name in parts[0]}
        return {**tables, **self._closures(period)}

    def _month(self, month: int) -> dict[str, Rows]:
        people = self._assistance.in_month(month)
        return {
            "family": self._families(people, month),
            "adult": self._adults(people, month),
            "child": self._people(people, ~people.adult, month),
        }

    def _families(self, people: PersonMonths, month: int) -> Rows:
        """Return one row for each family with anybody in the case."""
        population, spells = self._world.population, self._assistance.spells
        spell, members = np.unique(people.spell, return_counts=True)
        at = np.full(len(spell), month, dtype=np.int64)
        rng = self._world.draws.stream("tanf-benefits", month)
        return self._case_rows(
            spell,
            at,
            {
                "nbr_family_members": members.astype(np.int64),
                "cash_amount": benefit(rng, members.astype(np.float64)),
                "sanctioned": (rng.random(len(spell)) < 0.03).astype(np.int64),
            },
            population.life.timeline.at(spells.unit[spell], at),
        )

    def _case_rows(self, spell: Ints, month: Ints, columns: Mapping[str, Ints], address: Ints) -> Rows:
        population = self._world.population
        where, places = population.life.timeline.addresses, population.places
        case = self._assistance.case[spell]
        facts = {
            **columns,
            "report_month": population.calendar.day(month),
            "case_number": numbered("", case, 11),
            "county_fips": take(places.county_fips, where.county[address]),
            "zip_code": take(places.zip_codes, where.zip_index[address]),
        }
        none = np.zeros(0, dtype=np.int64)
        return Rows(none, month, facts, _order(month, case))

    def _adults(self, people: PersonMonths, month: int) -> Rows:
        """Return one row for each adult, with work as known in the quarter."""
        rows = self._people(people, people.adult, month)
        person, spell = people.person[people.adult], people.spell[people.adult]
        quarter = int(self._world.population.calendar.quarter_of(month))
        key = person * 64 + quarter
        at = np.minimum(np.searchsorted(self._paid, key), max(len(self._paid) - 1, 0))
        employed = self._paid[at] == key if len(self._paid) else np.zeros(len(key), dtype=np.bool_)
        dollars = np.where(employed, self._wages[at] / 300 if len(self._paid) else 0, 0)
        facts = {
            **rows.columns,
            "engaged": self._assistance.engaged[spell].astype(np.int64),
            "employed": employed.astype(np.int64),
            "earned_income": np.minimum(dollars, 9999).astype(np.int64),
        }
        return Rows(rows.unit, rows.month, facts, rows.order)

    def _people(self, people: PersonMonths, chosen: Bools, month: int) -> Rows:
        """Return one row for each chosen person of a case."""
        person, spell = people.person[chosen], people.spell[chosen]
        at = np.full(len(person), month, dtype=np.int64)
        case = self._assistance.case[spell]
        members = self._world.population.members
        facts = {
            "report_month": self._world.population.calendar.day(at),
            "case_number": numbered("", case, 11),
            "place": members.place[person],
            "married": (members.spouse[person] >= 0).astype(np.int64),
            "schooling": 8 + person * 7919 % 6,
        }
        return Rows(self._pairs.find(person, case), at, facts, _order(at, case))

    def _closures(self, period: Period) -> dict[str, Rows]:
        """Return families whose last month lies in the period, and their people."""
        spells = self._assistance.spells
        closed = np.flatnonzero(~spells.open & np.isin(spells.last, period.months))
        rng = self._world.draws.stream("tanf-closures", period.name)
        month = spells.last[closed]
        address = self._world.population.life.timeline.at(spells.unit[closed], month)
        families = self._case_rows(
            closed,
            month,
            {"reason": rng.choice(6, len(closed), p=[0.34, 0.06, 0.05, 0.2, 0.15, 0.2])},
            address,
        )
        parts = []
        for each in period.months:
            people = self._assistance.in_month(each)
            leaving = np.isin(people.spell, closed[month == each])
            rows = self._people(people, leaving, each)
            adult = people.adult[leaving].astype(np.int64)
            parts.append(Rows(rows.unit, rows.month, {**rows.columns, "adult": adult}, rows.order))
        return {"closed_family": families, "closed_person": joined(parts)}


def _order(month: Ints, case: Ints) -> Ints:
    return month * 1_000_000_000_000 + case
