"""A trail: every step from the columns agencies sent to a mart's column or a figure.

Belongs here: places, the steps between them, following them back. Does not: finding
the steps in SQL (laying.py), or showing them (text.py, picture.py, page.py).

A trail is plain data, so that the one a mart was built with can be kept beside it and
followed later, when SQL and agreements may have changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from warehouse.lineage.operations import Operation, in_words, told

ROWS = "*"
"""Column that stands for which rows a table has."""


class Layer(StrEnum):
    """Where a place lies, from agency to figure."""

    FILE = "file"
    CONTENT = "content"
    LINK = "link"
    CORE = "core"
    PERSON = "person"
    MART = "mart"
    FIGURE = "figure"


@dataclass(frozen=True, order=True)
class Place:
    """A column of a table of a layer; column `*` stands for the table's rows.

    Tables are named `source.table` (file, content), `source.fact` (core),
    `project/person`, `spine` (link), `project/mart`, and an indicator's id or a file's name (figure).
    """

    layer: Layer
    table: str
    column: str

    @property
    def source(self) -> str:
        """The source, of a file, content or core place; else empty."""
        return self.table.partition(".")[0] if self.layer in _OF_SOURCE else ""

    @property
    def name(self) -> str:
        """Table and column, or the table alone for its rows."""
        return self.table if self.column == ROWS else f"{self.table}.{self.column}"


_OF_SOURCE = frozenset({Layer.FILE, Layer.CONTENT, Layer.CORE})


@dataclass(frozen=True, order=True)
class Step:
    """One step: what `start` gives to `end`, and what is done to it.

    `rows` is true where `start` decides which rows there are, or which row is taken,
    and gives no value.
    """

    start: Place
    end: Place
    rows: bool
    how: tuple[Operation, ...] = ()

    @property
    def words(self) -> str:
        """What is done, in words; empty where it is taken as it is."""
        return in_words(self.how)


@dataclass(frozen=True)
class Trail:
    """Steps, each once, in order."""

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, steps: Iterable[Step]) -> Trail:
        """Return a trail; steps between the same places become one."""
        found: dict[tuple[Place, Place, bool], set[Operation]] = {}
        for step in steps:
            found.setdefault((step.start, step.end, step.rows), set()).update(step.how)
        return cls(tuple(Step(*key, told(how)) for key, how in sorted(found.items())))

    @cached_property
    def _into(self) -> Mapping[Place, tuple[Step, ...]]:
        found: dict[Place, list[Step]] = {}
        for step in self.steps:
            found.setdefault(step.end, []).append(step)
        return {place: tuple(steps) for place, steps in found.items()}

    def into(self, place: Place) -> tuple[Step, ...]:
        """Return the steps that end at a place."""
        return self._into.get(place, ())

    def columns_of(self, layer: Layer, table: str) -> tuple[str, ...]:
        """Return the columns of a table at which a step ends, without its rows."""
        ends = {s.end.column for s in self.steps if (s.end.layer, s.end.table) == (layer, table)}
        return tuple(sorted(ends - {ROWS}))

    def behind_values(self, ends: Iterable[Place]) -> Trail:
        """Return the steps behind the values of places: from rows of a table, everything."""
        return Trail(tuple(sorted(self._behind(ends))))

    def behind_rows(self, ends: Iterable[Place]) -> Trail:
        """Return the steps that decide which rows there are, for columns of some tables."""
        ends = tuple(ends)
        found = self._behind({Place(end.layer, end.table, ROWS) for end in ends})
        steps = found | self._behind(ends)
        reached = {place for step in steps for place in (step.start, step.end)} | set(ends)
        choosing = {s for place in reached for s in self.into(place) if s.rows and place.column != ROWS}
        return Trail(tuple(sorted(found | choosing | self._behind(s.start for s in choosing))))

    def behind(self, ends: Iterable[Place]) -> Trail:
        """Return every step behind places."""
        ends = tuple(ends)
        both = {*self.behind_values(ends).steps, *self.behind_rows(ends).steps}
        return Trail(tuple(sorted(both)))

    def _behind(self, ends: Iterable[Place]) -> set[Step]:
        found: set[Step] = set()
        waiting, seen = list(ends), set(ends)
        while waiting:
            place = waiting.pop()
            steps = [s for s in self.into(place) if place.column == ROWS or not s.rows]
            found.update(steps)
            fresh = {s.start for s in steps} - seen
            seen |= fresh
            waiting += fresh
        return found

    def places(self, layer: Layer) -> tuple[Place, ...]:
        """Return the places of a layer that steps touch, in order."""
        both = (place for step in self.steps for place in (step.start, step.end))
        return tuple(sorted({place for place in both if place.layer is layer}))

    def sources(self) -> tuple[str, ...]:
        """Return the sources the trail goes back to."""
        return tuple(sorted({place.source for place in self.places(Layer.CORE)}))

    def origins(self) -> Iterator[tuple[Place, Place]]:
        """Return (content column or spine, core column through which it came)."""
        for step in self.steps:
            if step.end.layer is Layer.CORE:
                yield step.start, step.end

    def to_json(self) -> list[dict[str, Any]]:
        """Return the steps as plain JSON; `words` says what `how` lists."""
        return [
            {
                "from": _place_json(step.start),
                "to": _place_json(step.end),
                "decides": "rows" if step.rows else "values",
                "how": [str(operation) for operation in step.how],
                "words": step.words,
            }
            for step in self.steps
        ]

    @classmethod
    def from_json(cls, stored: Iterable[Mapping[str, Any]]) -> Trail:
        """Read what `to_json` wrote."""
        return cls.of(
            Step(
                _place(step["from"]),
                _place(step["to"]),
                step["decides"] == "rows",
                tuple(Operation(operation) for operation in step["how"]),
            )
            for step in stored
        )


def _place_json(place: Place) -> dict[str, str]:
    return {"layer": str(place.layer), "table": place.table, "column": place.column}


def _place(stored: Mapping[str, str]) -> Place:
    return Place(Layer(stored["layer"]), stored["table"], stored["column"])
