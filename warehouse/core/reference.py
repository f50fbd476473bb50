"""Reference lists: small public tables a deployment brings for its core SQL.

Belongs here: reading `core/reference/*.csv` (codes of counties, of races) and making
them tables that core SQL reads as `reference.<file name>`. Does not: anything from an agency's delivery.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from data_sharing_agreements.errors import Invalid
from warehouse.lineage.select import REFERENCE
from warehouse.opener import Session


@dataclass(frozen=True)
class Reference:
    """The reference lists of a deployment, by name; every column is text."""

    tables: Mapping[str, pa.Table]

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """List → its columns."""
        return {name: tuple(table.column_names) for name, table in self.tables.items()}

    def content(self) -> dict[str, dict[str, list[str]]]:
        """Return every list as plain data, for a hash of what core is made from."""
        return {name: table.to_pydict() for name, table in self.tables.items()}

    def make(self, session: Session) -> None:
        """Make the lists tables of the warehouse, in place of those of the last time."""
        session.execute(f"CREATE SCHEMA IF NOT EXISTS warehouse.{REFERENCE}")
        for name, table in self.tables.items():
            session.register("_reference", table)
            session.execute(
                f"CREATE OR REPLACE TABLE warehouse.{REFERENCE}.{name} AS SELECT * FROM _reference"
            )
            session.unregister("_reference")


def load_reference(directory: Path) -> Reference:
    """Read every CSV file of a directory, which need not exist.

    Raises:
        Invalid: A file is not CSV with a header and as many values in each line.
    """
    tables = {}
    for path in sorted(directory.glob("*.csv")):
        try:
            names = csv.open_csv(path).schema.names
            text = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
            tables[path.stem] = csv.read_csv(path, convert_options=text)
        except pa.ArrowInvalid:
            raise Invalid.of(
                "reference-invalid",
                f"core/reference/{path.name} is not CSV with a header.",
                next="Write one header line, and as many values in each line.",
            ) from None
    return Reference(tables)
