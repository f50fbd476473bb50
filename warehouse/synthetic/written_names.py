"""Names as one system writes them.

Belongs here: which form of a name is used, old or married, one surname or two,
in which order, and where errors of writing go. Does not: the errors
themselves (`noise`), numbers and dates (`registration`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.synthetic.arrays import NEVER, Bools, Ints, choose, pick, take, texts
from warehouse.synthetic.naming import NO_NAME, PLAIN, SUFFIXES
from warehouse.synthetic.noise import mishear, misread, mistype, plain_letters
from warehouse.synthetic.population import Population
from warehouse.synthetic.rates import Chances

_NONE = pa.scalar(None, pa.string())
_Error = Callable[[np.random.Generator, pa.Array], pa.Array]


@dataclass(frozen=True)
class WrittenNames:
    """Names as columns of text; null where there is none."""

    given: pa.Array
    middle: pa.Array
    surname: pa.Array
    suffix: pa.Array


def write_names(
    rng: np.random.Generator, population: Population, chances: Chances, person: Ints, since: Ints
) -> tuple[WrittenNames, WrittenNames, Ints]:
    """Write names down; return them as first written, as later known, and from which month."""
    names, book = population.names, population.book
    given = names.given[person]
    given = np.where(chances.hit("nickname"), book.nicknames.draw(rng, given), given)
    given = np.where(chances.hit("variant"), book.variants.draw(rng, given), given)
    marries = population.life.marries[person]
    after = (since >= marries) & ~chances.even("old_name")
    renamed = np.where(
        (since < marries) & (marries < NEVER) & chances.even("renames"), marries + chances.system.lag, NEVER
    )
    spelt = chances.hit("variant")
    style = pick(rng, list(chances.system.double_surname.values()), len(person))
    first = _surname(rng, population, chances, person, after, style, spelt)
    later = _surname(rng, population, chances, person, np.ones_like(after), style, spelt)
    middle = _middle(chances, take(population.words, names.middle[person]))
    kept = (names.suffix[person] != PLAIN) & ~chances.even("no_suffix")
    suffix = take(texts(list(SUFFIXES)), np.where(kept, names.suffix[person], PLAIN))
    written = WrittenNames(take(population.words, given), middle, first, suffix)
    written = _in_other_places(chances, written)
    written = _misspelt(rng, chances, written)
    written = _folded(chances, written)
    moved = replace(written, surname=later)
    return written, moved, renamed


def _surname(
    rng: np.random.Generator,
    population: Population,
    chances: Chances,
    person: Ints,
    after: Bools,
    style: Ints,
    spelt: Bools,
) -> pa.Array:
    """Return the surname, married where `after`, with two parts joined as the system does."""
    names, words = population.names, population.words
    one = np.where(after, names.married[person], names.surname[person])
    two = np.where(after, names.married2[person], names.surname2[person])
    one = np.where(spelt, population.book.variants.draw(rng, one), one)
    first, second = take(words, one), take(words, two)
    forms = list(chances.system.double_surname)
    separator = choose(names.spaced[person], pa.scalar(" "), pa.scalar("-"))
    written = pc.binary_join_element_wise(first, second, separator)
    for index, form in enumerate(forms):
        chosen = style == index
        if form == "first":
            written = choose(chosen, first, written)
        elif form in ("hyphen", "joined"):
            joined = pc.binary_join_element_wise(first, second, "-" if form == "hyphen" else "")
            written = choose(chosen, joined, written)
    return choose(two == NO_NAME, first, written)


def _middle(chances: Chances, middle: pa.Array) -> pa.Array:
    """Leave the middle name out, or cut it to its letter."""
    middle = choose(chances.even("middle_initial"), pc.utf8_slice_codeunits(middle, 0, 1), middle)
    return choose(chances.even("no_middle"), _NONE, middle)


def _in_other_places(chances: Chances, written: WrittenNames) -> WrittenNames:
    """Put the middle name into the given name, cut the given name, swap given name and surname."""
    both = pc.binary_join_element_wise(written.given, written.middle, " ")
    merged = chances.hit("merged_middle") & ~_missing(written.middle)
    given = choose(merged, both, written.given)
    middle = choose(merged, _NONE, written.middle)
    given = choose(chances.hit("initial_only"), pc.utf8_slice_codeunits(given, 0, 1), given)
    swapped = chances.hit("swapped_names")
    return replace(
        written,
        given=choose(swapped, written.surname, given),
        surname=choose(swapped, given, written.surname),
        middle=middle,
    )


def _misspelt(rng: np.random.Generator, chances: Chances, written: WrittenNames) -> WrittenNames:
    """Put errors of typing, hearing and scanning into given names and surnames."""
    given = _spoil(rng, written.given, chances.hit("given_typo"), mistype)
    surname = _spoil(rng, written.surname, chances.hit("surname_typo"), mistype)
    kinds: tuple[tuple[str, _Error], ...] = (("sound", mishear), ("scan", misread))
    for kind, error in kinds:
        hit = chances.hit(kind)
        in_given = rng.random(len(hit)) < 0.45
        given = _spoil(rng, given, hit & in_given, error)
        surname = _spoil(rng, surname, hit & ~in_given, error)
    return replace(written, given=given, surname=surname)


def _folded(chances: Chances, written: WrittenNames) -> WrittenNames:
    """Lose diacritics."""
    lost = chances.even("accents_lost")
    given = choose(lost, plain_letters(written.given), written.given)
    surname = choose(lost, plain_letters(written.surname), written.surname)
    return replace(written, given=given, surname=surname)


def _spoil(rng: np.random.Generator, values: pa.Array, hit: Bools, error: _Error) -> pa.Array:
    """Apply an error to the values that are hit."""
    rows = np.flatnonzero(hit)
    if not len(rows):
        return values
    position = np.full(len(values), -1, dtype=np.int64)
    position[rows] = np.arange(len(rows))
    return choose(hit, take(error(rng, take(values, rows)), position), values)


def _missing(values: pa.Array) -> Bools:
    return np.asarray(values.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)
