"""Places of Evergreen: counties, ZIP codes, cities, streets, addresses and telephones.

Belongs here: drawing addresses as columns. Does not: who lives where.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml

from warehouse.synthetic.arrays import Floats, Ints, pick, pick_by, texts, zipf

HERE = Path(__file__).parent


@dataclass(frozen=True)
class County:
    """A county: its name, three-digit FIPS code, share of households and need."""

    name: str
    fips: str
    weight: float
    need: float
    zips: int
    cities: tuple[str, ...]


@dataclass(frozen=True)
class Places:
    """The state's map, read from `places.yaml`."""

    postal: str
    state_fips: str
    zip_prefix: str
    area_codes: tuple[str, ...]
    counties: tuple[County, ...]
    street_names: tuple[str, ...]
    street_types: tuple[str, ...]
    street_directions: tuple[str, ...]

    @classmethod
    def load(cls) -> Places:
        """Read the declared places."""
        data = yaml.safe_load((HERE / "places.yaml").read_text(encoding="utf-8"))
        return cls(
            postal=data["state"]["postal"],
            state_fips=data["state"]["fips"],
            zip_prefix=data["state"]["zip_prefix"],
            area_codes=tuple(data["area_codes"]),
            counties=tuple(County(**{**c, "cities": tuple(c["cities"])}) for c in data["counties"]),
            street_names=tuple(data["streets"]["names"].split()),
            street_types=tuple(data["streets"]["types"]),
            street_directions=tuple(data["streets"]["directions"]),
        )

    @cached_property
    def county_names(self) -> pa.Array:
        """Names by county index."""
        return texts([c.name for c in self.counties])

    @cached_property
    def county_fips(self) -> pa.Array:
        """Three-digit FIPS codes by county index."""
        return texts([c.fips for c in self.counties])

    @cached_property
    def zip_codes(self) -> pa.Array:
        """Five-digit ZIP codes by ZIP index, county after county."""
        return texts([f"{self.zip_prefix}{n:02d}" for n in range(1, sum(c.zips for c in self.counties) + 1)])

    @cached_property
    def zip_cities(self) -> pa.Array:
        """City by ZIP index."""
        return texts([c.cities[k * len(c.cities) // c.zips] for c in self.counties for k in range(c.zips)])

    @cached_property
    def _zip_weights(self) -> Floats:
        weights = np.zeros((len(self.counties), len(self.zip_codes)))
        start = 0
        for row, county in enumerate(self.counties):
            weights[row, start : start + county.zips] = zipf(county.zips, 0.5)
            start += county.zips
        return weights

    @cached_property
    def streets(self) -> pa.Array:
        """All street names, with direction and type, by street index."""
        return texts(
            [
                f"{direction} {name} {kind}".strip()
                for direction in self.street_directions
                for name in self.street_names
                for kind in self.street_types
            ]
        )

    def draw_addresses(self, rng: np.random.Generator, county: Ints) -> Addresses:
        """Draw one address in each given county; a ZIP has its own few hundred streets."""
        size = len(county)
        zip_index = pick_by(rng, self._zip_weights, county)
        within = pick(rng, zipf(300, 0.6), size)
        street = (zip_index * 1_299_709 + within * 7919) % len(self.streets)
        number = (rng.gamma(1.4, 3000, size).astype(np.int64) % 19_900) + 1
        unit = np.where(rng.random(size) < 0.28, rng.integers(1, 430, size), 0)
        return Addresses(county, zip_index, street.astype(np.int64), number, unit)


@dataclass(frozen=True)
class Addresses:
    """Addresses as columns of indices into `Places`; unit 0 means none."""

    county: Ints
    zip_index: Ints
    street: Ints
    number: Ints
    unit: Ints

    def take(self, index: Ints) -> Addresses:
        """Return the addresses at `index`."""
        return Addresses(
            self.county[index],
            self.zip_index[index],
            self.street[index],
            self.number[index],
            self.unit[index],
        )
