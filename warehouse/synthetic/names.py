"""Names of Evergreen's people: one vocabulary, and for each group the names its people bear.

Belongs here: reading `names/*.yaml` and `groups.yaml`, composing names for
breadth, frequencies, nicknames and spelling variants as tables of codes. Does
not: naming a particular person (`naming`), or errors in writing a name down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from warehouse.synthetic.arrays import Floats, Ints, texts, zipf

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Weighted:
    """Name codes with their weights."""

    codes: Ints
    weights: Floats

    def draw(self, rng: np.random.Generator, size: int) -> Ints:
        """Draw `size` codes by weight."""
        total = np.cumsum(self.weights)
        found = np.searchsorted(total, rng.random(size) * total[-1], side="right")
        return np.asarray(self.codes[np.minimum(found, len(self.codes) - 1)])


@dataclass(frozen=True)
class GroupNames:
    """One group: who its people are and what they are called.

    Args:
        name: Name of the group; also its language-of-name label.
        given: By sex (`F`, `M`) and cohort (0 born before 1985, 1 later).
        middle: Middle names that mark the sex, where the language has them.
        double_surname: Share of people with the father's and the mother's surname.
        second_given: Share of people whose given name has two parts.
        keeps_name: Share of wives who keep their surname.
        junior: Share of eldest sons called like their father.
        patronymic: Whether the last name is the grandfather's given name.
        surname_as_middle: Whether the mother's surname is the middle name.
        gendered_surname: Whether women's surnames end differently.
        new_year_birth: Share of adults registered as born on the first of January.
        need, children: How much poorer; factor on the number of children.
        race, speaks: Shares of race and ethnicity, and of languages at home.
        counties: Factors on the weight of counties.
    """

    name: str
    share: float
    surnames: Weighted
    given: Mapping[tuple[str, int], Weighted]
    middle: Mapping[str, Weighted | None]
    race: Mapping[str, float]
    speaks: Mapping[str, float]
    counties: Mapping[str, float] = field(default_factory=dict)
    need: float = 0.0
    children: float = 1.0
    keeps_name: float = 0.25
    junior: float = 0.0
    double_surname: float = 0.0
    second_given: float = 0.0
    patronymic: bool = False
    surname_as_middle: bool = False
    gendered_surname: bool = False
    new_year_birth: float = 0.0


@dataclass(frozen=True)
class Alternates:
    """For each name code the codes of other forms, as one flat list with offsets."""

    start: Ints
    count: Ints
    values: Ints

    def draw(self, rng: np.random.Generator, codes: Ints) -> Ints:
        """Return another form of each code, or the code itself where there is none."""
        safe = np.maximum(codes, 0)
        count = np.where(codes < 0, 0, self.count[safe])
        offset = (rng.random(len(codes)) * np.maximum(count, 1)).astype(np.int64)
        found = self.values[np.minimum(self.start[safe] + offset, len(self.values) - 1)]
        return np.where(count > 0, found, codes)


class Vocabulary:
    """Every name that occurs, each with one code."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def code(self, name: str) -> int:
        """Return the code of a name, giving it one if it is new; `_` stands for a space."""
        return self._codes.setdefault(name.replace("_", " "), len(self._codes))

    def codes(self, names: Iterable[str]) -> Ints:
        """Return the codes of several names."""
        return np.array([self.code(name) for name in names], dtype=np.int64)

    @cached_property
    def words(self) -> pa.Array:
        """All names by code; read once, when no more are added."""
        return texts(list(self._codes))

    def __len__(self) -> int:
        """Number of names."""
        return len(self._codes)


@dataclass(frozen=True)
class NameBook:
    """All groups, the vocabulary, and the other forms of names."""

    groups: tuple[GroupNames, ...]
    vocabulary: Vocabulary
    nicknames: Alternates
    variants: Alternates
    feminine: Ints

    @classmethod
    def load(cls) -> NameBook:
        """Read the declared groups and names."""
        vocabulary = Vocabulary()
        declared = yaml.safe_load((HERE / "groups.yaml").read_text(encoding="utf-8"))["groups"]
        nicknames: dict[int, set[int]] = {}
        variants: dict[int, set[int]] = {}
        feminine: dict[int, int] = {}
        groups = []
        for name, settings in declared.items():
            data = yaml.safe_load((HERE / "names" / f"{name}.yaml").read_text(encoding="utf-8"))
            group = _group(name, settings, data, vocabulary)
            groups.append(group)
            _read_alternates(data, vocabulary, nicknames, variants)
            if group.gendered_surname:
                feminine |= _feminine_forms(data, vocabulary)
        size = len(vocabulary)
        forms = np.arange(size, dtype=np.int64)
        forms[list(feminine)] = list(feminine.values())
        return cls(
            tuple(groups), vocabulary, _alternates(nicknames, size), _alternates(variants, size), forms
        )


def _group(
    name: str, settings: Mapping[str, Any], data: Mapping[str, Any], vocabulary: Vocabulary
) -> GroupNames:
    return GroupNames(
        name=name,
        surnames=_with_composed(data["surnames"].split(), data.get("compose"), vocabulary),
        given={
            (sex, cohort): _given(data, sex, cohort, vocabulary) for sex in ("F", "M") for cohort in (0, 1)
        },
        middle={sex: _middle(data, sex, vocabulary) for sex in ("F", "M")},
        double_surname=data.get("double_surname", 0.0),
        second_given=data.get("second_given", 0.0),
        patronymic=data.get("patronymic", False),
        surname_as_middle=data.get("surname_as_middle", False),
        gendered_surname=data.get("gendered_surname", False),
        new_year_birth=data.get("new_year_birth", 0.0),
        **settings,
    )


def _with_composed(listed: list[str], compose: Mapping[str, Any] | None, vocabulary: Vocabulary) -> Weighted:
    weights = zipf(len(listed))
    codes = vocabulary.codes(listed)
    if compose is None:
        return Weighted(codes, weights)
    made = [first + last for first in compose["first"].split() for last in compose["last"].split()]
    share = float(compose["weight"])
    tail = np.full(len(made), share / len(made))
    return Weighted(
        np.concatenate([codes, vocabulary.codes(made)]), np.concatenate([weights * (1 - share), tail])
    )


def _given(data: Mapping[str, Any], sex: str, cohort: int, vocabulary: Vocabulary) -> Weighted:
    word = "female" if sex == "F" else "male"
    listed = (data.get(word) or data[f"{word}_{'younger' if cohort else 'older'}"]).split()
    own = Weighted(vocabulary.codes(listed), zipf(len(listed), 0.75))
    if "syllables_given" not in data:
        return own
    english, hyphen = data["english_given"], data["hyphen_given"]
    syllables = data["syllables_given"].split()
    pairs = [(a, b) for a in syllables for b in syllables if a != b]
    joined = vocabulary.codes((a + b).capitalize() for a, b in pairs)
    apart = vocabulary.codes(f"{a.capitalize()}-{b.capitalize()}" for a, b in pairs)
    rank = zipf(len(syllables), 0.5)
    weight = np.array(
        [rank[i] * rank[j] for i, a in enumerate(syllables) for j, b in enumerate(syllables) if a != b]
    )
    weight = weight / weight.sum() * (1 - english)
    return Weighted(
        np.concatenate([own.codes, joined, apart]),
        np.concatenate([own.weights * english, weight * (1 - hyphen), weight * hyphen]),
    )


def _middle(data: Mapping[str, Any], sex: str, vocabulary: Vocabulary) -> Weighted | None:
    key = "middle_female" if sex == "F" else "middle_male"
    if key not in data:
        return None
    codes = vocabulary.codes(data[key].split())
    return Weighted(codes, np.ones(len(codes)))


def _read_alternates(
    data: Mapping[str, Any],
    vocabulary: Vocabulary,
    nicknames: dict[int, set[int]],
    variants: dict[int, set[int]],
) -> None:
    for name, short in (data.get("nicknames") or {}).items():
        nicknames.setdefault(vocabulary.code(name), set()).update(map(int, vocabulary.codes(short.split())))
    for line in (data.get("variants") or "").strip().splitlines():
        codes = {int(code) for code in vocabulary.codes(line.split())}
        for code in codes:
            variants.setdefault(code, set()).update(codes - {code})


def _feminine_forms(data: Mapping[str, Any], vocabulary: Vocabulary) -> dict[int, int]:
    forms = {}
    composed = data["compose"]
    made = [first + last for first in composed["first"].split() for last in composed["last"].split()]
    for name in (*data["surnames"].split(), *made):
        if name.endswith(("ov", "ev", "in")):
            forms[vocabulary.code(name)] = vocabulary.code(name + "a")
        elif name.endswith("sky"):
            forms[vocabulary.code(name)] = vocabulary.code(name[:-1] + "aya")
    return forms


def _alternates(table: Mapping[int, set[int]], size: int) -> Alternates:
    count = np.zeros(size, dtype=np.int64)
    for code, others in table.items():
        count[code] = len(others)
    start = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int64)
    values = [other for code in sorted(table) for other in sorted(table[code])]
    return Alternates(start, count, np.array(values or [0], dtype=np.int64))
