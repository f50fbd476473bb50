"""The published JSON Schema of each kind of document.

Belongs here: making the schemas from the models and writing them to `schemas/`.
Does not: the models. Run this module to bring the files up to date:
`python -m data_sharing_agreements.documents.schemas`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from data_sharing_agreements.bases import Basis, Prohibition
from data_sharing_agreements.models import Dsa, Dul, Emou
from data_sharing_agreements.terms import Clause

DIRECTORY = Path(__file__).parent / "schemas"

PUBLISHED: Mapping[str, type[Clause]] = {
    "emou": Emou,
    "dsa": Dsa,
    "dul": Dul,
    "basis": Basis,
    "prohibition": Prohibition,
}
"""File name (without `.schema.json`) → model."""


def schema_text(name: str) -> str:
    """Return a schema as its file holds it (JSON Schema 2020-12)."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= PUBLISHED[name].model_json_schema()
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def export_schemas(directory: Path = DIRECTORY) -> list[Path]:
    """Write every schema; return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in PUBLISHED:
        path = directory / f"{name}.schema.json"
        path.write_text(schema_text(name), encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    export_schemas()
