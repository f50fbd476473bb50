"""Households of Evergreen: who lives with whom, how old, of which sex.

Belongs here: composition, ages, sexes, twins, group and county of households.
Does not: names (`naming`), or what happens later (`life`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warehouse.synthetic.arrays import Bools, Days, Draws, Floats, Ints, pick, pick_by
from warehouse.synthetic.names import NameBook
from warehouse.synthetic.places import Places

HEAD, SPOUSE, CHILD, GRANDPARENT, LODGER = range(5)
"""Places a person can have in a household."""

_KINDS = ("single", "couple", "family", "one_parent", "three_generations", "shared")
_SHARES = (0.27, 0.23, 0.25, 0.115, 0.06, 0.075)
_WITH_CHILDREN = np.array([False, False, True, True, True, False])
_WITH_SPOUSE = np.array([False, True, True, False, True, False])
_NEED = np.array([0.05, -0.35, -0.20, 0.85, 0.25, 0.35])
_AGES = ((18, 92, 0.9), (22, 90, 0.8), (22, 54, 1.3), (19, 52, 1.2), (26, 52, 1.2), (19, 45, 0.7))
"""Youngest and oldest age of the head by kind, and how far ages lean to the young."""


@dataclass(frozen=True)
class Households:
    """Households as columns: kind, group, county, need (a share, 1 the poorest)."""

    kind: Ints
    group: Ints
    county: Ints
    need: Floats

    def __len__(self) -> int:
        """Number of households."""
        return len(self.kind)


@dataclass(frozen=True)
class Members:
    """People as columns, household after household.

    `father`, `mother` and `spouse` are person indices or -1; `twin` is the
    person born just before at the same birth, or -1.
    """

    household: Ints
    place: Ints
    group: Ints
    sex: Ints
    born: Days
    father: Ints
    mother: Ints
    spouse: Ints
    twin: Ints

    def __len__(self) -> int:
        """Number of people."""
        return len(self.household)


def draw_households(draws: Draws, book: NameBook, places: Places, people: int) -> tuple[Households, Ints]:
    """Draw households enough for `people`, and how many children each has."""
    rng = draws.stream("households")
    count = people // 2 + 50
    group = pick(rng, [g.share for g in book.groups], count)
    kind = pick(rng, _SHARES, count)
    factor = np.array([g.children for g in book.groups])[group]
    children = np.where(_WITH_CHILDREN[kind], 1 + rng.poisson(0.75 * factor), 0)
    children = np.minimum(children, 7)
    weights = np.array(
        [[c.weight * g.counties.get(c.name, 1.0) for c in places.counties] for g in book.groups]
    )
    county = pick_by(rng, weights, group)
    score = (
        _NEED[kind]
        + np.array([g.need for g in book.groups])[group]
        + np.array([c.need for c in places.counties])[county]
        + 0.06 * children
        + rng.normal(0, 0.9, count)
    )
    need = (np.argsort(np.argsort(score)) + 0.5) / count
    return Households(kind, group, county, need), children


def draw_members(
    draws: Draws, book: NameBook, households: Households, children: Ints, people: int, end: Days
) -> Members:
    """Draw the first `people` members of the households; `end` is the day after the simulation."""
    rng = draws.stream("members")
    kind = households.kind
    spouse = _WITH_SPOUSE[kind].astype(np.int64)
    grandparents = np.where(kind == 4, 1 + (rng.random(len(kind)) < 0.3), 0)
    lodgers = np.where(kind == 5, rng.integers(1, 4, len(kind)), 0)
    sizes = np.stack([np.ones_like(kind), spouse, children, grandparents, lodgers], axis=1)
    flat = np.repeat(np.arange(sizes.size), sizes.ravel())[:people]
    household, place = flat // 5, flat % 5
    first = np.searchsorted(household, np.arange(len(kind)))
    head = first[household]
    sex = _sexes(rng, households, household, place, head)
    age, twin = _ages(rng, households, household, place, head, children)
    born = end - np.timedelta64(1, "D") - age.astype("timedelta64[D]")
    group = _groups(rng, book, households, household, place)
    mate = np.where(spouse[household] == 1, head + 1, -1)
    mate = np.where(mate < len(household), mate, -1)
    other = np.where(place == HEAD, mate, np.where(place == SPOUSE, head, -1))
    woman_head = sex[head] == 0
    child = place == CHILD
    mother = np.where(child, np.where(woman_head, head, mate), -1)
    father = np.where(child, np.where(woman_head, mate, head), -1)
    group = np.where(child, group[head], group)
    born = _new_years(rng, book, group, born, place)
    return Members(household, place, group, sex, born, father, mother, other, twin)


def _sexes(
    rng: np.random.Generator, households: Households, household: Ints, place: Ints, head: Ints
) -> Ints:
    """Draw 0 (female) or 1 (male); a couple is mostly a woman and a man."""
    sex = (rng.random(len(household)) < 0.495).astype(np.int64)
    alone = (place == HEAD) & (households.kind[household] == 3)
    sex = np.where(alone, (rng.random(len(sex)) < 0.18).astype(np.int64), sex)
    same = rng.random(len(sex)) < 0.03
    return np.where((place == SPOUSE) & ~same, 1 - sex[head], sex)


def _ages(
    rng: np.random.Generator, households: Households, household: Ints, place: Ints, head: Ints, children: Ints
) -> tuple[Ints, Ints]:
    """Draw ages in days on the last day, and who is the later-born of twins of whom."""
    young, old, lean = (np.array(column)[households.kind] for column in zip(*_AGES, strict=True))
    heads = young + (old - young) * rng.random(len(young)) ** lean
    head_age = heads[household]
    age = np.clip(head_age + rng.normal(-1.2, 4.0, len(household)), 18.5, 95)
    age = np.where(place == HEAD, head_age, age)
    age = np.where(place == GRANDPARENT, np.minimum(head_age + rng.uniform(19, 34, len(age)), 99), age)
    parent = np.full(len(young), 99.0)
    np.minimum.at(parent, household[place <= SPOUSE], age[place <= SPOUSE])
    grown, twin = _children(rng, parent, household, place)
    days = np.where(place == CHILD, grown, age * 365.25 + rng.integers(0, 365, len(age)))
    return np.maximum(days, 0).astype(np.int64), twin


def _children(rng: np.random.Generator, parent: Floats, household: Ints, place: Ints) -> tuple[Floats, Ints]:
    """Draw children's ages in days, eldest first, spaced, within the younger parent's years."""
    child = np.flatnonzero(place == CHILD)
    home = household[child]
    at = np.arange(len(child)) - np.searchsorted(home, home)
    last = np.append(home[1:] != home[:-1], True)[: len(child)]
    gap = 1.1 + rng.gamma(2.0, 0.9, len(child))
    gap = np.where(last, rng.uniform(0, 1, len(child)), gap)
    twins = (at > 0) & (rng.random(len(child)) < 0.032)
    gap[np.flatnonzero(twins) - 1] = 0.0
    span = np.cumsum(gap)
    after = np.append(span[last], span[-1:])[np.cumsum(last) - last] if len(child) else span
    older = after - span + gap
    longest = np.zeros(len(parent))
    np.maximum.at(longest, home, older)
    room = np.clip(parent - 17.5, 0.4, 23.0)
    free = np.maximum(room - longest, 0.0)
    offset = (free * rng.random(len(parent)))[home]
    scale = np.minimum(1.0, room / np.maximum(longest, 0.01))[home]
    grown = np.zeros(len(household))
    days = np.floor((older * scale + offset) * 365.25)
    pair = np.flatnonzero(twins)
    days[pair - 1] = days[pair]
    grown[child] = days
    twin = np.full(len(household), -1, dtype=np.int64)
    twin[child[pair]] = child[pair] - 1
    return grown, twin


def _groups(
    rng: np.random.Generator, book: NameBook, households: Households, household: Ints, place: Ints
) -> Ints:
    """Give each person a group: the household's, but for one spouse in eight and most lodgers."""
    own = households.group[household]
    drawn = pick(rng, [g.share for g in book.groups], len(own))
    chance = np.where(place == SPOUSE, 0.12, np.where(place == LODGER, 0.5, 0.0))
    return np.where(rng.random(len(own)) < chance, drawn, own)


def _new_years(rng: np.random.Generator, book: NameBook, group: Ints, born: Days, place: Ints) -> Days:
    """Move births to the first of January where papers were made up on arrival."""
    share = np.array([g.new_year_birth for g in book.groups])[group]
    moved: Bools = (place != CHILD) & (rng.random(len(born)) < share)
    years = born.astype("datetime64[Y]").astype("datetime64[D]")
    return np.where(moved, years, born)
