"""Reading a contract's custom properties: names, kinds and faults.

Belongs here: turning untrusted YAML values into typed ones while collecting
every fault with its place. Does not: what the properties mean together
(`contracts_loader`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from data_sharing_agreements.errors import ErrorDetail
from warehouse.contracts_model import Field

T = TypeVar("T", str, int, float, bool)


class Faults:
    """Collects the faults of one file, each with the place where it lies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.details: list[ErrorDetail] = []

    def add(self, place: str, what: str, fix: str) -> None:
        """Record that `what` is wrong at `place`, and how to put it right."""
        self.details.append(
            ErrorDetail(
                code="contract-invalid",
                what=f"{self._path.name}:{place}: {what}",
                why="docs/contracts.md",
                next=fix,
                document=self._path.name,
                clause=place,
            )
        )


class Properties:
    """The properties at one place of a contract, read once each.

    Reading a property marks it as known; `finish` reports those nobody read,
    so that a misspelt name is a fault and not a silent default.
    """

    def __init__(self, values: Mapping[str, Any], place: str, faults: Faults) -> None:
        self._values = dict(values)
        self._read: set[str] = set()
        self.place = place
        self.faults = faults

    @classmethod
    def custom(cls, listed: Iterable[Any] | None, place: str, faults: Faults) -> Properties:
        """Build from ODCS `customProperties`, a list of `property` and `value`."""
        values: dict[str, Any] = {}
        for entry in listed or ():
            name = entry.property or ""
            if not name:
                faults.add(f"{place}.customProperties", "a property without a name", "name it")
            elif name in values:
                faults.add(f"{place}.{name}", "given twice", "keep one")
            values[name] = entry.value
        return cls(values, place, faults)

    def _take(self, name: str) -> Any:
        self._read.add(name)
        return self._values.get(name)

    def has(self, name: str) -> bool:
        """Whether the property is given."""
        return name in self._values

    def scalar(self, name: str, default: T) -> T:
        """Return a value of the kind of `default`."""
        value = self._take(name)
        if value is None:
            return default
        kind = type(default)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return kind(value)
        if kind is str and isinstance(value, int | float) and not isinstance(value, bool):
            return kind(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fault(name, f"must be of kind {kind.__name__}")
            return default
        return value

    def optional_share(self, name: str) -> float | None:
        """Return a number from 0 to 1, or nothing."""
        if not self.has(name):
            self._read.add(name)
            return None
        return self.share(name, 0.0)

    def share(self, name: str, default: float) -> float:
        """Return a number of 0 or more; above 1 only for changes."""
        value = self.scalar(name, default)
        if value < 0:
            self.fault(name, "must not be negative")
            return default
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; one text alone is a list of one."""
        value = self._take(name)
        if value is None:
            return ()
        if isinstance(value, str | int):
            value = [value]
        if not isinstance(value, list) or any(isinstance(v, dict | list | type(None)) for v in value):
            self.fault(name, "must be a list of texts")
            return ()
        return tuple(str(v) for v in value)

    def mapping(self, name: str) -> dict[str, str]:
        """Return a mapping of text to text; keys and values in quotes in the file."""
        value = self._take(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fault(name, "must be a mapping")
            return {}
        return {str(key): str(item) for key, item in value.items()}

    def nested(self, name: str) -> Properties | None:
        """Return the properties below, or nothing."""
        value = self._take(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fault(name, "must be a mapping")
            return None
        return Properties(value, f"{self.place}.{name}", self.faults)

    def many(self, name: str) -> list[Properties]:
        """Return a list of mappings as properties."""
        value = self._take(name)
        if value is None:
            return []
        if not isinstance(value, list) or any(not isinstance(v, dict) for v in value):
            self.fault(name, "must be a list of mappings")
            return []
        return [Properties(v, f"{self.place}.{name}[{i}]", self.faults) for i, v in enumerate(value)]

    def place_in_line(self, name: str) -> Field | None:
        """Return `[start, length]`, 1-based, or nothing."""
        value = self._take(name)
        if value is None:
            return None
        if (
            not isinstance(value, list)
            or len(value) != 2
            or any(not isinstance(v, int) or v < 1 for v in value)
        ):
            self.fault(name, "must be [start, length], both 1 or more")
            return None
        return Field(value[0], value[1])

    def names(self) -> tuple[str, ...]:
        """Names of all properties given here."""
        return tuple(self._values)

    def fault(self, name: str, what: str) -> None:
        """Record a fault of one property here."""
        self.faults.add(f"{self.place}.{name}", what, "see docs/contracts.md")

    def finish(self) -> None:
        """Report properties that nobody read."""
        for name in sorted(set(self._values) - self._read - {""}):
            self.fault(name, "is not a property known here")
