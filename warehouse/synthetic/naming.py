"""Naming people: given names, middle names, surnames at birth and after marriage, suffixes.

Belongs here: how each group names its children and its wives. Does not: the
lists of names (`names`), or misspellings (`noise`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warehouse.synthetic.arrays import Bools, Draws, Floats, Ints
from warehouse.synthetic.households import CHILD, GRANDPARENT, HEAD, SPOUSE, Households, Members
from warehouse.synthetic.names import GroupNames, NameBook

NO_NAME = -1

PLAIN, SENIOR, JUNIOR, THIRD = range(4)
"""Suffixes, by index into `SUFFIXES`."""

SUFFIXES = (None, "Sr", "Jr", "III")


@dataclass(frozen=True)
class PersonNames:
    """Names as codes of the vocabulary, -1 where there is none.

    A surname has one or two parts, (`surname`, `surname2`); after a change on
    marriage it is (`married`, `married2`). `changes` says who changed it.
    """

    given: Ints
    middle: Ints
    surname: Ints
    surname2: Ints
    married: Ints
    married2: Ints
    changes: Bools
    suffix: Ints
    spaced: Bools


def draw_names(draws: Draws, book: NameBook, households: Households, members: Members) -> PersonNames:
    """Name everybody."""
    rng = draws.stream("names")
    cohort = (members.born >= np.datetime64("1985-01-01")).astype(np.int64)
    given = _given_names(rng, book, members, cohort)
    middle = _middle_names(rng, book, members, cohort)
    surname, surname2 = _birth_surnames(rng, book, members)
    surname = _grandparents(members, surname)
    middle, surname = _patronymics(rng, book, members, given, middle, surname)
    suffix = _juniors(rng, book, members, given, middle)
    surname2 = np.where(suffix >= JUNIOR, surname2[np.maximum(members.father, 0)], surname2)
    feminine = members.sex == 0
    surname = np.where(feminine, book.feminine[surname], surname)
    married, married2, changes = _married_names(rng, book, members, surname, surname2)
    married = np.where(feminine, book.feminine[married], married)
    spaced = _flag(book, members.group, "double_surname") > 0
    return PersonNames(given, middle, surname, surname2, married, married2, changes, suffix, spaced)


def _flag(book: NameBook, group: Ints, name: str) -> Floats:
    """Return a setting of each person's group."""
    return np.array([float(getattr(g, name)) for g in book.groups])[group]


def _draw_given(rng: np.random.Generator, book: NameBook, group: Ints, sex: Ints, cohort: Ints) -> Ints:
    codes = np.full(len(group), NO_NAME, dtype=np.int64)
    for index, names in enumerate(book.groups):
        for (letter, era), listed in names.given.items():
            where = np.flatnonzero((group == index) & (sex == (letter == "M")) & (cohort == era))
            codes[where] = listed.draw(rng, len(where))
    return codes


def _given_names(rng: np.random.Generator, book: NameBook, members: Members, cohort: Ints) -> Ints:
    """Draw given names; children of one household rarely share one."""
    given = _draw_given(rng, book, members.group, members.sex, cohort)
    for _ in range(3):
        key = members.household * (len(book.vocabulary) + 1) + given
        order = np.argsort(key, kind="stable")
        same = np.zeros(len(key), dtype=np.bool_)
        same[order[1:]] = key[order[1:]] == key[order[:-1]]
        again = np.flatnonzero(same)
        given[again] = _draw_given(rng, book, members.group[again], members.sex[again], cohort[again])
    return given


def _middle_names(rng: np.random.Generator, book: NameBook, members: Members, cohort: Ints) -> Ints:
    """Draw middle names: a second given name, or the group's own mark of the sex."""
    middle = np.full(len(members), NO_NAME, dtype=np.int64)
    for index, group in enumerate(book.groups):
        for sex, letter in enumerate("FM"):
            where = np.flatnonzero((members.group == index) & (members.sex == sex))
            where = where[rng.random(len(where)) < _middle_share(group)]
            marks = group.middle[letter]
            if marks is not None:
                middle[where] = marks.draw(rng, len(where))
            else:
                middle[where] = _draw_given(
                    rng, book, members.group[where], members.sex[where], cohort[where]
                )
    return middle


def _middle_share(group: GroupNames) -> float:
    if group.second_given:
        return group.second_given
    return {"english": 0.85, "african_american": 0.8, "native_american": 0.7, "vietnamese": 0.95}.get(
        group.name, 0.25
    )


def _birth_surnames(rng: np.random.Generator, book: NameBook, members: Members) -> tuple[Ints, Ints]:
    """Draw surnames of adults; children take the father's, or father's and mother's."""
    surname = np.full(len(members), NO_NAME, dtype=np.int64)
    second = surname.copy()
    double = rng.random(len(members)) < _flag(book, members.group, "double_surname")
    for index, group in enumerate(book.groups):
        where = np.flatnonzero(members.group == index)
        surname[where] = group.surnames.draw(rng, len(where))
        second[where] = group.surnames.draw(rng, len(where))
    child = members.place == CHILD
    father, mother = np.maximum(members.father, 0), np.maximum(members.mother, 0)
    from_father = child & (members.father >= 0)
    from_mother = child & (members.father < 0) & (members.mother >= 0)
    first_child = np.searchsorted(members.household, members.household)
    absent = from_mother & (rng.random(len(members))[first_child] < 0.45)
    second = np.where(child & (members.mother >= 0), surname[mother], second)
    surname = np.where(from_mother & ~absent, surname[mother], surname)
    surname = np.where(absent, surname[_first_sibling(members)], surname)
    surname = np.where(from_father, surname[father], surname)
    double = np.where(child, double[_first_sibling(members)], double)
    return surname, np.where(double & (second != surname), second, NO_NAME)


def _first_sibling(members: Members) -> Ints:
    """Return for each child the eldest child of the household, for others themselves."""
    own = np.arange(len(members))
    child = members.place == CHILD
    first = np.full(int(members.household[-1]) + 1, len(own), dtype=np.int64)
    np.minimum.at(first, members.household[child], own[child])
    return np.where(child, first[members.household], own)


def _grandparents(members: Members, surname: Ints) -> Ints:
    """Give grandparents who live with the family the surname of its head."""
    head = np.searchsorted(members.household, members.household)
    return np.where(members.place == GRANDPARENT, surname[head], surname)


def _patronymics(
    rng: np.random.Generator, book: NameBook, members: Members, given: Ints, middle: Ints, surname: Ints
) -> tuple[Ints, Ints]:
    """Name by descent: the middle name is the father's given name, the last the grandfather's."""
    chain = _flag(book, members.group, "patronymic") > 0
    mother_in_middle = _flag(book, members.group, "surname_as_middle") > 0
    for index, group in enumerate(book.groups):
        where = np.flatnonzero((members.group == index) & chain)
        middle[where] = group.given["M", 0].draw(rng, len(where))
        where = np.flatnonzero((members.group == index) & mother_in_middle)
        middle[where] = group.surnames.draw(rng, len(where))
    child = members.place == CHILD
    sibling = _first_sibling(members)
    middle = np.where(child & chain, middle[sibling], middle)
    father = np.maximum(members.father, 0)
    known = child & chain & (members.father >= 0) & (members.group[father] == members.group)
    middle_of_father = middle[father]
    middle = np.where(known, given[father], middle)
    surname = np.where(known, middle_of_father, surname)
    surname = np.where(chain & child & ~known, surname[sibling], surname)
    from_mother = child & mother_in_middle & (members.mother >= 0)
    middle = np.where(from_mother, surname[np.maximum(members.mother, 0)], middle)
    return middle, surname


def _juniors(rng: np.random.Generator, book: NameBook, members: Members, given: Ints, middle: Ints) -> Ints:
    """Name some eldest sons like their fathers, in place; return the suffixes."""
    own = np.arange(len(members))
    eldest = (members.place == CHILD) & (_first_sibling(members) == own) & (members.sex == 1)
    eldest &= (members.father >= 0) & (members.twin < 0)
    father = np.maximum(members.father, 0)
    named = eldest & (rng.random(len(own)) < 2 * _flag(book, members.group, "junior"))
    named &= members.group[father] == members.group
    given[named] = given[father[named]]
    middle[named] = middle[father[named]]
    third = named & (rng.random(len(own)) < 0.1)
    suffix = np.where(third, THIRD, np.where(named, JUNIOR, PLAIN))
    senior = rng.random(len(own)) < 0.25
    suffix[father[named & ~third & senior]] = SENIOR
    suffix[father[third]] = JUNIOR
    return suffix


def _married_names(
    rng: np.random.Generator, book: NameBook, members: Members, surname: Ints, surname2: Ints
) -> tuple[Ints, Ints, Bools]:
    """Decide which wives take or join their husband's surname, and the name then."""
    mate = np.maximum(members.spouse, 0)
    couple = ((members.place == HEAD) | (members.place == SPOUSE)) & (members.spouse >= 0)
    wife = couple & (members.sex == 0) & (members.sex[mate] == 1)
    keeps = rng.random(len(members)) < _flag(book, members.group, "keeps_name")
    changes = wife & ~keeps
    joins = rng.random(len(members)) < 0.07
    married = np.where(changes, np.where(joins, surname, surname[mate]), surname)
    married2 = np.where(changes, np.where(joins, surname[mate], NO_NAME), surname2)
    return married, married2, changes
