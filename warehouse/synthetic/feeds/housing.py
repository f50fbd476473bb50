"""Homelessness as exported: the HMIS tables up to the end of the period.

Belongs here: rows of clients, enrolments, exits, projects, organizations and
the export itself. Does not: the layout or codes of HMIS.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from warehouse.synthetic.arrays import Ints, texts
from warehouse.synthetic.feeds.rows import Pairs, Period, Rows, Value, numbered, scrambled
from warehouse.synthetic.programs.housing import PROJECT_TYPES
from warehouse.synthetic.world import World

_NOBODY = np.zeros(0, dtype=np.int64)


class HousingFeed:
    """Registrations are clients; some get a second one at a later provider."""

    def __init__(self, world: World) -> None:
        self._world = world
        stays, calendar = world.stays, world.population.calendar
        twice = world.draws.stream("housing-twice").random(len(world.population)) < 0.07
        record = ((stays.sequence > 0) & twice[stays.person]).astype(np.int64)
        entered = calendar.month_of(stays.entry)
        self._pairs = Pairs.of(stays.person, record, entered)
        self.person, self.since = self._pairs.person, self._pairs.since
        self._unit = self._pairs.find(stays.person, record)
        rng = world.draws.stream("housing-ids")
        self._ids = scrambled(rng, len(self.person), 500_000)
        self._stay_ids = scrambled(rng, len(stays.person), 2_000_000)
        self._veteran = rng.random(len(self.person)) < 0.07
        self._situation = rng.integers(0, 6, len(stays.person))
        self._move_in = rng.integers(20, 60, len(stays.person))

    def rows(self, period: Period) -> Mapping[str, Rows]:
        """Return every table up to the end of the period."""
        stays, calendar = self._world.stays, self._world.population.calendar
        end = calendar.day(period.last + 1)
        known = np.flatnonzero(stays.entry < end)
        unit = np.unique(self._unit[known])
        gone = known[stays.exit[known] < end]
        return {
            "export": self._export(period),
            "client": Rows(unit, _at(unit, period), self._client(unit, period)),
            "enrollment": Rows(self._unit[known], _at(known, period), self._enrolment(known, period)),
            "exit": Rows(
                self._unit[gone],
                _at(gone, period),
                {
                    "exit_id": numbered("", self._stay_ids[gone], 7),
                    "enrollment_id": numbered("", self._stay_ids[gone], 7),
                    "personal_id": self._personal(gone),
                    "exit_date": stays.exit[gone],
                    "destination": stays.destination[gone],
                },
            ),
            **self._places(),
        }

    def _personal(self, stay: Ints) -> pa.Array:
        return numbered("", self._ids[self._unit[stay]], 6)

    def _client(self, unit: Ints, period: Period) -> Mapping[str, Value]:
        age = self._world.population.age_at(period.last)[self.person[unit]]
        return {
            "personal_id": numbered("", self._ids[unit], 6),
            "veteran_status": np.where(age < 18, 2, self._veteran[unit].astype(np.int64)),
        }

    def _enrolment(self, stay: Ints, period: Period) -> Mapping[str, Value]:
        stays = self._world.stays
        end = self._world.population.calendar.day(period.last + 1)
        place = self._world.population.members.place[stays.person[stay]]
        housed = np.array(PROJECT_TYPES)[stays.project_type[stays.project[stay]]]
        move_in = stays.entry[stay] + self._move_in[stay]
        in_time = (move_in < end) & (np.isnat(stays.exit[stay]) | (move_in <= stays.exit[stay]))
        return {
            "enrollment_id": numbered("", self._stay_ids[stay], 7),
            "personal_id": self._personal(stay),
            "project_id": numbered("", 100 + stays.project[stay], 3),
            "entry_date": stays.entry[stay],
            "household_id": numbered("h_", stays.group[stay], 6),
            "relationship_to_hoh": place,
            "living_situation": self._situation[stay],
            "move_in_date": np.where(in_time & np.isin(housed, (3, 13)), move_in, np.datetime64("NaT")),
        }

    def _places(self) -> Mapping[str, Rows]:
        stays = self._world.stays
        project = np.arange(len(stays.project_type))
        organization = np.unique(stays.organization)
        at = np.zeros(len(project), dtype=np.int64)
        return {
            "project": Rows(
                _NOBODY,
                at,
                {
                    "project_id": numbered("", 100 + project, 3),
                    "organization_id": numbered("", 10 + stays.organization, 2),
                    "project_type": np.array(PROJECT_TYPES, dtype=np.int64)[stays.project_type],
                },
            ),
            "organization": Rows(
                _NOBODY,
                at[: len(organization)],
                {
                    "organization_id": numbered("", 10 + organization, 2),
                    "victim_service_provider": np.zeros(len(organization), dtype=np.int64),
                },
            ),
        }

    def _export(self, period: Period) -> Rows:
        calendar = self._world.population.calendar
        end = np.array([calendar.day(period.last + 1)])
        return Rows(
            _NOBODY,
            np.zeros(1, dtype=np.int64),
            {
                "export_id": texts([f"EG{period.name}"]),
                "export_date": end + 4,
                "export_start_date": np.array([calendar.day(0)]),
                "export_end_date": end - 1,
            },
        )


def _at(rows: Ints, period: Period) -> Ints:
    return np.full(len(rows), period.last, dtype=np.int64)
