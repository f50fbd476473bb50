"""Golden files: what was said once, word for word, so that any change of it is seen.

Belongs here: comparing with a file of `tests/golden/`, and writing it anew when told to:
`UPDATE_GOLDEN=1 pytest tests/unit/test_golden.py`, then read the difference before committing it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).with_name("golden")
UPDATE = "UPDATE_GOLDEN"


def check(name: str, case: str, said: Any) -> None:
    """Compare what was said in a case with the golden file of that name."""
    path = DIRECTORY / f"{name}.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    now = json.loads(json.dumps(said))
    if os.environ.get(UPDATE):
        known[case] = now
        path.write_text(
            json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    assert case in known, f"{case} is new: write it with {UPDATE}=1"
    assert now == known[case]


def cases(name: str) -> set[str]:
    """The cases of a golden file."""
    return set(json.loads((DIRECTORY / f"{name}.json").read_text(encoding="utf-8")))
