"""What a feed gives: registrations, and rows of tables by period.

Belongs here: the shapes every feed shares, and helpers that number things.
Does not: any one system.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.synthetic.arrays import Days, Ints, take
from warehouse.synthetic.calendar import Calendar

Value: TypeAlias = pa.Array | Ints | Days


@dataclass(frozen=True)
class Period:
    """One delivery's period: its name, and its months as indices."""

    name: str
    months: tuple[int, ...]

    @property
    def last(self) -> int:
        """The last month index."""
        return self.months[-1]


def periods(calendar: Calendar, cadence: str) -> tuple[Period, ...]:
    """Return the periods of a cadence that the calendar touches, in order."""
    if cadence == "monthly":
        return tuple(Period(calendar.month_name(m), (m,)) for m in range(calendar.months))
    if cadence == "quarterly":
        return tuple(Period(q.period, q.months) for q in calendar.quarters)
    if cadence == "annual":
        years = sorted({int(calendar.year(m)) for m in range(calendar.months)})
        return tuple(
            Period(str(y), tuple(m for m in range(calendar.months) if calendar.year(m) == y)) for y in years
        )
    return (Period("all", tuple(range(calendar.months))),)


@dataclass(frozen=True)
class Rows:
    """Rows of one table in one period.

    Args:
        unit: The registration of each row; empty for tables that name nobody.
        month: Month index whose knowledge the row shows.
        columns: Facts by name; money in cents, dates as days.
        order: Sort key across the tables of a file; ties keep their order.
    """

    unit: Ints
    month: Ints
    columns: Mapping[str, Value] = field(default_factory=dict)
    order: Ints | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.month)

    def take(self, index: Ints) -> Rows:
        """Return the rows at `index`."""
        columns = {
            name: take(values, index) if isinstance(values, pa.Array) else values[index]
            for name, values in self.columns.items()
        }
        unit = self.unit[index] if len(self.unit) else self.unit
        return Rows(unit, self.month[index], columns, None if self.order is None else self.order[index])


class Feed(Protocol):
    """A kind of system: who is registered, and its rows."""

    person: Ints
    since: Ints

    def rows(self, period: Period) -> Mapping[str, Rows]:
        """Return the rows of every table in one period."""
        ...


@dataclass(frozen=True)
class Pairs:
    """Registrations that are pairs of a person and something of theirs (a case, an employer)."""

    person: Ints
    other: Ints
    since: Ints
    _key: Ints
    _base: int

    @classmethod
    def of(cls, person: Ints, other: Ints, month: Ints) -> Pairs:
        """Make one registration for each distinct pair, since its first month."""
        base = int(other.max()) + 1 if len(other) else 1
        order = np.lexsort((month, other, person))
        key = (person * base + other)[order]
        first = np.append(True, key[1:] != key[:-1])[: len(key)]
        chosen = order[first]
        return cls(person[chosen], other[chosen], month[chosen], key[first], base)

    def find(self, person: Ints, other: Ints) -> Ints:
        """Return the registrations of pairs that exist."""
        return np.searchsorted(self._key, person * self._base + other)


def joined(parts: list[Rows]) -> Rows:
    """Put rows of one table one after the other."""
    names = parts[0].columns
    columns = {
        name: pa.concat_arrays([p.columns[name] for p in parts])
        if isinstance(parts[0].columns[name], pa.Array)
        else np.concatenate([p.columns[name] for p in parts])
        for name in names
    }
    orders = [p.order for p in parts if p.order is not None]
    return Rows(
        np.concatenate([p.unit for p in parts]),
        np.concatenate([p.month for p in parts]),
        columns,
        np.concatenate(orders) if orders else None,
    )


def numbered(prefix: str, number: Ints, width: int) -> pa.Array:
    """Return identifiers: a prefix and a number, filled with zeros to `width` digits."""
    digits = pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, digits, "")


def scrambled(rng: np.random.Generator, size: int, first: int, spread: int = 7) -> Ints:
    """Return `size` different numbers from `first` on, in no order that says anything."""
    return first + rng.permutation(size).astype(np.int64) * spread + rng.integers(0, spread, size)
