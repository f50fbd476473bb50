"""Great Expectations, imported with no telemetry and without Spark.

Belongs here: how the library is imported, and the names used of it. Does not: its engine
(`engine`), suites (`suite`).

Great Expectations imports pyspark wherever it is installed. That takes more than a second, and
ends the process where the main module has no file, as in a worker of a test runner: pyspark's
client takes such a process for its own. The checks run in DuckDB, so Spark is hidden meanwhile.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SPARK = ("pyspark", "pyspark.sql", "pyspark.sql.connect")

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when the library is imported, so before it


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Let an import of these modules fail; afterwards they are as before."""
    before = {name: sys.modules[name] for name in names if name in sys.modules}
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]  # None: not to be found
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(before)


with _hidden(*_SPARK):
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine

__all__ = ["SQLDatasource", "SqlAlchemyExecutionEngine", "gx", "gxe"]
