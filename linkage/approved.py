"""Which models come approved with the program, and how a changed one is written down as such.

Belongs here: `models/approved.json`, and the digests the reference deployments name. Does
not: what a deployment approves itself (its settings, the registry).

`python -m linkage.approved DEPLOYMENT…` is run by whoever changes the default model, after it
was measured (docs/linkage.md): it writes its digest here and into the deployments' files.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from linkage.model import read_model

_FILE = "approved.json"
_SETTING = re.compile(r"^approved_models = .*$", re.MULTILINE)


def shipped() -> frozenset[str]:
    """Return the digests of the settings that are approved with the program."""
    text = (files("linkage") / "models" / _FILE).read_text(encoding="utf-8")
    return frozenset(json.loads(text)["digests"])


def approve_default(deployments: Iterable[Path]) -> str:
    """Write the default model's digest down as approved, and return it.

    Args:
        deployments: Files `commonweal.toml` that name approved models; their lists are replaced.
    """
    model = read_model()
    digest = model.digest()
    path = Path(__file__).parent / "models" / _FILE
    said = {"name": model.name, "digests": [digest]}
    path.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    for place in deployments:
        text = place.read_text(encoding="utf-8")
        place.write_text(_SETTING.sub(f'approved_models = ["{digest}"]', text), encoding="utf-8")
    return digest


if __name__ == "__main__":
    sys.stdout.write(approve_default(map(Path, sys.argv[1:])) + "\n")
