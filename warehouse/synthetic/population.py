"""The people of Evergreen as they truly are.

Belongs here: bringing households, names, numbers and lives together, and
questions about a person in a month. Does not: programs, or what agencies
write down.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from warehouse.synthetic.arrays import Bools, Draws, Floats, Ints, pick_by
from warehouse.synthetic.calendar import Calendar
from warehouse.synthetic.households import CHILD, Households, Members, draw_households, draw_members
from warehouse.synthetic.life import Life, draw_life
from warehouse.synthetic.names import NameBook
from warehouse.synthetic.naming import PersonNames, draw_names
from warehouse.synthetic.places import Places

RACES = ("white", "black", "hispanic", "asian", "native_american", "pacific_islander", "two_or_more")


@dataclass(frozen=True)
class Population:
    """Everybody, by person index.

    `ssn` is a number below 10**9, or -1 for people who have none; `race` indexes
    `RACES`; `language` indexes `languages`; `need` is a share, 1 the poorest.
    """

    calendar: Calendar
    places: Places
    book: NameBook
    households: Households
    members: Members
    names: PersonNames
    life: Life
    ssn: Ints
    race: Ints
    language: Ints
    languages: tuple[str, ...]
    need: Floats

    def __len__(self) -> int:
        """Number of people."""
        return len(self.members)

    def age_at(self, month: int) -> Floats:
        """Return ages in years at the beginning of a month; negative before birth."""
        return (self.calendar.day(month) - self.members.born).astype(np.int64) / 365.25

    @cached_property
    def born_month(self) -> Ints:
        """Month index of each birth."""
        return self.calendar.month_of(self.members.born)

    def alive(self, month: int) -> Bools:
        """Return who is born and has not died in a month."""
        return (self.born_month <= month) & (self.life.dies > month)

    @property
    def words(self) -> pa.Array:
        """All names by code."""
        return self.book.vocabulary.words


def populate(draws: Draws, calendar: Calendar, people: int) -> Population:
    """Draw a population of `people`, births within the simulation included."""
    book, places = NameBook.load(), Places.load()
    households, children = draw_households(draws, book, places, people)
    members = draw_members(draws, book, households, children, people, calendar.end)
    names = draw_names(draws, book, households, members)
    life = draw_life(draws, calendar, places, households, members, names)
    rng = draws.stream("people")
    race = _races(rng, book, members)
    language, languages = _languages(rng, book, members)
    need = np.clip(households.need[members.household] + rng.normal(0, 0.04, len(members)), 0.0, 1.0)
    ssn = _numbers(draws, book, members)
    return Population(
        calendar, places, book, households, members, names, life, ssn, race, language, languages, need
    )


def _races(rng: np.random.Generator, book: NameBook, members: Members) -> Ints:
    """Draw race and ethnicity by group; children of parents of two groups are often of two or more."""
    weights = np.array([[g.race.get(r, 0.0) for r in RACES] for g in book.groups])
    race = pick_by(rng, weights, members.group)
    child = members.place == CHILD
    father, mother = np.maximum(members.father, 0), np.maximum(members.mother, 0)
    both = child & (members.father >= 0) & (members.mother >= 0)
    race = np.where(child & (members.mother >= 0), race[mother], race)
    race = np.where(child & (members.mother < 0) & (members.father >= 0), race[father], race)
    mixed = both & (race[father] != race[mother]) & (rng.random(len(members)) < 0.7)
    return np.where(mixed, RACES.index("two_or_more"), race)


def _languages(rng: np.random.Generator, book: NameBook, members: Members) -> tuple[Ints, tuple[str, ...]]:
    """Draw the language a person prefers; households of one group speak one."""
    languages = tuple(dict.fromkeys(name for g in book.groups for name in g.speaks))
    weights = np.array([[g.speaks.get(name, 0.0) for name in languages] for g in book.groups])
    drawn = pick_by(rng, weights, members.group)
    head = np.searchsorted(members.household, members.household)
    same = members.group == members.group[head]
    return np.where(same, drawn[head], drawn), languages


def _numbers(draws: Draws, book: NameBook, members: Members) -> Ints:
    """Draw social security numbers of the valid form, all different.

    Twins get neighbouring numbers, and so do families who applied together
    after they came; a share of adults of groups with recent arrivals has none.
    """
    rng = draws.stream("numbers")
    size = len(members)
    total = 898 * 99 * 9999
    drawn = np.unique(rng.integers(0, total, int(size * 1.2) + 1000))
    number = rng.permutation(drawn)[:size]
    arrived = np.array([g.speaks.get("english", 0.0) < 0.6 for g in book.groups])[members.group]
    head = np.searchsorted(members.household, members.household)
    together = arrived & (rng.random(size)[head] < 0.2) & (members.place != 0)
    near = np.where(together, number[head] + np.arange(size) - head, number)
    near = np.where(members.twin >= 0, near[np.maximum(members.twin, 0)] + rng.integers(1, 4, size), near)
    _, first, count = np.unique(near, return_index=True, return_counts=True)
    clash = np.ones(size, dtype=np.bool_)
    clash[first[count == 1]] = False
    taken = np.isin(near, number) & (near != number)
    number = np.where(clash | taken | (near >= total), number, near)
    serial, rest = number % 9999 + 1, number // 9999
    pair, area = rest % 99 + 1, rest // 99 + 1
    ssn = (area + (area >= 666)) * 1_000_000 + pair * 10_000 + serial
    adult = members.place != CHILD
    none = adult & arrived & (rng.random(size) < 0.06)
    return np.where(none, -1, ssn)
