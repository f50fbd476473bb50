"""What each system has written down about the people it knows.

Belongs here: turning a person as they are into the identity one system holds,
with its errors, which stay the same from delivery to delivery, and the few
changes over time (a marriage learnt of, a number put right, a move). Does not:
how a value is written in a file (`render`), or the rates (`rates`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.synthetic.arrays import NEVER, Bools, Days, Draws, Ints, choose, take, texts
from warehouse.synthetic.noise import mistype_dates, mistype_digits
from warehouse.synthetic.population import Population
from warehouse.synthetic.rates import Chances, ErrorRates
from warehouse.synthetic.written_names import WrittenNames, write_names


@dataclass(frozen=True)
class Registrations:
    """The identities one system holds, one for each registration.

    Args:
        person: Person index of each registration.
        since: Month index it was made in.
        names, new_names: Names as written first, and from month `renamed` on.
        born: Birth dates, `NaT` where missing.
        ssn, new_ssn: Numbers as written first, and from month `corrected` on.
        sex: `F`, `M` or null.
        follows: Whether it learns of moves, after `lag` months.
        wrong_number, no_address, phone: House number where it is wrong, else 0; no address; telephone.
    """

    population: Population
    person: Ints
    since: Ints
    names: WrittenNames
    new_names: WrittenNames
    renamed: Ints
    born: Days
    ssn: pa.Array
    new_ssn: pa.Array
    corrected: Ints
    sex: pa.Array
    follows: Bools
    lag: int
    wrong_number: Ints
    no_address: Bools
    phone: pa.Array

    def __len__(self) -> int:
        """Number of registrations."""
        return len(self.person)

    def address(self, unit: Ints, month: Ints) -> Ints:
        """Return indices of the addresses that registrations show in a month, -1 for none."""
        known = np.where(self.follows[unit], np.maximum(month - self.lag, self.since[unit]), self.since[unit])
        found = self.population.life.address_at(self.person[unit], known)
        return np.where(self.no_address[unit], -1, found)


def register(
    draws: Draws, population: Population, rates: ErrorRates, source: str, person: Ints, since: Ints
) -> Registrations:
    """Write down the given people as one system does, with its errors."""
    rng = draws.stream("registration", source)
    members = population.members
    system = rates.system(source)
    groups = tuple(g.name for g in population.book.groups)
    chances = Chances(rng, rates, system, groups, members.group[person], population.need[person])
    names, new_names, renamed = write_names(rng, population, chances, person, since)
    ssn = _numbers(rng, population, chances, rates, person)
    corrected = np.where(
        ssn.wrong & chances.even("ssn_corrected"),
        rng.integers(0, max(population.calendar.months, 1), len(person)),
        NEVER,
    )
    sex = choose(members.sex[person] ^ chances.hit("sex_wrong") == 0, pa.scalar("F"), pa.scalar("M"))
    sex = choose(chances.hit("sex_missing"), pa.scalar(None, pa.string()), sex)
    numbers = rng.integers(1, 99, len(person))
    return Registrations(
        population,
        person,
        since,
        names,
        new_names,
        renamed,
        _births(rng, chances, members.born[person]),
        ssn.written,
        ssn.true,
        corrected,
        sex,
        chances.even("moves_known"),
        system.lag,
        np.where(chances.hit("address_wrong"), numbers, 0),
        chances.hit("address_missing"),
        _phones(population, chances, person, since),
    )


def _births(rng: np.random.Generator, chances: Chances, born: Days) -> Days:
    """Write birth dates down: some wrong, some missing."""
    wrong = np.flatnonzero(chances.hit("birth_date_wrong"))
    written = born.copy()
    written[wrong] = mistype_dates(rng, born[wrong])
    return np.where(chances.hit("birth_date_missing"), np.datetime64("NaT"), written)


@dataclass(frozen=True)
class _Numbers:
    written: pa.Array
    true: pa.Array
    wrong: Bools


def _numbers(
    rng: np.random.Generator, population: Population, chances: Chances, rates: ErrorRates, person: Ints
) -> _Numbers:
    """Write social security numbers down: mistyped, a relative's, made up, in part, or not at all."""
    number = population.ssn[person]
    true = _nine_digits(number)
    relative = population.ssn[_relative(population, person)]
    borrowed = chances.hit("ssn_of_family") & (relative >= 0)
    written = choose(borrowed, _nine_digits(relative), true)
    typed = chances.hit("ssn_wrong") & (number >= 0)
    spots = np.flatnonzero(typed)
    mistyped = mistype_digits(rng, take(true, spots))
    position = np.full(len(person), -1, dtype=np.int64)
    position[spots] = np.arange(len(spots))
    written = choose(typed, take(mistyped, position), written)
    last_four = chances.hit("ssn_last_four")
    partial = pc.binary_join_element_wise("xxxxx", pc.utf8_slice_codeunits(written, 5), "")
    written = choose(last_four, partial, written)
    made_up = chances.hit("ssn_placeholder")
    placeholder = take(texts(list(rates.placeholders)), rng.integers(0, len(rates.placeholders), len(person)))
    written = choose(made_up, placeholder, written)
    missing = chances.hit("ssn_missing")
    written = choose(missing, pa.scalar(None, pa.string()), written)
    return _Numbers(written, true, (borrowed | typed | made_up | missing | last_four) & (number >= 0))


def _relative(population: Population, person: Ints) -> Ints:
    """Return whose number is given by mistake: the mother's, the spouse's, or the household head's."""
    members = population.members
    mother, mate = members.mother[person], members.spouse[person]
    head = np.searchsorted(members.household, members.household[person])
    return np.where(mother >= 0, mother, np.where(mate >= 0, mate, head))


def _nine_digits(number: Ints) -> pa.Array:
    text = pc.utf8_lpad(pc.cast(pa.array(np.maximum(number, 0)), pa.string()), 9, "0")
    return choose(number >= 0, text, pa.scalar(None, pa.string()))


def _phones(population: Population, chances: Chances, person: Ints, since: Ints) -> pa.Array:
    """Write the household's telephone number down where it is known."""
    household = population.life.household_at(person, since)
    number = population.life.timeline.phone[household]
    digits = pc.utf8_lpad(pc.cast(pa.array(number % 10_000_000), pa.string()), 7, "0")
    area = take(texts(list(population.places.area_codes)), number // 10_000_000)
    phone = pc.binary_join_element_wise(area, digits, "")
    return choose(chances.hit("phone_missing"), pa.scalar(None, pa.string()), phone)
