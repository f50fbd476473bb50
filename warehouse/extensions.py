"""DuckDB's extensions, from the wheels they come in.

Belongs here: where a wheel has its extension. Does not: loading (`opener`), or any
download.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from data_sharing_agreements.errors import UsageFault


@cache
def extension_path(name: str) -> Path:
    """Return the file of an extension (`httpfs`).

    Raises:
        UsageFault: Its package is installed without it.
    """
    module = importlib.import_module(f"duckdb_extension_{name}")
    found = next(Path(str(module.__file__)).parent.rglob("*.duckdb_extension"), None)
    if found is None:
        raise UsageFault.of(
            "extension-missing",
            f"the extension {name} is not installed",
            why=f"it comes with the package duckdb-extension-{name}",
            next="install the locked requirements",
        )
    return found
