"""What no software of this kind can prevent, said first wherever somebody relies on it.

Belongs here: reading the list (`limits.yaml`) for the public register and the board's
report. Does not: what is prevented, which the rest of the house shows.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml


@cache
def limits() -> tuple[tuple[str, str], ...]:
    """Return (what it is about, what cannot be prevented), in the order of the list."""
    text = resources.files(__package__).joinpath("limits.yaml").read_text(encoding="utf-8")
    return tuple((one["about"], one["words"]) for one in yaml.safe_load(text))
