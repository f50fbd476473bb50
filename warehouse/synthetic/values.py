"""Values of columns as a system would deliver them.

Belongs here: from rows, registrations and people to one column of text (or
typed values), as the declaration and the contract say. Does not: placing
columns in a file (`lines`, `files`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.contracts_model import Column, ColumnType
from warehouse.synthetic.arrays import Ints, choose, take, texts
from warehouse.synthetic.feeds.rows import Rows, Value
from warehouse.synthetic.noise import plain_letters
from warehouse.synthetic.population import RACES
from warehouse.synthetic.registration import Registrations
from warehouse.synthetic.systems import ColumnSpec, Writes

_NONE = pa.scalar(None, pa.string())

_WORDS = frozenset({"given_name", "middle_name", "surname", "suffix", "full_name", "street", "city"})
"""Roles whose text a system writes in its own letters."""


@dataclass(frozen=True)
class Identity:
    """The identities shown by rows: each unit as known in each month."""

    registrations: Registrations
    unit: Ints
    month: Ints

    def value(self, name: str) -> Value:
        """Return one part of the identities; `KeyError` for an unknown name."""
        return _IDENTITY[name](self)

    @property
    def person(self) -> Ints:
        """Person index of each row."""
        return self.registrations.person[self.unit]

    @cached_property
    def address(self) -> Ints:
        """Address index of each row, -1 for none."""
        return self.registrations.address(self.unit, self.month)

    def place(self, column: Ints, names: pa.Array) -> pa.Array:
        """Return a part of the address."""
        return take(names, np.where(self.address < 0, -1, column[np.maximum(self.address, 0)]))

    def surname(self) -> pa.Array:
        """Return surnames, new ones once they are known."""
        known = self.month >= self.registrations.renamed[self.unit]
        return choose(
            known,
            take(self.registrations.new_names.surname, self.unit),
            take(self.registrations.names.surname, self.unit),
        )

    def ssn(self) -> pa.Array:
        """Return social security numbers, right ones once they are corrected."""
        known = self.month >= self.registrations.corrected[self.unit]
        return choose(
            known, take(self.registrations.new_ssn, self.unit), take(self.registrations.ssn, self.unit)
        )

    def street_number(self) -> pa.Array:
        """Return house numbers, wrong where they were written down wrongly."""
        where = self.registrations.population.life.timeline.addresses
        number = where.number[np.maximum(self.address, 0)]
        wrong = self.registrations.wrong_number[self.unit]
        text = pc.cast(pa.array(np.where(wrong > 0, number // 10 * 10 + wrong % 10, number)), pa.string())
        return choose(self.address >= 0, text, _NONE)

    def unit_number(self) -> pa.Array:
        """Return units of buildings, null where there is none."""
        where = self.registrations.population.life.timeline.addresses
        number = where.unit[np.maximum(self.address, 0)]
        return choose((self.address >= 0) & (number > 0), pc.cast(pa.array(number), pa.string()), _NONE)

    def ssn_quality(self) -> Ints:
        """Return 0 for nine digits, 1 for some of them, 2 for none."""
        ssn = self.ssn()
        partial = np.asarray(
            pc.fill_null(pc.match_substring(ssn, "x"), False).to_numpy(zero_copy_only=False), dtype=bool
        )
        missing = np.asarray(ssn.is_null().to_numpy(zero_copy_only=False), dtype=bool)
        return np.where(missing, 2, partial.astype(np.int64))


def _names(part: str) -> Callable[[Identity], Value]:
    return lambda i: take(getattr(i.registrations.names, part), i.unit)


def _of_place(column: str, names: str) -> Callable[[Identity], Value]:
    def value(i: Identity) -> Value:
        population = i.registrations.population
        return i.place(getattr(population.life.timeline.addresses, column), getattr(population.places, names))

    return value


def _county_code(i: Identity) -> Value:
    three = _of_place("county", "county_fips")(i)
    return pc.binary_join_element_wise(i.registrations.population.places.state_fips, three, "")


def _initial(i: Identity) -> Value:
    return pc.utf8_slice_codeunits(take(i.registrations.names.middle, i.unit), 0, 1)


_IDENTITY: Mapping[str, Callable[[Identity], Value]] = {
    "given_name": _names("given"),
    "middle_name": _names("middle"),
    "middle_initial": _initial,
    "surname": Identity.surname,
    "suffix": _names("suffix"),
    "birth_date": lambda i: i.registrations.born[i.unit],
    "birth_date_quality": lambda i: np.isnat(i.registrations.born[i.unit]).astype(np.int64),
    "ssn": Identity.ssn,
    "ssn_quality": Identity.ssn_quality,
    "sex": lambda i: take(i.registrations.sex, i.unit),
    "street_number": Identity.street_number,
    "street": _of_place("street", "streets"),
    "unit": Identity.unit_number,
    "city": _of_place("zip_index", "zip_cities"),
    "zip": _of_place("zip_index", "zip_codes"),
    "county": _of_place("county", "county_names"),
    "county_fips": _county_code,
    "phone": lambda i: take(i.registrations.phone, i.unit),
    "state": lambda i: texts([i.registrations.population.places.postal]).take(
        pa.array(np.zeros(len(i.unit), dtype=np.int64))
    ),
}
"""What can be asked of an identity, by name; roles of linkage have theirs."""


def _person(identity: Identity, name: str) -> pa.Array:
    """Return an attribute of the people, without error: `race` or `language`."""
    population = identity.registrations.population
    if name == "race":
        return take(texts(list(RACES)), population.race[identity.person])
    return take(texts(list(population.languages)), population.language[identity.person])


class Columns:
    """One table's columns for one delivery.

    Args:
        rows: The rows.
        registrations: Identities of the system.
        specs: What columns hold, where that is declared.
        writes: How the system writes text.
    """

    def __init__(
        self, rows: Rows, registrations: Registrations, specs: Mapping[str, ColumnSpec], writes: Writes
    ) -> None:
        self._rows = rows
        self._specs = specs
        self._writes = writes
        self._identity = Identity(registrations, rows.unit, rows.month)

    def text(self, column: Column) -> pa.Array:
        """Return a column's texts as delivered, in clear, null where there is none."""
        spec = self._specs.get(column.name)
        value = self._value(column, spec)
        written = _as_text(value, column)
        if column.role in _WORDS:
            written = write_letters(written, self._writes)
        if spec is None and column.recode:
            written = _mapped(written, {kept: given for given, kept in column.recode.items()}, None)
        if spec is not None and spec.missing is not None:
            written = pc.fill_null(written, spec.missing)
        if column.place is not None:
            written = pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(written, 0, column.place.length))
        return written

    def _value(self, column: Column, spec: ColumnSpec | None) -> Value:
        if spec is None:
            name = column.name
            return (
                self._rows.columns[name]
                if name in self._rows.columns
                else self._identity.value(column.role or name)
            )
        if spec.const is not None:
            return take(texts([spec.const]), np.zeros(len(self._rows), dtype=np.int64))
        value = self._named(spec.of or f"fact.{column.name}")
        if spec.codes:
            return take(texts([code or None for code in spec.codes]), np.asarray(value, dtype=np.int64))
        return _mapped(value, spec.map, spec.other) if spec.map else value

    def _named(self, name: str) -> Value:
        kind, _, part = name.partition(".")
        if kind == "fact":
            return self._rows.columns[part]
        return self._identity.value(part) if kind == "identity" else _person(self._identity, part)


def _mapped(values: pa.Array, mapping: Mapping[str, str], other: str | None) -> pa.Array:
    """Return the text of each value by a mapping; others give `other` or stay as they are not known."""
    found = pc.index_in(values, value_set=texts(list(mapping)))
    result = texts(list(mapping.values())).take(found)
    return result if other is None else pc.fill_null(result, other)


def _as_text(value: Value, column: Column) -> pa.Array:
    """Return values as text of the contract's type: dates in its format, money from cents."""
    if column.type in (ColumnType.DATE, ColumnType.TIMESTAMP):
        if isinstance(value, np.ndarray):
            moments = pa.array(value.astype("datetime64[s]"))
            return pc.strftime(moments, format=column.date_format or "%Y-%m-%d")
        return value
    if isinstance(value, np.ndarray):
        if column.type is ColumnType.NUMBER and not column.implied_decimals:
            return _decimal(np.asarray(value, dtype=np.int64))
        return pc.cast(pa.array(value), pa.string())
    return value


def _decimal(cents: Ints) -> pa.Array:
    whole = pc.cast(pa.array(cents // 100), pa.string())
    rest = pc.utf8_lpad(pc.cast(pa.array(cents % 100), pa.string()), 2, "0")
    return pc.binary_join_element_wise(whole, rest, ".")


def write_letters(values: pa.Array, writes: Writes) -> pa.Array:
    """Return text in the letters, case and marks of a system."""
    result = values
    if writes.letters == "plain":
        result = plain_letters(result)
    elif writes.letters == "latin":
        beyond = pc.match_substring_regex(pc.fill_null(result, ""), r"[^\x{00}-\x{FF}]")
        result = pc.if_else(beyond, plain_letters(result), result)
    if writes.marks == "drop":
        result = pc.replace_substring(pc.replace_substring(result, "'", ""), "-", " ")
    return pc.utf8_upper(result) if writes.case == "upper" else result
