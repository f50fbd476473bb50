"""How often each kind of error happens, in which system and to whom.

Belongs here: reading `errors.yaml` and turning it into a chance for each
registration. Does not: making the errors (`registration`, `noise`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from data_sharing_agreements.errors import ErrorDetail, Invalid
from warehouse.synthetic.arrays import Bools, Floats, Ints

HERE = Path(__file__).parent

FAMILIES: Mapping[str, str] = {
    "nickname": "name",
    "variant": "name",
    "given_typo": "name",
    "surname_typo": "name",
    "sound": "name",
    "scan": "name",
    "swapped_names": "order",
    "merged_middle": "order",
    "initial_only": "name",
    "no_middle": "other",
    "middle_initial": "other",
    "no_suffix": "other",
    "old_name": "other",
    "renames": "other",
    "accents_lost": "other",
    "birth_date_wrong": "date",
    "birth_date_missing": "date",
    "sex_wrong": "other",
    "sex_missing": "other",
    "ssn_wrong": "ssn",
    "ssn_missing": "ssn",
    "ssn_placeholder": "ssn",
    "ssn_of_family": "ssn",
    "ssn_last_four": "ssn",
    "ssn_corrected": "other",
    "address_wrong": "address",
    "address_missing": "address",
    "phone_missing": "other",
    "moves_known": "other",
}
"""Every kind of error, and the family whose group factor applies; `other` has none."""

_SETTINGS = frozenset({"double_surname", "lag", "careless"})
_REPAIRS = frozenset({"renames", "ssn_corrected", "moves_known"})
"""Kinds that are no errors but their being put right; noise leaves them as they are."""

HIGHEST_SHARE = 0.95


@dataclass(frozen=True)
class SystemRates:
    """One system's rates.

    Args:
        shares: Share of registrations by kind of error.
        double_surname: How two surnames are written, with shares.
        lag: Months until a change of address or name is known.
        careless: How unevenly errors fall on registrations, 0 to 1.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    double_surname: Mapping[str, float] = field(default_factory=lambda: {"both": 1.0})
    lag: int = 0
    careless: float = 0.0


@dataclass(frozen=True)
class ErrorRates:
    """All rates: systems, factors of groups by family, factor of need, placeholders."""

    systems: Mapping[str, SystemRates]
    groups: Mapping[str, Mapping[str, float]]
    need: float
    placeholders: tuple[str, ...]

    def system(self, source: str) -> SystemRates:
        """Return a system's rates; a system that declares none makes no errors."""
        return self.systems.get(source, SystemRates())

    def multiplied(self, factor: float) -> ErrorRates:
        """Return the rates with every share of errors so many times as large."""
        if factor == 1:
            return self
        return replace(
            self,
            systems={
                name: replace(system, shares={k: _times(k, v, factor) for k, v in system.shares.items()})
                for name, system in self.systems.items()
            },
        )


def _times(kind: str, share: float, factor: float) -> float:
    return share if kind in _REPAIRS else min(share * factor, max(share, HIGHEST_SHARE))


@lru_cache(maxsize=1)
def load_rates(path: Path = HERE / "errors.yaml") -> ErrorRates:
    """Read the declared rates.

    Raises:
        Invalid: With every unknown kind or family.
    """
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    Invalid.collect(_faults(data))
    systems = {
        name: SystemRates(
            {kind: float(share) for kind, share in declared.items() if kind in FAMILIES},
            declared.get("double_surname", {"both": 1.0}),
            int(declared.get("lag", 0)),
            float(declared.get("careless", 0.0)),
        )
        for name, declared in data["systems"].items()
    }
    return ErrorRates(systems, data["groups"], float(data["need"]), tuple(data["placeholders"]))


def _faults(data: Mapping[str, Any]) -> list[ErrorDetail]:
    places = [
        (s, kind) for s, kinds in data["systems"].items() for kind in set(kinds) - set(FAMILIES) - _SETTINGS
    ]
    places += [
        (g, name) for g, names in data["groups"].items() for name in set(names) - set(FAMILIES.values())
    ]
    return [
        ErrorDetail(
            "synthetic-rates",
            f"errors.yaml: {owner}.{name} is unknown.",
            why="Only the kinds of error in warehouse/synthetic/rates.py exist.",
            next="Correct its name.",
        )
        for owner, name in sorted(places)
    ]


class Chances:
    """Decides which registrations of one system have which error.

    Args:
        rng: Where chance comes from.
        rates, system: All rates, and this system's.
        groups: Names of groups by index.
        group, need: Group and need of the person of each registration.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        rates: ErrorRates,
        system: SystemRates,
        groups: tuple[str, ...],
        group: Ints,
        need: Floats,
    ) -> None:
        self.rng = rng
        self.system = system
        self._factors = {
            family: np.array([rates.groups.get(g, {}).get(family, 1.0) for g in groups])[group]
            for family in sorted(set(FAMILIES.values()))
        }
        even = np.ones(len(group))
        uneven = rng.gamma(0.6, 1 / 0.6, len(group))
        self._care = (1 - system.careless) * even + system.careless * uneven
        self._need = 1 + (rates.need - 1) * need

    def share(self, kind: str) -> float:
        """Return the declared share of one kind."""
        return self.system.shares.get(kind, 0.0)

    def hit(self, kind: str) -> Bools:
        """Draw who has an error of this kind, more where group, need and carelessness say so."""
        family = FAMILIES[kind]
        chance = self.share(kind) * self._factors[family]
        if family != "other":
            chance = chance * self._need * self._care
        return np.asarray(self.rng.random(len(self._need)) < chance)

    def even(self, kind: str) -> Bools:
        """Draw who is affected with the declared share, whoever they are."""
        return np.asarray(self.rng.random(len(self._need)) < self.share(kind))
