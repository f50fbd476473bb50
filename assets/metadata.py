"""What an asset says of its tables: rows, columns, where columns come from.

Belongs here: Dagster's metadata keys and the shapes they want. Does not: values;
a row count is the most that is said of data.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from warehouse.contracts_model import Column, Contract


def row_count(rows: int) -> dict[str, Any]:
    """Return the metadata of a table's number of rows."""
    return {"dagster/row_count": rows}


def contract_schema(contract: Contract) -> dict[str, Any]:
    """Return the column schema a contract declares, columns as `table.column`."""
    columns = [
        dg.TableColumn(
            name=f"{table.name}.{column.name}",
            type=column.type.sql,
            description=column.description or None,
            constraints=dg.TableColumnConstraints(nullable=not column.required, unique=column.unique),
            tags=_column_tags(column),
        )
        for table in contract.tables
        for column in table.columns
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}


def plain_schema(columns: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """Return a column schema from name, type and meaning."""
    found = [dg.TableColumn(name=name, type=kind, description=text or None) for name, kind, text in columns]
    return {"dagster/column_schema": dg.TableSchema(columns=found)}


def column_lineage(origins: Mapping[str, Iterable[tuple[str, str]]]) -> dict[str, Any]:
    """Return column lineage.

    Args:
        origins: For each column, the assets and columns its values come from.
    """
    deps = {
        column: [dg.TableColumnDep(asset_key=dg.AssetKey(asset), column_name=name) for asset, name in sources]
        for column, sources in origins.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps_by_column=deps)}


def sensitivity(contract: Contract) -> str:
    """Return the class of the most telling column that stays in the warehouse."""
    classes = {str(column.disclosure) for table in contract.tables for column in table.columns}
    return next((name for name in ("sensitive", "quasi") if name in classes), "ordinary")


def _column_tags(column: Column) -> dict[str, str]:
    tags = {"disclosure": str(column.disclosure)}
    return tags | ({"role": column.role} if column.role else {})
