"""Indicator definitions: the YAML files, as frozen, checked records.

Belongs here: what a definition must say, and every fault of every file at once.
Does not: computing anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from data_sharing_agreements.errors import ErrorDetail, Invalid
from data_sharing_agreements.yaml_text import read_yaml
from warehouse.indicators.periods import is_period, last_day


def _period(text: str) -> str:
    if not is_period(text):
        raise ValueError("write a period as 2023-01, 2023Q1 or 2023")
    return text


Period = Annotated[str, AfterValidator(_period)]
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=3)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Point(_Part):
    """A value expected at the end of a period."""

    period: Period
    value: Share


class SourceMart(_Part):
    """The person-level mart an indicator counts in; `period` names its period column."""

    project: str
    mart: Name
    period: Name


class Counted(_Part):
    """A boolean column of the mart whose true rows are counted, and what it means."""

    column: Name
    meaning: Text


class Cadence(_Part):
    """How often a result is due, and within how many days of the period's end."""

    every: Literal["month", "quarter", "year"]
    lag_days: int = Field(ge=0)


class Quality(_Part):
    """The least link recall at which the indicator may be read without a caution."""

    link_recall_at_least: Share
    note: Text


class Definition(_Part):
    """One indicator: a share of the denominator's rows that the numerator counts.

    `baseline`, `trajectory` and `target` are points on one path in order of time;
    `direction` says which way is better.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Text
    definition: Text
    source: SourceMart
    numerator: Counted
    denominator: Counted
    breakdowns: tuple[Name, ...]
    owner: Text
    priority: Text
    direction: Literal["up", "down"]
    baseline: Point
    trajectory: tuple[Point, ...] = ()
    target: Point
    cadence: Cadence
    quality: Quality

    @model_validator(mode="after")
    def _in_order(self) -> Definition:
        ends = [last_day(period) for period, _ in self.path]
        if ends != sorted(set(ends)):
            raise ValueError("baseline, trajectory and target must follow one another in time")
        return self

    @property
    def uses(self) -> tuple[tuple[str, str], ...]:
        """Columns of the mart it needs, each as (place in the definition, column)."""
        return (
            ("source.period", self.source.period),
            ("numerator.column", self.numerator.column),
            ("denominator.column", self.denominator.column),
            *(("breakdowns", name) for name in self.breakdowns),
        )

    @property
    def path(self) -> tuple[tuple[str, float], ...]:
        """Baseline, trajectory and target as (period, value), in order."""
        return tuple((p.period, p.value) for p in (self.baseline, *self.trajectory, self.target))


_USES = (("source", "period"), ("numerator", "column"), ("denominator", "column"))


@dataclass(frozen=True)
class Named:
    """The names a definition uses, as far as they can be read: also of one with other faults.

    Args:
        id: The definition, or its file if it does not say.
        project, mart: The mart it counts in.
        uses: Columns of the mart, each as (place in the definition, column).
    """

    id: str
    project: str
    mart: str
    uses: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Read:
    """What files of definitions say: the good ones, the names all of them use, and every fault."""

    definitions: tuple[Definition, ...] = ()
    named: tuple[Named, ...] = ()
    faults: tuple[ErrorDetail, ...] = ()


def load_definitions(directory: Path) -> tuple[Definition, ...]:
    """Read every definition of a directory, in order of id.

    Raises:
        Invalid: All faults of all files: a missing, unknown or ill-formed key, a
            path out of order, two files with one id.
    """
    read = read_definitions(directory)
    Invalid.collect(read.faults)
    return read.definitions


def read_definitions(directory: Path) -> Read:
    """Read every definition of a directory, in order of id, with every fault of every file."""
    read = [_read(path) for path in sorted(directory.glob("*.yaml"))]
    faults = [fault for one in read for fault in one.faults]
    found = sorted((d for one in read for d in one.definitions), key=lambda d: d.id)
    ids = [definition.id for definition in found]
    faults += [
        ErrorDetail("indicator-twice", f"Two definitions have the id {name}.", next="Give one another id.")
        for name in sorted({i for i in ids if ids.count(i) > 1})
    ]
    return Read(tuple(found), tuple(name for one in read for name in one.named), tuple(faults))


def _read(path: Path) -> Read:
    try:
        document: Any = read_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return Read(faults=(_fault(f"{path.name} is not YAML."),))
    named = _named(document, path.stem)
    try:
        return Read((Definition.model_validate(document),), named)
    except ValidationError as error:
        faults = tuple(_fault(f"{path.name}: {_place(e)}: {e['msg']}") for e in error.errors())
        return Read((), named, faults)


def _named(document: Any, file: str) -> tuple[Named, ...]:
    """Return the names a document uses, without asking what else is wrong with it."""
    project, mart = _text_at(document, "source", "project"), _text_at(document, "source", "mart")
    if project is None or mart is None:
        return ()
    columns = [(".".join(steps), _text_at(document, *steps)) for steps in _USES]
    listed = document.get("breakdowns")
    groups = (
        [("breakdowns", name) for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    )
    uses = [(place, name) for place, name in [*columns, *groups] if name is not None]
    return (Named(_text_at(document, "id") or file, project, mart, tuple(uses)),)


def _text_at(document: Any, *steps: str) -> str | None:
    for step in steps:
        document = document.get(step) if isinstance(document, dict) else None
    return document if isinstance(document, str) else None


def _place(error: Any) -> str:
    return ".".join(str(part) for part in error["loc"]) or "document"


def _fault(what: str) -> ErrorDetail:
    return ErrorDetail(
        "indicator-invalid", what, "docs/indicators.md says what a definition must say.", "Correct the file."
    )
