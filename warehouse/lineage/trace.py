"""The chain: from a mart's SQL through a project's views and core to contract columns.

Belongs here: what a project's views show (columns whose sources its license covers),
and following a column down to the fields that agencies sent. Does not: parsing
(select.py), or deliveries and clauses (report.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from warehouse.core.catalog import MACHINE_COLUMNS, SPINE, CoreCatalog, CoreSelect
from warehouse.core.facts import ATTRIBUTES
from warehouse.lineage.select import Ref, Schema, SelectLineage, analyse

STUDY_ID = "study_id"
PERSON = "person"
_CONSTANT = ("source", "agency", "program")


@dataclass(frozen=True, order=True)
class Origin:
    """A column an agency sent, and the column through which it came.

    Args:
        source: The agency system.
        table, column: Of its contract; `*` stands for the table's rows. Table `spine`
            is no agency's: it says which records are one person's.
        via: The core column it went through, as `source.fact.column`.
    """

    source: str
    table: str
    column: str
    via: str

    @property
    def field(self) -> str | None:
        """The field a license must name, or None where the column holds nothing sent."""
        return (
            None if self.column == "*" or self.table == SPINE else f"{self.source}.{self.table}.{self.column}"
        )

    def covered(self, licensed: frozenset[str]) -> bool:
        """Does a license with these fields cover it? Rows need any column of their table."""
        if self.column == "*":
            return any(field.startswith(f"{self.source}.{self.table}.") for field in licensed)
        return self.field is None or self.field in licensed


@dataclass(frozen=True)
class Trace:
    """Origins of one column: of its values, and of which rows there are."""

    values: frozenset[Origin]
    rows: frozenset[Origin]

    @property
    def fields(self) -> frozenset[str]:
        """Every field a license must name for this column."""
        return frozenset(o.field for o in self.values | self.rows if o.field is not None)


class ProjectView:
    """What a project's SQL sees: licensed columns of licensed sources, by study id.

    A fact is there if every field that decides its rows is licensed; its column, if
    every field of its values is. `person` is chosen from such columns alone.

    Args:
        core: The deployment's core SELECTs.
        licensed: Fields of the license, `source.table.column`; None shows everything.
    """

    def __init__(self, core: CoreCatalog, licensed: frozenset[str] | None) -> None:
        self._core = core
        self._licensed = licensed

    @cached_property
    def facts(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """(source, fact) → the columns shown, without the study id."""
        found = {}
        for (source, fact), select in self._core.selects.items():
            columns = self._columns(select)
            if self._covered(core_rows(select)) and columns:
                found[source, fact] = columns
        return found

    @cached_property
    def voters(self) -> Mapping[str, tuple[str, ...]]:
        """Attribute of `person` → sources whose values may be chosen, which needs their `as_of` too."""
        shown = {s: columns for (s, fact), columns in self.facts.items() if fact == "demographic"}
        return {
            attribute: tuple(s for s, columns in shown.items() if {attribute, "as_of"} <= set(columns))
            for attribute in ATTRIBUTES
        }

    @cached_property
    def schema(self) -> Schema:
        """The tables for parsing: `source.fact`, and `person`."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for (source, fact), columns in self.facts.items():
            found.setdefault(source, {})[fact] = (STUDY_ID, *columns, *_CONSTANT)
        shown = tuple(attribute for attribute in ATTRIBUTES if self.voters[attribute])
        if shown:
            found["main"] = {PERSON: (STUDY_ID, *shown, *(f"{a}_source" for a in shown))}
        return found

    def trace(self, sql: str, place: str) -> Mapping[str, Trace]:
        """Follow every column of a mart's SELECT down to the fields agencies sent.

        Raises:
            Invalid: Its lineage cannot be derived, or it reads what is not licensed.
        """
        return self.follow(analyse(sql, self.schema, place))

    def follow(self, lineage: SelectLineage) -> Mapping[str, Trace]:
        """Follow columns already analysed against `schema`."""
        return {
            name: Trace(
                self._origins(column.values),
                self._origins(column.rows) | self._chosen_by(column.values | column.rows),
            )
            for name, column in lineage.columns.items()
        }

    def _columns(self, select: CoreSelect) -> tuple[str, ...]:
        return tuple(
            name
            for name in select.lineage.columns
            if name != "person_key" and self._covered(core_values(select, name))
        )

    def _covered(self, origins: Iterable[Origin]) -> bool:
        return self._licensed is None or all(origin.covered(self._licensed) for origin in origins)

    def _origins(self, refs: Iterable[Ref]) -> frozenset[Origin]:
        return frozenset(origin for ref in refs for origin in self._origin(ref))

    def _origin(self, ref: Ref) -> Iterable[Origin]:
        if ref.schema != "main":
            return self._fact_origin(self._core.selects[ref.schema, ref.table], ref.column)
        attribute = ref.column.removesuffix("_source")
        if attribute in ATTRIBUTES:
            return [o for s in self._voting(attribute) for o in core_values(s, attribute)]
        demographics = [s for s in self._core.of_fact("demographic") if (s.source, s.fact) in self.facts]
        return [o for s in demographics for o in self._fact_origin(s, ref.column)]

    def _voting(self, attribute: str) -> list[CoreSelect]:
        return [self._core.selects[source, "demographic"] for source in self.voters[attribute]]

    def _chosen_by(self, refs: Iterable[Ref]) -> frozenset[Origin]:
        """Return the dates by which `person` chose among the sources' values."""
        chosen = {ref.column.removesuffix("_source") for ref in refs if ref.schema == "main"} & set(
            ATTRIBUTES
        )
        return frozenset(
            o for attribute in chosen for s in self._voting(attribute) for o in core_values(s, "as_of")
        )

    @staticmethod
    def _fact_origin(select: CoreSelect, column: str) -> Iterable[Origin]:
        if column == "*":
            return core_rows(select)
        if column == STUDY_ID:
            return core_values(select, "person_key")
        return [] if column in _CONSTANT else core_values(select, column)


def core_values(select: CoreSelect, column: str) -> frozenset[Origin]:
    """Return the origins of a core column's values."""
    via = f"{select.source}.{select.fact}.{column}"
    return _base(select.source, select.lineage.columns[column].values, via)


def core_rows(select: CoreSelect) -> frozenset[Origin]:
    """Return the origins of which rows a core table has."""
    return _base(select.source, select.lineage.rows, f"{select.source}.{select.fact}")


def _base(source: str, refs: Iterable[Ref], via: str) -> frozenset[Origin]:
    found = set()
    for ref in refs:
        if ref.schema == "current" and ref.column not in MACHINE_COLUMNS:
            found.add(Origin(source, ref.table.removeprefix(f"{source}__"), ref.column, via))
        elif ref.table == SPINE and ref.column == "person_key":
            found.add(Origin(source, SPINE, ref.column, via))
    return frozenset(found)
