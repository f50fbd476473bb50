"""Mart definitions: `<marts>/<project>/<mart>.yaml` with its `.sql`, checked.

Belongs here: what a definition must say, and every fault of every file at once.
Does not: running SQL, lineage, or what an agreement permits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from data_sharing_agreements.errors import ErrorDetail, Invalid
from data_sharing_agreements.yaml_text import read_yaml

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=3)]
Role = Literal["study_id", "quasi", "sensitive", "ordinary"]
"""What a column is to disclosure control: the person's id, something by which others
may know a person, something they may want to learn, or neither."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Part):
    """A column of the mart, for its codebook and for disclosure control."""

    description: Text
    role: Role = "ordinary"
    unit: str = ""


class Trajectory(_Part):
    """The attack of someone who knows `points` of a person's values, to within `band`.

    The values are the `columns` of one row, or, with `period`, the one column of a
    person's rows by period. `band` is in their unit. Where the attack singles out more
    than the license allows, the values are rounded up to each of the `wider` bands in
    turn, and withheld if even the last is too fine; without any, the mart is refused.
    """

    columns: tuple[Name, ...] = Field(min_length=1)
    period: Name | None = None
    points: int = Field(ge=1)
    band: float = Field(gt=0)
    wider: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _bands_widen(self) -> Trajectory:
        bands = (self.band, *self.wider)
        if any(second <= first for first, second in pairwise(bands)):
            raise ValueError("each band is wider than the one before it")
        return self


class Measure(_Part):
    """What a table may show: a count of rows, the share of them with `column` true, or its mean."""

    description: Text
    kind: Literal["count", "share", "mean"]
    column: Name | None = None

    @model_validator(mode="after")
    def _column_given(self) -> Measure:
        if (self.column is None) != (self.kind == "count"):
            raise ValueError("a share or a mean names its column, and a count names none")
        return self


class TableBuilder(_Part):
    """Dimensions and measures of the tables that may be asked of a mart."""

    dimensions: tuple[Name, ...] = Field(min_length=1)
    measures: dict[Name, Measure] = Field(min_length=1)


class Aggregates(_Part):
    """A published table: its cells' dimensions, those it has totals of, and its count."""

    dimensions: tuple[Name, ...] = Field(min_length=1)
    total_over: Name
    count: Name


class Definition(_Part):
    """One mart of a project.

    `kind`: `rows` is queried by its licensees; `persons` is read only by the table
    builder and indicators; `public` is a table of counts for everyone.
    """

    project: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    mart: Name
    kind: Literal["rows", "persons", "public"]
    title: Text
    description: Text
    grain: Text
    columns: dict[Name, Column] = Field(min_length=1)
    trajectory: Trajectory | None = None
    table: TableBuilder | None = None
    aggregates: Aggregates | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> Definition:
        if (self.kind == "public") != (self.aggregates is not None):
            raise ValueError("a public mart, and no other, says its aggregates")
        if self.kind == "rows" and not self.quasi:
            raise ValueError("a mart of rows says which columns are quasi-identifiers")
        named = [*self._named()]
        if missing := sorted({name for name in named if name not in self.columns}):
            raise ValueError(f"not among the columns: {', '.join(missing)}")
        return self

    def _named(self) -> list[str]:
        attack = self.trajectory
        found = [*attack.columns, *([attack.period] if attack.period else [])] if attack else []
        if self.table:
            found += [*self.table.dimensions, *(m.column for m in self.table.measures.values() if m.column)]
        if self.aggregates:
            found += [*self.aggregates.dimensions, self.aggregates.total_over, self.aggregates.count]
        return found

    @property
    def quasi(self) -> tuple[str, ...]:
        """Quasi-identifiers, in the order in which they are given up: the last first."""
        return tuple(name for name, column in self.columns.items() if column.role == "quasi")

    @property
    def sensitive(self) -> tuple[str, ...]:
        """Columns that l-diversity and t-closeness are measured on."""
        return tuple(name for name, column in self.columns.items() if column.role == "sensitive")


@dataclass(frozen=True)
class MartSpec:
    """A definition with its SELECT and the place it stands in."""

    definition: Definition
    sql: str
    place: str


def load_marts(directory: Path) -> Mapping[str, tuple[MartSpec, ...]]:
    """Read every mart of every project.

    Args:
        directory: Holds one folder a project.

    Returns:
        Project → its marts, in order of name.

    Raises:
        Invalid: All faults of all files.
    """
    faults: list[ErrorDetail] = []
    found: dict[str, list[MartSpec]] = {}
    for path in sorted(directory.glob("*/*.yaml")):
        spec = _read(path, faults)
        if spec is not None:
            found.setdefault(spec.definition.project, []).append(spec)
    Invalid.collect(faults)
    return {project: tuple(specs) for project, specs in found.items()}


def _read(path: Path, faults: list[ErrorDetail]) -> MartSpec | None:
    place = f"marts/{path.parent.name}/{path.name}"
    sql = path.with_suffix(".sql")
    try:
        document: Any = read_yaml(path.read_text(encoding="utf-8"))
        definition = Definition.model_validate(document)
    except (yaml.YAMLError, UnicodeDecodeError):
        faults.append(_fault(f"{place} is not YAML."))
        return None
    except ValidationError as error:
        faults += [_fault(f"{place}: {_place(e)}: {e['msg']}") for e in error.errors()]
        return None
    if (definition.project, definition.mart) != (path.parent.name, path.stem):
        faults.append(_fault(f"{place}: project and mart must be named as its folder and file."))
    if not sql.is_file():
        faults.append(_fault(f"{place} has no {sql.name} beside it."))
        return None
    return MartSpec(definition, sql.read_text(encoding="utf-8"), f"marts/{path.parent.name}/{sql.name}")


def _place(error: Any) -> str:
    return ".".join(str(part) for part in error["loc"]) or "document"


def _fault(what: str) -> ErrorDetail:
    return ErrorDetail(
        "mart-invalid", what, "docs/marts.md says what a definition must say.", "Correct the file."
    )
