"""The truth beside the deliveries: whose every record is, and who the people are.

Belongs here: `records.csv` and `people.parquet`. Does not: indicators
(`indicators`), or anything a deployment reads while it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from warehouse.synthetic.arrays import Floats, Ints, take, texts
from warehouse.synthetic.population import RACES, Population
from warehouse.synthetic.registration import Registrations

_AGES = (0, 5, 18, 25, 45, 65)
_AGE_NAMES = ("0-4", "5-17", "18-24", "25-44", "45-64", "65+")


def age_groups(age: Floats) -> pa.Array:
    """Return age groups at the simulation's start; people born later are in the first."""
    return take(texts(list(_AGE_NAMES)), np.searchsorted(_AGES, np.maximum(age, 0), side="right") - 1)


def counties(population: Population) -> Ints:
    """Return the county index of everybody's first known home in the simulation."""
    everyone = np.arange(len(population))
    address = population.life.address_at(everyone, np.zeros(len(population), dtype=np.int64))
    return population.life.timeline.addresses.county[address]


def people_table(population: Population) -> pa.Table:
    """Return everybody as they truly are, one row a person."""
    members, names, words = population.members, population.names, population.words
    ssn = pc.utf8_lpad(pc.cast(pa.array(np.maximum(population.ssn, 0)), pa.string()), 9, "0")
    months = population.calendar.day(population.life.dies % 100_000)
    dies = np.where(population.life.dies < population.calendar.months, months, np.datetime64("NaT"))
    return pa.table(
        {
            "person_id": pa.array(np.arange(len(population))),
            "household_id": pa.array(members.household),
            "given_name": take(words, names.given),
            "middle_name": take(words, names.middle),
            "surname": take(words, names.surname),
            "second_surname": take(words, names.surname2),
            "married_surname": take(words, np.where(names.changes, names.married, -1)),
            "birth_date": pa.array(members.born.astype("datetime64[D]")),
            "death_month": pa.array(dies.astype("datetime64[D]")),
            "ssn": pc.if_else(pa.array(population.ssn >= 0), ssn, pa.scalar(None, pa.string())),
            **_attributes(population),
        }
    )


def _attributes(population: Population) -> dict[str, pa.Array]:
    """Return what subgroups are made of, by person."""
    groups = texts([g.name for g in population.book.groups])
    return {
        "sex": take(texts(["F", "M"]), population.members.sex),
        "race_ethnicity": take(texts(list(RACES)), population.race),
        "language_group": take(groups, population.members.group),
        "age_group": age_groups(population.age_at(0)),
        "county": take(population.places.county_names, counties(population)),
    }


class TruthWriter:
    """Collects the records of every delivery and writes the truth."""

    def __init__(self, population: Population, directory: Path) -> None:
        self._population = population
        self._directory = directory
        self._found: dict[str, pa.Table] = {}

    def add(self, source: str, records: pa.Table, registrations: Registrations) -> None:
        """Add the record ids of one delivery; an id that occurred before is not added again."""
        person = registrations.person[np.asarray(records["unit"])]
        fresh = pa.table({"record_id": records["record_id"], "person": pa.array(person)})
        earlier = self._found.get(source)
        both = fresh if earlier is None else pa.concat_tables([earlier, fresh])
        self._found[source] = (
            both.group_by("record_id", use_threads=False)
            .aggregate([("person", "min")])
            .rename_columns(["record_id", "person"])
        )

    @property
    def found(self) -> Mapping[str, pa.Table]:
        """Every record so far, by source: its id and its person."""
        return self._found

    def write(self) -> Mapping[str, int]:
        """Write `records.csv` and `people.parquet`; return the number of records by source."""
        self._directory.mkdir(parents=True, exist_ok=True)
        attributes = _attributes(self._population)
        household = self._population.members.household
        counts = {}
        with pcsv.CSVWriter(self._directory / "records.csv", _SCHEMA, write_options=_OPTIONS) as out:
            for source in sorted(self._found):
                found = self._found[source].sort_by("record_id")
                person = np.asarray(found["person"])
                counts[source] = len(found)
                out.write_table(
                    pa.table(
                        {
                            "source": take(texts([source]), np.zeros(len(found), dtype=np.int64)),
                            "record_id": found["record_id"].combine_chunks(),
                            "person_id": pa.array(person),
                            "household_id": pa.array(household[person]),
                            **{name: take(values, person) for name, values in attributes.items()},
                        },
                        schema=_SCHEMA,
                    )
                )
        pq.write_table(people_table(self._population), self._directory / "people.parquet", compression="zstd")
        return counts


_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("record_id", pa.string()),
        ("person_id", pa.int64()),
        ("household_id", pa.int64()),
    ]
    + [(name, pa.string()) for name in ("sex", "race_ethnicity", "language_group", "age_group", "county")]
)

_OPTIONS = pcsv.WriteOptions(quoting_style="needed")
